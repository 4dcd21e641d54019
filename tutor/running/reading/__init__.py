"""Reads what a program left, in the child, with functions of torch's taken before the program ran."""

from tutor.running.reading.errors import read_exception, syntax_trouble
from tutor.running.reading.files import Files
from tutor.running.reading.names import read_namespace
from tutor.running.reading.tensors import seen, undisturbed
from tutor.running.reading.values import Budget, described

__all__ = [
    "Budget",
    "Files",
    "described",
    "read_exception",
    "read_namespace",
    "seen",
    "syntax_trouble",
    "undisturbed",
]
