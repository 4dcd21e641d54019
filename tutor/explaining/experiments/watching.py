"""A second run under watch: which gradient arrived at each backward node and left it, and which shapes met where.

The watcher is a few lines of Python put behind the program's setup. It stands there only for a run of our own after
something was found to be wrong; what it saw comes back as one text of JSON, through a probe.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tutor.autograd import Observation, PlainValue, Program, Run

_PROBE = "__tutor_watched__()"

_WATCHER = """
def __tutor_watch__(own):
    import json, math, sys, torch
    from torch.overrides import TorchFunctionMode

    spans, events, kept, positions, known = {}, [], [], {}, set()

    def place():
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != own:
            frame = frame.f_back
        if frame is None:
            return None
        code = frame.f_code
        if code not in positions:
            positions[code] = list(code.co_positions())
        return positions[code][frame.f_lasti // 2]

    def number(tensor, index):
        value = float(tensor.reshape(-1)[index])
        return value if math.isfinite(value) else str(value)

    def describe(out, back, operands, event):
        for at, gradient in enumerate(out):
            if gradient is None or not gradient.is_floating_point() or len(events) > 60:
                continue
            bad = ~torch.isfinite(gradient)
            found = "nan" if bool(torch.isnan(gradient).any()) else "inf" if bool(bad.any()) else None
            arrived = [one for one in back if one is not None]
            if found and any(not bool(torch.isfinite(one).all()) for one in arrived):
                continue
            nonzero = any(bool((one != 0).any()) for one in arrived)
            if found is None and not (nonzero and gradient.numel() and not bool((gradient != 0).any())):
                continue
            seen = dict(event, kind=found or "zero", arrived=None, values=[])
            index = int(bad.reshape(-1).nonzero()[0]) if found else 0
            if found:
                for one in arrived:
                    if one.numel() == gradient.numel():
                        seen["arrived"] = number(one, index)
                for operand in operands:
                    if operand.numel() == gradient.numel() and operand.is_floating_point():
                        seen["values"].append(number(operand, index))
                        seen["count"] = int(bad.sum())
            seen["index"] = index
            events.append(seen)

    def hooked(node, operands, event):
        def hook(out, back):
            describe(out, back, operands, event)

        node.register_hook(hook)
        kept.append(node)  # alive, so that no other node gets its id
        known.add(id(node))

    def nodes_of(out):
        # An operation may be made of several: 1 / x is a reciprocal and a product.
        waiting, found = [out.grad_fn], []
        while waiting and len(found) < 6:
            node = waiting.pop()
            if node is None or id(node) in known or hasattr(node, "variable") or any(node is one for one in found):
                continue
            found.append(node)
            waiting.extend(one for one, _index in node.next_functions)
        return found

    class Watch(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            name = getattr(func, "__name__", "")
            if name in ("__get__", "__set__", "backward", "register_hook", "size", "dim"):
                return out
            where = place()
            if where is None:
                return out
            with torch.no_grad():
                flat = []
                for one in args:
                    flat.extend(one if isinstance(one, (tuple, list)) else (one,))
                operands = [one.detach() for one in flat if isinstance(one, torch.Tensor)]
                outs = [one for one in (out if isinstance(out, (tuple, list)) else (out,)) if isinstance(one, torch.Tensor)]
                key = (*where, name)
                if key in spans:
                    spans[key]["times"] += 1
                elif len(spans) < 150 and outs:
                    spans[key] = dict(
                        op=name, line=where[0], end_line=where[1], column=where[2], end_column=where[3], times=1,
                        inputs=[list(one.shape) for one in operands][:4], output=list(outs[0].shape),
                        values=[],
                    )
                    bad = ~torch.isfinite(outs[0]) if outs[0].is_floating_point() else None
                    if bad is not None and bool(bad.any()):
                        index = int(bad.reshape(-1).nonzero()[0])
                        spans[key]["values"] = [number(outs[0], index)] + [
                            number(one, index) for one in operands if one.numel() == outs[0].numel() and one.is_floating_point()
                        ]
                if len(kept) < 400:
                    for one in outs:
                        for node in nodes_of(one):
                            small = [value.clone() for value in operands if value.numel() <= 10_000]
                            event = dict(node=node.name(), op=name, line=where[0], column=where[2],
                                         end_line=where[1], end_column=where[3])
                            hooked(node, small, event)
            return out

    watch = Watch()
    watch.__enter__()
    return lambda: json.dumps({"spans": list(spans.values()), "events": events})


__tutor_watched__ = __tutor_watch__(globals().get("__file__", %r))
del __tutor_watch__
"""


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A backward node from which the first NaN or infinity left, or that turned a gradient into zeros.

    Columns are in UTF-8 bytes, as in :mod:`ast`.
    """

    node: str
    op: str
    kind: Literal["nan", "inf", "zero"]
    line: int
    column: int
    end_line: int
    end_column: int
    index: int
    """Of the first such element, in C order."""
    arrived: float | None
    """The gradient that had arrived at that element."""
    values: tuple[float, ...]
    """That element of each operand."""


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """An operation at a place of the program, with the shapes that met there when it first ran."""

    op: str
    line: int
    column: int
    end_line: int
    end_column: int
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    times: int
    bad: tuple[float, ...]
    """Where its result was not finite: the first such element, and that element of each operand; else empty."""

    @property
    def finite(self) -> bool:
        return not self.bad


@dataclass(frozen=True, slots=True)
class Watched:
    nodes: tuple[NodeSeen, ...] = ()
    operations: tuple[OperationSeen, ...] = ()
    observation: Observation | None = None

    def at(self, node: ast.expr) -> Iterator[OperationSeen]:
        """What was seen of the operation that is exactly ``node``."""
        for seen in self.operations:
            place = (seen.line, seen.column, seen.end_line, seen.end_column)
            if place == (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset):
                yield seen


async def watch(program: Program, run: Run) -> Watched:
    """Run the program once more under watch. What could not be seen is left out."""
    setup = f"{program.setup}\n{_WATCHER % program.filename}"
    observation = await run(
        replace(program, setup=setup, probes=(*program.probes, _PROBE), collect=frozenset({"tensors"}))
    )
    value = observation.probes[-1].value if observation.probes else None
    if not isinstance(value, PlainValue) or not isinstance(value.value, str):
        return Watched(observation=observation)
    try:
        seen = json.loads(value.value)
        nodes = tuple(_node(entry) for entry in seen["events"])
        operations = tuple(_operation(entry) for entry in seen["spans"])
    except (ValueError, KeyError, TypeError):  # the program has changed what the probe gives
        return Watched(observation=observation)
    return Watched(nodes, operations, observation)


def _node(entry: dict[str, Any]) -> NodeSeen:
    arrived = entry["arrived"]
    return NodeSeen(
        node=str(entry["node"]).rsplit("::", 1)[-1],
        op=str(entry["op"]),
        kind=entry["kind"],
        line=int(entry["line"]),
        column=int(entry["column"]),
        end_line=int(entry["end_line"]),
        end_column=int(entry["end_column"]),
        index=int(entry["index"]),
        arrived=None if arrived is None else float(arrived),
        values=tuple(float(value) for value in entry["values"]),
    )


def _operation(entry: dict[str, Any]) -> OperationSeen:
    return OperationSeen(
        op=str(entry["op"]),
        line=int(entry["line"]),
        column=int(entry["column"]),
        end_line=int(entry["end_line"]),
        end_column=int(entry["end_column"]),
        inputs=tuple(tuple(int(size) for size in shape) for shape in entry["inputs"]),
        output=tuple(int(size) for size in entry["output"]),
        times=int(entry["times"]),
        bad=tuple(float(value) for value in entry["values"]),
    )
