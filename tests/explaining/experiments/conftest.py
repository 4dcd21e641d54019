"""One warm runner for all experiments, and a step made of each program that is wrong."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
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


def load(name: str) -> ModuleType:
    """A module of programs that lies beside the tests."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


VARIATIONS = load("variations").VARIATIONS
FAULTLESS = load("faultless").FAULTLESS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "variation" in metafunc.fixturenames:
        chosen = [one for one in VARIATIONS if one.often]
        metafunc.parametrize("variation", chosen, ids=[one.name for one in chosen])
    if "faultless" in metafunc.fixturenames:
        metafunc.parametrize("faultless", FAULTLESS.values(), ids=FAULTLESS.keys())
