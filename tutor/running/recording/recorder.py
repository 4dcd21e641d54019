"""Records what a program does with tensors, while it does it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal, Self

import torch
from torch.overrides import TorchFunctionMode

from tutor.autograd.graph import Graph
from tutor.autograd.history import Event, History
from tutor.running.recording import graphs, modes, naming
from tutor.running.recording.backwards import Backwards
from tutor.running.recording.events import Events
from tutor.running.recording.names import names_in
from tutor.running.recording.operations import UNREMARKABLE, name_of, plain_arguments, tensors_in
from tutor.running.recording.places import Places
from tutor.running.recording.tensors import Tensors, version

_OPTIMISER_STEP = "Optimizer.profile_hook_step.<locals>.wrapper"
_GRAPHS = 50
_GRAPH_NODES = 2_000


class _Watch(TorchFunctionMode):  # type: ignore[misc]
    """Sees every torch function that Python calls."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return self._recorder.call(func, args, kwargs or {})


def _is_cast(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """``x.type()`` asks for the dtype, ``x.type(torch.long)`` changes it."""
    return name == "type" and (len(args) > 1 or bool(kwargs))


def _of_no_interest(name: str, library: FrameType, args: tuple[Any, ...]) -> bool:
    """What a library does for itself: reading gradients; within an optimiser's step all but the change of a leaf."""
    if name == "grad.__get__":
        return True
    if library.f_code.co_qualname != _OPTIMISER_STEP:
        return False
    return not (name.endswith("_") and bool(args) and getattr(args[0], "requires_grad", False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A torch function that was called, with the tensors it was given and their versions before."""

    name: str
    place: int
    library: str
    before: list[tuple[Any, int | None, bool]]
    results: list[Any]
    nodes: tuple[int, int]
    arguments: tuple[tuple[str, str], ...]
    error: str


class Recorder:
    """Enter before the program's code runs; ask :meth:`finish` for the history after leaving.

    ``files`` gives the file names that the program and its setup were compiled under.
    """

    def __init__(self, files: Mapping[str, Literal["answer", "setup"]]) -> None:
        self.places = Places(files)
        self.tensors = Tensors()
        self.events = Events(self.tensors)
        self.backwards = Backwards(self.tensors)
        self._modes = modes.Modes(self)
        self._watch = _Watch(self)

    def __enter__(self) -> Self:
        self._modes.begin()
        self._watch.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self._watch.__exit__(None, None, None)
        self._modes.end()

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Do what was asked and write down what came of it."""
        name = name_of(function)
        if name in UNREMARKABLE and not _is_cast(name, args, kwargs):
            return function(*args, **kwargs)
        place, library = self.places.of(sys._getframe(2))
        if name == "_set_grad_enabled":
            self._modes.grad_mode(bool(args[0]), place, sys._getframe(2))
            return function(*args, **kwargs)
        if library is not None and _of_no_interest(name, library, args):
            return function(*args, **kwargs)
        before = [(tensor, version(tensor), tensor.requires_grad) for tensor in tensors_in((args, kwargs))]
        seen = self.backwards.before(name, args, kwargs, self.events.next)
        first = torch._C._autograd._get_sequence_nr()
        result, error = None, ""
        try:
            result = function(*args, **kwargs)
        except BaseException as problem:
            error = type(problem).__name__
            raise
        finally:
            step = _Step(
                name=name,
                place=place,
                library="" if library is None else library.f_code.co_qualname,
                before=before,
                results=list(tensors_in(result)),
                nodes=(first, torch._C._autograd._get_sequence_nr()),
                arguments=plain_arguments(name, args, kwargs, result),
                error=error,
            )
            self._write(step)
            self.backwards.after(seen, failed=bool(error))
        return result

    def _write(self, step: _Step) -> None:
        seq = self.events.next
        changed = []
        inputs = tuple(self.tensors.number(tensor) for tensor, _, _ in step.before)
        for number, (tensor, earlier, _) in zip(inputs, step.before, strict=True):
            if earlier is not None and version(tensor) != earlier:
                changed.append(number)
                self.tensors.refresh(number, tensor)
        if step.name in {"requires_grad_", "requires_grad.__set__"} and step.before:
            self.tensors.refresh(inputs[0], step.before[0][0])
        everything = [(tensor, tracked or tensor.requires_grad) for tensor, _, tracked in step.before]
        everything += [(tensor, tensor.requires_grad) for tensor in step.results]
        off_by = self._modes.off_by
        self.events.add(
            Event(
                seq=seq,
                place=step.place,
                op=step.name,
                inputs=inputs,
                outputs=tuple(self.tensors.number(tensor, seq) for tensor in step.results),
                changed=tuple(changed),
                tracking=off_by is None,
                off_by=off_by,
                tracked=tuple({self.tensors.number(tensor, seq): 0 for tensor, tracked in everything if tracked}),
                nodes=step.nodes,
                arguments=step.arguments,
                error=step.error,
                library=step.library,
            )
        )

    def note(self, op: str, place: int, tensor: Any = None, arguments: tuple[tuple[str, str], ...] = ()) -> int:
        """Write down something that is not a torch function. Its number is returned."""
        seq = self.events.next
        with torch._C.DisableTorchFunction():
            inputs = () if tensor is None else (self.tensors.number(tensor),)
        self.events.add(Event(seq=seq, place=place, op=op, inputs=inputs, arguments=arguments))
        return seq

    def finish(self, namespace: Mapping[str, Any], exception: BaseException | None = None) -> History:
        """The history, with the names that reach tensors now. Reads, and changes nothing."""
        with torch._C.DisableTorchFunction():
            names = names_in(namespace, exception, self.places, self.tensors)
            backwards = self.backwards.finish()
            events = self.events.all()
            wanted = {named.tensor for named in names}
            for event in events:
                wanted.update(event.inputs, event.outputs)
            for seen in backwards:
                wanted.update(seen.roots, seen.inputs, seen.leaves)
            history = History(
                places=tuple(self.places.known),
                events=events,
                tensors=self.tensors.known(wanted),
                names=names,
                backwards=backwards,
                dropped=self.events.dropped,
                failed=self.events.failed if exception is not None else None,
            )
            return naming.with_named_graphs(history)

    def graphs(self, namespace: Mapping[str, Any], history: History) -> tuple[Graph, ...]:
        """The graph of each tensor of the namespace that has one, in the order of its names."""
        found: list[Graph] = []
        with torch._C.DisableTorchFunction():
            for name, tensor in namespace.items():
                if isinstance(tensor, torch.Tensor) and tensor.grad_fn is not None and len(found) < _GRAPHS:
                    reached = graphs.reach([tensor.grad_fn], _GRAPH_NODES)
                    found.append(graphs.describe(reached, name, self.tensors, {}))
        return tuple(naming.named(graph, history) for graph in found)
