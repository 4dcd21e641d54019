"""Scripts run as they are, together on one warm server, and explained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import click

from tutor.autograd import Limits, Observation, Program, Run
from tutor.cli.causes import causes
from tutor.cli.jsonl import run_record, unreadable_record
from tutor.cli.lines import write_line
from tutor.cli.many import Counter, in_order
from tutor.cli.report import explanation_lines, indented, output_lines, say, wrapped
from tutor.cli.sources import Source, Unreadable, read_source
from tutor.explaining import Explanation
from tutor.judging.outcomes import why_it_stopped
from tutor.running import Runner
from tutor.text import safe_line
from tutor.words import _


@dataclass(frozen=True, slots=True)
class Explained:
    """A script, what was seen of its run, and what there is to say of it."""

    source: Source
    limits: Limits
    seen: Observation
    explanations: tuple[Explanation, ...]

    @property
    def is_fine(self) -> bool:
        """It ran to its end, and nothing worse than a note is to be said of it."""
        return self.seen.outcome == "ok" and all(one.severity == "note" for one in self.explanations)


async def explain_all(files: Sequence[str], arguments: tuple[str, ...], *, as_json: bool, seconds: float) -> int:
    """Explain the files and print what came of each, in their order. Return 0 nothing wrong, 1 explained, 2 some could
    not be run."""
    codes = [0]
    limits = _limits(seconds)
    async with Runner() as runner:
        explained = partial(_explain_file, arguments=arguments, limits=limits, run=runner.run)
        with Counter(len(files)) as counter:
            async for result in in_order(files, explained):
                counter.clear()
                codes.append(_print(result, as_json=as_json, several=len(files) > 1))
                counter.step()
    return max(codes)


def _limits(seconds: float) -> Limits:
    """A script of one's own may use the machine: all of its memory and processors, until the time is over."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 16 << 30
    return Limits(
        wall_seconds=seconds,
        cpu_seconds=seconds * (os.cpu_count() or 1),
        memory_bytes=memory,
    )


async def _explain_file(file: str, *, arguments: tuple[str, ...], limits: Limits, run: Run) -> Explained | Unreadable:
    source = read_source(file)
    if isinstance(source, Unreadable):
        return source
    program = Program(
        source=source.text,
        filename=source.name,
        arguments=arguments,
        folder=source.folder,
        walls="open",
        limits=limits,
    )
    seen = await run(program)
    return Explained(source, limits, seen, await causes(program, seen, run))


def _print(result: Explained | Unreadable, *, as_json: bool, several: bool) -> int:
    if isinstance(result, Unreadable):
        if as_json:
            write_line(unreadable_record(result.file, result.why))
        click.echo(result.why, err=True)
        return 2
    if as_json:
        write_line(run_record(result.source.file, result.seen, result.explanations))
    else:
        _print_for_people(result, several=several)
    if result.seen.outcome == "internal":
        return 2
    return 0 if result.is_fine else 1


def _ending(result: Explained) -> str:
    exception = result.seen.exception
    if exception is not None and exception.type == "SystemExit":
        return _("The script ended itself with exit status {status}.").format(status=safe_line(exception.message))
    return why_it_stopped(result.seen, result.limits)


def _print_for_people(result: Explained, *, several: bool) -> None:
    if several:
        click.secho(safe_line(result.source.file), bold=True)
    say(output_lines(result.seen))
    for warning in result.seen.warnings:
        where = f"{warning.line}: " if warning.line is not None else ""
        click.secho(f"{where}{warning.category}: {safe_line(warning.message)}", fg="yellow")
    if result.seen.outcome != "ok":
        click.echo()
        for line in wrapped(_ending(result)):
            click.secho(line, fg="red")
    for explanation in result.explanations:
        say(["", *indented(explanation_lines(explanation, result.source.text))])
    if not result.explanations:
        fine = _("Nothing to explain: it ran to its end.")
        unknown = _("The tutor knows nothing more about this.")
        click.secho(fine if result.is_fine else unknown, dim=True)
    if several:
        click.echo()
