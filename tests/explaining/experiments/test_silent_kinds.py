"""Wrong values and what is said of them: the kind, the line, the facts, and changes that were tried."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tutor.explaining.experiments import SilentKind, Wrong, all_silent_kinds
from tutor.explaining.explanation import Explanation

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASES = [(kind, case) for kind in all_silent_kinds() for case in kind.cases]
IDS = [f"{kind.slug}-{kind.cases.index(case) + 1}" for kind, case in CASES]


def words(explanation: Explanation) -> str:
    return " ".join([explanation.headline, explanation.why, *(fix.title for fix in explanation.fixes)])


def missing(explanation: Explanation, facts: tuple[str, ...]) -> list[str]:
    return [fact for fact in facts if not re.search(fact, words(explanation))]


@pytest.mark.parametrize(("kind", "case"), CASES, ids=IDS)
async def test_each_case_of_a_kind_is_explained_and_mended(
    explain_answer: Explain, kind: SilentKind, case: Wrong
) -> None:
    explanation = (await explain_answer(case.code, case.fixed, case.watch))[0]
    assert explanation.kind == kind.slug
    assert (explanation.line, explanation.cause_line) == (case.line, case.cause_line or case.line)
    assert missing(explanation, case.facts) == []
    assert explanation.fixes[0].verified


async def test_a_cause_is_found_in_other_structures(explain_answer: Explain, variation: Any) -> None:
    explanation = (await explain_answer(variation.code, variation.fixed, variation.watch))[0]
    assert explanation.kind == variation.kind
    assert explanation.cause_line == variation.line
    assert missing(explanation, variation.facts) == []
    assert explanation.fixes[0].verified


@pytest.mark.parametrize(
    ("kind", "case"),
    [pair for pair in CASES if pair[1].alone],
    ids=[name for name, pair in zip(IDS, CASES, strict=True) if pair[1].alone],
)
async def test_what_a_run_shows_by_itself_is_told_without_an_expected_value(
    explain_script: Explain, kind: SilentKind, case: Wrong
) -> None:
    found = {explanation.kind: explanation for explanation in await explain_script(case.code)}
    assert kind.slug in found
    assert found[kind.slug].line == case.line
    assert all(fix.verified for fix in found[kind.slug].fixes)


@pytest.mark.parametrize(("kind", "case"), CASES, ids=IDS)
async def test_a_mended_program_gets_no_complaint(explain_script: Explain, kind: SilentKind, case: Wrong) -> None:
    assert await explain_script(case.fixed) == ()


async def test_a_program_without_fault_gets_no_complaint(explain_script: Explain, faultless: str) -> None:
    assert await explain_script(faultless) == ()
