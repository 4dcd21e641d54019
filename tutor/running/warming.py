"""Goes through a run once before there is one, so that the first real one finds everything in place.

A forked child shares the server's memory until it writes to it, and counting references is writing: most of a first
run's time would be spent copying pages. So a spare copies them while it waits.
"""

from __future__ import annotations

import linecache
import sys
import warnings

from tutor.autograd import Program
from tutor.running.execution import execute, observe, settle, sow
from tutor.running.protocol import Ended, Frames, Probes, Result, Task, frame, opened

_FORWARD = "x = torch.arange(3.0)\ny = (2 * x + x @ x).sum()\nz = [y]\n"
_BACKWARD = "x = torch.arange(3.0, requires_grad=True)\ny = (2 * x + x @ x).sum()\ny.backward()\nraise ValueError(y)\n"
_PROBES = ("x.grad", "4 * x", "torch.allclose(x, x)")


def warm_up(*, backward: bool) -> None:
    """``backward`` only in a process that will not fork any more: autograd's threads do not survive that."""
    main, show = sys.modules["__main__"], warnings.showwarning
    arguments, limit = list(sys.argv), sys.getrecursionlimit()
    program = Program(source=_BACKWARD if backward else _FORWARD, setup="w = 1\n")
    ran = execute(program)
    settle()
    observation = observe(ran, _PROBES)
    for some in (Task(program=program), Ended(), Probes(expressions=_PROBES), Result(observation=observation)):
        for kind, body in Frames(1 << 20).feed(frame(some)):
            opened(kind, body)
    sys.modules["__main__"], warnings.showwarning = main, show
    sys.argv[:] = arguments
    sys.setrecursionlimit(limit)
    linecache.clearcache()
    sow(0)
