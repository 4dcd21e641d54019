"""The fence: what keeps a learner's program from everything but its own scratch folder.

Names are looked up when they are asked for: the screen's process needs none of what raises walls.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "bubblewrap_asked": ("bubblewrap", "asked"),
    "bubblewrap_available": ("bubblewrap", "available"),
    "inside_bubblewrap": ("bubblewrap", "wrapped"),
    **dict.fromkeys(("BadDemand", "Protection", "demanded", "protections", "refusal"), ("demands", "")),
    **dict.fromkeys(("Fill", "fill", "wipe"), ("scratch", "")),
    **dict.fromkeys(("prepare", "raise_walls"), ("walls", "")),
}


def __getattr__(name: str) -> Any:
    try:
        module, real_name = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f"{__name__}.{module}"), real_name or name)
