"""One warm runner for all experiments, and a step made of each program that is wrong."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import pytest_asyncio

from tutor.autograd import Program
from tutor.explaining.experiments import explain_silence
from tutor.explaining.explanation import Explanation
from tutor.judging import References, assess
from tutor.judging.verdict import Verdict
from tutor.packs.format import CodeStep, ValueCheck, Variant
from tutor.running import Runner

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def runner() -> AsyncIterator[Runner]:
    async with Runner() as running:
        yield running


@pytest.fixture(scope="session")
def explain_answer(runner: Runner) -> Explain:
    """Explain a wrong answer to a step whose solution is ``fixed`` and whose check is the value of ``watch``."""

    async def explain(
        code: str, fixed: str, watch: str, setup: str = "", variants: tuple[str, ...] = ()
    ) -> tuple[Explanation, ...]:
        step = CodeStep(
            id="step",
            kind="code",
            text="",
            setup=setup,
            solution=fixed,
            checks=(ValueCheck(value=watch),),
            variants=tuple(Variant(setup=one) for one in variants),
        )
        references = References(runner.run)

        async def judge(answer: str) -> Verdict:
            return (await assess(step, answer, runner.run, references)).verdict

        first = await assess(step, code, runner.run, references)
        assert not first.verdict.passed, "this program gives the right value"
        return await explain_silence(
            Program(source=code, setup=setup), first.observation, runner.run, verdict=first.verdict, judge=judge
        )

    return explain


@pytest.fixture(scope="session")
def explain_script(runner: Runner) -> Explain:
    """Explain a script of which nobody says what its values should be."""

    async def explain(code: str) -> tuple[Explanation, ...]:
        program = Program(source=code)
        return await explain_silence(program, await runner.run(program), runner.run)

    return explain


PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Variation:
    """A program that goes wrong without a word. The line at fault ends in ``# <-``; ``facts`` must be in the words."""

    kind: str
    watch: str
    code: str
    fixed: str
    facts: tuple[str, ...]
    always: bool
    """Whether it belongs to every run of the suite; the others run with ``TUTOR_ALL_PROGRAMS=1``."""

    @property
    def line(self) -> int:
        return next(number for number, line in enumerate(self.code.splitlines(), 1) if line.endswith("# <-"))


def read(text: str) -> Variation:
    """A file of ``programs``: what is known of it, a line each, then the wrong program and the mended one."""
    head, rest = text.split("---- wrong\n")
    code, fixed = rest.split("---- mended\n")
    known = [line.partition(": ") for line in head.splitlines()]
    facts = tuple(value for key, _colon, value in known if key == "fact")
    values = {key: value for key, _colon, value in known}
    return Variation(values["kind"], values["watch"], code, fixed, facts, "suite" in values)


def variations() -> dict[str, Variation]:
    found = {path.stem: read(path.read_text(encoding="utf-8")) for path in sorted(PROGRAMS.glob("*.txt"))}
    everything = bool(os.environ.get("TUTOR_ALL_PROGRAMS"))
    return {name: one for name, one in found.items() if one.always or everything}


def load(name: str) -> ModuleType:
    """A module of programs that lies beside the tests."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


FAULTLESS = load("faultless").FAULTLESS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "variation" in metafunc.fixturenames:
        chosen = variations()
        metafunc.parametrize("variation", chosen.values(), ids=chosen.keys())
    if "faultless" in metafunc.fixturenames:
        metafunc.parametrize("faultless", FAULTLESS.values(), ids=FAULTLESS.keys())
