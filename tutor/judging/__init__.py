"""Judging: checks held against what was seen of an answer, and of the solution. All of it over plain data."""

from tutor.judging.assess import assess, judge
from tutor.judging.candidates import candidate_judge
from tutor.judging.elements import elements, is_complete, nested
from tutor.judging.foreseen import foresee
from tutor.judging.prediction import assess_prediction
from tutor.judging.references import References
from tutor.judging.showing import in_short
from tutor.judging.verdict import Assessment, Cause, CheckResult, Difference, PredictionVerdict, Verdict

__all__ = [
    "Assessment",
    "Cause",
    "CheckResult",
    "Difference",
    "PredictionVerdict",
    "References",
    "Verdict",
    "assess",
    "assess_prediction",
    "candidate_judge",
    "elements",
    "foresee",
    "in_short",
    "is_complete",
    "judge",
    "nested",
]
