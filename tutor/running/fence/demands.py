"""Which walls protect what, and the least a learner may demand before a stranger's pack runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from tutor.words import _

Protection: TypeAlias = Literal["files", "network", "processes", "signals", "memory"]

DEMANDED_BY: Final = "TUTOR_REQUIRE_WALLS"
PROTECTIONS: Final[tuple[Protection, ...]] = get_args(Protection)

_PROTECTS: Final[dict[str, frozenset[Protection]]] = {
    "landlock": frozenset({"files"}),
    "seccomp": frozenset({"network", "processes", "signals"}),
    "rlimits": frozenset({"memory"}),
    "bubblewrap": frozenset({"files", "network", "signals"}),
    "seatbelt": frozenset({"files", "network", "processes", "signals"}),
    "job-object": frozenset({"processes", "memory"}),
}


class BadDemand(ValueError):  # noqa: N818 - it names what was found
    """The setting names a protection that does not exist."""


def protections(walls: Iterable[str]) -> frozenset[Protection]:
    """What the walls of a run protect: ``landlock-7`` protects files, ``seccomp`` network, processes and signals."""
    kinds = (_PROTECTS.get(wall) or _PROTECTS.get(wall.rsplit("-", 1)[0], frozenset()) for wall in walls)
    return frozenset().union(*kinds)


def demanded(environment: Mapping[str, str]) -> tuple[Protection, ...]:
    """The protections that ``TUTOR_REQUIRE_WALLS=files,network`` demands, in that order. Raises BadDemand."""
    wanted: list[Protection] = []
    for word in environment.get(DEMANDED_BY, "").replace(",", " ").lower().split():
        match = next((known for known in PROTECTIONS if known == word), None)
        if match is None:
            raise BadDemand(
                _("{setting} asks for {word}, which is not a wall. The walls are: {known}.").format(
                    setting=DEMANDED_BY, word=repr(word), known=", ".join(PROTECTIONS)
                )
            )
        wanted.append(match)
    return tuple(wanted)


def refusal(pack: str, *, built_in: bool, walls: Iterable[str], environment: Mapping[str, str]) -> str | None:
    """Why ``pack`` must not run on this machine, in words, or None where it may. Raises BadDemand.

    ``walls`` are those that stand, as :func:`raise_walls` or an observation names them. Packs that come with the
    tutor always run.
    """
    if built_in:
        return None
    standing = protections(walls)
    missing = [wall for wall in demanded(environment) if wall not in standing]
    if not missing:
        return None
    return _(
        "The pack {pack} was not run. You asked ({setting}) that packs from elsewhere run only behind these walls, "
        "and this machine does not offer them: {missing}. `tutor doctor` shows what stands."
    ).format(pack=pack, setting=DEMANDED_BY, missing=", ".join(missing))
