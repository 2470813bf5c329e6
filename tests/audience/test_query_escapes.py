"""Queries that try to get out: to read, write or tell what they must not, or to run on. No file changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OUTSIDE = "0639980009"
CLOSED = "0639980008"
RUNNER = Path(__file__).with_name("query_runner.py")

WRITING = [
    "copy (select 1) to 'new.csv'",
    "copy (select 1) to 'data/x.csv'",
    "copy (select 1) to 'data/x.csv' (use_tmp_file false)",
    "copy (select 1) to '/tmp/new.csv'",
    "copy t from 'data/x.csv'",
    "copy from database a to b",
    "export database 'dump'",
    "import database 'dump'",
    "attach 'new.db'",
    "attach 'new.db' as n; select 1",
    "attach ':memory:' as m",
    "detach memory",
    "use memory",
    "create table t as select 1",
    "create or replace view v as select 1",
    "create temp table t(a int)",
    "create secret s (type s3)",
    "create macro m() as 1",
    "create type mood as enum ('a')",
    "create sequence s",
    "create schema s",
    "drop table if exists x",
    "insert into t values (1)",
    "update t set a = 1",
    "delete from t",
    "truncate t",
    "alter table t add column a int",
    "vacuum",
    "checkpoint",
    "force checkpoint",
    "begin",
    "commit",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "call pragma_version()",
    "call enable_logging(storage = 'file')",
    "call add_parquet_key('k', '0123456789abcdef')",
    "explain select 1",
    "explain analyze select 1",
    "explain analyze copy (select 1) to 'new.csv'",
    "set threads = 1",
    "set variable a = 1",
    "set enable_external_access = true",
    "set allowed_directories = ['/']",
    "set home_directory = '/'",
    "set temp_directory = '/tmp/t'",
    "set log_query_path = 'log.txt'",
    "set profiling_output = 'p.json'",
    "reset allowed_paths",
    "pragma enable_profiling",
    "pragma profiling_output = 'p.json'",
    "pragma database_list",
    "install httpfs",
    "install httpfs from 'http://127.0.0.1:9'",
    "force install json from community",
    "load httpfs",
    "load 'data/x.csv'",
    "update extensions",
    "comment on table t is 'x'",
    "select 1; select 2",
    "select 1; copy (select 1) to 'new.csv'",
    "copy (select 1) to 'new.csv'; select 1",
    "select 1;; set threads = 1",
    "with a as (copy (select 1) to 'new.csv') select * from a",
    "with a as materialized (copy (select 1) to 'data/x.csv') select * from a",
    "with a as (insert into t values (1) returning *) select * from a",
    "with a as (delete from t returning *) select * from a",
    "with a as (update t set a = 1 returning *) select * from a",
    "with a as (with b as (copy (select 1) to 'new.csv') select * from b) select * from a",
    "select * from (with a as (copy (select 1) to 'new.csv') select * from a)",
    "select (with a as (copy (select 1) to 'new.csv') select count(*) from a)",
    "select 1 where exists (with a as (copy (select 1) to 'new.csv') select * from a)",
    "select 1 union all (with a as (copy (select 1) to 'new.csv') select 1 from a)",
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "select * from json_execute_serialized_sql('{}')",
    "select json_serialize_sql('copy (select 1) to ''new.csv''')",
    "select json_deserialize_sql('{}')",
    "select json_serialize_plan('select 1')",
    "pragma json_execute_serialized_sql('{}')",
    "select * from query('copy (select 1) to ''new.csv''')",
    "from query('select 1')",
    "from query_table('data/x.csv')",
    "from query_table(['data/x.csv'])",
    "select write_log('x')",
    "select nextval('s')",
    "select setseed(0.5)",
    "1) as a; copy (select 1) to 'new.csv'; select * from (select 1",
    "select 1) as answer(c0); copy (select 1) to 'new.csv' --",
    "select 1) union select * from read_text('/etc/passwd') --",
    "select 1 /*",
    "select 1 --\n) ; attach 'new.db' --",
]

READING = [
    "select * from '../outside.csv'",
    "select * from 'data/../../outside.csv'",
    "select * from './../outside.csv'",
    "select * from read_csv('../outside.csv')",
    "select * from read_csv(['data/x.csv', '../outside.csv'])",
    "select * from read_csv_auto('data/../../outside.csv')",
    "select * from read_csv('../' || 'outside.csv')",
    "select * from read_csv(concat('..', '/outside.csv'))",
    "select * from read_csv((select '../outside.csv'))",
    "select * from read_csv(getvariable('a'))",
    "select * from read_csv(path := '../outside.csv')",
    "select * from read_csv()",
    "select * from read_csv([])",
    "select * from read_csv(null)",
    "select * from read_csv(1)",
    "select * from read_csv($p0)",
    "select * from read_csv(?)",
    "select * from read_csv(x) from (values ('../outside.csv')) t(x)",
    "select * from (values ('../outside.csv')) t(x), read_csv(x)",
    "select * from '../*.csv'",
    "select * from '../**/*.csv'",
    "select * from '*/../../*.csv'",
    "select * from '[.][.]/outside.csv'",
    "select * from '??/outside.csv'",
    "select * from '.?/outside.csv'",
    "select * from '{outside}'",
    "select * from '{absolute}/**/*.csv'",
    "select * from '/etc/passwd'",
    "select * from '/proc/self/environ'",
    "select * from '/proc/self/root{outside}'",
    "select * from '/dev/stdin'",
    "select * from '/dev/fd/0'",
    "select * from read_csv('/dev/stdin')",
    "select * from 'file://{outside}'",
    "select * from 'file:{outside}'",
    "select * from 'http://127.0.0.1:9/x.csv'",
    "select * from 'https://127.0.0.1:9/x.parquet'",
    "select * from 's3://bucket/x.csv'",
    "select * from 'hf://datasets/x.csv'",
    "select * from '~/x.csv'",
    "select * from '~root/x.csv'",
    "select * from 'out.csv'",
    "select * from 'outfolder/outside.csv'",
    "select * from 'outfolder/*.csv'",
    "select * from '**/outside.csv'",
    "select * from 'hard.csv'",
    "select * from read_csv('hard.csv')",
    "select * from '.git/config'",
    "select * from '.git/closed.csv'",
    "select * from '.GIT/closed.csv'",
    "select * from '.campaign/closed.csv'",
    "select * from './.campaign/closed.csv'",
    "select * from '.c*/closed.csv'",
    "select * from '*/closed.csv'",
    "select * from '**/closed.csv'",
    "select * from '.env'",
    "select * from read_csv('.env')",
    "select * from 'data/state.db'",
    "select * from 'data/state.duckdb'",
    "select * from 'data/notes.txt'",
    "select * from read_csv('data/notes.txt')",
    "select * from read_csv('data')",
    "select * from read_csv('data/')",
    "select * from 'folder.csv'",
    "select * from read_csv('folder.csv')",
    "select * from 'pipe.csv'",
    "select * from read_csv('pipe.csv')",
    "select * from 'p*.csv'",
    "select * from read_json('pipe.csv')",
    "select * from 'data/x.csv\0'",
    "select * from read_csv('data/x.csv\0.txt')",
    "select * from glob('*')",
    "select * from glob('/etc/*')",
    "select * from read_text('{outside}')",
    "select * from read_text('data/x.csv')",
    "select * from read_blob('/etc/passwd')",
    "select * from sniff_csv('{outside}')",
    "select * from sniff_csv('data/x.csv')",
    "select * from read_duckdb('data/state.duckdb')",
    "select * from parquet_metadata('data/x.csv')",
    "select * from parquet_schema('data/x.csv')",
    "select * from read_single_csv_file('{outside}')",
    "select * from seq_scan('x')",
    "select * from arrow_scan(1, 2, 3)",
    "select * from pandas_scan(1)",
    "select * from python_map_function(1)",
    "select * from which_secret('x', 'y')",
    "select * from duckdb_secrets()",
    "select * from duckdb_settings()",
    "select * from duckdb_settings",
    "select * from duckdb_databases()",
    "select * from duckdb_functions()",
    "select * from duckdb_logs",
    "select * from pragma_database_list",
    "select * from pragma_table_info('x')",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_settings",
    "select * from pg_settings",
    "select * from sqlite_master",
    "select * from system.information_schema.tables",
    'select * from main."data/x.csv"',
    "with duckdb_settings as (select * from duckdb_settings) select * from duckdb_settings",
    "with a as (with duckdb_settings as (select 1 as x) select * from duckdb_settings) select * from duckdb_settings",
    "with b as (select * from duckdb_settings), duckdb_settings as (select 1) select * from b",
    "select * from (with duckdb_logs as (select 1) select 1), duckdb_logs",
    'with "../outside.csv" as (select * from "../outside.csv") select * from "../outside.csv"',
    "show tables",
    "show all tables",
    "describe select 1",
    "describe",
    "summarize 'data/x.csv'",
    "select * from (show databases)",
    "select * from (describe select 1)",
    "select * from (summarize 'data/x.csv')",
    "pivot 'data/x.csv' on n",
    "pivot 'data/x.csv' on n using count(*)",
    "unpivot 'data/x.csv' on n",
    "select * from 'data/x.csv' pivot (count(*) for n in (1))",
    "select getenv('HOME')",
    "select current_setting('allowed_paths')",
    "select current_setting('secret_directory')",
    "select getvariable('x')",
    "select current_query()",
    "select current_database()",
    "select current_schemas(true)",
    "select version()",
    "select txid_current()",
    "select pg_typeof(1)",
    "select pg_sleep(30)",
    "select sleep_ms(30000)",
    "select in_search_path('a', 'b')",
    "select system.main.getenv('HOME')",
    "select main.concat('a')",
    "select random()",
    "select uuid()",
    "select now()",
    "select current_date",
    "select current_timestamp",
    "select today()",
    "select icu_sort_key('a', 'fr')",
    "select error('x')",
    "select list_transform(['../outside.csv'], x -> (select count(*) from read_csv(x)))",
    "select (select count(*) from read_text('/etc/passwd'))",
    "select 1 where 1 in (select 1 from '/etc/passwd')",
    "select 1 order by (select count(*) from '../outside.csv')",
    "select 1 limit (select count(*) from '../outside.csv')",
    "select count(*) filter (where exists (from '../outside.csv'))",
    "select sum(1) over (order by (select count(*) from '../outside.csv'))",
    "select case when true then (select count(*) from '../outside.csv') end",
    "select cast((select count(*) from '../outside.csv') as int)",
    "select [(select count(*) from '../outside.csv')]",
    "select {{'a': (select count(*) from '../outside.csv')}}",
    "select * from unnest((select list(x) from read_text('/etc/passwd') t(x)))",
    "select * from range((select count(*) from '../outside.csv'))",
    "select * from (values ((select count(*) from '../outside.csv')))",
    "select 1 from 'data/x.csv' a join '../outside.csv' b on true",
    "select 1 from 'data/x.csv' a, lateral (select * from '../outside.csv') b",
    "select 1 from 'data/x.csv' qualify row_number() over (order by (select count(*) from '../outside.csv')) = 1",
    "select 1 from 'data/x.csv' group by all having (select count(*) from '../outside.csv') > 0",
    "select 1 from 'data/x.csv' using sample (select 1)",
    "select * from 'data/x.csv' at (version => 1)",
    "(select 1) intersect (select count(*) from '../outside.csv')",
    "from '../outside.csv'",
    "from '../outside.csv' select *",
    'table "../outside.csv"',
    "values ((select count(*) from '../outside.csv'))",
    "select",
    "",
    ";",
    "drop",
    "\u202e",
    "\ufeffcopy (select 1) to 'new.csv'",
    "select '\ud800'",
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select '" + "x" * 200_000 + "'",
]

GROWING = [
    "select len(range(1000000000))",
    "select len(list_resize([1], 1000000000))",
    "select len(string_agg(repeat('x', 100000000), '')) from range(100)",
    "select len(list(range)) from range(1000000000)",
    "select lpad('x', 2000000000, 'y')",
]

READ = [
    "(" * 2000 + "select 1" + ")" * 2000,
    "select phone from 'data/x.csv'",
    "from 'data/*.csv'",
    "select phone from read_csv('data/x.csv', header = true, all_varchar = true) where n = '1'",
    "with a as (select phone from 'data/x.csv'), b as (select * from a) select b.phone from b",
    "with recursive a as (select 1 as n union all select n + 1 from a where n < 5) select n from a order by n",
    "select phone from 'linked.csv' where phone like '06%' order by phone limit 1",
    "with \"duckdb_settings\" as (select 'x' as phone) select * from duckdb_settings",
    "select phone from (select *, row_number() over (partition by phone) as r from './data/x.csv') where r = 1;",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("escapes") / "project"
    files = {
        "data/x.csv": "phone;n\n0639980001;1\n0639980002;2\n",
        "data/y.csv": "phone;n\n0639980003;1\n",
        "data/notes.txt": f"phone\n{CLOSED}\n",
        "data/state.db": "SQLite format 3\0",
        "data/state.duckdb": "DUCK",
        ".git/closed.csv": f"phone\n{CLOSED}\n",
        ".git/config": CLOSED,
        ".campaign/closed.csv": f"phone\n{CLOSED}\n",
        ".env": f"phone={CLOSED}\n",
        "../outside.csv": f"phone\n{OUTSIDE}\n",
        "../elsewhere/outside.csv": f"phone\n{OUTSIDE}\n",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "folder.csv").mkdir()
    (root / "out.csv").symlink_to("../outside.csv")
    (root / "outfolder").symlink_to("../elsewhere")
    (root / "linked.csv").symlink_to("data/x.csv")
    (root / "hard.csv").hardlink_to(root.parent / "outside.csv")
    os.mkfifo(root / "pipe.csv")
    return root


@pytest.fixture(scope="module")
def ask(folder):
    """A function that has a query answered by a sealed process of its own."""
    with subprocess.Popen(
        [sys.executable, str(RUNNER), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(folder.parent)},
    ) as process:

        def ask(sql: str) -> dict[str, object]:
            before = _photograph(folder.parent)
            words = {"outside": str(folder.parent / "outside.csv"), "absolute": str(folder.parent)}
            for name, value in words.items():
                sql = sql.replace("{" + name + "}", value)
            process.stdin.write(json.dumps(sql.replace("{{", "{").replace("}}", "}")) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert _photograph(folder.parent) == before
            return answer

        yield ask
        process.stdin.close()


def _photograph(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every file of a folder: its kind, time of change and bytes."""
    photograph = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        photograph[str(path)] = (about.st_mode, about.st_mtime_ns, about.st_size, content)
    return photograph


def test_there_are_enough_of_them():
    assert len(set(WRITING + READING + GROWING)) >= 150


@pytest.mark.slow
@pytest.mark.parametrize("sql", WRITING + READING)
def test_a_query_that_tries_to_get_out_is_refused_and_no_file_changes(ask, sql):
    answer = ask(sql)
    assert answer.get("code") in {
        "query-refused", "query-invalid", "query-failed", "no-such-file", "not-a-file", "path-outside-project",
        "unsupported-file", "source-too-large",
    }, answer  # fmt: skip
    assert OUTSIDE not in str(answer)
    assert CLOSED not in str(answer)


@pytest.mark.slow
@pytest.mark.parametrize("sql", GROWING)
def test_a_query_that_grows_without_end_is_ended(ask, sql):
    assert ask(sql).get("code") in {"memory", "ended", "source-too-large", "query-failed"}


@pytest.mark.parametrize("sql", READ)
def test_a_query_that_only_reads_the_projects_files_is_answered(ask, sql):
    assert ask(sql).get("texts"), sql
