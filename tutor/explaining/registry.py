"""All kinds of mistakes, found in the package ``kinds``: a new file there is a new kind."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from tutor.explaining import kinds
from tutor.explaining.experiments.registry import all_silent_kinds
from tutor.explaining.experiments.suspects import SilentKind
from tutor.explaining.kind import Kind


@lru_cache(maxsize=1)
def all_kinds() -> tuple[Kind, ...]:
    """Every ``Kind`` that a module of ``kinds`` defines, by rank."""
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        loaded = importlib.import_module(f"{kinds.__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, Kind):
                found[value.slug] = value
    return tuple(sorted(found.values(), key=lambda kind: (kind.rank, kind.slug)))


@lru_cache(maxsize=1)
def every_kind() -> tuple[Kind | SilentKind, ...]:
    """Those that are told by what was raised and those that are found by experiment, by slug; each slug once."""
    found: dict[str, Kind | SilentKind] = {kind.slug: kind for kind in all_silent_kinds()}
    found.update({kind.slug: kind for kind in all_kinds()})
    return tuple(found[slug] for slug in sorted(found))


def lesson_of(slug: str) -> str | None:
    """The lesson that teaches what a kind is about."""
    kind = find_kind(slug)
    return None if kind is None else kind.page.lesson


def find_kind(slug: str) -> Kind | SilentKind | None:
    return next((kind for kind in every_kind() if kind.slug == slug), None)
