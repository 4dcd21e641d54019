"""``tutor list``: packs; the lessons of a pack; the steps of a lesson; and what of it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from tutor.cli.completing import complete_step
from tutor.cli.lines import write_line
from tutor.cli.places import find_pack_or_lesson
from tutor.packs import OpenPack, find_packs
from tutor.packs.format import Lesson
from tutor.progress import StepRef, Store
from tutor.words import _, ngettext

_HELP = _("""Packs, lessons and steps, and which are done.

    \b
    Examples:
      tutor list                           all packs
      tutor list autograd                  the lessons of a pack
      tutor list autograd/first-gradient   the steps of a lesson
      tutor list --json""")


@click.command("list", help=_HELP)
@click.argument("place", metavar="[PACK[/LESSON]]", required=False, shell_complete=complete_step)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line, nothing else."))
def list_(place: str | None, as_json: bool) -> int:
    """Packs, lessons and steps, and which are done."""
    with Store.open() as store:
        done = list(store.done())
    if place is None:
        return _list_packs(done, as_json=as_json)
    pack, lesson = find_pack_or_lesson(place)
    if lesson is None:
        return _list_lessons(pack, done, as_json=as_json)
    return _list_steps(pack, lesson, done, as_json=as_json)


def _list_packs(done: Iterable[StepRef], *, as_json: bool) -> int:
    found = find_packs()
    steps_done = Counter(ref.pack for ref in done)
    for one in found.packs:
        pack = one.pack
        record = {"pack": pack.id, "title": pack.title, "version": pack.version, "language": pack.language}
        record |= {"folder": str(one.folder), "origin": one.origin}
        if as_json:
            write_line(record | {"lessons": len(pack.lessons), "steps_done": steps_done[pack.id]})
            continue
        lessons = ngettext("{count} lesson", "{count} lessons", len(pack.lessons)).format(count=len(pack.lessons))
        click.echo(f"{click.style(pack.id, bold=True)}  {pack.title}  {click.style(lessons, dim=True)}", nl=False)
        click.echo(_done_steps(steps_done[pack.id]))
    for problem in found.problems:
        click.echo(str(problem), err=True)
    if not found.packs and not as_json:
        click.echo(_("There are no packs yet. `tutor pack install FOLDER` adds one."))
    return 0


def _list_lessons(pack: OpenPack, done: Iterable[StepRef], *, as_json: bool) -> int:
    steps_done = Counter(ref.lesson for ref in done if ref.pack == pack.pack.id)
    if not as_json:
        click.secho(pack.pack.title, bold=True)
    for heading in pack.headings:
        if as_json:
            record = {"pack": pack.pack.id, "lesson": heading.id, "title": heading.title, "summary": heading.summary}
            problems = [str(problem) for problem in heading.problems]
            write_line(record | {"steps_done": steps_done[heading.id], "problems": problems})
            continue
        name = click.style(f"{pack.pack.id}/{heading.id}", fg="cyan")
        click.echo(f"  {name}  {heading.title}{_done_steps(steps_done[heading.id])}")
        if heading.summary:
            click.secho(f"      {heading.summary}", dim=True)
        for problem in heading.problems:
            click.secho(f"      {problem}", fg="red")
    return 0


def _list_steps(pack: OpenPack, lesson: Lesson, done: Iterable[StepRef], *, as_json: bool) -> int:
    finished = set(done)
    if not as_json:
        click.secho(lesson.title, bold=True)
    for step in lesson.steps:
        ref = StepRef(pack.pack.id, lesson.id, step.id)
        if as_json:
            record: dict[str, Any] = {"pack": ref.pack, "lesson": ref.lesson, "step": ref.step, "kind": step.kind}
            write_line(record | {"title": step.title, "done": ref in finished})
            continue
        mark = click.style("✓", fg="green") if ref in finished else "·"
        click.echo(f"  {mark} {click.style(str(ref), fg='cyan')}  {step.title or _KINDS[step.kind]}")
    return 0


_KINDS = {"read": _("read"), "predict": _("predict"), "choice": _("choose"), "code": _("write code")}


def _done_steps(count: int) -> str:
    if not count:
        return ""
    text = ngettext("{count} step done", "{count} steps done", count).format(count=count)
    return click.style(f"  ✓ {text}", fg="green")
