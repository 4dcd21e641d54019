"""Proves a pack by running it: solutions pass, starters fail, foreseen mistakes get their words."""

from tutor.proving.proved import StepProved
from tutor.proving.proving import prove

__all__ = ["StepProved", "prove"]
