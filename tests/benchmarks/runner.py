"""How long a run takes, and how much memory waits for it: ``python tests/benchmarks/runner.py``.

Everything is measured in one go on the same machine: our runner in both ways, a cold Python, and, where the extra
``bench`` is installed, a warm Jupyter kernel's bare round trip.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from tutor.autograd import Program
from tutor.judging import References, assess
from tutor.packs import open_pack
from tutor.packs.finding import built_in_folder
from tutor.packs.format import CodeStep
from tutor.running import Method, Runner
from tutor.running.processes import descendants

SOURCE = """\
x = torch.arange(4.0, requires_grad=True)
y = 2 * torch.dot(x, x)
y.backward()
assert torch.equal(x.grad, 4 * x)
z = (x * x).sum()
print(x.grad, z)
"""
OPTIMISER = """\
net = torch.nn.Linear(4, 1)
optimiser = torch.optim.Adam(net.parameters())
net(torch.ones(2, 4)).sum().backward()
optimiser.step()
"""
PAUSE = 0.15
"""Seconds between runs: nobody presses the key faster, and a new spare is made meanwhile."""


def row(name: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    ninth = ordered[int(0.9 * (len(ordered) - 1))]
    print(f"{name:<58}{statistics.median(ordered):9.1f}{ordered[0]:9.1f}{ninth:9.1f}{len(ordered):6}", flush=True)


async def timed(times: int, once: Callable[[], Awaitable[object]], pause: float = PAUSE) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await once()
        taken.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(pause)
    return taken


async def ours(method: Method, times: int, pause: float) -> None:
    began = time.perf_counter()
    async with Runner(method=method) as runner:
        await runner.run(Program(source=SOURCE))
        row(f"{method}: from nothing to the first result", [1000 * (time.perf_counter() - began)])
        await runner.warm()
        row(f"{method}: from nothing to wholly warm", [1000 * (time.perf_counter() - began)])
        await asyncio.sleep(1)
        for name, source, probes in (
            ("six lines of autograd", SOURCE, ("x.grad",)),
            ("an optimiser's step", OPTIMISER, ("net.weight",)),
            ("a million elements brought back", "x = torch.ones(1_000_000)", ("x",)),
        ):
            row(f"{method}: {name}, on a waiting spare", await repeated(runner, source, probes, times, pause))
        if method == "fork":
            variants = [Program(source=SOURCE, setup=f"n = {n}", probes=("x.grad",)) for n in range(3)]

            async def together() -> None:
                await asyncio.gather(*map(runner.run, variants))

            row("fork: an answer and two variants, together", await timed(times, together, 2 * pause))
            await judged(runner, times, pause)
        await asyncio.sleep(1)
        told = await runner.run(Program(source="import os\nprint(os.getppid())", walls="open"))
        await asyncio.sleep(1)
        memory(method, int(told.stdout))


async def judged(runner: Runner, times: int, pause: float) -> None:
    """From pressing run to the verdict, as the app does it: run, read, probe, compare, on every variant."""
    lesson = open_pack(built_in_folder() / "autograd").lesson("first-gradient")
    step = next(step for step in lesson.steps if isinstance(step, CodeStep) and step.id == "dot")
    references = References(runner.run)

    async def once(step: CodeStep) -> None:
        if not (await assess(step, step.solution, runner.run, references)).verdict.passed:
            raise SystemExit("the solution does not pass")

    for name, asked in ((f"judged, {len(step.variants)} variants", step), ("judged", replace(step, variants=()))):
        await once(asked)
        row(
            f"fork: from pressing run to the verdict, {name}",
            await timed(times, partial(once, asked), pause),
        )


async def repeated(runner: Runner, source: str, probes: tuple[str, ...], times: int, pause: float) -> list[float]:
    program = Program(source=source, probes=probes)

    async def once() -> None:
        seen = await runner.run(program)
        if seen.outcome != "ok":
            raise SystemExit(f"{seen.outcome}: {seen.exception or seen.detail}")

    return await timed(times, once, pause)


def memory(method: Method, parent: int) -> None:
    """Resident, and resident nowhere else, of each process of ours."""
    spares = [process.pid for process in descendants([parent])]
    for number, pid in enumerate([parent, *spares] if method == "fork" else spares):
        fields = dict(_megabytes(pid))
        name = "server" if method == "fork" and number == 0 else "spare"
        private = fields["Private_Clean"] + fields["Private_Dirty"]
        print(f"    {method}: {name:<10} {fields['Rss']:6.0f} MB resident, {private:6.0f} MB its own")


def _megabytes(pid: int) -> Iterator[tuple[str, float]]:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        yield name.rstrip(":"), int(value) / 1024


async def cold_python(times: int) -> None:
    async def once() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import torch\n" + SOURCE, stdout=subprocess.DEVNULL
        )
        await process.wait()

    row("a cold python", await timed(times, once, 0))


async def jupyter(times: int) -> None:
    if importlib.util.find_spec("jupyter_client") is None:
        print("a warm Jupyter kernel: not measured, the extra 'bench' is not installed")
        return
    from jupyter_client.manager import start_new_async_kernel  # noqa: PLC0415 -- only where it is installed

    manager, client = await start_new_async_kernel()
    try:

        async def once(code: str = SOURCE) -> None:
            await client.execute_interactive(code, output_hook=lambda _: None)

        await once("import torch")
        await timed(3, once)
        row("a warm Jupyter kernel's bare round trip, same six lines", await timed(times, once))
        row("a warm Jupyter kernel's bare round trip, pass", await timed(times, lambda: once("pass")))
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def main() -> None:
    if (busy := os.getloadavg()[0]) > 1:
        print(f"this machine has other work (load {busy:.1f}): the figures will suffer", file=sys.stderr)
    print(f"{'milliseconds':<58}{'median':>9}{'least':>9}{'9 of 10':>9}{'runs':>6}")
    await ours("fork", 60, PAUSE)
    await jupyter(60)
    await cold_python(3)
    await ours("process", 4, 4.0)


if __name__ == "__main__":
    asyncio.run(main())
