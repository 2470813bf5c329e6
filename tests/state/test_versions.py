"""A state of an older release is upgraded in place, whole or not at all, with a copy kept; nothing of it is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from runner.model.secret import Secret
from runner.state import versions
from runner.state.lock import hold_account, this_holder
from runner.state.open import find_state, open_state

KEY = Secret("the key of a state that tests alone open")
URL = "sqlite:///.campaign/state.db"
VERSION_1 = Path(__file__).with_name("version-1.sql")
"""What the first release made, and what it recorded: one chunk of each status."""


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def old(tmp_path) -> Path:
    """A state as the first release left it."""
    path = tmp_path / "old/.campaign/state.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as made:
        made.executescript(VERSION_1.read_text())
    return path


def root_of(old: Path) -> Path:
    return old.parents[1]


def schema_of(path: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(path)) as read:
        tables = [name for (name,) in read.execute("select name from sqlite_master where type = 'table' order by 1")]
        columns = {name: [row[1:] for row in read.execute(f"pragma table_info({name})")] for name in tables}
        indexes = read.execute("select name, tbl_name from sqlite_master where type = 'index' order by 1").fetchall()
        return {**columns, "indexes": indexes}


def rows_of(path: Path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as read:
        tables = ("accounts", "runs", "campaigns", "contents", "recipients", "refused")
        return [row for table in tables for row in read.execute(f"select * from {table} order by 1, 2")]


def test_an_older_state_is_upgraded_in_place_and_everything_is_still_there(old, clock):
    before = rows_of(old)
    with open_state(URL, root=root_of(old), key=KEY, pin=None, clock=clock) as state:
        statuses = [chunk.status for chunk in state.ledger.chunks()]
        assert state.serial == 6
    assert statuses == ["accepted", "unknown", "rejected", "rejected", "released", "sending"]
    assert rows_of(old) == before
    with closing(sqlite3.connect(old)) as read:
        assert read.execute("select version from state").fetchone() == (versions.VERSION,)


def test_an_upgraded_state_has_the_tables_of_a_new_one(old, clock, tmp_path):
    for root in (root_of(old), tmp_path / "new"):
        open_state(URL, root=root, key=KEY, pin=None, clock=clock).close()
    assert schema_of(old) == schema_of(tmp_path / "new/.campaign/state.db")


def test_a_state_of_version_3_keeps_its_people_without_the_index_that_it_had(tmp_path, clock):
    how = {"root": tmp_path / "old", "key": KEY, "pin": None, "clock": clock}
    open_state(URL, **how).close()
    path = tmp_path / "old/.campaign/state.db"
    new = schema_of(path)
    with closing(sqlite3.connect(path)) as older:
        older.execute("create index ix_recipients_chunk_id on recipients (chunk_id)")
        older.execute("update state set version = 3")
        older.commit()
    assert schema_of(path) != new
    open_state(URL, **how).close()
    assert schema_of(path) == new
    assert path.with_name("state.db.version-3").exists()


def test_an_upgraded_state_goes_on_with_what_was_left(old, clock):
    holder = this_holder(clock, "campaign apply")
    with open_state(URL, root=root_of(old), key=KEY, pin=None, clock=clock) as state:
        lock = {"fingerprint": b"f" * 16, "account": "main", "wait": timedelta(0), "clock": clock}
        with hold_account(state, holder=holder, **lock) as held:
            assert (held.epoch, len(state.ledger.sweep(held, clock)), state.ledger.in_doubt(held)) == (2, 1, 2)


def test_a_copy_of_the_older_state_is_kept_for_its_owner_alone(old, clock):
    before = rows_of(old)
    open_state(URL, root=root_of(old), key=KEY, pin=None, clock=clock).close()
    kept = old.with_name("state.db.version-1")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert rows_of(kept) == before
    with closing(sqlite3.connect(kept)) as read:
        assert read.execute("select version from state").fetchone() == (1,)
    written = kept.read_bytes()
    open_state(URL, root=root_of(old), key=KEY, pin=None, clock=clock).close()
    assert kept.read_bytes() == written, "once"


def test_whoever_only_looks_sees_an_older_state_and_changes_nothing(old):
    before = old.read_bytes()
    with find_state(URL, root=root_of(old), key=KEY, pin=None) as state:
        assert len(state.ledger.chunks()) == 6
        assert state.ledger.stops() == ()
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == ["state.db"]


def test_an_upgrade_that_fails_leaves_the_older_state_as_it_was(old, clock, monkeypatch):
    def fail(connection) -> None:
        connection.exec_driver_sql("drop table refused")
        connection.exec_driver_sql("no statement")

    monkeypatch.setattr(versions, "MIGRATIONS", (*versions.MIGRATIONS, fail))
    before = rows_of(old), schema_of(old)
    with pytest.raises(OperationalError):
        open_state(URL, root=root_of(old), key=KEY, pin=None, clock=clock)
    assert (rows_of(old), schema_of(old)) == before


UPGRADE = """
tell('ready')
sys.stdin.readline()
with open_state(url, root=root / 'old', key=key, pin=None, clock=clock) as state:
    tell(len(state.ledger.chunks()))
"""


def test_processes_that_race_upgrade_once(old, start):
    racers = [start(UPGRADE) for _ in range(3)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert [racer.stdout.readline() for racer in racers] == ["6\n"] * 3


def test_a_shared_state_of_version_2_goes_on_as_one_of_today(cluster, clock, tmp_path):
    schema = cluster.new_schema()
    how = {"url": cluster.url(schema), "root": tmp_path, "key": KEY, "pin": None, "clock": clock}
    columns = (
        "select table_name, column_name, data_type, collation_name, is_nullable, column_default"
        f" from information_schema.columns where table_schema = '{schema}' order by 1, 2"
    )
    indexes = f"select indexname, indexdef from pg_indexes where schemaname = '{schema}' order by 1"
    open_state(**how).close()
    new = cluster.ask(columns), cluster.ask(indexes)
    for statement in (
        "alter table {0}.chunks drop column plan_id, drop column base_url, drop column adopted",
        "drop table {0}.formers",
        "drop table {0}.measures",
        "create index ix_recipients_chunk_id on {0}.recipients (chunk_id)",
        "update {0}.state set version = 2",
    ):
        cluster.ask(statement.format(schema))
    with open_state(**how) as state:
        assert state.ledger.formers() == {}
        state.ledger.note_measures({"people recall": 3}, clock)
    assert (cluster.ask(columns), cluster.ask(indexes)) == new
