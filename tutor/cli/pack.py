"""``tutor pack``: what instructors need to write a pack, prove it and hand it on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import click

from tutor.words import _, ngettext

_HELP: Final = _("""Write, prove and install lesson packs.

    A pack is a folder with pack.yaml and lesson files. docs/pack-format.md says all about it.

    \b
    Examples:
      tutor pack new my-pack             a small pack to change into your own
      tutor pack check my-pack           prove it: every solution, starter and foreseen mistake is run
      tutor pack preview my-pack/slopes  a lesson as plain text
      tutor my-pack/                     open it
      tutor pack install my-pack         keep it where the tutor finds it""")

_CHECK_HELP: Final = _("""Read every file of the pack in FOLDER, then run every step.

    Solutions must pass every check on every variant, and give the same twice. Starters must fail. Predictions must
    have a value. Each mistake you foresaw must fail and get its explanation or your message.

    Every problem is FILE:LINE:COLUMN: what was found; what was expected.

    Exit: 0 the pack is proven (notes are no problems), 1 it has problems, 2 there is no such pack.""")


@click.group("pack", help=_HELP)
def pack() -> None:
    """Write, prove and install lesson packs."""


@pack.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> int:
    """Write a small pack into FOLDER, to change into your own. It passes `tutor pack check`."""
    from tutor.packs import PackError  # noqa: PLC0415
    from tutor.packs.installing import new_pack  # noqa: PLC0415

    try:
        written = new_pack(folder)
    except PackError as error:
        click.echo(str(error), err=True)
        return 2
    for path in written:
        click.echo(_safe(str(path)))
    text = _("Prove it with `tutor pack check {folder}`, open it with `tutor {folder}/`.")
    click.echo(text.format(folder=_safe(str(folder))))
    return 0


@pack.command("check", help=_CHECK_HELP)
@click.argument("folder", type=click.Path(path_type=str))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line: problems, steps, and the pack last."))
@click.option("--only-read", is_flag=True, help=_("Read the files, but run nothing."))
@click.option("-v", "--verbose", is_flag=True, help=_("Say of each step what was tried and held."))
def check(folder: str, as_json: bool, only_read: bool, verbose: bool) -> int:
    """Prove the pack in FOLDER."""
    from tutor.cli.pack_checking import Report, check_pack, folder_of  # noqa: PLC0415

    found = folder_of(folder)
    if found is None:
        text = _("There is no pack in `{folder}`: a folder with pack.yaml is expected.")
        raise click.UsageError(text.format(folder=_safe(folder)))
    return asyncio.run(check_pack(found, Report(as_json=as_json, verbose=verbose), run_steps=not only_read))


@pack.command("schema")
@click.argument(
    "kind", type=click.Choice(["pack", "lesson", "pack-translation", "lesson-translation"]), default="lesson"
)
@click.option("--into", type=click.Path(path_type=Path), help=_("Write all four into this folder instead."))
def schema(kind: Any, into: Path | None) -> int:
    """Print the JSON Schema of a lesson file, or of another KIND of file, for your editor.

    \b
    With the YAML language server, begin a lesson file with
      # yaml-language-server: $schema=lesson.schema.json
    after `tutor pack schema --into .`
    """
    from tutor.packs import schema as schemas  # noqa: PLC0415

    if into is None:
        click.echo(json.dumps(schemas.schema(kind), indent=2, ensure_ascii=False))
        return 0
    try:
        into.mkdir(parents=True, exist_ok=True)
        for one in schemas.FILE_KINDS:
            path = into / f"{one}.schema.json"
            path.write_text(json.dumps(schemas.schema(one), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            click.echo(_safe(str(path)))
    except OSError as error:
        click.echo(
            _("{folder} cannot be written to: {reason}").format(folder=_safe(str(into)), reason=error.strerror),
            err=True,
        )
        return 2
    return 0


@pack.command("preview")
@click.argument("place", metavar="FOLDER/LESSON[/STEP]")
@click.option("--language", metavar="LL", help=_("Show it in this language, where it is translated."))
@click.option("--answers", is_flag=True, help=_("Show solutions, right options and reasons too."))
def preview(place: str, language: str | None, answers: bool) -> int:
    """Print a lesson, or one step, as the learner will read it."""
    from tutor.cli.pack_preview import find_lesson, preview_lines  # noqa: PLC0415
    from tutor.packs import PackError  # noqa: PLC0415

    try:
        lesson, step = find_lesson(place, language)
    except PackError as error:
        click.echo(str(error), err=True)
        return 2 if any(problem.code.startswith("no-such") for problem in error.problems) else 1
    for line in preview_lines(lesson, step, answers=answers):
        click.echo(line)
    return 0


@pack.command("install")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help=_("Put it in the place of an installed pack of the same id."))
def install(folder: Path, replace: bool) -> int:
    """Copy the pack in FOLDER to where the tutor finds it.

    Plain files only: no links, no pipes. The pack must be free of problems that can be seen without running it.
    """
    from tutor.cli.pack_checking import seen_problems  # noqa: PLC0415
    from tutor.packs import PackError  # noqa: PLC0415
    from tutor.packs.installing import install as install_pack  # noqa: PLC0415

    if not folder.is_dir():
        raise click.UsageError(_("There is no folder `{folder}`.").format(folder=_safe(str(folder))))
    problems = seen_problems(folder)
    if problems:
        for problem in problems:
            click.echo(str(problem), err=True)
        return 1
    try:
        installed = install_pack(folder, replace=replace)
    except PackError as error:
        click.echo(str(error), err=True)
        return 1
    text = _("Replaced {id} in {folder}.") if installed.replaced else _("Installed {id} in {folder}.")
    click.echo(text.format(id=installed.pack.id, folder=_safe(str(installed.folder))))
    click.echo(_("Open it with `tutor {id}`.").format(id=installed.pack.id))
    return 0


@pack.command("list")
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a pack and a line, nothing else."))
def list_(as_json: bool) -> int:
    """Print every pack that the tutor finds, where it is, and what keeps others from being found."""
    from tutor.packs import find_packs  # noqa: PLC0415

    found = find_packs()
    for one in found.packs:
        record = {"id": one.id, "title": one.pack.title, "version": one.pack.version, "origin": one.origin}
        if as_json:
            _write_line(record | {"folder": str(one.folder), "lessons": len(one.pack.lessons)})
            continue
        count = len(one.pack.lessons)
        lessons = ngettext("{count} lesson", "{count} lessons", count).format(count=count)
        click.echo(f"{click.style(one.id, bold=True)} {one.pack.version}  {one.pack.title}  ({lessons}, {one.origin})")
        click.secho(f"    {_safe(str(one.folder))}", dim=True)
    for problem in found.problems:
        click.echo(str(problem), err=True)
    return 0


def _write_line(record: dict[str, Any]) -> None:
    from tutor.cli.lines import write_line  # noqa: PLC0415

    write_line(record)


def _safe(text: str) -> str:
    from tutor.text import safe_line  # noqa: PLC0415

    return safe_line(text)
