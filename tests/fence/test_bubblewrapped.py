"""With bubblewrap asked for, answers run inside it and scripts of the learner's own outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.autograd import Program
from tutor.running import Runner
from tutor.running.fence import bubblewrap_available

pytestmark = pytest.mark.skipif(
    bubblewrap_available() is None, reason="bubblewrap is not installed, or nobody may use it"
)

BACKWARD = "x = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\nimport os\nprint(os.path.exists(PATH))\n"


async def test_an_answer_does_not_even_see_that_a_file_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_BWRAP", "1")
    (tmp_path / "private").touch()
    source = BACKWARD.replace("PATH", repr(str(tmp_path / "private")))
    async with Runner(spares=1) as runner:
        answer = await runner.run(Program(source=source))
        await runner.warm()
        again = await runner.run(Program(source=source))
        script = await runner.run(Program(source="import torch\n" + source, walls="open"))
    assert [seen.outcome for seen in (answer, again, script)] == ["ok", "ok", "ok"]
    assert [seen.stdout for seen in (answer, again, script)] == ["False\n", "False\n", "True\n"]
    assert "bubblewrap" in answer.walls
    assert "seccomp" in again.walls
    assert "bubblewrap" not in script.walls


async def test_without_being_asked_for_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUTOR_BWRAP", raising=False)
    async with Runner(spares=1) as runner:
        assert "bubblewrap" not in (await runner.run(Program(source="x = 1"))).walls
