"""What the learner is doing now: an immutable state and pure transitions.

``advance(session, event)`` gives the next state and the effects to perform. The app and ``tutor watch`` both drive it.
"""

from tutor.session import effects, events
from tutor.session.state import (
    AnyStep,
    Foreseen,
    Place,
    Remembered,
    Result,
    Session,
    Underway,
    Work,
    hints_of,
    starter_of,
)
from tutor.session.transitions import advance, open_lesson

__all__ = [
    "AnyStep",
    "Foreseen",
    "Place",
    "Remembered",
    "Result",
    "Session",
    "Underway",
    "Work",
    "advance",
    "effects",
    "events",
    "hints_of",
    "open_lesson",
    "starter_of",
]
