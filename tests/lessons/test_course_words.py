"""The words of the course, in each language it comes in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tutor.packs import open_pack
from tutor.packs.format import ChoiceStep, CodeStep, Lesson, PredictStep, Step
from tutor.ui.markdown import blocks
from tutor.ui.mathematics import with_mathematics

COURSE = Path(__file__).parents[2] / "lessons" / "autograd"
TRANSLATIONS = ["zh"]


def lessons(language: str | None) -> list[Lesson]:
    course = open_pack(COURSE, language)
    return [course.lesson(heading.id) for heading in course.headings]


def words(step: Step) -> Iterator[tuple[str, str]]:
    """Everything of a step that a learner reads, with the name of its place."""
    yield "title", step.title or ""
    yield "text", step.text
    if isinstance(step, ChoiceStep):
        for number, option in enumerate(step.options):
            yield f"options[{number}].text", option.text
            yield f"options[{number}].why", option.why
    if isinstance(step, PredictStep | CodeStep):
        yield from ((f"hints[{number}]", hint) for number, hint in enumerate(step.hints))
    if isinstance(step, PredictStep):
        yield "why", step.why or ""
    if isinstance(step, CodeStep):
        yield from ((f"checks[{number}]", check.message or "") for number, check in enumerate(step.checks))
        yield from ((f"mistakes[{number}]", mistake.message or "") for number, mistake in enumerate(step.mistakes))


def code_in(text: str) -> set[str]:
    return set(re.findall(r"```.*?```|`[^`]+`|\$[^$]+\$", text, re.DOTALL))


def prose_of(markdown: str) -> Iterator[str]:
    for token in MarkdownIt("commonmark").enable("table").parse(with_mathematics(markdown)):
        yield from (child.content for child in token.children or () if child.type == "text")


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translation_translates_every_word_and_no_code(language: str) -> None:
    for original, translated in zip(lessons(None), lessons(language), strict=True):
        assert original.title != translated.title
        assert original.summary != translated.summary
        for step, other in zip(original.steps, translated.steps, strict=True):
            for (place, text), (_place, its_words) in zip(words(step), words(other), strict=True):
                at = (original.id, step.id, place)
                assert code_in(text) == code_in(its_words), at
                has_words = re.search(r"[a-z]{3}", re.sub(r"`[^`]*`|\$[^$]*\$", "", text))
                assert not has_words or text != its_words, at


@pytest.mark.parametrize("language", [None, *TRANSLATIONS])
def test_emphasis_is_emphasis_and_not_asterisks(language: str | None) -> None:
    for lesson in lessons(language):
        for step in lesson.steps:
            for place, text in words(step):
                assert not any("*" in prose for prose in prose_of(text)), (lesson.id, step.id, place)


@pytest.mark.parametrize("language", [None, *TRANSLATIONS])
def test_all_mathematics_is_shown_as_unicode(language: str | None) -> None:
    shown = 0
    for lesson in lessons(language):
        for step in lesson.steps:
            for place, text in words(step):
                prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
                assert prose.count("$") % 2 == 0, (lesson.id, step.id, place)
                assert not any(re.search(r"\$|\\[a-zA-Z]", part) for part in prose_of(text)), (
                    lesson.id,
                    step.id,
                    place,
                )
                shown += prose.count("$") // 2
    assert shown > 30


@pytest.mark.parametrize("language", [None, *TRANSLATIONS])
def test_what_follows_a_list_begins_at_the_margin_again(language: str | None) -> None:
    truth = next(step for lesson in lessons(language) for step in lesson.steps if step.id == "truth")
    assert [block.marker for block in blocks(truth.text)] == ["", "• ", "• ", "• ", ""]
