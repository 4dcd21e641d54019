"""Every kind explains its own cases: kind, lines, facts, and a change that was tried."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from tutor.explaining import Explanation
from tutor.explaining.kind import Case, Kind
from tutor.explaining.registry import all_kinds

Explain = Callable[..., Awaitable[tuple[Explanation, ...]]]

CASES = [
    pytest.param(kind, case, id=f"{kind.slug}-{number}")
    for kind in all_kinds()
    for number, case in enumerate(kind.cases)
]
FIXED = [
    pytest.param(case, id=f"{kind.slug}-{number}")
    for kind in all_kinds()
    for number, case in enumerate(kind.cases)
    if case.fixed is not None
]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("kind", "case"), CASES)
async def test_a_kind_explains_its_case(kind: Kind, case: Case, explained: Explain) -> None:
    explanations = await explained(case.code, case.setup)
    assert [one.kind for one in explanations][:1] == [case.kind or kind.slug]
    told = explanations[0]
    said = " ".join([told.headline, told.why, *(fix.title for fix in told.fixes)])
    assert case.line is None or told.line == case.line
    assert case.cause_line is None or told.cause_line == case.cause_line
    assert [fact for fact in case.facts if not re.search(fact, said)] == []
    if case.mended and told.severity == "error":
        assert any(fix.verified for fix in told.fixes)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", FIXED)
async def test_the_mended_case_gets_no_complaint(case: Case, explained: Explain) -> None:
    assert await explained(case.fixed, case.setup) == ()


@pytest.mark.asyncio(loop_scope="session")
async def test_each_verified_fix_gets_no_error(explained: Explain) -> None:
    for kind in all_kinds():
        for case in kind.cases[:1]:
            for told in await explained(case.code, case.setup):
                for fix in told.fixes[:1]:
                    if fix.verified:
                        again = await explained(fix.code, case.setup)
                        assert [one.kind for one in again if one.severity == "error"] == [], (kind.slug, fix.code)


def test_each_kind_has_a_page_and_a_case() -> None:
    assert [kind.slug for kind in all_kinds() if not (kind.page.title and kind.page.what and kind.page.mend)] == []
    assert [kind.slug for kind in all_kinds() if not kind.cases] == []
