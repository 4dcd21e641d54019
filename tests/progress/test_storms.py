"""Whatever happens to the file, nothing typed is lost and the learner is told what happened."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from tutor.progress import StepRef, Store, Trouble, TroubleKind

STEP = StepRef("autograd", "first-gradient", "dot")
OTHER = StepRef("autograd", "accumulation", "clear")

PRELUDE = """
import os, sys
from pathlib import Path
from tutor.progress import StepRef, Store
STEP = StepRef("autograd", "first-gradient", "dot")
file = Path(sys.argv[1])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "progress.sqlite3"


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rescued drafts of this test stay with this test."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "temporary"))


def in_another_process(code: str, file: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def trouble_of(store: Store) -> Trouble:
    assert store.trouble is not None
    return store.trouble


@pytest.fixture
def lock(file: Path) -> Iterator[sqlite3.Connection]:
    """Another program that holds the file."""
    with Store.open(file) as store:
        store.save_draft(STEP, "before")
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield holder


def test_typing_goes_on_while_the_file_is_locked_and_is_stored_once_it_is_free(
    file: Path, lock: sqlite3.Connection
) -> None:
    with Store.open(file) as store:
        for length in range(100):
            store.save_draft(STEP, "typed" * length)
        assert not store.flush()
        trouble = trouble_of(store)
        assert trouble.kind == "locked"
        assert store.draft(STEP) == "typed" * 99
        assert trouble.rescued_to is not None
        assert [rescued.read_text() for rescued in trouble.rescued_to.iterdir()] == ["typed" * 99]
        lock.execute("ROLLBACK")
        assert store.flush()
        assert store.trouble is None
        assert not trouble.rescued_to.exists()
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed" * 99


def test_a_file_locked_to_the_end_of_the_session_gets_the_draft_in_the_next(
    file: Path, lock: sqlite3.Connection
) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "typed in vain?")
    lock.execute("ROLLBACK")
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed in vain?"
        assert [earlier.text for earlier in store.earlier_drafts(STEP)] == ["before"]
        assert store.flush()
    assert not list(file.parent.rglob("*~*.py"))


def test_a_rescued_draft_does_not_replace_a_later_one(file: Path, lock: sqlite3.Connection) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "rescued")
    lock.execute("ROLLBACK")
    for rescued in file.parent.rglob("*~*.py"):
        os.utime(rescued, (0, 0))
    with Store.open(file) as store:
        assert store.draft(STEP) == "before"
        assert [earlier.text for earlier in store.earlier_drafts(STEP)] == ["rescued"]


def test_a_file_already_locked_when_the_tutor_opens_is_taken_up_once_it_is_free(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE somebodys (x)")
        holder.execute("BEGIN EXCLUSIVE")
        with Store.open(file) as store:
            assert trouble_of(store).kind == "locked"
            store.save_draft(STEP, "typed")
            assert store.draft(STEP) == "typed"
            holder.execute("ROLLBACK")
            assert store.flush()
            assert store.trouble is None
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed"


def test_two_tutors_see_what_the_other_stored_and_keep_both_drafts(file: Path) -> None:
    with Store.open(file) as here:
        here.save_draft(STEP, "typed here")
        assert here.flush()
        in_another_process("with Store.open(file) as s: s.save_draft(STEP, 'typed there'); s.mark_done(STEP)", file)
        here.refresh()
        assert here.draft(STEP) == "typed there"
        assert STEP in here.done()
        here.save_draft(STEP, "typed here again")
        assert {earlier.text for earlier in here.earlier_drafts(STEP)} == {"typed here", "typed there"}


def test_two_tutors_writing_at_the_same_time_lose_nothing(file: Path) -> None:
    code = PRELUDE + (
        "with Store.open(file) as s:\n"
        "    for n in range(100):\n"
        "        s.mark_done(StepRef('autograd', sys.argv[2], f'step-{n}'))\n"
        "        assert s.flush(30), s.trouble\n"
    )
    tutors = [subprocess.Popen([sys.executable, "-c", code, str(file), lesson]) for lesson in ("one", "two")]
    assert [tutor.wait(60) for tutor in tutors] == [0, 0]
    with Store.open(file) as store:
        assert len(store.done()) == 200


def test_a_killed_tutor_loses_nothing_that_reached_the_file_and_leaves_it_sound(file: Path) -> None:
    code = PRELUDE + (
        "s = Store.open(file)\n"
        "for n in range(1_000_000):\n"
        "    s.save_draft(STEP, f'{n} ' + 'x' * 5000)\n"
        "    assert s.flush()\n"
        "    print(n, flush=True)\n"
    )
    for kill_after in (1, 40):
        with subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True) as tutor:
            assert tutor.stdout is not None
            for line in tutor.stdout:
                if int(line) >= kill_after:
                    break
            tutor.send_signal(signal.SIGKILL)
            last = max(int(n) for n in [line, *tutor.stdout.read().split()])
        with Store.open(file) as store:
            assert store.trouble is None
            draft = store.draft(STEP)
            assert draft is not None
            assert int(draft.split()[0]) >= last


def test_a_full_disk_is_named_and_drafts_go_to_plain_files_that_still_fit(file: Path) -> None:
    """A limit on the size of files stands for the full disk: SQLite meets a write that fails."""
    said = in_another_process(
        "import resource\n"
        "with Store.open(file) as s:\n"
        "    s.save_draft(STEP, 'stored while there was room')\n"
        "    assert s.flush()\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "    for n in range(20):\n"
        "        s.save_draft(StepRef('autograd', 'full', f'step-{n}'), str(n) * 6000)\n"
        "    assert not s.flush()\n"
        "    assert s.draft(StepRef('autograd', 'full', 'step-7')) == '7' * 6000\n"
        "    print(s.trouble.kind, s.trouble.rescued_to)\n",
        file,
    )
    kind, folder = said.split()
    assert kind in {"full", "failed"}
    assert len(list(Path(folder).iterdir())) == 20
    with Store.open(file) as store:
        assert store.trouble is None
        assert store.draft(STEP) == "stored while there was room"
        assert all(store.draft(StepRef("autograd", "full", f"step-{n}")) == str(n) * 6000 for n in range(20))


def test_saving_is_taken_up_again_when_the_disk_has_room(file: Path) -> None:
    in_another_process(
        "import resource\n"
        "with Store.open(file) as s:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "    s.save_draft(STEP, 'x' * 9000)\n"
        "    assert not s.flush()\n"
        "    assert s.trouble\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "    assert s.flush()\n"
        "    assert s.trouble is None\n",
        file,
    )
    with Store.open(file) as store:
        assert store.draft(STEP) == "x" * 9000


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_read_only_home_shows_what_was_done_and_keeps_what_is_typed(shared_folder: Path, tmp_path: Path) -> None:
    file = shared_folder / "data" / "progress.sqlite3"
    (tmp_path / "temporary").chmod(0o777)
    with Store.open(file) as store:
        store.save_draft(STEP, "typed before")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    said = in_another_process(
        "os.environ.pop('XDG_RUNTIME_DIR'); import tempfile; tempfile.tempdir = str(file.parent.parent / 'none')\n"
        "from tutor.progress import Trouble; str(Trouble(kind='read-only', path=file))\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "with Store.open(file) as s:\n"
        "    print(s.trouble.kind)\n"
        "    print(s.draft(STEP))\n"
        "    s.save_draft(STEP, 'typed now')\n"
        "    s.flush()\n"
        "    print(s.draft(STEP))\n"
        "    print(s.trouble)\n",
        file,
    )
    kind, before, now, words = said.strip().split("\n")
    file.parent.chmod(0o755)
    assert (kind, before, now) == ("read-only", "typed before", "typed now")
    assert str(file) in words


def test_a_folder_that_cannot_be_made_keeps_everything_in_memory_and_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("in the way")
    with Store.open(tmp_path / "a file" / "data" / "progress.sqlite3") as store:
        store.save_draft(STEP, "typed")
        assert not store.flush()
        trouble = trouble_of(store)
        assert trouble.kind in {"failed", "read-only"}
        assert store.draft(STEP) == "typed"
        assert trouble.rescued_to is not None
        assert [rescued.read_text() for rescued in trouble.rescued_to.iterdir()] == ["typed"]


@pytest.mark.parametrize("rubbish", [b"rubbish" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000, b"x"])
def test_a_damaged_file_is_put_aside_whole_and_a_fresh_one_begun(file: Path, rubbish: bytes) -> None:
    file.write_bytes(rubbish)
    with Store.open(file) as store:
        trouble = trouble_of(store)
        assert trouble.kind == "damaged"
        assert trouble.moved_to is not None
        assert trouble.moved_to.read_bytes() == rubbish
        assert trouble.moved_to.name in trouble.advice
        store.save_draft(STEP, "fresh")
    with Store.open(file) as store:
        assert store.trouble is None
        assert store.draft(STEP) == "fresh"


def test_what_can_still_be_read_of_a_damaged_file_is_taken_over(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "still readable")
        store.mark_done(OTHER)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE answers")
        connection.commit()
    with Store.open(file) as store:
        assert trouble_of(store).kind == "damaged"
        assert store.draft(STEP) == "still readable"
        assert OTHER in store.done()


def test_a_file_damaged_while_the_tutor_is_open_is_replaced_with_all_that_is_known(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "typed before")
        assert store.flush()
        file.with_name("progress.sqlite3-wal").unlink()
        with file.open("r+b") as stream:
            stream.write(b"\xff" * 50_000)
        store.save_draft(OTHER, "typed after")
        store.flush()
        assert store.flush()
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed before"
        assert store.draft(OTHER) == "typed after"


def test_a_folder_removed_while_the_tutor_is_open_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "data" / "progress.sqlite3"
    with Store.open(file) as store:
        store.save_draft(STEP, "typed before")
        assert store.flush()
        for left in file.parent.iterdir():
            left.unlink()
        file.parent.rmdir()
        store.save_draft(OTHER, "typed after")
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed before"
        assert store.draft(OTHER) == "typed after"


def test_a_file_of_a_newer_version_is_read_as_far_as_possible_and_not_changed(file: Path) -> None:
    with Store.open(file) as store:
        store.save_draft(STEP, "from the future")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("ALTER TABLE drafts ADD COLUMN mood TEXT")
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    before = file.read_bytes()
    with Store.open(file) as store:
        assert trouble_of(store).kind == "newer"
        assert store.draft(STEP) == "from the future"
        store.save_draft(STEP, "from the past")
        assert not store.flush()
        assert store.draft(STEP) == "from the past"
        folder = trouble_of(store).rescued_to
        assert folder is not None
        assert [rescued.read_text() for rescued in folder.iterdir()] == ["from the past"]
    assert file.read_bytes() == before


def test_an_empty_file_is_a_new_one(file: Path) -> None:
    file.touch()
    with Store.open(file) as store:
        assert store.trouble is None
        store.save_draft(STEP, "typed")
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed"


def test_a_change_that_cannot_be_stored_at_all_is_refused_at_once_and_harms_no_other(file: Path) -> None:
    with Store.open(file) as store:
        with pytest.raises(OverflowError):
            store.open_hints(STEP, 1 << 70)
        store.save_draft(STEP, "typed")
        assert store.flush()
    with Store.open(file) as store:
        assert store.draft(STEP) == "typed"


def test_closing_twice_is_harmless_and_a_late_change_is_not_an_error(file: Path) -> None:
    store = Store.open(file)
    store.close()
    store.close()
    store.save_draft(STEP, "too late for the file")
    assert store.draft(STEP) == "too late for the file"


def test_every_trouble_has_words_of_its_own() -> None:
    kinds = get_args(TroubleKind)
    said = {str(Trouble(kind=kind, path=Path("/home/p"), reason="it broke")) for kind in kinds}
    assert len(said) == len(kinds)
    assert all("{" not in words for words in said)
