"""Keys that arrive in one burst, as from a slow line or a fast typist, take effect in the order they were pressed."""

from textual import events
from textual.app import App, ComposeResult

from tutor.ui.theme import DARK
from tutor.ui.widgets.editor import Editor


class One(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield Editor("x = torch.arange(4)\n")


async def test_movement_deletion_and_typing_keep_their_order() -> None:
    app = One()
    async with app.run_test() as pilot:
        editor = app.query_one(Editor)
        editor.focus()
        await pilot.pause()
        for key, character in [
            ("end", None),
            ("backspace", "\x7f"),
            *((letter, letter) for letter in ",ab"),
            ("up", None),
        ]:
            app.post_message(events.Key(key, character))
        await pilot.pause()
        await pilot.pause()
        assert editor.text == "x = torch.arange(4,ab\n"
