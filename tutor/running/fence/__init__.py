"""The fence: what keeps a learner's program from everything but its own scratch folder."""

from tutor.running.fence.bubblewrap import asked as bubblewrap_asked
from tutor.running.fence.bubblewrap import available as bubblewrap_available
from tutor.running.fence.bubblewrap import wrapped as inside_bubblewrap
from tutor.running.fence.demands import BadDemand, Protection, demanded, protections, refusal
from tutor.running.fence.scratch import Fill, fill, wipe
from tutor.running.fence.walls import prepare, raise_walls

__all__ = [
    "BadDemand",
    "Fill",
    "Protection",
    "bubblewrap_asked",
    "bubblewrap_available",
    "demanded",
    "fill",
    "inside_bubblewrap",
    "prepare",
    "protections",
    "raise_walls",
    "refusal",
    "wipe",
]
