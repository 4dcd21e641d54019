"""The command palette: commands, lessons, and the steps of the open lesson."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content, Span
from textual.fuzzy import FuzzySearch

from tutor.packs.problem import PackError
from tutor.session import events as ev
from tutor.text import safe_line
from tutor.ui.app import TutorApp
from tutor.ui.commands import commands
from tutor.ui.titles import step_title
from tutor.words import _


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    help: str
    run: Callable[[], Any]


def _plain(text: str) -> str:
    """The palette reads a help text as markup unless it is Content already."""
    return cast(str, Content(text))


class SearchProvider(Provider):
    """Finds by any letters of a name, in their order."""

    async def discover(self) -> Hits:
        for found in self._commands():
            yield DiscoveryHit(Content(found.name), found.run, text=found.name, help=_plain(found.help))

    async def search(self, query: str) -> Hits:
        matching = FuzzySearch(case_sensitive=False)
        for found in (*self._commands(), *self._steps(), *self._lessons()):
            score, offsets = matching.match(query, found.name)
            if score > 0:
                shown = Content(found.name, spans=[Span(at, at + 1, "bold $primary") for at in offsets])
                yield Hit(score, shown, found.run, text=found.name, help=_plain(found.help))

    @property
    def _tutor(self) -> TutorApp:
        if not isinstance(self.app, TutorApp):
            raise TypeError(type(self.app))
        return self.app

    def _commands(self) -> Iterator[_Found]:
        here = "lesson" if self._tutor.session is not None else "home"
        for command in commands():
            if command.where in {here, "app"} and command.id != "command_palette":
                target = self.app if command.where == "app" else self.screen
                name = f"{command.name}  ({', '.join(command.shown_keys)})"
                yield _Found(name, command.help, partial(target.run_action, command.id))

    def _steps(self) -> Iterator[_Found]:
        session = self._tutor.session
        if session is None:
            return
        for index, step in enumerate(session.lesson.steps):
            name = _("Step {number}: {title}").format(number=index + 1, title=step_title(step, index + 1))
            yield _Found(name, safe_line(session.lesson.title), partial(self._tutor.happened, ev.StepChosen(index)))

    def _lessons(self) -> Iterator[_Found]:
        shelf = self._tutor.shelf
        for pack in shelf.found.packs:
            try:
                headings = shelf.pack(pack.folder).headings
            except PackError:
                continue
            for heading in headings:
                name = _("Lesson: {title}").format(title=safe_line(heading.title))
                yield _Found(name, safe_line(heading.summary), partial(self._tutor.open_place, pack.id, heading.id))
