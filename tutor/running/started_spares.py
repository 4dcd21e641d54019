"""Spares that are processes started ahead of time and used once: for systems where forking is unsafe.

Nothing here is particular to one system but what is marked so. Pipes are read by threads, the way that works
everywhere. Processor time and memory are watched on Linux; elsewhere the walls that the child names keep them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from tutor.autograd import Limits
from tutor.autograd.program import Walls
from tutor.running import launching
from tutor.running.control import End, Why
from tutor.running.fence import Fill, fill
from tutor.running.limiting import reserve
from tutor.running.scratch import Scratch, wipe
from tutor.running.spares import CannotStart, ServerGone, Spare

_READ = 1 << 18
_TICK_SECONDS = 0.02
_MEASURING_SECONDS = 0.1
_RESULT = 3
_FAILURES = 2


class StartedSpare:
    """One process, from its start to its end."""

    def __init__(self, folder: str, walls: Walls) -> None:
        self._loop = asyncio.get_running_loop()
        self._folder = folder
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[End] = self._loop.create_future()
        self._results: asyncio.Queue[bytes] = asyncio.Queue()
        self._on_output: Callable[[int, bytes], None] | None = None
        self._limits: Limits | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._measuring: asyncio.TimerHandle | None = None
        self._why: Why | Literal["server"] = "exit"
        self._memory_before = 0
        self._cpu_before = 0.0
        self._process, results = _started(folder, walls)
        readers = [self._thread(1, self._process.stdout), self._thread(2, self._process.stderr)]
        readers.append(self._thread(_RESULT, results))
        threading.Thread(target=self._wait, args=(readers,), daemon=True).start()

    def _thread(self, stream: int, pipe: Any) -> threading.Thread:
        reader = threading.Thread(target=self._read, args=(stream, pipe), daemon=True)
        reader.start()
        return reader

    def _read(self, stream: int, pipe: Any) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), _READ):
                self._tell(self._arrived, stream, data)
        self._tell(self._arrived, stream, b"")

    def _wait(self, readers: list[threading.Thread]) -> None:
        """Once it has ended: end what it started, read what is left, and only then say so."""
        code = self._process.wait()
        self._end_descendants()
        for reader in readers:
            reader.join(timeout=1.0)
        wipe(self._folder)
        self._tell(self._over, -code if code < 0 else code << 8)

    def _tell(self, what: Callable[..., None], *values: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(what, *values)

    def _arrived(self, stream: int, data: bytes) -> None:
        if stream == _RESULT:
            # the first that comes says that it waits
            if data and not self.ready.done():
                self.ready.set_result(None)
            self._results.put_nowait(data)
        elif data and self._on_output is not None:
            self._on_output(stream, data)

    def closed(self) -> None:
        """The runner is closed: a run under way ends without a result of its own."""
        self._why = "server"
        self._end_descendants()
        self._process.kill()

    def _over(self, status: int) -> None:
        for timer in (*self._timers, *filter(None, [self._measuring])):
            timer.cancel()
        if not self.ended.done():
            self.ended.set_result(End(self._why, status))
        if not self.ready.done():
            self.ready.set_exception(ServerGone("a spare process ended before it was ready"))
            self.ready.exception()  # nobody may be waiting for it

    def begin(self, limits: Limits, on_output: Callable[[int, bytes], None]) -> None:
        self._limits, self._on_output = limits, on_output
        self._timers = [self._loop.call_later(limits.wall_seconds, self._kill, "wall")]
        self._measuring = self._loop.call_later(_MEASURING_SECONDS, self._measure)
        if sys.platform == "linux":
            from tutor.running import processes  # noqa: PLC0415 -- Linux only

            self._memory_before = processes.use(self._process.pid).bytes
            self._cpu_before = processes.cpu_seconds(self._process.pid)
            self._timers.append(self._loop.call_later(_TICK_SECONDS, self._look))

    def _measure(self) -> None:
        """Have the scratch folder looked at, in a thread: it may hold thousands of files."""
        if not self.ended.done():
            self._loop.run_in_executor(None, fill, self._folder).add_done_callback(self._measured)

    def _measured(self, found: asyncio.Future[Fill]) -> None:
        if found.cancelled() or self.ended.done():
            return
        if found.result().too_much:
            self._kill("files")
        else:
            self._measuring = self._loop.call_later(_MEASURING_SECONDS, self._measure)

    def _look(self) -> None:
        from tutor.running import processes  # noqa: PLC0415 -- Linux only

        if self._limits is None or self.ended.done():
            return
        everyone = [self._process.pid, *(process.pid for process in processes.descendants([self._process.pid]))]
        memory = self._limits.memory_bytes + reserve(self._limits)
        if sum(map(processes.cpu_seconds, everyone)) > self._limits.cpu_seconds + self._cpu_before:
            self._kill("cpu")
        elif sum(processes.use(pid).bytes for pid in everyone) - self._memory_before > memory:
            self._kill("memory")
        elif sum(processes.use(pid).threads for pid in everyone) > processes.MOST_THREADS:
            self._kill("threads")
        else:
            self._timers[1] = self._loop.call_later(_TICK_SECONDS, self._look)

    async def send(self, data: bytes) -> None:
        await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        if self._process.stdin is None:
            raise BrokenPipeError
        self._process.stdin.write(data)
        self._process.stdin.flush()

    async def receive(self) -> bytes:
        return await self._results.get()

    def drain(self) -> None:
        """The reading threads have handed over everything."""

    def stop(self) -> None:
        self._kill("told")

    def _kill(self, why: Why) -> None:
        if self._process.poll() is None and self._why == "exit":
            self._why = why
            self._end_descendants()
            self._process.kill()

    def _end_descendants(self) -> None:
        """Those that can be found: on Linux all that have not lost their parent, elsewhere the process group."""
        if sys.platform == "win32":
            return  # the job object ends them
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if sys.platform == "linux":
            from tutor.running import processes  # noqa: PLC0415 -- Linux only

            for process in processes.descendants([self._process.pid]):
                processes.kill(process.pid)

    def release(self) -> None:
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()


def _started(folder: str, walls: Walls) -> tuple[subprocess.Popen[bytes], Any]:
    """The process, and the pipe its results come from."""
    read, write = os.pipe()
    options: dict[str, Any] = {"start_new_session": True, "pass_fds": [write]}
    handle = write
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 -- Windows only

        handle = msvcrt.get_osfhandle(write)
        os.set_handle_inheritable(handle, True)
        information = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        options = {"startupinfo": information, "creationflags": subprocess.CREATE_NO_WINDOW}
    try:
        process = subprocess.Popen(
            launching.command("tutor.running.started_child", str(handle), folder, walls),
            env=launching.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **options,
        )
    finally:
        os.close(write)
    return process, os.fdopen(read, "rb", buffering=0)


class StartedSpares:
    """Keeps ``count`` processes of each kind that has been asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: dict[Walls, deque[StartedSpare]] = {"fenced": deque(), "open": deque()}
        self._all: set[StartedSpare] = set()
        self._scratch: Scratch | None = None
        self._made = 0
        self._closed = False

    async def start(self) -> None:
        self._replenish("fenced")

    async def warm(self) -> None:
        self._replenish("fenced")
        await asyncio.gather(*(spare.ready for spare in self._waiting["fenced"]), return_exceptions=True)

    async def take(self, walls: Walls) -> Spare:
        failures = 0
        while True:
            self._replenish(walls)
            spare = self._waiting[walls].popleft()
            self._replenish(walls)
            try:
                await asyncio.shield(spare.ready)
            except ServerGone as problem:
                failures += 1
                if failures > _FAILURES:
                    raise CannotStart(str(problem)) from None
            except asyncio.CancelledError:
                self._waiting[walls].appendleft(spare)
                raise
            else:
                return spare

    def _replenish(self, walls: Walls) -> None:
        if self._closed:
            raise CannotStart("the runner is closed")
        self._scratch = self._scratch or Scratch()
        while len(self._waiting[walls]) < self._count:
            self._made += 1
            spare = StartedSpare(self._scratch.folder(self._made), walls)
            self._all.add(spare)
            spare.ended.add_done_callback(lambda _, spare=spare: self._all.discard(spare))  # type: ignore[misc]
            self._waiting[walls].append(spare)

    def abandon(self) -> None:
        """Each spare stands alone: there is nothing else to end."""

    async def close(self) -> None:
        self._closed = True
        spares = list(self._all)
        for spare in spares:
            spare.closed()
            spare.release()
        await asyncio.gather(*(spare.ended for spare in spares))
        if self._scratch is not None:
            self._scratch.remove()
