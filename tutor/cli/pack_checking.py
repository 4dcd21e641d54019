"""``tutor pack check``: the files are read, the steps are run, and all of it is said."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from tutor.cli.lines import write_line
from tutor.cli.many import Counter
from tutor.packs import Loaded, Problem, find_packs
from tutor.packs.examining import Examination, Examined
from tutor.packs.files import PACK_FILE
from tutor.packs.format import Lesson
from tutor.proving import StepProved, prove
from tutor.running import Runner
from tutor.words import _, ngettext


def folder_of(named: str) -> Path | None:
    """Return the folder of a pack that is named by folder, by its ``pack.yaml`` or by id; None when there is none."""
    path = Path(named)
    if path.name == PACK_FILE:
        path = path.parent
    if path.is_dir():
        return path
    return next((one.folder for one in find_packs().packs if one.id == named), None)


def seen_problems(folder: Path) -> list[Problem]:
    """Return the errors that can be seen without running anything."""
    examined = Examination(folder, known_kinds())
    return [problem for one in examined for problem in one.problems if problem.severity == "error"]


def known_kinds() -> frozenset[str]:
    """Return the kinds of explanation that a foreseen mistake may name."""
    from tutor.explaining.registry import every_kind  # noqa: PLC0415 - only a check needs all rules

    return frozenset(kind.slug for kind in every_kind())


@dataclass
class Report:
    """Prints what is found as it is found, and counts it."""

    as_json: bool
    verbose: bool = False
    errors: int = field(default=0, init=False)
    notes: int = field(default=0, init=False)
    steps: int = field(default=0, init=False)

    def examined(self, one: Examined) -> None:
        for problem in one.problems:
            self._problem(problem)

    def proved(self, one: StepProved) -> None:
        self.steps += 1
        for problem in one.problems:
            self._problem(problem)
        if self.as_json:
            record = {
                "step": f"{one.lesson}/{one.step}",
                "kind": one.kind,
                "proven": one.proven,
                "held": list(one.held),
            }
            write_line(record | {"file": one.file, "line": one.line, "column": one.column})
        elif self.verbose:
            mark = click.style("✓", fg="green") if one.proven else click.style("✗", fg="red")
            click.echo(f"{mark} {one.lesson}/{one.step}  {click.style(', '.join(one.held) or one.kind, dim=True)}")

    def _problem(self, problem: Problem) -> None:
        if problem.severity == "error":
            self.errors += 1
        else:
            self.notes += 1
        if self.as_json:
            write_line({"problem": problem.message, **{k: v for k, v in asdict(problem).items() if k != "message"}})
        else:
            click.secho(str(problem), dim=problem.severity == "note")

    def closed(self, pack: str | None, lessons: int, *, ran: bool) -> int:
        """Say what came of it all; return the exit code."""
        if self.as_json:
            record = {"pack": pack, "proven": ran and not self.errors, "errors": self.errors, "notes": self.notes}
            write_line(record | {"lessons": lessons, "steps": self.steps})
        else:
            click.echo(self._last_line(pack, lessons, ran=ran))
        return 1 if self.errors else 0

    def _last_line(self, pack: str | None, lessons: int, *, ran: bool) -> str:
        name = click.style(pack or _("The pack"), bold=True)
        if self.errors:
            text = ngettext("{name} has {count} problem.", "{name} has {count} problems.", self.errors)
            return click.style("✗ ", fg="red") + text.format(name=name, count=self.errors)
        if not ran:
            return click.style("✓ ", fg="green") + _("{name} can be read; nothing was run.").format(name=name)
        several = ngettext("{count} lesson", "{count} lessons", lessons).format(count=lessons)
        steps = ngettext("{count} step", "{count} steps", self.steps).format(count=self.steps)
        text = _("{name} is proven: {lessons}, {steps}.").format(name=name, lessons=several, steps=steps)
        return click.style("✓ ", fg="green") + text


async def check_pack(folder: Path, report: Report, *, run_steps: bool) -> int:
    """Check the pack in ``folder`` and return the exit code. Lessons that can be read are run, whatever the others are."""
    examination = Examination(folder, known_kinds())
    lessons = _examined(examination, report)
    if run_steps and lessons:
        await _proved(lessons, report)
    pack = examination.pack.id if examination.pack else None
    return report.closed(pack, len(lessons), ran=run_steps)


def _examined(examination: Examination, report: Report) -> list[Loaded[Lesson]]:
    lessons: list[Loaded[Lesson]] = []
    with Counter(len(examination.files) + 1) as counter:
        for one in examination:
            counter.clear()
            report.examined(one)
            counter.step()
            if one.lesson is not None:
                lessons.append(one.lesson)
    return lessons


async def _proved(lessons: list[Loaded[Lesson]], report: Report) -> None:
    with Counter(sum(len(lesson.value.steps) for lesson in lessons)) as counter:
        async with Runner() as runner, aclosing(prove(lessons, runner.run)) as steps:
            async for step in steps:
                counter.clear()
                report.proved(step)
                counter.step()
