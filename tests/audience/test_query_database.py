"""`query` in a database: SQLite files of the project and PostgreSQL, read-only, bounded, and no URL is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal

import pytest

from runner.audience import sealed
from runner.errors import SourceUnreadable

SQLITE = "sqlite:///data/crm.db"
WORD = "word-that-nobody-may-read"
NO_DATABASE = {"data/x.txt": "a text, and no database of any kind"}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """A project with customers in a database: its folder, and the URL of the database."""
    (tmp_path / "data").mkdir()
    rows = [("0639980001", "lyon", 1), ("0639980002", "paris", 5), (None, "lyon", 7), ("0639980003", "l:x%y", 9)]
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "data/crm.db")) as connection, connection:
            connection.execute("create table customers (phone text, city text, visits integer)")
            connection.executemany("insert into customers values (?, ?, ?)", rows)
        return tmp_path, SQLITE
    cluster = request.getfixturevalue("cluster")
    schema = cluster.new_schema()
    cluster.ask(f"create table {schema}.customers (phone text, city text, visits integer)")
    for row in rows:
        cluster.ask(f"insert into {schema}.customers values (%s, %s, %s)", *row)
    return tmp_path, cluster.url(schema)


@pytest.fixture
def ask(database, build):
    """The rows of a query, as `(row, reason, text)`, pending last."""
    root, url = database

    def ask(sql, vars=None, **words):
        source = {"query": sql, "database": url, **words}
        with build(root, [source], context={"vars": vars or {}}) as audience:
            rows = [*audience.read_rows(dropped=True), *audience.read_rows(dropped=False)]
            return sorted((row.row, row.reason.value, row.text) for row in rows)

    return ask


@pytest.fixture
def refused(refuse):
    """The one problem of a query in a database of a folder without any."""

    def refused(sql, url, **words):
        (problem,) = refuse(
            {"data/x.txt": "a text, and no database of any kind"}, [{"query": sql, "database": url}], **words
        )
        assert WORD not in f"{problem.message}{problem.hint}{problem.excerpt}"
        return problem

    return refused


def test_rows_come_in_the_order_of_the_query(ask):
    assert ask("select phone from customers where visits < 8 order by visits desc") == [
        (1, "invalid", ""),
        (2, "pending", "0639980002"),
        (3, "pending", "0639980001"),
    ]


def test_values_are_bound_and_the_rest_stays_the_users_text(ask):
    variables = {"city": "l:x%y", "cities": ["lyon", "paris"], "least": 2, "escape": "' or 1=1 --"}
    assert ask("select phone from customers where city = {{ vars.city }} and '12:30' <> ':p0'", variables) == [
        (1, "pending", "0639980003")
    ]
    sql = "select phone from customers where city in {{ vars.cities }} and visits between {{ vars.least }} and 6"
    assert ask(sql, variables) == [(1, "pending", "0639980002")]
    assert ask("select phone from customers where city like 'l%y' -- :x\n", variables) == [(1, "pending", "0639980003")]
    assert ask("select phone from customers where city = {{ vars.escape }}", variables) == []
    assert ask('select {{ "phone" | identifier }} from customers where visits = 1;') == [(1, "pending", "0639980001")]


def test_columns_are_found_as_in_a_file(ask):
    assert ask("select city, phone from customers where visits = 1") == [(1, "pending", "0639980001")]
    assert ask("select city as a, phone as b from customers where visits = 1", column="B") == [
        (1, "pending", "0639980001")
    ]
    with pytest.raises(Exception, match="problem"):
        ask("select city as a, phone as b from customers")


def test_what_holds_several_values_is_no_number(cluster, build, tmp_path):
    schema = cluster.new_schema()
    cluster.ask(f"create type {schema}.mobile as enum ('0639980001')")
    cluster.ask(f"create type {schema}.contact as (phone text)")
    values = [
        f"array['0639980001'::{schema}.mobile]",
        f"row('0639980001')::{schema}.contact",
        "int4range(639980001, 639980002)",
        """'["0639980001"]'::jsonb""",
    ]
    for value in values:
        with build(tmp_path, [{"query": f"select {value} as phone", "database": cluster.url(schema)}]) as audience:
            assert [row.why for row in audience.read_rows(dropped=True)] == ["nested"], value
    text = {"query": "select '\"0639980001\"'::jsonb as phone", "database": cluster.url(schema)}
    with build(tmp_path, [text]) as audience:
        assert [row.text for row in audience.read_rows(dropped=False)] == ["0639980001"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "delete from customers",
        "with a as (select 1) delete from customers",
        "with a as (delete from customers returning *) select phone from a",
        "select phone from customers; delete from customers",
        "select 1 as phone) as a; delete from customers; select * from (select 1",
        "select phone from customers for update",
        "commit; delete from customers",
        "/* select */ delete from customers",
        "create table x (a int)",
        "pragma writable_schema = 1",
        "attach 'x.db' as x",
        "select phone into copied from customers",
        "explain delete from customers",
        "",
    ],
)
def test_nothing_is_written(ask, sql):
    before = ask("select phone from customers")
    with pytest.raises(Exception, match="problem"):
        ask(sql)
    assert ask("select phone from customers") == before


def test_many_rows_are_streamed_and_none_is_lost(ask):
    sql = "with recursive a(n) as (select 1 union all select n + 1 from a where n < 50000) select n as phone from a"
    assert [(row, text) for row, _, text in ask(sql)] == [(n, str(n)) for n in range(1, 50_001)]


def test_a_query_that_runs_on_is_ended(database):
    root, url = database
    sql = "with recursive a(n) as (select 1 union all select n + 1 from a) select max(n) from a"
    request = {"root": str(root), "sql": sql, "parameters": {}, "column": None, "url": url, "allowed_hosts": None}
    with pytest.raises(SourceUnreadable, match="takes longer than 3 seconds"):
        list(sealed.run_sealed("database", request, "`query`", deadline_s=3))


def test_an_error_of_the_database_is_told_in_a_line_without_numbers(ask):
    with pytest.raises(Exception, match="problem") as refused:
        ask("select phone from people where phone = '0612345678'")
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.line) == ("query-failed", 10)
    assert "people" in problem.message
    assert "0612345678" not in problem.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [("639980001", "pending"), ("639980001.0", "pending"), ("639980010.0", "invalid"), ("6.4e8", "invalid")],
)
def test_a_number_that_may_have_lost_digits_is_invalid(ask, value, expected):
    assert [reason for _, reason, _ in ask(f"select cast({value} as double precision) as phone")] == [expected]


def test_single_precision_never_keeps_enough_digits(cluster, build, tmp_path):
    source = {"query": "select 612345664::real as phone", "database": cluster.url()}
    with build(tmp_path, [source]) as audience:
        assert audience.rows.invalid == 1


def test_a_list_of_a_database_fails_closed_as_an_exclusion(database, refuse):
    _, url = database
    (problem,) = refuse(
        {"x.csv": "phone\n0639980001\n"}, None, [{"query": "select phone from nothing", "database": url}]
    )
    assert problem.place.line == 50


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:////etc/passwd", "path-outside-project"),
        ("sqlite:///../crm.db", "path-outside-project"),
        ("sqlite:///.campaign/state.db", "path-outside-project"),
        ("sqlite:///data/none.db", "no-such-file"),
        ("sqlite:///data/x.txt", "query-failed"),
        ("sqlite://", "database-url"),
        ("sqlite:///:memory:", "database-url"),
        ("sqlite:///file:data/crm.db?mode=rwc&uri=true", "database-url"),
        (f"{WORD}", "database-url"),
        (f"nothing://user:{WORD}@host/db", "database-driver-missing"),
        (f"mysql://user:{WORD}@127.0.0.1:1/db", "database-driver-missing"),
        (f"postgresql://user:{WORD}@127.0.0.1:1/db", "query-failed"),
        (f"postgresql://user:{WORD}@127.0.0.1:1/db?wrong={WORD}", "query-failed"),
        (f"postgresql://user:{WORD}@/db?service=other", "database-url"),
        (f"postgresql://user:{WORD}@169.254.169.254/db", "host-refused"),
        (f"postgresql://user:{WORD}@/db?hostaddr=169.254.169.254", "host-refused"),
        (f"postgresql://user:{WORD}@127.0.0.1/db?host=2852039166", "host-refused"),
    ],
)
def test_a_database_that_may_not_be_asked_or_can_not_is_a_problem_without_the_url(refused, url, code):
    assert refused("select phone from customers", url).code == code


@pytest.mark.parametrize("host", ["db.example.fr", "127.0.0.1", "[::1]", "127.0.0.1,db.example.fr"])
def test_only_allowed_hosts_are_asked(refused, host):
    url = f"postgresql://user:{WORD}@/db?host={host}" if "," in host else f"postgresql://user:{WORD}@{host}/db"
    assert refused("select 1", url, allowed_hosts=frozenset({"crm.example.fr"})).code == "host-refused"
    nowhere = refused("select 1", f"postgresql://user:{WORD}@/db", allowed_hosts=frozenset({"crm.example.fr"}))
    assert nowhere.code == "database-url"


def test_dates_and_decimals_are_bound_by_the_driver(cluster, build, tmp_path):
    context = {"vars": {"day": date(2026, 1, 2), "moment": datetime(2026, 1, 2, 3), "price": Decimal("1.50")}}
    sql = (
        "select '0639980001' as phone where {{ vars.day }} = date '2026-01-02'"
        " and {{ vars.moment }} > timestamp '2026-01-02 02:00' and {{ vars.price }} = 1.5"
    )
    with build(tmp_path, [{"query": sql, "database": cluster.url()}], context=context) as audience:
        assert audience.rows.pending == 1
