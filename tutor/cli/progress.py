"""``tutor progress``: what is stored about the learner, and how to get rid of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from tutor.cli.completing import complete_step
from tutor.cli.lines import write_line
from tutor.progress import StepRef, Store
from tutor.text import safe_line
from tutor.words import _, ngettext


@click.group("progress", invoke_without_command=True)
@click.pass_context
def progress(ctx: click.Context) -> Any:
    """What is stored about you: show it, take it with you, or remove it."""
    if ctx.invoked_subcommand is None:
        return ctx.invoke(show)
    return None


@progress.command("show", help=_("Which steps are done, by pack."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object, nothing else."))
def show(as_json: bool = False) -> int:
    """Which steps are done, by pack."""
    with Store.open() as store:
        done, place = store.done(), store.place()
        if as_json:
            steps = [{"step": str(ref), "done_at": when.isoformat()} for ref, when in done.items()]
            write_line({"file": str(store.path), "place": None if place is None else str(place), "done": steps})
            return 0
        for pack, count in sorted(Counter(ref.pack for ref in done).items()):
            text = ngettext("{count} step done", "{count} steps done", count).format(count=count)
            latest = max(when for ref, when in done.items() if ref.pack == pack)
            click.echo(f"{click.style(safe_line(pack), bold=True)}  {text}, {_('the last')} {latest:%Y-%m-%d}")
        if not done:
            click.echo(_("Nothing is done yet."))
        if place is not None:
            click.echo(_("You were at {place}. `tutor` goes on there.").format(place=safe_line(str(place))))
        click.secho(_("Stored in {file}").format(file=safe_line(str(store.path))), dim=True)
        _warn(store)
    return 0


@progress.command(
    "export", help=_("Everything stored, drafts too, as JSON.\n\nExample: tutor progress export > mine.json")
)
@click.option("--json", "as_json", is_flag=True, help=_("On one line."))
def export(as_json: bool) -> int:
    """Everything stored, drafts too, as JSON."""
    with Store.open() as store:
        everything = store.export()
        if as_json:
            write_line(everything)
        else:
            click.echo(json.dumps(everything, ensure_ascii=False, indent=2))
        _warn(store)
    return 0


@progress.command(
    "reset", help=_("Begin afresh: everywhere, or in one pack, lesson or step. Drafts can be brought back.")
)
@click.argument("place", metavar="[PACK[/LESSON[/STEP]]]", required=False, shell_complete=complete_step)
@click.option("--forget", is_flag=True, help=_("Remove the drafts for good, too."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object, nothing else; needs --yes."))
def reset(place: str | None, forget: bool, yes: bool, as_json: bool) -> int:
    """Begin afresh: everywhere, or in one pack, lesson or step."""
    parts = place.rstrip("/").split("/") if place else []
    if len(parts) > 3:
        raise click.UsageError(_("Write PACK, PACK/LESSON or PACK/LESSON/STEP, by their ids."))
    if as_json and not yes:
        raise click.UsageError(_("With --json nobody can be asked: add --yes."))
    with Store.open() as store:
        done = [ref for ref in store.done() if _parts(ref)[: len(parts)] == parts]
        if not yes:
            click.confirm(_question(place, len(done)), abort=True)
        store.reset(*parts, forget=forget)
        stored = store.flush()
        if as_json:
            write_line({"reset": place, "steps": [str(ref) for ref in done], "stored": stored})
        else:
            click.echo(_("Done.") if stored else _("It could not be stored."))
        _warn(store)
    return 0 if stored else 1


def _question(place: str | None, count: int) -> str:
    what = safe_line(place) if place else _("everything")
    text = ngettext("Forget that {count} step is done ({what})?", "Forget that {count} steps are done ({what})?", count)
    return text.format(count=count, what=what)


def _parts(ref: StepRef) -> list[str]:
    return [ref.pack, ref.lesson, ref.step]


def _warn(store: Store) -> None:
    if store.trouble is not None:
        click.echo(str(store.trouble), err=True)
