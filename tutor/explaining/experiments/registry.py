"""All kinds of silent mistakes, found in the package ``kinds``: a new file there is a new kind."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from tutor.explaining.experiments import kinds
from tutor.explaining.experiments.suspects import SilentKind


@lru_cache(maxsize=1)
def all_silent_kinds() -> tuple[SilentKind, ...]:
    """Every ``SilentKind`` that a module of ``kinds`` defines, by its slug."""
    found: dict[str, SilentKind] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        loaded = importlib.import_module(f"{kinds.__name__}.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, SilentKind):
                found[value.slug] = value
    return tuple(found[slug] for slug in sorted(found))
