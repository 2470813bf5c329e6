"""Expressions that try to read, write, run on or tell: each is refused, and no file changes."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from runner.audience.engine import open_engine
from runner.audience.where import parse_where
from runner.errors import Problem, ProblemsFound, SourceUnreadable

ROWS = "phone;n\n0639980001;1\n0639980002;2\n"
SECRET = "the-secret-of-another-file"

READING = [
    "exists (select * from read_csv('secret.csv'))",
    "n in (select 1)",
    "n = (select count(*) from 'secret.csv')",
    "n = (select count(*) from read_text('/etc/passwd'))",
    "1) union select 1 from read_csv('secret.csv') --",
    "1) from read_csv('secret.csv') as x where (1",
    "n = any (select unnest([1]))",
    "n = all ([1])",
    "getenv('HOME') = 'x'",
    "getvariable('x') is null",
    "current_setting('threads') = '1'",
    "current_user = 'x'",
    "current_database() = 'x'",
    "current_query() = 'x'",
    "current_schemas(true) is null",
    "version() = 'x'",
    "pg_typeof(n) = 'x'",
    "in_search_path('a', 'b')",
    "getdatabase() = 'x'",
    "read_blob('secret.csv') is null",
    "glob('*') is null",
    "query('select 1') is null",
    "query_table('read') is null",
    "json_execute_serialized_sql('{}') is null",
    "json_serialize_sql('select 1') is null",
    "sniff_csv('secret.csv') is null",
    "which_secret('x', 'y') is null",
    "duckdb_settings() is null",
    "columns('.*') = 1",
    "* = 1",
    "t.n = 1",
    "recipients.text = 'x'",
    "#1 = 1",
    "rowid = 1",
    "n = $1",
    "n = ?",
    "n = $p0",
    "default = 1",
    "rank() over () = 1",
    "sum(n) = 1",
    "count(*) filter (where true) = 1",
    "list_transform([1], lambda x: x) = [1]",
    "list_filter([1], x -> true) = [1]",
    "{'a': n}.a = 1",
    "map {1: n} is null",
    "n::json is null",
    "n::my_type is null",
    "n::geometry is null",
    "n collate nocase = 'x'",
    "n at time zone 'UTC' is null",
    "nextval('s') = 1",
    "setseed(1) is null",
    "random() < 2",
    "uuid() is null",
    "now() is null",
    "txid_current() is null",
    "error('x') is null",
    "write_log('x') is null",
    "sleep_ms(100000) is null",
    "icu_sort_key(n, 'fr') is null",
    "md5(n) = 'x'",
    "system.main.lower(n) = 'x'",
    "main.lower(n) = 'x'",
]

WRITING = [
    "n = 1; copy (select 1) to 'written.csv'",
    "n = 1; drop table read",
    "1); copy (select 1) to 'written.csv' --",
    "exists (with a as (copy (select 1) to 'written.csv') select * from a)",
    "exists (insert into read values (1))",
    "copy (select 1) to 'written.csv'",
    "attach 'written.db' as w",
    "export database 'written'",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "pragma database_list",
    "call duckdb_tables()",
    "explain analyze copy (select 1) to 'written.csv'",
    "create table t as select 1",
    "checkpoint",
]

RUNNING_ON = [
    "len(range(1000000000)) > 1",
    "len(repeat('x', 900000000)) > 1",
    "len(repeat(n, 900000000)) > 1",
    "length(lpad(n, 900000000, 'x')) > 1",
    "length(rpad(n, 900000000, 'x')) > 1",
    "length(format('{:>900000000}', n)) > 1",
    "length(printf('%900000000d', 1)) > 1",
    "len(generate_series(1, 1000000000)) > 1",
    "len(list_resize([1], 1000000000)) > 1",
    "length(replace(replace(replace(n, '1', 'xxxxxxxxxx'), 'x', 'yyyyyyyyyy'), 'y', 'zzzzzzzzzz')) > 1",
    "length(replace(n, n, n)) > 1",
    "length(regexp_replace(n, '', 'xxxxxxxxxxxx', 'g')) > 1",
    "length(array_to_string([n, n], n)) > 1",
    "length(bar(1, 0, 1, 900000000)) > 1",
    "length(overlay(n placing n from 1)) > 1",
    "1000000! > 1",
    "regexp_matches(n, '((a{1,30}){1,30}){1,30}')",
    "n = '" + "x" * 10_001 + "'",
    "n = 1" + " or n = 1" * 2_000,
    "(" * 900 + "n = 1" + ")" * 900 + "x",
    "with recursive r as (select 1 union all select 1 from r) select * from r",
]

BROKEN = [
    "", " ", "--", "n = ", "n == == 1", "n = 1)", "(n = 1", "n = 'x", 'n = "x', "n = 1;", ";", "/*", "n = 1 /*",
    "n = 1) or (1 = 1", "n = 1, phone = 2", "distinct n", "n = 1 as x", "n = 1 order by n", "n = 1 limit 1",
    "where n = 1", "select n = 1", "\0", "\ud800 = 1", "n = '\ud800'", "$$", "n = 1 group by n",
]  # fmt: skip


def _shot(folder: Path) -> dict[str, str]:
    """Every file below, with a digest of what is in it."""
    return {
        f"{path}/{name}": hashlib.sha256(Path(path, name).read_bytes()).hexdigest()
        for path, _, names in os.walk(folder)
        for name in names
    }


@pytest.fixture(scope="module")
def engine():
    """An engine that is not sealed: what is refused here is refused by the expression's tree alone."""
    with closing(open_engine()) as connection:
        yield connection


def _find_problem(build, engine, root: Path, expression: str) -> Problem:
    try:
        parse_where(engine, expression, {})
    except SourceUnreadable as refused:
        return refused.as_problem()
    with pytest.raises(ProblemsFound) as found, build(root, [{"file": "a.csv", "where": expression}]):
        pass
    return found.value.problems[0]


@pytest.mark.parametrize("expression", [*READING, *WRITING, *RUNNING_ON, *BROKEN], ids=lambda text: ascii(text)[:40])
def test_an_expression_that_is_more_than_a_condition_on_the_row_does_nothing(
    build, engine, project, monkeypatch, expression
):
    root = project({"a.csv": ROWS, "secret.csv": f"phone;n\n{SECRET};1\n"})
    monkeypatch.chdir(root)
    before = _shot(root.parent)
    problem = _find_problem(build, engine, root, expression)
    assert problem.code in {"where-invalid", "where-refused", "where-failed", "no-such-column", "source-too-large"}
    assert SECRET not in f"{problem.message} {problem.hint}"
    assert str(root) not in f"{problem.message} {problem.hint}"
    assert _shot(root.parent) == before


def test_a_parameter_between_quotes_is_no_parameter(refuse):
    (problem,) = refuse({"a.csv": ROWS}, [{"file": "a.csv", "where": "n = '{{ vars.least }}'"}])
    assert problem.place.line == 10


def test_no_statement_reaches_a_file_once_sources_are_read(build, project):
    root = project({"a.csv": ROWS})
    with build(root, [{"file": "a.csv"}]) as audience:
        connection = audience._connection
        for statement in (
            f"SELECT * FROM read_csv('{root}/a.csv')",
            f"COPY (SELECT 1) TO '{root}/b.csv'",
            f"ATTACH '{root}/c.db'",
            "SET enable_external_access = true",
            "SET memory_limit = '9GB'",
            "INSTALL httpfs",
            "LOAD httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)
    assert sorted(path.name for path in root.iterdir()) == ["a.csv", "campaigns", "campaigns.yaml"]


def test_the_engine_writes_nothing_to_the_terminal_or_the_folder(build, project, monkeypatch, capfd):
    root = project({"a.csv": ROWS})
    monkeypatch.chdir(root)
    with build(root, [{"file": "a.csv", "where": "n > 1"}]) as audience:
        assert audience.rows.pending == 1
    assert capfd.readouterr() == ("", "")
    assert not (root / ".tmp").exists()
