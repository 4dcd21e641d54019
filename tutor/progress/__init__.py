"""What the learner has done, kept in SQLite: nothing typed is lost, and no call waits for a disk."""

from tutor.progress.places import DATA_VARIABLE, data_folder
from tutor.progress.records import Answer, Attempt, EarlierDraft, StepRef
from tutor.progress.store import Store
from tutor.progress.trouble import Trouble, TroubleKind

__all__ = [
    "DATA_VARIABLE",
    "Answer",
    "Attempt",
    "EarlierDraft",
    "StepRef",
    "Store",
    "Trouble",
    "TroubleKind",
    "data_folder",
]
