"""From an observation and a verdict to an explanation in the learner's own terms."""

from tutor.explaining.explaining import Judge, explain
from tutor.explaining.explanation import Explanation, Fix, Severity

__all__ = ["Explanation", "Fix", "Judge", "Severity", "explain"]
