"""A query of a database that an SQLAlchemy URL names, answered in a sealed process: read-only where it can be."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, BindParameter, Connection, Engine, TextClause, bindparam, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from runner.audience.bounds import bound_memory
from runner.audience.files import open_file
from runner.audience.frames import Emit
from runner.audience.query_values import BLOCK_ROWS, Rows, choose_column, find_hurt, spell_value
from runner.audience.rows import Hurt
from runner.errors import SourceUnreadable
from runner.hosts import check_address, check_host
from runner.model.secret import Secret, scrub_secrets
from runner.numbers import mask_numbers

_CONNECT_S = 10
_POSTGRESQL_FLOAT4 = 700
"""The number of this type among PostgreSQL's, in which no other database that is known has one."""
_IS_NESTED = "SELECT typcategory IN ('A', 'C', 'R') OR typname = 'hstore' FROM pg_type WHERE oid = :kind"
"""Of a type of PostgreSQL: an array, a row, a range, or a map."""
_PARAMETER = re.compile(r"\$(p\d+)")
_COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
_READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
_DRIVERS = {"postgresql": "postgresql+psycopg"}
"""The driver that is meant where a URL names a database alone."""

_SQLITE_ALLOWS = frozenset({
    sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_TRANSACTION,
})  # fmt: skip


def answer_query(request: Mapping[str, Any], emit: Emit) -> None:
    """Run the request's query in its database, and send the texts of its column.

    Raises SourceUnreadable where it is no SELECT or the database does not answer it, HostRefused where its host may
    not be connected to. No message holds the URL.
    """
    url = _read_url(Secret(request["url"]))
    allowed = request["allowed_hosts"]
    statement = _build_statement(request["sql"], request["parameters"])
    with _explained():
        engine = _open_engine(url, Path(request["root"]), None if allowed is None else frozenset(allowed))
        bound_memory()
        with engine.connect() as connection:
            _make_read_only(connection, url.get_backend_name())
            _send_rows(connection, statement, request["column"], emit)


def _read_url(secret: Secret) -> URL:
    try:
        url = make_url(secret.open())
        port = url.port
    except (ArgumentError, ValueError):
        hint = "write an SQLAlchemy URL, as in postgresql://USER@HOST/DATABASE"
        raise SourceUnreadable("`database` is no URL of a database", hint=hint, code="database-url") from None
    if url.password is not None:
        # Errors of drivers may quote it alone.
        Secret(str(url.password))
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername), port=port)


def _open_engine(url: URL, root: Path, allowed: frozenset[str] | None) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = _find_database(url, root)
        return create_engine("sqlite://", creator=lambda: _open_sqlite(path), poolclass=NullPool)
    arguments: dict[str, object] = {}
    for host in _find_hosts(url, needed=allowed is not None):
        check_host(host, allowed)
        for address in _look_up(host):
            check_address(address)
    if url.get_backend_name() == "postgresql":
        arguments = {"connect_timeout": _CONNECT_S, "application_name": "campaign"}
    return create_engine(url, poolclass=NullPool, connect_args=arguments)


def _find_hosts(url: URL, *, needed: bool) -> list[str]:
    """The hosts that this URL leads to; a path is a socket of this machine, and no host.

    Raises SourceUnreadable where they stand elsewhere than in the URL.
    """
    asked = url.normalized_query
    named = [url.host or "", *asked.get("host", ()), *asked.get("hostaddr", ()), *asked.get("unix_socket", ())]
    hosts = [host for each in named for host in each.split(",") if host]
    if "service" in asked or "servicefile" in asked or (needed and not hosts):
        message, hint = "`database` names no host, which then stands elsewhere", "write the host in the URL"
        raise SourceUnreadable(message, hint=hint, code="database-url")
    # SQLAlchemy takes HOST:PORT there; an address of IPv6 has more colons than one.
    hosts = [host.partition(":")[0] if host.count(":") == 1 else host for host in hosts]
    return [host for host in hosts if not host.startswith(("/", "@"))]


def _look_up(host: str) -> list[str]:
    with suppress(OSError, UnicodeError):
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    return []


def _find_database(url: URL, root: Path) -> str:
    """The SQLite file of this URL, which lies inside the project."""
    base = os.path.realpath(root)
    path = os.path.relpath(os.path.realpath(root / (url.database or "")), base)
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        message, hint = "`database` names no file of SQLite", "write sqlite:///data/crm.db, inside the project"
        raise SourceUnreadable(message, hint=hint, code="database-url")
    if path.startswith(".."):
        message = f"`{url.database}` lies outside the project"
        hint = "copy the database into the project, or let a server serve it"
        raise SourceUnreadable(message, hint=hint, code="path-outside-project")
    open_file(root, path).close()
    return str(Path(base) / path)


def _open_sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _make_read_only(connection: Connection, backend: str) -> None:
    if backend in _READ_ONLY:
        connection.execute(text(_READ_ONLY[backend]))
    if backend == "sqlite":
        opened: Any = connection.connection.driver_connection
        opened.set_authorizer(lambda action, *_: 0 if action in _SQLITE_ALLOWS else sqlite3.SQLITE_DENY)
    if backend == "postgresql":
        # The process is ended at its bound; this ends what it left behind on the server.
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))


def _send_rows(connection: Connection, statement: TextClause, wanted: str | None, emit: Emit) -> None:
    streamed = connection.execution_options(stream_results=True, max_row_buffer=BLOCK_ROWS)
    with streamed.execute(statement) as result:
        columns = list(result.keys())
        place = choose_column(columns, wanted)
        rows = Rows(emit, columns)
        kind = result.cursor.description[place][1]
        hurt = Hurt.NESTED.value if _is_nested(connection, kind) else ""
        for block in result.partitions(BLOCK_ROWS):
            cells = [row[place] for row in block]
            texts = [spell_value(cell, is_single=kind == _POSTGRESQL_FLOAT4) for cell in cells]
            rows.send(texts, [find_hurt(cell) or (hurt if cell is not None else "") for cell in cells])


def _is_nested(connection: Connection, kind: object) -> bool:
    """Whether a type of PostgreSQL holds several values, of which its driver may make a text that looks like one."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.execute(text(_IS_NESTED), {"kind": kind}).scalar())


def _build_statement(sql: str, parameters: Mapping[str, Any]) -> TextClause:
    """The user's one SELECT, in which nothing but our own parameters is one. Raises SourceUnreadable for any other."""
    sql = sql.strip().removesuffix(";").rstrip()
    word = _COMMENT.sub(" ", sql).lstrip(" (").partition(" ")[0].lower()
    if word not in {"select", "with"}:
        raise _refuse("it must be one SELECT")
    if ";" in sql:
        raise _refuse("a `;` may only stand at its end: put a text with one in `vars`, and write `{{ … }}`")
    if "\0" in sql:
        raise _refuse("it has a NUL character in it")
    # What SQLAlchemy would take for a parameter is escaped, so that it stays the user's text.
    parts = [
        part.replace(":", "\\:") if place % 2 == 0 else f":{part}" for place, part in enumerate(_PARAMETER.split(sql))
    ]
    bound: list[BindParameter[Any]] = [
        bindparam(name, value, expanding=isinstance(value, list)) for name, value in parameters.items()
    ]
    return text("".join(parts)).bindparams(*bound)


@contextmanager
def _explained() -> Iterator[None]:
    """What the database or its driver says, in one line, without secrets, numbers and the values of rows."""
    try:
        yield
    except (NoSuchModuleError, ImportError) as error:
        name = getattr(error, "name", None) or "this database"
        message = f"`database` needs a driver for {name}, which is not installed"
        hint = "for PostgreSQL: `pip install 'campaign-runner[postgres]'`; else install the driver that the URL names"
        raise SourceUnreadable(message, hint=hint, code="database-driver-missing") from None
    except DBAPIError as error:
        raise _tell(str(error.orig)) from None
    except (SQLAlchemyError, UnicodeError, ValueError, OSError) as error:
        raise _tell(str(error)) from None


def _tell(said: str) -> SourceUnreadable:
    first = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    message = f"the database does not answer `query`: {mask_numbers(scrub_secrets(first))}"
    hint = "try the query with the database's own program; the role needs the right to read the tables"
    return SourceUnreadable(message, hint=hint, code="query-failed")


def _refuse(what: str) -> SourceUnreadable:
    hint = "a query is one SELECT, as in `select phone from customers`"
    return SourceUnreadable(f"`query` can't be used: {what}", hint=hint, code="query-refused")
