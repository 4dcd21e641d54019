"""From an observation and a verdict to an explanation in the learner's own terms."""
