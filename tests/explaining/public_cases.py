"""Holds explanations against a file of cases: ``python tests/explaining/public_cases.py CASES.jsonl [ID or KIND ...]``.

Each line of the file is one case as JSON: ``id``, ``code``, ``kind``, ``line``, ``cause_line``,
``facts``, ``severity``, ``fixed_code``; silent ones with ``watch``. Prints what does not hold, then the figures.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tutor.autograd import Program
from tutor.explaining import Explanation, explain
from tutor.judging import References, assess
from tutor.judging.verdict import Verdict
from tutor.packs.format import CodeStep, ValueCheck
from tutor.running import Runner

Case = dict[str, Any]


async def told_of(case: Case, runner: Runner) -> tuple[tuple[Explanation, ...], float]:
    """The explanations of a case and the seconds from failure to them; silent cases are judged against their mending."""
    program = Program(source=case["code"])
    observation = await runner.run(program)
    verdict, judge = None, None
    if case["severity"] == "silent":
        verdict, judge = await _judged(case, runner)
    began = time.perf_counter()
    told = await explain(program, observation, runner.run, verdict=verdict, judge=judge)
    return told, time.perf_counter() - began


async def _judged(case: Case, runner: Runner) -> tuple[Verdict, Callable[[str], Awaitable[Verdict]]]:
    step = CodeStep(
        id="case", kind="code", text="", solution=case["fixed_code"], checks=(ValueCheck(value=case["watch"]),)
    )
    references = References(runner.run)

    async def judge(answer: str) -> Verdict:
        return (await assess(step, answer, runner.run, references)).verdict

    return await judge(case["code"]), judge


def held(case: Case, told: tuple[Explanation, ...]) -> dict[str, bool]:
    """What of the case holds of its first explanation."""
    if case["kind"] == "correct-program":
        return {"kind": not [one for one in told if one.severity != "note"]}
    if not told:
        return {"kind": False}
    first = told[0]
    said = " ".join([first.headline, first.why, *(fix.title for fix in first.fixes)])
    found = {
        "kind": first.kind == case["kind"],
        "facts": all(re.search(fact, said) for fact in case["facts"]),
    }
    for name in ("line", "cause_line"):
        if case.get(name):
            found[name] = getattr(first, name) == case[name]
    if case["severity"] != "note":
        found["fix"] = any(fix.verified for fix in first.fixes)
    return found


async def quiet(case: Case, runner: Runner) -> bool:
    """Whether the mended program gets neither error nor warning."""
    program = Program(source=case["fixed_code"])
    told = await explain(program, await runner.run(program), runner.run)
    return not [one for one in told if one.severity in {"error", "warning"}]


async def main(cases: list[Case], wanted: list[str]) -> None:
    cases = [case for case in cases if not wanted or {case["id"], case["kind"]} & set(wanted)]
    asked, right, seconds = Counter[str](), Counter[str](), list[float]()
    async with Runner() as runner:
        for case in cases:
            told, elapsed = await told_of(case, runner)
            found = {**held(case, told), "mended program quiet": await quiet(case, runner)}
            seconds.append(elapsed)
            asked.update(list(found))
            right.update(name for name, holds in found.items() if holds)
            if not all(found.values()):
                wrong = ", ".join(name for name, holds in found.items() if not holds)
                print(f"{case['id']} ({case['kind']}): {wrong}; told {[one.kind for one in told]}")
    for name in asked:
        print(f"{name:>22}: {right[name]} of {asked[name]}, {100 * right[name] / asked[name]:.1f} %")
    print(f"{'time':>22}: {1000 * statistics.median(seconds):.0f} ms at the median")


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    asyncio.run(main([json.loads(line) for line in lines if line.strip()], sys.argv[2:]))
