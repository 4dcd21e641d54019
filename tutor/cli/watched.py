"""What ``tutor watch`` prints."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from tutor.cli.jsonl import check_record, value_record
from tutor.cli.lines import write_line
from tutor.cli.report import explanation_lines, indented, say, verdict_lines, wrapped
from tutor.judging import PredictionVerdict
from tutor.session import Result


class Shown:
    """Prints a verdict as soon as it is there, and its explanations when they are found; or one JSON object a save."""

    def __init__(self, file: Path, *, as_json: bool) -> None:
        self._file = file
        self._as_json = as_json

    def judged(self, result: Result) -> None:
        if self._as_json:
            return
        verdict = result.assessment.verdict
        click.echo(f"\n{click.style(f'{datetime.now():%H:%M:%S}', dim=True)}  ", nl=False)
        say(verdict_lines(self._file.name, verdict, result.assessment.observation))

    def explained(self, result: Result) -> None:
        verdict = result.assessment.verdict
        if self._as_json:
            write_line(check_record(str(self._file), result.assessment.observation, verdict, result.explanations))
            return
        if verdict.foreseen is not None:
            say(["", *indented(wrapped(verdict.foreseen))])
        for explanation in result.explanations:
            say(["", *indented(explanation_lines(explanation, result.text))])

    def foretold(self, verdict: PredictionVerdict) -> None:
        if self._as_json:
            record = {"file": str(self._file), "passed": verdict.passed, "message": verdict.text}
            write_line(record | {"got": value_record(verdict.typed), "want": value_record(verdict.actual)})
            return
        mark = click.style("✓ ", fg="green") if verdict.passed else click.style("✗ ", fg="red")
        say([f"{mark}{verdict.text}"])
