"""What is known of a run, as rules ask for it: the program, what was observed, and the history."""

from __future__ import annotations

import ast
from functools import cached_property

from tutor.autograd import ExceptionSeen, FrameSeen, Local, Observation, Program
from tutor.autograd.graph import Graph
from tutor.autograd.history import BackwardSeen, Event, History, Place, TensorKnown
from tutor.explaining.code import Code, called_name, flat, keyword
from tutor.words import _

_NOTHING = History()


class Facts:
    """The facts of one run. Lines are those of the learner's file; tensors are known by their number."""

    def __init__(self, program: Program, observation: Observation, history: History | None = None) -> None:
        self.program = program
        self.observation = observation
        self.history = history or _NOTHING
        try:
            self.code = Code(program.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.code = Code("")

    def with_history(self, history: History | None) -> Facts:
        return Facts(self.program, self.observation, history)

    # The failure

    @property
    def exception(self) -> ExceptionSeen | None:
        return self.observation.exception

    def raised(self, *fragments: str, type: str | None = None) -> bool:  # noqa: A002 -- reads as a sentence
        """Whether the program ended in an exception whose message holds one of ``fragments``."""
        seen = self.exception
        if seen is None or (type is not None and seen.type != type):
            return False
        return any(fragment.lower() in seen.message.lower() for fragment in fragments)

    @property
    def line(self) -> int | None:
        return self.exception.line if self.exception else None

    @property
    def frame(self) -> FrameSeen | None:
        """The frame of the learner's own that the exception passed last."""
        frames = self.exception.frames if self.exception else ()
        return next((frame for frame in reversed(frames) if frame.where == "answer"), None)

    def local(self, name: str) -> Local | None:
        """A variable where the exception was raised, looked up as Python would: the function's, then the module's."""
        frames = [frame for frame in (self.exception.frames if self.exception else ()) if frame.where == "answer"]
        for frame in frames[-1:] + frames[:1]:
            found = next((local for local in frame.locals if local.name == name), None)
            if found is not None:
                return found
        return None

    @cached_property
    def failing(self) -> ast.expr | ast.stmt | None:
        """The failing expression in the syntax tree, or the statement it stands in."""
        if self.failed_event is not None:
            found = self.code.at(self.history.place(self.failed_event))
            if found is not None:
                return found
        frame = self.frame
        if frame is None:
            return None
        if frame.column is not None and frame.end_column is not None:
            exact = self.code.between(frame.line, frame.column, frame.end_line or frame.line, frame.end_column)
            if exact is not None:
                return exact
        return self.code.statement_at(frame.line)

    # The history

    @cached_property
    def failed_event(self) -> Event | None:
        number = self.history.failed
        event = None if number is None else self.history.by_seq.get(number)
        return event if event is not None and event.place >= 0 else None

    @cached_property
    def failed_backward(self) -> BackwardSeen | None:
        event = self.failed_event
        return next((seen for seen in reversed(self.history.backwards) if event and seen.event == event.seq), None)

    def events(self, *ops: str) -> list[Event]:
        """Events of these operations within the program, in order."""
        return [event for event in self.history.events if event.op in ops and event.place >= 0]

    def tensor(self, number: int) -> TensorKnown | None:
        return self.history.by_id.get(number)

    def maker(self, number: int) -> Event | None:
        """The event that a tensor came from."""
        known = self.tensor(number)
        event = None if known is None or known.made_by is None else self.history.by_seq.get(known.made_by)
        return event if event is not None and event.place >= 0 else None

    @cached_property
    def _writers(self) -> dict[int, list[Event]]:
        writers: dict[int, list[Event]] = {}
        for event in self.history.events:
            if event.place >= 0:
                written = event.inputs[:1] if event.op == "detach_" else event.changed
                for number in written:
                    writers.setdefault(number, []).append(event)
        return writers

    def writers(self, number: int) -> list[Event]:
        """The events that changed a tensor in place, in order."""
        return self._writers.get(number, [])

    def place_of(self, event: Event | None) -> Place | None:
        return self.history.places[event.place] if event is not None and event.place >= 0 else None

    def line_of(self, event: Event | None) -> int | None:
        """The line of an event in the learner's file; None when it happened in the step's setup."""
        place = self.place_of(event)
        return place.line if place is not None and place.where == "answer" else None

    def node_of(self, event: Event | None) -> ast.expr | ast.stmt | None:
        return self.code.at(self.place_of(event))

    def text_of(self, event: Event | None) -> str:
        """The expression of an event as the learner wrote it; of a write into a tensor, the whole statement."""
        node = self.node_of(event)
        if isinstance(getattr(node, "ctx", None), ast.Store) and node is not None:
            node = self.code.statement_of(node)
        return self.code.segment(node)

    def callers(self, event: Event) -> list[Place]:
        """The calls that led to an event, the nearest first."""
        found: list[Place] = []
        place = self.place_of(event)
        while place is not None and place.caller is not None:
            place = self.history.places[place.caller]
            found.append(place)
        return found

    # Names

    @cached_property
    def _names(self) -> dict[int, list[str]]:
        names: dict[int, list[str]] = {}
        for named in self.history.names:
            names.setdefault(named.tensor, []).append(named.name)
        return names

    def names(self, number: int) -> list[str]:
        """The names that referred to a tensor at the end; plain variables first."""
        return sorted(self._names.get(number, []), key=lambda name: not name.isidentifier())

    def name(self, number: int) -> str | None:
        """The learner's name for a tensor, for sentences: ``loss``, ``params['gain']``, ``setpoint``."""
        name = self.expression(number)
        return None if name is None else name.removeprefix("self.")

    def expression(self, number: int) -> str | None:
        """How the program refers to a tensor: by a variable that holds it, or by what it was assigned to when made."""
        names = self.names(number)
        if names:
            return names[0]
        known = self.tensor(number)
        assigned = self.assigned_name(self.maker(number))
        if assigned is None and known is not None and known.base is not None and known.made_by is None:
            return self.expression(known.base)
        return assigned

    def binding(self, event: Event | None) -> tuple[ast.stmt, list[ast.expr]] | None:
        """The statement that gave an event's result a name, with its targets; also through ``return`` and lists."""
        node = self.node_of(event)
        places = [] if event is None else self.callers(event)
        while node is not None:
            above = self.code.parents.get(node)
            if isinstance(above, ast.Subscript) and event is not None and event.op == "autograd.grad":
                node = above  # grad(...)[0]
                continue
            if isinstance(above, (ast.ListComp, ast.GeneratorExp)):
                node = above
                if places and self.code.at(places[0]) is above:
                    places.pop(0)  # before Python 3.12 a comprehension has a frame of its own
                continue
            targets = [part for target in self.code.targets(node) for part in flat(target)]
            if targets:
                return self.code.statement_of(node), targets
            if not isinstance(above, (ast.Return, ast.Lambda)) or not places:
                return None
            node = self.code.at(places.pop(0))
        return None

    def assigned_name(self, event: Event | None) -> str | None:
        """The name that an event's result was assigned to, also through ``return``."""
        bound = self.binding(event)
        return self.code.segment(bound[1][0]) if bound is not None and len(bound[1]) == 1 else None

    def other_names(self, number: int) -> str:
        """A sentence on what a tensor is called elsewhere, where a function knows it by another name."""
        named = [one for one in self.history.names if one.tensor == number]
        inner = next((one for one in named if one.function != "<module>"), None)
        outer = next((one for one in named if one.function == "<module>"), None)
        if inner is None or outer is None or inner.name == outer.name:
            return ""
        return _(" What `{function}` calls `{inner}` is `{outer}` in the main program.").format(
            function=inner.function, inner=inner.name, outer=outer.name
        )

    def was_frozen(self, number: int) -> bool:
        """Whether the program set ``requires_grad`` to False on a tensor."""
        events = self.events("requires_grad_", "requires_grad.__set__")
        return any(number in event.inputs and event.argument("on") == "False" for event in events)

    def written_root(self, position: int = 0) -> ast.expr | None:
        """What the failing pass starts from, as written: ``y`` in ``y.backward()``, ``torch.autograd.grad(y, x)``."""
        call = self.failing
        if not isinstance(call, ast.Call):
            return None
        method = isinstance(call.func, ast.Attribute) and call.func.attr == "backward"
        if isinstance(call.func, ast.Attribute) and method and called_name(call.func.value) != "autograd":
            return call.func.value
        first = call.args[0] if call.args else keyword(call, "outputs") or keyword(call, "tensors")
        if isinstance(first, (ast.List, ast.Tuple)):
            return first.elts[position] if position < len(first.elts) else None
        return first

    # The graph

    @property
    def graph(self) -> Graph | None:
        """The graph that the failing backward was going through."""
        return self.failed_backward.graph if self.failed_backward else None


def shape(size: tuple[int, ...]) -> str:
    """``(4,)``, ``(2, 3)``, ``()``: as Python writes it."""
    return str(tuple(size))


def count(size: tuple[int, ...]) -> int:
    """The number of elements of a tensor of this shape."""
    total = 1
    for one in size:
        total *= one
    return total
