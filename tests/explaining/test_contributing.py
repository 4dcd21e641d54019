"""The example in CONTRIBUTING.md is a kind that works."""

import re
from pathlib import Path

from tutor.autograd import Program
from tutor.explaining.changes import Together
from tutor.explaining.facts import Facts
from tutor.explaining.kind import Kind
from tutor.running import Runner

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"


async def test_the_kind_in_the_guide_finds_and_mends_its_case() -> None:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, object] = {}
    exec(compile(found.group(1), "text_in_arithmetic.py", "exec", dont_inherit=True), names)
    kind = names["TEXT_IN_ARITHMETIC"]
    assert isinstance(kind, Kind)
    case = kind.cases[0]
    program = Program(source=case.code)
    async with Runner() as runner:
        facts = Facts(program, await runner.run(program))
        assert kind.suspects(facts)
        finding = kind.find(facts)
        assert finding is not None
        assert finding.line == case.line
        mended = Together(finding.mendings[0].changes).apply(case.code)
        assert mended is not None
        assert (await runner.run(Program(source=mended))).outcome == "ok"
