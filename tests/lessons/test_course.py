"""The course that comes with the tutor keeps what its text promises."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tutor.autograd import Program, Run
from tutor.explaining.registry import find_kind
from tutor.judging import References, assess, assess_prediction
from tutor.packs import OpenPack, open_pack
from tutor.packs.format import ChoiceStep, CodeStep, Lesson, PredictStep, ReadStep, Step, ValueCheck
from tutor.proving import prove
from tutor.running import Runner

COURSE = Path(__file__).parents[2] / "lessons" / "autograd"
SOURCES = Path(__file__).parents[2] / "tutor"

PREDICTIONS = {
    "tracking/first-guess": "6",
    "tracking/not-asked": "False",
    "tracking/spreads": "True",
    "tracking/the-dot": "error",
    "first-gradient/value": "28",
    "first-gradient/before": "None",
    "first-gradient/guess": "[0, 4, 8, 12]",
    "first-gradient/compare": "[True, True, True, True]",
    "accumulation/again": "[1, 5, 9, 13]",
    "accumulation/two-uses": "8",
    "accumulation/which-clear": "error",
    "accumulation/rounds": "[6, 6]",
    "backward-on-a-vector/try": "error",
    "backward-on-a-vector/sum": "[0, 2, 4, 6]",
    "backward-on-a-vector/weights": "[0, 0, 0, 60]",
    "retain-graph/twice": "error",
    "retain-graph/two-losses": "error",
    "saved-tensors/puzzle": "[2]",
    "saved-tensors/one-number": "error",
    "saved-tensors/three-numbers": "[2, 2, 2]",
    "saved-tensors/gone": "error",
    "saved-tensors/untouched": "[3]",
    "saved-tensors/tell": "error",
    "detach/uncut": "[0, 3, 12, 27]",
    "detach/cut": "[0, 1, 4, 9]",
    "detach/numbers": "False",
    "detach/y-still-works": "[0, 2, 4, 6]",
    "detach/too-much": "error",
    "control-flow/value": "1536",
    "control-flow/slope": "512",
    "control-flow/negative": "51200",
    "in-place/exp": "error",
    "in-place/version": "2",
    "in-place/sometimes": "[2, 2]",
    "in-place/data": "[2, 2]",
    "downhill/first-try": "error",
    "downhill/second-try": "False",
    "downhill/rounds": "2",
    "downhill/forgotten": "-2",
}
"""What the words after each prediction say the answer is."""

_WATCHED = "x = torch.ones(2, requires_grad=True)\n"
CLAIMS = {
    "accumulation/alias": (
        "x = torch.zeros(2, requires_grad=True)\nkept = []\nfor factor in (1.0, 2.0, 3.0):\n"
        "    if x.grad is not None:\n        x.grad.zero_()\n"
        "    (factor * x).sum().backward()\n    kept.append(x.grad)\n",
        "torch.stack(kept)",
        "[[3, 3], [3, 3], [3, 3]]",
    ),
    "in-place/which, first": (_WATCHED + "y = x + 3\ny.mul_(2)\ny.sum().backward()\n", "x.grad", "[2, 2]"),
    "in-place/which, second": (_WATCHED + "y = x + 0\nz = y * y\ny += 1\nz.sum().backward()\n", "x.grad", "error"),
    "in-place/which, third": (_WATCHED + "y = x + 0\nz = y * y\nz += 1\nz.sum().backward()\n", "x.grad", "[2, 2]"),
    "saved-tensors/theory": (
        "a1 = torch.tensor([7.0], requires_grad=True)\na3 = a1.sum()\n" + "a3.backward()\n" * 3,
        "a1.grad",
        "[3]",
    ),
    "retain-graph/not-always": (
        _WATCHED + "y = (x * x).sum()\ny.backward(retain_graph=True)\ny.backward(retain_graph=True)\n",
        "x.grad",
        "[4, 4]",
    ),
}
"""What the words beside the options of a choice claim: the program, and what comes of it."""


@pytest.fixture(scope="module")
def course() -> OpenPack:
    return open_pack(COURSE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run() -> AsyncIterator[Run]:
    async with Runner() as runner:
        yield runner.run


def lessons(course: OpenPack) -> list[Lesson]:
    return [course.lesson(heading.id) for heading in course.headings]


def steps(course: OpenPack) -> Iterator[tuple[str, Step]]:
    for lesson in lessons(course):
        for step in lesson.steps:
            yield f"{lesson.id}/{step.id}", step


def words(step: Step) -> Iterator[str]:
    """Everything of a step that a learner reads."""
    yield step.text
    if isinstance(step, PredictStep):
        yield from (*step.hints, step.why or "")
    if isinstance(step, ChoiceStep):
        yield from (text for option in step.options for text in (option.text, option.why))
    if isinstance(step, CodeStep):
        yield from (*step.hints, *(mistake.message or "" for mistake in step.mistakes))
        yield from (check.message or "" for check in step.checks)


def programs(step: Step) -> Iterator[str]:
    if isinstance(step, PredictStep):
        yield from (step.setup, step.code)
    if isinstance(step, CodeStep):
        yield from (step.setup, step.starter, step.solution, *(variant.setup for variant in step.variants))


def is_of_gradients(step: CodeStep) -> bool:
    return any(isinstance(check, ValueCheck) and ".grad" in check.value for check in step.checks)


@pytest.mark.asyncio(loop_scope="module")
async def test_each_prediction_comes_out_as_its_explanation_says(course: OpenPack, run: Run) -> None:
    predictions = {name: step for name, step in steps(course) if isinstance(step, PredictStep)}
    assert predictions.keys() == PREDICTIONS.keys()
    verdicts = await asyncio.gather(
        *(assess_prediction(step, PREDICTIONS[name], run) for name, step in predictions.items())
    )
    wrong = {name: verdict.text for name, verdict in zip(predictions, verdicts, strict=True) if not verdict.passed}
    assert wrong == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_what_choices_claim_is_so(run: Run) -> None:
    for name, (program, ask, value) in CLAIMS.items():
        step = PredictStep(id="claim", kind="predict", text="", code=program, ask=ask)
        verdict = await assess_prediction(step, value, run)
        assert verdict.passed, (name, verdict)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_gradient_written_down_by_hand_never_passes(course: OpenPack, run: Run) -> None:
    """Also not by an answer that calls ``backward`` for show, and computes everything else as the solution does."""
    references = References(run)
    leaves = [
        (step, leaf[1])
        for _name, step in steps(course)
        if isinstance(step, CodeStep)
        for check in step.checks
        if isinstance(check, ValueCheck) and (leaf := re.fullmatch(r"(\w+)\.grad", check.value))
    ]

    async def passes(step: CodeStep, leaf: str) -> bool:
        answer = await with_gradient_by_hand(step, leaf, run)
        return (await assess(step, answer, run, references, with_mistakes=False)).verdict.passed

    passed = await asyncio.gather(*(passes(*each) for each in leaves))
    assert len(passed) > 15
    assert [step.id for (step, _leaf), right in zip(leaves, passed, strict=True) if right] == []


async def with_gradient_by_hand(step: CodeStep, leaf: str, run: Run) -> str:
    seen = await run(Program(source=step.solution, setup=step.setup, probes=(f"repr({leaf}.grad.tolist())",)))
    value = seen.probes[0].value
    assert value is not None
    by_hand = str(getattr(value, "value", "")).strip("'")
    return f"{step.solution}\n{leaf}.grad = torch.tensor({by_hand})\n"


def test_each_code_step_about_gradients_is_tried_on_other_inputs(course: OpenPack) -> None:
    for name, step in steps(course):
        if isinstance(step, CodeStep) and is_of_gradients(step):
            assert step.variants, name


def test_each_code_step_has_three_hints_and_foreseen_mistakes(course: OpenPack) -> None:
    for name, step in steps(course):
        if isinstance(step, CodeStep):
            assert len(step.hints) == 3, name
            assert len(step.mistakes) >= 3 or name.startswith("in-place/copy"), name
            assert all(mistake.kind or mistake.message for mistake in step.mistakes), name


def test_each_prediction_is_explained_and_can_be_helped_with(course: OpenPack) -> None:
    for name, step in steps(course):
        if isinstance(step, PredictStep):
            assert step.why, name
            assert step.hints, name


def test_each_choice_has_one_right_answer_and_words_for_every_answer(course: OpenPack) -> None:
    for name, step in steps(course):
        if isinstance(step, ChoiceStep):
            assert sum(option.correct for option in step.options) == 1, name
            assert all(option.why for option in step.options), name


def test_the_right_choice_is_not_always_in_the_same_place(course: OpenPack) -> None:
    places = [
        [option.correct for option in step.options].index(True)
        for _name, step in steps(course)
        if isinstance(step, ChoiceStep)
    ]
    assert len(set(places)) > 1


def test_each_lesson_predicts_before_it_codes_and_ends_with_what_is_now_known(course: OpenPack) -> None:
    for lesson in lessons(course):
        kinds = [step.kind for step in lesson.steps]
        assert kinds.index("predict") < kinds.index("code"), lesson.id
        last = lesson.steps[-1]
        assert isinstance(last, ReadStep)
        assert last.text.startswith("**You now know:**")
        assert 5 <= len(lesson.steps) <= 14


def test_texts_fit_beside_an_editor(course: OpenPack) -> None:
    for name, step in steps(course):
        assert step.title, name
        assert len(step.title) <= 32, name
        assert len(re.findall(r"\w+", step.text)) <= 120, name
        assert all(len(re.findall(r"\w+", text)) <= 60 for text in words(step) if text != step.text), name
        assert all(len(line) <= 76 for program in programs(step) for line in program.splitlines()), name


def test_every_lesson_that_an_explanation_points_to_exists(course: OpenPack) -> None:
    known = {"autograd"} | {f"autograd/{lesson.id}" for lesson in lessons(course)}
    known |= {f"autograd/{name}" for name, _step in steps(course)}
    pointed = {
        (file.name, found)
        for folder in ("explaining", "judging")
        for file in (SOURCES / folder).rglob("*.py")
        for found in re.findall(r"lesson=\"([^\"]+)\"", file.read_text())
    }
    assert {found for found in pointed if found[1] not in known} == set()


def test_every_kind_that_a_foreseen_mistake_names_has_a_page_to_read(course: OpenPack) -> None:
    named = {
        mistake.kind
        for _name, step in steps(course)
        if isinstance(step, CodeStep)
        for mistake in step.mistakes
        if mistake.kind
    }
    assert {"accumulated-gradient", "backward-twice"} <= named
    assert {kind for kind in named if find_kind(kind) is None} == set()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_course_is_proven(course: OpenPack, run: Run) -> None:
    """What ``tutor pack check`` does: solutions pass, starters fail, each foreseen mistake gets its explanation."""
    loaded = [course.loaded_lesson(heading.id) for heading in course.headings]
    problems = [str(problem) async for step in prove(loaded, run) for problem in step.problems if not step.proven]
    assert problems == []
