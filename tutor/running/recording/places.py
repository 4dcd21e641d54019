"""Where in the program something happened: from interpreter frames to places."""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Literal

from tutor.autograd.history import Place

_POSITIONS_KEPT = 5_000


class Places:
    """Gives each place a number. ``files`` says which file names are the program's own, and what they are."""

    def __init__(self, files: Mapping[str, Literal["answer", "setup"]]) -> None:
        self._files = files
        self._numbers: dict[tuple[tuple[CodeType, int], ...], int] = {}
        self._positions: dict[CodeType, list[tuple[int, int, int, int]]] = {}
        self.known: list[Place] = []

    def is_own(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self._files

    def of(self, frame: FrameType | None) -> tuple[int, FrameType | None]:
        """The number of the place in the program nearest to ``frame``, or -1; and the library frame it called."""
        library: FrameType | None = None
        while frame is not None and not self.is_own(frame):
            library, frame = frame, frame.f_back
        chain: list[tuple[CodeType, int]] = []
        while frame is not None:
            if self.is_own(frame):
                chain.append((frame.f_code, frame.f_lasti))
            frame = frame.f_back
        return (self._number(tuple(chain)) if chain else -1), library

    def _number(self, chain: tuple[tuple[CodeType, int], ...]) -> int:
        number = self._numbers.get(chain)
        if number is None:
            caller = self._number(chain[1:]) if len(chain) > 1 else None
            number = len(self.known)
            if number >= _POSITIONS_KEPT:
                return -1
            self.known.append(self._place(*chain[0], caller))
            self._numbers[chain] = number
        return number

    def _place(self, code: CodeType, instruction: int, caller: int | None) -> Place:
        line, end_line, column, end_column = self._at(code, instruction)
        return Place(
            where=self._files[code.co_filename],
            function=code.co_name,
            line=line,
            end_line=end_line,
            column=column,
            end_column=end_column,
            caller=caller if caller is not None and caller >= 0 else None,
        )

    def _at(self, code: CodeType, instruction: int) -> tuple[int, int, int, int]:
        if code not in self._positions:
            self._positions[code] = [
                (line or 0, end or line or 0, column or 0, end_column or 0)
                for line, end, column, end_column in code.co_positions()
            ]
        positions = self._positions[code]
        return positions[instruction // 2] if 0 <= instruction // 2 < len(positions) else (0, 0, 0, 0)
