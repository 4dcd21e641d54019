"""What is true of a run, as plain data: no torch in here."""

from tutor.autograd.observation import (
    Chunk,
    ExceptionSeen,
    FrameSeen,
    Local,
    Observation,
    Outcome,
    Probe,
    TensorSeen,
    WarningSeen,
)
from tutor.autograd.program import Limits, Program, Run, Walls
from tutor.autograd.values import Items, PlainValue, Summary, TensorValue, Value

__all__ = [
    "Chunk",
    "ExceptionSeen",
    "FrameSeen",
    "Items",
    "Limits",
    "Local",
    "Observation",
    "Outcome",
    "PlainValue",
    "Probe",
    "Program",
    "Run",
    "Summary",
    "TensorSeen",
    "TensorValue",
    "Value",
    "Walls",
    "WarningSeen",
]
