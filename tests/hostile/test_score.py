"""No trick passes a step; the right answer does, also after all of them."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.hostile.attacks import ATTACKS, HONEST_ANSWER, STEP, WITH_A_WRONG_ANSWER
from tutor.judging import Assessment, References, assess
from tutor.running import Runner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")

ALL = {**ATTACKS, **WITH_A_WRONG_ANSWER}


async def _judge_all() -> dict[str, Assessment]:
    gate = asyncio.Semaphore(2)
    async with Runner(spares=4) as runner:
        references = References(runner.run)

        async def one(answer: str) -> Assessment:
            async with gate:
                return await assess(STEP, answer, runner.run, references)

        answers = {"before": HONEST_ANSWER, **ALL}
        judged = await asyncio.gather(*map(one, answers.values()))
        after = await one(HONEST_ANSWER)
        await references.close()
    return {**dict(zip(answers, judged, strict=True)), "after": after}


@pytest.fixture(scope="module")
def judged() -> dict[str, Assessment]:
    return asyncio.run(_judge_all())


@pytest.mark.parametrize("attack", ALL)
def test_no_trick_passes(attack: str, judged: dict[str, Assessment]) -> None:
    verdict = judged[attack].verdict
    assert not verdict.passed
    assert verdict.internal is not None or any(not check.passed for check in verdict.checks)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_right_answer_passes(when: str, judged: dict[str, Assessment]) -> None:
    assert judged[when].verdict.passed


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name.startswith("forgery")])
def test_a_forged_result_never_carries_a_passed_check(attack: str, judged: dict[str, Assessment]) -> None:
    seen = judged[attack]
    if seen.observation.outcome == "forged-result":
        assert not any(check.passed and check.kind == "value" for check in seen.verdict.checks)
