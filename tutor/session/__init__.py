"""What the learner is doing now: immutable state and pure transitions."""
