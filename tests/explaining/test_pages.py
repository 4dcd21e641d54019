"""Every kind has a page, and ``docs/mistakes.md`` is made of them."""

import pytest

from tests.explaining.pages import FILE, whole
from tutor.explaining.experiments.suspects import SilentKind
from tutor.explaining.kind import Kind
from tutor.explaining.registry import every_kind


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.slug)
def test_every_kind_says_what_it_is_and_how_to_mend_it_with_an_example(kind: Kind | SilentKind) -> None:
    assert kind.page.title
    assert kind.page.what
    assert kind.page.mend
    assert kind.cases


def test_the_document_says_what_the_kinds_say() -> None:
    assert FILE.read_text(encoding="utf-8") == whole(), "run: python -m tests.explaining.pages"
