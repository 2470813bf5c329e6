"""The engine keeps its bounds, and reads what it was handed and nothing else."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest

from runner.audience.engine import count, deadline, open_engine, seal_engine
from runner.audience.handles import open_spool
from runner.audience.load import load_rows
from runner.audience.rows import Wanted
from runner.audience.shape import read_shape
from runner.audience.text import read_text
from runner.errors import SourceUnreadable

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b"


@pytest.fixture
def engine():
    with closing(open_engine()) as connection:
        yield connection


def test_what_takes_too_long_is_stopped_and_the_engine_goes_on(engine):
    with (
        pytest.raises(SourceUnreadable, match=r"`where` takes longer than 0\.05 seconds"),
        deadline(engine, 0.05, "`where`"),
    ):
        engine.execute(ENDLESS)
    assert count(engine, "SELECT 7") == 7


def test_what_needs_too_much_memory_fails_and_writes_no_file(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine.execute("SET memory_limit = '20MB'")
    with pytest.raises(SourceUnreadable, match="of memory"), deadline(engine, 60, "`where`"):
        engine.execute("CREATE TABLE t AS SELECT range AS n, repeat('x', 100) || range AS x FROM range(3000000)")
    assert list(tmp_path.iterdir()) == []


def test_a_sealed_engine_stays_sealed(engine, tmp_path):
    (tmp_path / "a.csv").write_text("phone\n")
    seal_engine(engine)
    for statement in (
        f"SELECT * FROM read_csv('{tmp_path}/a.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/b.csv'",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "SET lock_configuration = false",
    ):
        with pytest.raises(duckdb.Error):
            engine.execute(statement)


def test_files_that_follow_each_other_under_one_descriptor_are_not_confused(engine):
    found = []
    for number in ("0639980001", "0639980002", "0639980003"):
        with open_spool() as file:
            file.write(f"phone\n{number}\n".encode())
            file.flush()
            text = read_text(file, "a.csv")
            shape = read_shape(text)
            assert shape is not None
            relation = load_rows(engine, text, shape, Wanted(0))
            found += engine.execute(f"SELECT text FROM {relation}").fetchall()
    assert found == [("0639980001",), ("0639980002",), ("0639980003",)]


def test_names_of_python_are_no_tables(engine):
    secret = [("a",)]
    with pytest.raises(duckdb.Error):
        engine.execute("SELECT * FROM secret")
    assert secret


def test_no_extension_is_loaded_from_outside(engine):
    for statement in ("SELECT * FROM 'http://127.0.0.1:1/a.csv'", "SELECT * FROM sqlite_scan('a', 'b')", "LOAD httpfs"):
        with pytest.raises(duckdb.Error):
            engine.execute(statement)
