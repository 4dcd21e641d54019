"""In a terminal: colours unless nobody wants them, a counter on long work, and nothing of it elsewhere."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import environment
from tutor.cli.many import in_order


def in_a_terminal(data: Path, *arguments: str, **changes: str) -> str:
    """What ``tutor ARGUMENTS`` writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(data, **({"TERM": "xterm-256color"} | changes)),
    )
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(master)
    process.wait()
    return said.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_colours_are_for_terminals_that_want_them(data: Path) -> None:
    assert "\x1b[" in in_a_terminal(data, "list")
    assert "\x1b[" not in in_a_terminal(data, "list", NO_COLOR="1")
    assert "\x1b[" not in in_a_terminal(data, "list", TERM="dumb")
    assert "\x1b[" not in in_a_terminal(data, "list", "--json")


async def test_work_is_handed_out_a_few_at_a_time_and_comes_back_in_order() -> None:
    under_way, most = 0, 0

    async def work(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(10 - number):
            await asyncio.sleep(0)
        under_way -= 1
        return number

    assert [number async for number in in_order(range(10), work, at_once=3)] == list(range(10))
    assert most == 3


async def test_whoever_stops_listening_ends_what_is_under_way() -> None:
    ended: list[int] = []

    async def work(number: int) -> int:
        try:
            if number:
                await asyncio.Event().wait()
        finally:
            ended.append(number)
        return number

    results = in_order(range(5), work, at_once=3)
    assert await anext(results) == 0
    await results.aclose()
    assert set(ended) == {0, 1, 2}
