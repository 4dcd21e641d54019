"""Walls that the learner demands before a pack from elsewhere runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.autograd import Run


async def why_refused(pack: str, folder: Callable[[str], Path], run: Run) -> str | None:
    """Why a pack may not run here, in words; None where it may, as always for those that come with the tutor."""
    if not os.environ.get("TUTOR_REQUIRE_WALLS"):
        return None
    from tutor.autograd import Program  # noqa: PLC0415 - hardly anybody asks
    from tutor.packs.finding import built_in_folder  # noqa: PLC0415
    from tutor.running.fence import BadDemand, refusal  # noqa: PLC0415

    built_in = folder(pack).resolve().is_relative_to(built_in_folder().resolve())
    try:
        walls = () if built_in else (await run(Program(source=""))).walls
        return refusal(pack, built_in=built_in, walls=walls, environment=os.environ)
    except BadDemand as problem:
        return str(problem)
