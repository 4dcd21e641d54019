"""Watches over one child: its time, its processor time, its memory, its files."""

from __future__ import annotations

import os
import time
from typing import Final

from tutor.autograd.program import Walls
from tutor.running import processes
from tutor.running.control import Start, Why
from tutor.running.fence import scratch as scratch_folder

_TICK_MS: Final = 20
_TICKS_PER_SCAN: Final = 5


class Watched:
    """A child, from its fork to its end. ``descriptor`` is a pidfd: readable when the child has ended."""

    def __init__(self, number: int, pid: int, walls: Walls, scratch: str) -> None:
        self.number = number
        self.pid = pid
        self.walls = walls
        self.why: Why = "exit"
        self.descriptor = os.pidfd_open(pid)
        self.may_have_started_processes = True
        self._scratch = scratch
        self._limits: Start | None = None
        self._started = 0.0
        self._looked = 0.0
        self._looks = 0
        self._memory_before = 0
        self._others: list[int] = []
        self._killed = False

    @property
    def running(self) -> bool:
        """Whether it has been given a program."""
        return self._limits is not None

    @property
    def just_begun(self) -> bool:
        """Whether it was given its program so lately that it has not been looked at."""
        return self._limits is not None and not self._looks

    def start(self, limits: Start) -> None:
        self._limits = limits
        self._started = self._looked = time.monotonic()
        before = processes.use(self.pid)
        self._memory_before = before.bytes
        self.may_have_started_processes = self.walls == "open" or not before.filtered

    def patience_ms(self) -> int:
        """How long it may be left alone."""
        if self._limits is None or self._killed:
            return 1000
        deadline = self._started + self._limits.wall_seconds
        left = min(deadline, self._looked + _TICK_MS / 1000) - time.monotonic()
        return max(0, int(left * 1000) + 1)

    def look(self) -> None:
        """Kill it if it is past a limit."""
        now = time.monotonic()
        if self._limits is None or self._killed:
            return
        if now >= self._started + self._limits.wall_seconds:
            self.kill("wall")
        elif now >= self._looked + _TICK_MS / 1000:
            self._looked = now
            self._look_closely(self._limits)

    def _look_closely(self, limits: Start) -> None:
        self._looks += 1
        if self._looks == _TICKS_PER_SCAN:
            processes.step_back(self.pid)
        if self._looks % _TICKS_PER_SCAN == 0:
            if self.may_have_started_processes:
                self._others = [process.pid for process in processes.descendants([self.pid])]
            if scratch_folder.fill(self._scratch).too_much:
                self.kill("files")
                return
        everyone = [self.pid, *self._others]
        used = [processes.use(pid) for pid in everyone]
        if sum(map(processes.cpu_seconds, everyone)) > limits.cpu_seconds:
            self.kill("cpu")
        # a process that the child has forked begins with the memory that the child began with
        elif sum(use.bytes - self._memory_before for use in used) > limits.memory_bytes:
            self.kill("memory")
        elif sum(use.threads for use in used) > processes.MOST_THREADS:
            self.kill("threads")

    def kill(self, why: Why) -> None:
        """End it and its process group now. What has left the group is found when it is buried."""
        if not self._killed:
            self._killed, self.why = True, why
            processes.kill(self.pid)

    def reap(self) -> int:
        """Its wait status. It must have ended."""
        _, status = os.waitpid(self.pid, 0)
        processes.kill(self.pid)
        os.close(self.descriptor)
        return status

    def clean(self) -> None:
        """Remove what it wrote."""
        scratch_folder.wipe(self._scratch)
