"""The effects that need a runner, performed with one that is handed in. Whoever drives a session shares this."""

from __future__ import annotations

from tutor.autograd import Program, Run
from tutor.explaining import explain
from tutor.judging import References, assess, assess_prediction, candidate_judge, foresee
from tutor.session.effects import Explain, Foretell, Judge
from tutor.session.events import Explained, Foretold, Judged


async def judge(effect: Judge, run: Run, references: References) -> Judged:
    """The verdict alone: what the author foresaw is looked into with the explanations, so that it delays nothing."""
    assessment = await assess(effect.step, effect.text, run, references, with_mistakes=False)
    return Judged(effect.number, assessment)


async def foretell(effect: Foretell, run: Run) -> Foretold:
    return Foretold(effect.number, await assess_prediction(effect.step, effect.typed, run))


async def explain_result(effect: Explain, run: Run, references: References) -> Explained:
    """Look for explanations of a judged answer, proving each change against the step itself."""
    judged = candidate_judge(effect.step, run, references)
    assessment = await foresee(effect.step, effect.text, effect.assessment, references)
    program = Program(source=effect.text, setup=effect.step.setup)
    found = await explain(program, assessment.observation, run, verdict=assessment.verdict, judge=judged)
    return Explained(effect.number, found, assessment)
