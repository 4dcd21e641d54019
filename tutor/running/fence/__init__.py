"""The fence: what keeps a learner's program from everything but its own scratch folder."""

from tutor.running.fence.walls import prepare, raise_walls

__all__ = ["prepare", "raise_walls"]
