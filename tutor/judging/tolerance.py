"""How close is equal: the tolerances of ``torch.testing.assert_close``."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

# torch.testing._comparison._DTYPE_PRECISIONS (torch 2.13): dtype -> (rtol, atol). Every other dtype is exact. Written
# down here because the process that judges never imports torch; a test compares it with torch's own table.
_PRECISIONS: Final = {
    "float16": (0.001, 1e-5),
    "bfloat16": (0.016, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (0.001, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
    "quint8": (1.3e-6, 1e-5),
    "quint2x4": (1.3e-6, 1e-5),
    "quint4x2": (1.3e-6, 1e-5),
    "qint8": (1.3e-6, 1e-5),
    "qint32": (1.3e-6, 1e-5),
}


@dataclass(frozen=True, slots=True)
class Tolerance:
    """``|got - want| <= atol + rtol * |want|`` is equal."""

    rtol: float
    atol: float

    @property
    def exact(self) -> bool:
        return self.rtol == 0 and self.atol == 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check asks for; None leaves that half to the dtype."""

    rtol: float | None = None
    atol: float | None = None

    def of(self, *dtypes: str) -> Tolerance:
        """Return the loosest of the dtypes' tolerances, with what was asked for in its place."""
        pairs = [_PRECISIONS.get(dtype, (0.0, 0.0)) for dtype in dtypes] or [(0.0, 0.0)]
        return Tolerance(
            rtol=max(pair[0] for pair in pairs) if self.rtol is None else self.rtol,
            atol=max(pair[1] for pair in pairs) if self.atol is None else self.atol,
        )


def dtype_of_number(number: complex) -> str:
    """Return the dtype whose tolerance a Python number has.

    A float that is exactly a float32 most likely came out of one (``loss.item()``), with its rounding.
    """
    if isinstance(number, bool):
        return "bool"
    if isinstance(number, int):
        return "int64"
    if isinstance(number, float):
        return "float32" if _is_single(number) else "float64"
    return "complex128"


def _is_single(number: float) -> bool:
    try:
        return bool(struct.unpack("<f", struct.pack("<f", number))[0] == number)
    except OverflowError:
        return False
