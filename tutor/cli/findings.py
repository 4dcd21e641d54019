"""What ``tutor doctor`` looks at, one function for each."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from tutor.autograd import Program
from tutor.packs import find_packs
from tutor.progress import Store, data_folder
from tutor.running import Runner
from tutor.running.fence.bubblewrap import asked, available
from tutor.running.fence.probes import probe_walls
from tutor.text import safe_line
from tutor.words import _

State: TypeAlias = Literal["fine", "worth knowing", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``advice`` says what to do about it."""

    about: str
    state: State
    found: str
    advice: str = ""


async def examine() -> tuple[Finding, ...]:
    """Look at everything. Takes about as long as torch takes to be imported."""
    running, walls = await asyncio.gather(_running(), asyncio.to_thread(_walls))
    return (_python(), _torch(), running, *walls, _terminal(), _encoding(), _colours(), _storage(), *_packs())


def _python() -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= (3, 14):
        return Finding("Python", "worth knowing", found, _("The tutor is tested with Python 3.11 to 3.13."))
    return Finding("Python", "fine", found)


def _torch() -> Finding:
    try:
        found = version("torch")
    except PackageNotFoundError:
        return Finding("torch", "wrong", _("not installed"), _("Install it with: pip install torch==2.13.0"))
    if not found.startswith("2.13."):
        return Finding("torch", "worth knowing", found, _("The tutor is tested with torch 2.13."))
    return Finding("torch", "fine", found)


async def _running() -> Finding:
    """Run a program: the first waits for torch, the second is what a learner feels."""
    about = _("Running")
    loop = asyncio.get_running_loop()
    program = Program(source="x = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()", probes=("x.grad",))
    async with Runner() as runner:
        start = loop.time()
        first = await runner.run(program)
        warm = loop.time()
        second = await runner.run(program)
        end = loop.time()
    if first.outcome != "ok" or second.outcome != "ok":
        detail = first.detail or second.detail
        return Finding(about, "wrong", _("a small program did not run: {detail}").format(detail=safe_line(detail)))
    text = _("ready after {first:.1f} s, then {second:.0f} ms a run ({method})")
    return Finding(about, "fine", text.format(first=warm - start, second=1000 * (end - warm), method=runner.method))


def _walls() -> list[Finding]:
    """Each wall is pushed at. One that is missing is said, but keeps nobody from learning."""
    report = probe_walls()
    about = _("Walls")
    if report.trouble:
        return [Finding(about, "worth knowing", _("could not be tried: {why}").format(why=safe_line(report.trouble)))]
    standing = ", ".join(report.walls) or _("none")
    fallen = [probe for probe in report.probes if not probe.stands]
    protected = ", ".join(sorted(report.protected)) or _("nothing")
    first = Finding(
        about,
        "worth knowing" if fallen else "fine",
        _("{walls}; protected: {what}").format(walls=standing, what=protected),
        _("Run packs of strangers only where files and network are protected.") if fallen else "",
    )
    text = _("{tried}: {happened}")
    return [
        first,
        *_bubblewrap(),
        *(
            Finding(f"{about}: {probe.name}", "worth knowing", text.format(tried=probe.tried, happened=probe.happened))
            for probe in fallen
        ),
    ]


def _bubblewrap() -> Iterator[Finding]:
    """The second fence, where it was asked for and does not stand."""
    if asked(os.environ) and available() is None:
        yield Finding(
            _("Walls: bubblewrap"),
            "worth knowing",
            _("asked for by TUTOR_BWRAP, but it does not stand"),
            _("Install bubblewrap, or see whether this system allows it to make namespaces."),
        )


def _terminal() -> Finding:
    about = _("Terminal")
    if not sys.stdout.isatty():
        return Finding(about, "worth knowing", _("none"), _("The app needs one; every other command works without."))
    size = shutil.get_terminal_size()
    found = _("{columns} columns, {rows} rows").format(columns=size.columns, rows=size.lines)
    if size.columns < 80 or size.lines < 24:
        return Finding(about, "worth knowing", found, _("The app is at home from 80 columns and 24 rows on."))
    return Finding(about, "fine", found)


def _encoding() -> Finding:
    found = sys.stdout.encoding or "?"
    if found.lower().replace("-", "") == "utf8":
        return Finding(_("Characters"), "fine", found)
    return Finding(
        _("Characters"), "worth knowing", found, _("Set LANG to a UTF-8 locale to see mathematics as it is.")
    )


def _colours() -> Finding:
    about = _("Colours")
    if os.environ.get("NO_COLOR"):
        return Finding(about, "fine", _("none, as NO_COLOR asks"))
    term = os.environ.get("TERM", "")
    if os.environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return Finding(about, "fine", _("16 million"))
    if "256" in term:
        return Finding(about, "fine", "256")
    return Finding(about, "worth knowing", _("few (TERM={term})").format(term=safe_line(term) or "-"))


def _storage() -> Finding:
    """Write where progress is kept: a file beside it, and the database itself."""
    about = _("Storage")
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
    except OSError as error:
        why = _("{folder} cannot be written: {why}").format(folder=safe_line(str(folder)), why=error.strerror)
        return Finding(about, "wrong", why, _("TUTOR_DATA can name another folder."))
    with Store.open() as store:
        trouble = store.trouble
    if trouble is not None:
        return Finding(about, "wrong", trouble.headline, trouble.advice)
    return Finding(about, "fine", safe_line(str(store.path)))


def _packs() -> Iterator[Finding]:
    found = find_packs()
    about = _("Packs")
    names = ", ".join(f"{pack.id} ({len(pack.pack.lessons)})" for pack in found.packs)
    yield Finding(about, "fine" if found.packs else "wrong", names or _("none"))
    for problem in found.problems:
        yield Finding(about, "wrong", str(problem))
