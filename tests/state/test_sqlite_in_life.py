"""What happens to a file: removed, replaced, made read-only, hurt, held by another program, while a run goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from runner.errors import LockLost, StateRefused, StateUnavailable
from runner.model.ledger import Acceptance
from runner.state import folders
from runner.state.folders import hold_making
from runner.state.open import open_state
from runner.state.sqlite import PAGE_BYTES


@pytest.fixture
def kind() -> str:
    return "sqlite"


def put_back(desk, copy: str) -> None:
    """Put a copy in the state's place as a restore does, beside which the old file lives on for who has it open."""
    path = desk.state.home.path
    shutil.copy(copy, path.with_suffix(".restored"))
    path.with_suffix(".restored").replace(path)


def test_a_copy_that_takes_the_place_of_an_open_state_ends_its_run(desk, tmp_path):
    path = desk.state.home.path
    shutil.copy(path, tmp_path / "copy.db")
    chunk = desk.record(1)
    put_back(desk, tmp_path / "copy.db")
    for act in (lambda: desk.record(2), lambda: desk.accept(chunk)):
        with pytest.raises(StateRefused) as refused:
            act()
        assert refused.value.code == "state-older"


def test_a_state_that_is_removed_while_it_is_open_records_nothing_that_nobody_would_find(desk):
    desk.record(1)
    desk.state.home.path.unlink()
    with pytest.raises((StateRefused, StateUnavailable)):
        desk.record(2)


def test_an_older_copy_does_not_take_the_answer_to_a_chunk_that_it_never_knew(desk, tmp_path, open_again):
    path = desk.state.home.path
    shutil.copy(path, tmp_path / "copy.db")
    chunk = desk.record(1)
    put_back(desk, tmp_path / "copy.db")
    with pytest.raises(StateRefused) as refused:
        open_again().ledger.record_accepted(desk.held, chunk, Acceptance(provider_id="X"), desk.clock.read())
    assert refused.value.code == "state-older"


def test_a_removed_lock_file_ends_its_holder_and_hinders_nobody_else(desk):
    lost = desk.held
    chunk = desk.record(1)
    lost.grip.file.unlink()
    with desk.hold() as held:
        with pytest.raises(LockLost):
            desk.record(2, held=lost)
        assert desk.ledger.sweep(held, desk.clock) == (chunk,)
        desk.accept(chunk, held=lost)
        desk.record(3, held=held)
    assert desk.people() == {1: "A", 3: "S"}


def test_a_page_that_is_hurt_while_a_run_goes_on_is_told_and_nothing_is_taken_for_empty(desk, open_again):
    desk.accept(desk.record(*range(50)))
    path = desk.state.home.path
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StateRefused) as refused:
        open_again()
    assert refused.value.code == "state-damaged"
    path.write_bytes(whole)
    assert open_again().ledger.find_campaign("recall", None).people["accepted"] == 50


def test_a_program_that_holds_the_file_open_for_writing_is_told_and_then_the_run_goes_on(desk):
    with desk.state.transactions.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(desk.state.home.path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable, match="locked"):
            desk.record(1)
    desk.record(1)
    assert desk.people() == {1: "S"}


def test_a_file_that_somebody_made_in_another_encoding_is_refused(desk, open_again, tmp_path):
    desk.accept(desk.record(1))
    with (
        closing(sqlite3.connect(desk.state.home.path)) as state,
        closing(sqlite3.connect(tmp_path / "made.db", isolation_level=None)) as made,
    ):
        made.execute("PRAGMA encoding = 'UTF-16le'")
        for (table,) in state.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"):
            made.execute(table)
    put_back(desk, tmp_path / "made.db")
    with pytest.raises(StateRefused, match="texts in UTF-16le"):
        open_again()


READ_ONLY = """
import shutil, tempfile
folder = Path(tempfile.mkdtemp(dir="/tmp"))
try:
    open_state(f"sqlite:///{folder}/s/state.db", root=folder, key=key, pin=None, clock=clock).close()
    os.chmod(folder, 0o755)
    for path in ((folder / "s"), *(folder / "s").iterdir()):
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    if MODE == "folder":
        os.chmod(folder / "s" / "state.db", 0o666)
    else:
        os.chmod(folder / "s", 0o777)
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 0)
    for act in (open_state, find_state):
        more = {"clock": clock} if act is open_state else {}
        try:
            act(f"sqlite:///{folder}/s/state.db", root=folder, key=key, pin=None, **more).close()
        except StateRefused as error:
            tell(error.code)
        else:
            tell("opened")
finally:
    if os.getresuid()[2] == 0:
        os.setresuid(0, 0, 0)
    os.chmod(folder / "s", 0o700)
    shutil.rmtree(folder)
"""


@pytest.mark.parametrize("mode", ["file", "folder"])
def test_where_nothing_can_be_written_nothing_is_recorded_and_everything_can_be_read(start, mode):
    process = start(f"MODE = {mode!r}\n{READ_ONLY}")
    assert process.stdout.readline() == "state-read-only\n"
    assert process.stdout.readline() == "opened\n"


MAKE_FULL = """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for size in range(512, 400_000, 4096):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        open_state("sqlite:///new.db", root=root, key=key, pin=None, clock=clock).close()
    except StateUnavailable:
        assert not (root / "new.db").exists()
        continue
    break
tell(size > 4096, find_state("sqlite:///new.db", root=root, key=key, pin=None).serial)
"""


def test_a_state_that_finds_no_room_is_made_whole_or_not_at_all(start):
    assert start(MAKE_FULL).stdout.readline() == "True 0\n"


def test_a_state_whose_pages_are_of_another_size_goes_on(desk, open_again):
    desk.accept(desk.record(1))
    with closing(sqlite3.connect(desk.state.home.path, isolation_level=None)) as other:
        assert other.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
        other.execute("PRAGMA page_size = 4096")
        other.execute("VACUUM")
    desk.accept(desk.record(2))
    assert open_again().ledger.find_campaign("recall", None).people["accepted"] == 2
    with closing(sqlite3.connect(desk.state.home.path)) as other:
        assert other.execute("PRAGMA page_size").fetchone() == (4096,)


def test_no_recording_waits_for_another_program_as_long_as_a_request_may_take(desk):
    desk.state.limit_waits(timedelta(seconds=1))
    with closing(sqlite3.connect(desk.state.home.path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable, match=r"locked for 0\.4 s"):
            desk.record(1)
        browser.execute("ROLLBACK")
    assert desk.record(1)


def test_who_waits_for_a_maker_that_was_stopped_is_told_which_process_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PATIENCE_S", 0.1)
    with hold_making(tmp_path / "state.db"):
        second = hold_making(tmp_path / "state.db")
        with pytest.raises(StateUnavailable, match=rf"process {os.getpid()} has been making"), second:
            pass


def test_a_key_that_others_may_read_is_warned_of(tmp_path, clock):
    with open_state("sqlite:///.campaign/state.db", root=tmp_path, key=None, pin=None, clock=clock) as state:
        assert state.risk is None
        (tmp_path / ".campaign/state.key").chmod(0o644)
        assert "chmod 600" in state.risk
