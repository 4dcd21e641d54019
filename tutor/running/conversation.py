"""One run: a program goes to a spare, what it did comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace

from tutor.autograd import Observation, Outcome, Program
from tutor.running.control import End
from tutor.running.output import Output
from tutor.running.processes import MOST_THREADS
from tutor.running.protocol import BadFrame, Body, Ended, Frames, Probes, Ready, Result, Task, frame, opened
from tutor.running.spares import ServerGone, Spare
from tutor.text import safe

_ROOM_BESIDE_VALUES = 8 << 20
_LARGE = 1 << 20


async def converse(spare: Spare, program: Program) -> Observation:
    """Run ``program`` in ``spare``. Raises ServerGone when the server died under it. Cancelling ends the process."""
    talk = _Conversation(spare, program)
    try:
        return await talk.through()
    finally:
        spare.stop()
        spare.release()


class _Conversation:
    def __init__(self, spare: Spare, program: Program) -> None:
        self._spare = spare
        self._program = program
        self._output = Output(program.limits.output_bytes)
        self._frames = Frames(program.limits.result_bytes + _ROOM_BESIDE_VALUES)
        self._began = time.perf_counter()
        self._ended_after: float | None = None
        self._walls: tuple[str, ...] | None = None
        self._result: Result | None = None
        self._forged = ""

    async def through(self) -> Observation:
        environment = dict(os.environ) if self._program.walls == "open" else None
        task = frame(Task(program=replace(self._program, probes=()), environment=environment))
        self._spare.begin(self._program.limits, self._heard)
        try:
            await self._spare.send(task)
            await self._listen()
        except BadFrame as problem:
            self._forged = str(problem)
            self._spare.stop()
        except OSError:
            pass  # the process is gone; how it ended says the rest
        if self._result is None or self._forged or self._output.too_much:
            return self._without_result(await self._spare.ended)
        return self._with_result(self._result)

    def _heard(self, stream: int, data: bytes) -> None:
        self._output.add(stream, data)
        if self._output.too_much:
            self._spare.stop()

    async def _listen(self) -> None:
        while data := await self._spare.receive():
            for kind, body in self._frames.feed(data):
                await self._answer(await _opened(kind, body))
        if self._frames.torn:
            raise BadFrame("a frame that was not finished")

    async def _answer(self, body: Body) -> None:
        if isinstance(body, Ready) and self._walls is None:
            self._walls = tuple(map(safe, body.walls))
        elif isinstance(body, Ended) and self._walls is not None and self._ended_after is None:
            if self._frames.torn:
                raise BadFrame("an answer before its question")
            self._ended_after = time.perf_counter() - self._began
            await self._spare.send(frame(Probes(expressions=self._program.probes)))
        elif isinstance(body, Result) and self._ended_after is not None and self._result is None:
            self._result = self._checked(body)
        else:
            raise BadFrame(f"a {type(body).__name__} frame out of turn")

    def _checked(self, result: Result) -> Result:
        told = result.observation
        if tuple(probe.expression for probe in told.probes) != self._program.probes and told.outcome != "internal":
            raise BadFrame("answers to other expressions than were asked")
        if told.output or told.output_dropped:
            raise BadFrame("output where none belongs")
        return result

    def _elapsed_ms(self) -> float:
        return 1000 * (self._ended_after or time.perf_counter() - self._began)

    def _with_result(self, result: Result) -> Observation:
        self._spare.drain()
        output, dropped = self._output.chunks(result.written)
        return replace(
            result.observation,
            outcome="output-limit" if self._output.too_much else result.observation.outcome,
            elapsed_ms=self._elapsed_ms(),
            output=output,
            output_dropped=dropped,
            walls=self._walls or (),
        )

    def _without_result(self, end: End) -> Observation:
        if end.why == "server" and not self._output.too_much:
            raise ServerGone("the server ended during the run")
        self._spare.drain()
        outcome, detail = self._judged(end)
        output, dropped = self._output.chunks()
        return Observation(
            outcome=outcome,
            detail=detail,
            elapsed_ms=self._elapsed_ms(),
            output=output,
            output_dropped=dropped,
            walls=self._walls or (),
        )

    def _judged(self, end: End) -> tuple[Outcome, str]:
        limits = self._program.limits
        if end.why == "wall":
            return "timeout", f"{limits.wall_seconds:g} s of wall time"
        if end.why == "cpu" or _signal(end) == "SIGXCPU":
            return "timeout", f"{limits.cpu_seconds:g} s of processor time"
        if end.why == "memory":
            return "memory-limit", f"{limits.memory_bytes / (1 << 20):g} MiB"
        if end.why == "threads":
            return "memory-limit", f"more than {MOST_THREADS} threads"
        if end.why == "files":
            return "output-limit", "too many or too large files"
        if self._output.too_much:
            return "output-limit", f"{limits.output_bytes:,} bytes of output"
        if self._forged:
            return "forged-result", self._forged
        if name := _signal(end):
            return "crashed", name
        return "no-result", f"ended with exit status {os.waitstatus_to_exitcode(end.status)}"


async def _opened(kind: int, body: bytes) -> Body:
    """Large frames are read in a thread, so that the screen goes on meanwhile."""
    return opened(kind, body) if len(body) < _LARGE else await asyncio.to_thread(opened, kind, body)


def _signal(end: End) -> str:
    """The name of the signal a process ended by; empty when it ended otherwise."""
    number = end.status & 0x7F
    if end.why != "exit" or not number:
        return ""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
