"""The doctor's probes really push, and say what happened."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tutor.running.fence import protections
from tutor.running.fence.probes import WallReport, probe_walls

linux = pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")


@pytest.fixture(scope="module")
def report() -> WallReport:
    return probe_walls()


def test_the_attempts_were_made(report: WallReport) -> None:
    assert report.trouble == ""
    assert len({probe.name for probe in report.probes}) >= 10
    assert all(probe.tried and probe.happened for probe in report.probes)


@linux
def test_what_pushing_shows_is_what_the_walls_promise(report: WallReport) -> None:
    assert protections(report.walls) <= report.protected


def test_what_must_work_inside_works(report: WallReport) -> None:
    inside = [probe for probe in report.probes if probe.protects is None]
    assert inside
    assert all(probe.stands for probe in inside), inside


@linux
def test_where_no_wall_stands_each_attempt_gets_through_and_is_reported() -> None:
    code = """
import sys
from tutor.running.fence import pushing
pushing.raise_walls = lambda *_, **__: ()
pushing.main(*sys.argv[1:])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = f"""
import json, subprocess, sys
from tutor.running.fence import probes
def without_walls(command, **options):
    return subprocess_run([sys.executable, "-c", {code!r}, *command[3:]], **options)
subprocess_run = subprocess.run
probes.subprocess.run = without_walls
report = probes.probe_walls()
standing = [probe.name for probe in report.probes if probe.protects and probe.stands]
print(json.dumps([report.trouble, standing, sorted(report.protected)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment, timeout=60
    )
    assert done.stdout.strip() == '["", [], []]', done


@linux
def test_attempts_that_cannot_be_made_leave_nothing_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    report = probe_walls()
    assert report.trouble
    assert report.walls == ()
    assert report.protected == frozenset()


def test_probing_imports_no_torch() -> None:
    code = "import sys, tutor.running.fence.probes, tutor.running.fence.pushing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
