"""Why is the gradient silently wrong? Found by experiment: one change at a time, and the answer is judged again."""

from tutor.explaining.experiments.experiment import explain_silence
from tutor.explaining.experiments.registry import all_silent_kinds
from tutor.explaining.experiments.suspects import SilentKind, Suspect, Trial, Wrong

__all__ = ["SilentKind", "Suspect", "Trial", "Wrong", "all_silent_kinds", "explain_silence"]
