"""The solution is nowhere an answer can look: not in its memory, its server's, its files, arguments, environment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.attacks import HONEST_ANSWER, SECRET, STEP
from tests.hostile.processes import memory, started_with
from tutor.autograd import Program
from tutor.judging import References, assess
from tutor.running import Runner

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux"),
    pytest.mark.asyncio(loop_scope="module"),
]

# a pattern that does not match itself, so that the search does not find the searcher
PATTERN = "correct_[h]orse_batter[y]_staple"

SEARCHES = {
    "objects": f"""
import gc, re, sys
pattern = re.compile({PATTERN!r})
seen, waiting, found = set(), [*gc.get_objects(), *sys.modules.values()], []
while waiting:
    thing = waiting.pop()
    if id(thing) in seen:
        continue
    seen.add(id(thing))
    if isinstance(thing, str) and pattern.search(thing) or isinstance(thing, bytes) and pattern.search(repr(thing)):
        found.append(thing)
    waiting.extend(gc.get_referents(thing))
print(len(seen) > 100_000, found)
""",
    "frames": f"""
import re, sys
frame, text = sys._getframe(), ""
while frame:
    text += repr(list(frame.f_locals.items())) + repr(frame.f_code.co_consts)
    frame = frame.f_back
print(True, re.findall({PATTERN!r}, text))
""",
    "source lines": f"""
import linecache, re
print(True, re.findall({PATTERN!r}, repr(linecache.cache)))
""",
    "environment and arguments": f"""
import os, re, sys
print(True, re.findall({PATTERN!r}, repr(dict(os.environ)) + repr(sys.argv) + repr(getattr(sys, "orig_argv", ""))))
""",
    "files": f"""
import os, re
text, folders = "", ["/", ".", "..", "/tmp", "/proc/self", "/proc", os.path.expanduser("~"), "/dev/shm"]
for folder in folders:
    try:
        for name in os.listdir(folder):
            try:
                text += name + open(os.path.join(folder, name), errors="replace").read(1 << 20)
            except OSError:
                pass
    except OSError:
        pass
print(True, re.findall({PATTERN!r}, text))
""",
    "descriptors": f"""
import os, re
text = b""
for number in range(256):
    try:
        os.set_blocking(number, False)
        text += os.pread(number, 1 << 20, 0)
    except OSError:
        try:
            text += os.read(number, 1 << 20)
        except OSError:
            pass
print(True, re.findall({PATTERN!r}.encode(), text))
""",
    "memory around every object": f"""
import ctypes, gc, os, re
# without a map of its memory a program can still ask the kernel which pages are there
pattern, page, found, pages = re.compile({PATTERN!r}.encode()), 4096, [], 0
reading, writing = os.pipe()
os.set_blocking(reading, False)
write = ctypes.CDLL(None).write
write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
starts = {{id(thing) & ~((1 << 18) - 1) for thing in gc.get_objects()}}
for start in sorted(starts):
    for address in range(start, start + (1 << 18), page):
        if write(writing, address, page) == page:
            pages += 1
            if pattern.search(os.read(reading, page)):
                found.append(address)
print(pages > 1000, found)
""",
}

# an open script may look at all of its memory, which it has from the same server as a fenced program
ALL_MEMORY = f"""
import re
found, size = [], 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
    for line in maps:
        area = re.match(r"(\\w+)-(\\w+) r", line)
        if area and "[v" not in line:
            start, end = (int(part, 16) for part in area.groups())
            memory.seek(start)
            try:
                held = memory.read(end - start)
            except OSError:
                continue
            size += len(held)
            found += re.findall({PATTERN!r}.encode(), held)
print(size > 50_000_000, found)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runner]:
    """A runner that has just judged an answer, with the solution run beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        patch.setattr(tempfile, "tempdir", None)
        warm = Runner(spares=2)
        await warm.start()
        references = References(warm.run)
        for _ in range(2):
            assessment = await assess(STEP, HONEST_ANSWER, warm.run, references)
            assert assessment.verdict.passed
        await references.close()
        yield warm
        await warm.close()


async def test_what_an_answer_can_search_does_not_hold_the_solution(runner: Runner) -> None:
    for name, search in SEARCHES.items():
        seen = await runner.run(Program(source=search, setup=STEP.setup))
        assert seen.stdout == "True []\n", (name, seen)


async def test_the_memory_a_program_begins_with_does_not_hold_the_solution(runner: Runner) -> None:
    seen = await runner.run(Program(source=ALL_MEMORY, walls="open"))
    assert seen.stdout == "True []\n", seen


async def test_the_search_finds_what_is_there(runner: Runner) -> None:
    """Otherwise finding nothing would mean nothing."""
    for search in (SEARCHES["objects"], SEARCHES["memory around every object"]):
        seen = await runner.run(Program(source=search, setup=f"{SECRET} = 1\nkept = '{SECRET}'\n"))
        assert seen.stdout.startswith("True ["), seen
        assert seen.stdout != "True []\n"
    seen = await runner.run(Program(source=f"kept = '{SECRET}'\n" + ALL_MEMORY, walls="open"))
    assert SECRET in seen.stdout


async def test_the_servers_memory_does_not_hold_the_solution(runner: Runner) -> None:
    looked_at = 0
    for pid in started_with(os.environ["TMPDIR"]):
        try:
            held = memory(pid)
        except PermissionError:
            pytest.skip("this system lets nobody look at another process")
        except OSError:
            continue
        looked_at += len(held) > 20_000_000
        assert SECRET.encode() not in held
    assert looked_at


async def test_a_secret_of_the_environment_does_not_reach_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "hunter-two-hunter-two")
    async with Runner(spares=1) as runner:
        seen = await runner.run(Program(source="import os\nprint(os.environ)"))
        assert "HOME" in seen.stdout
        assert "hunter" not in seen.stdout
        script = await runner.run(Program(source="import os\nprint(os.environ['SERVICE_TOKEN'])", walls="open"))
        assert "hunter" in script.stdout


async def test_an_answer_finds_only_its_own_descriptors(runner: Runner) -> None:
    source = """
import os
found = []
for number in range(4096):
    try:
        found.append((number, os.fstat(number).st_mode >> 12))
    except OSError:
        pass
print(found)
"""
    seen = await runner.run(Program(source=source))
    # nothing to read, two pipes for output, one line to the client
    assert seen.stdout == "[(0, 2), (1, 1), (2, 1), (3, 12)]\n"


async def test_an_answer_cannot_write_another_steps_progress(runner: Runner, tmp_path: Path) -> None:
    progress = tmp_path / "progress.db"
    progress.write_bytes(b"as it was")
    source = f"import sqlite3\nsqlite3.connect({str(progress)!r}).execute('create table done (step)')"
    seen = await runner.run(Program(source=source))
    assert seen.exception is not None
    assert "unable to open" in seen.exception.message
    assert progress.read_bytes() == b"as it was"
