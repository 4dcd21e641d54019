"""Files judged together, on one warm server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import click

from tutor.autograd import Observation, Program, Run
from tutor.cli.causes import causes
from tutor.cli.demands import demand_walls
from tutor.cli.jsonl import check_record, unreadable_record
from tutor.cli.lines import write_line
from tutor.cli.many import Counter, in_order
from tutor.cli.report import explanation_lines, indented, say, verdict_lines
from tutor.cli.sources import Source, Unreadable, read_source
from tutor.explaining import Explanation
from tutor.judging import Assessment, CheckResult, References, Verdict, assess, assess_prediction, candidate_judge
from tutor.packs import OpenPack
from tutor.packs.format import CodeStep, PredictStep
from tutor.running import Runner


@dataclass(frozen=True, slots=True)
class Judged:
    """A file, the verdict on it, and why it failed."""

    source: Source
    assessment: Assessment
    explanations: tuple[Explanation, ...] = ()


async def judge_all(
    pack: OpenPack, step: CodeStep | PredictStep, files: Sequence[str], *, as_json: bool, with_causes: bool
) -> int:
    """Judge the files and print what came of each, in their order. Return 0 all passed, 1 some failed, 2 some could
    not be judged."""
    codes = [0]
    async with Runner() as runner:
        await demand_walls(pack, runner.run)
        references = References(runner.run)
        judged = partial(_judge_file, step=step, run=runner.run, references=references, with_causes=with_causes)
        with Counter(len(files)) as counter:
            async for result in in_order(files, judged):
                counter.clear()
                codes.append(_print(result, as_json=as_json, several=len(files) > 1))
                counter.step()
    return max(codes)


async def _judge_file(
    file: str, *, step: CodeStep | PredictStep, run: Run, references: References, with_causes: bool
) -> Judged | Unreadable:
    source = read_source(file)
    if isinstance(source, Unreadable):
        return source
    if isinstance(step, PredictStep):
        return Judged(source, await _prediction(step, source.text, run))
    return await judge_code(step, source, run, references, with_causes=with_causes)


async def judge_code(step: CodeStep, source: Source, run: Run, references: References, *, with_causes: bool) -> Judged:
    """Judge one answer; if it fails, look for the cause, trying changes against the step."""
    assessment = await assess(step, source.text, run, references, filename=source.name)
    verdict = assessment.verdict
    if verdict.passed or verdict.internal is not None or not with_causes:
        return Judged(source, assessment)
    judged = candidate_judge(step, run, references, filename=source.name)
    program = Program(source=source.text, filename=source.name, setup=step.setup)
    found = await causes(program, assessment.observation, run, verdict=verdict, judge=judged)
    return Judged(source, assessment, found)


async def _prediction(step: PredictStep, typed: str, run: Run) -> Assessment:
    """A prediction in the form of an assessment, so that it prints like any other answer."""
    verdict = await assess_prediction(step, typed, run)
    result = CheckResult(
        kind="value",
        label=step.ask,
        passed=verdict.passed,
        cause="equal" if verdict.passed else "values",
        got=verdict.typed,
        want=verdict.actual,
        text=verdict.text,
    )
    seen = verdict.observation or Observation(outcome="ok")
    return Assessment(
        verdict=Verdict(passed=verdict.passed, outcome=seen.outcome, checks=(result,), internal=verdict.internal),
        observation=seen,
    )


def _print(result: Judged | Unreadable, *, as_json: bool, several: bool) -> int:
    if isinstance(result, Unreadable):
        if as_json:
            write_line(unreadable_record(result.file, result.why))
        click.echo(result.why, err=True)
        return 2
    verdict, seen = result.assessment.verdict, result.assessment.observation
    if as_json:
        write_line(check_record(result.source.file, seen, verdict, result.explanations))
    else:
        say(verdict_lines(result.source.file, verdict, seen))
        for explanation in result.explanations:
            say(["", *indented(explanation_lines(explanation, result.source.text))])
        if several:
            click.echo()
    if verdict.internal is not None:
        return 2
    return 0 if verdict.passed else 1
