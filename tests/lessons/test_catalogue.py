"""The tutor's own words in other languages."""

import io
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).parents[2] / "tutor"
LANGUAGES = sorted(folder.name for folder in (PACKAGE / "locale").iterdir() if folder.is_dir())


def catalogue(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES" / "tutor.po").open("rb") as stream:
        return read_po(stream, locale=language)


def pairs(language: str) -> list[tuple[str, str]]:
    """Each message with its translation; of those that are counted, the plural."""
    found = []
    for message in catalogue(language):
        original = message.id if isinstance(message.id, str) else message.id[-1]
        translations = [message.string] if isinstance(message.string, str) else message.string or ()
        found += [(original, translation) for translation in translations if original and translation]
    return found


def names_in(text: str) -> set[str]:
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def test_there_is_a_chinese_catalogue() -> None:
    assert "zh" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    assert (PACKAGE / "locale" / language / "LC_MESSAGES" / "tutor.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_the_same_names_keeps_code_and_the_space_around_it(language: str) -> None:
    checked = 0
    for original, translation in pairs(language):
        if "{" in original and not original.startswith("#"):
            assert names_in(original) == names_in(translation), original
        assert set(re.findall(r"`[^`]*`", original)) == set(re.findall(r"`[^`]*`", translation)), original
        assert original.endswith("  ") == translation.endswith("  "), original
        checked += 1
    assert checked > 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_nearly_all_that_the_app_says_is_translated(language: str) -> None:
    translated = {original for original, _translation in pairs(language)}
    said = {
        message if isinstance(message, str) else message[-1]
        for folder in ("ui", "session", "judging", "progress")
        for _file, _line, message, _comments, _context in extract_from_dir(
            PACKAGE / folder, [("**.py", "python")], keywords={"_": None, "ngettext": (1, 2)}
        )
    }
    missing = {message for message in said if message not in translated}
    assert len(missing) <= len(said) / 10, sorted(missing)


def said_in(language: str, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from tutor.words import _, ngettext, use_language\n{code}"],
        env={"TUTOR_LANGUAGE": language, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("language", "word"), [("zh", "提示"), ("zh_CN.UTF-8", "提示"), ("en", "Hint"), ("xx", "Hint")]
)
def test_words_are_said_in_the_language_of_the_environment_and_else_in_english(language: str, word: str) -> None:
    assert said_in(language, "print(_('Hint'))") == word


def test_words_that_are_counted_are_translated_and_what_is_not_translated_stays() -> None:
    assert said_in("zh", "print(ngettext('{count} lesson', '{count} lessons', 2).format(count=2))") == "2 课"
    assert (
        said_in("zh", "print(_('A sentence that nobody has translated.'))") == "A sentence that nobody has translated."
    )


def test_the_language_can_be_changed_while_the_tutor_runs() -> None:
    assert said_in("en", "use_language('zh'); print(_('Hint')); use_language(None); print(_('Hint'))") == "提示\nHint"
