"""Learner-facing words, ready for translation.

Mark a message where it stands: ``_("Your gradient is right.")``; fill it afterwards:
``_("{name} has shape {shape}").format(...)``. Catalogues live in ``tutor/locale``; ``CONTRIBUTING.md`` says how to add one.
"""

import gettext as _gettext
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "locale"
_chosen: list[str] = []


def use_language(language: str | None) -> None:
    """Use the catalogue of ``language`` (``zh``, ``zh_CN``); None goes back to the environment's."""
    _chosen[:] = [language] if language else []
    _catalogue.cache_clear()


def language() -> str:
    """The language asked for: two letters, ``en`` when nothing was."""
    for value in (
        *_chosen,
        *(os.environ.get(name, "") for name in ("TUTOR_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")),
    ):
        code = value.replace("-", "_").split(".")[0].split("_")[0].lower()
        if code.isalpha() and code not in {"c", "posix"}:
            return code
    return "en"


@lru_cache(maxsize=1)
def _catalogue() -> _gettext.NullTranslations:
    return _gettext.translation("tutor", _FOLDER, languages=[language()], fallback=True)


def _(message: str) -> str:
    return _catalogue().gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    return _catalogue().ngettext(one, many, count)
