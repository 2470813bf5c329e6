"""What SQLite and PostgreSQL say in different words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, LargeBinary, String, TextClause, bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import UserDefinedType

from runner.pseudonyms import PSEUDONYM_BYTES
from runner.state.tables import Moment, chunks, insert_row, recipients

IS_LOCK = (
    "locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = {state} AND objid::bigint = {account}"
)
"""Which of `pg_locks` is the advisory lock of two numbers in this database of a server, whichever session holds it."""

UNIQUE_VIOLATION = "23505"
"""PostgreSQL's code of a key that is there already (its manual, appendix A)."""

INSERT_PEOPLE = "INSERT INTO recipients (campaign_id, pseudonym, chunk_id)"
SELECT_CUT = "SELECT campaign_id, substr(people, n, 16), id FROM chunk, generate_series(1, length(people), 16) AS n"
"""People are one value to the driver, since it takes long over each of many."""
CUT_ON_SERVER = (
    "WITH chunk (campaign_id, id, people) AS (VALUES (%(campaign_id)s, %(chunk_id)s, %(people)b))"
    f" {INSERT_PEOPLE} {SELECT_CUT}"
)
PLACES = "WITH RECURSIVE places (n) AS (SELECT 1 UNION ALL SELECT n + 16 FROM places WHERE n + 16 <= length(:people))"
SELECT_PLACED = "SELECT :campaign_id, substr(:people, n, 16), :chunk_id FROM places"
CUT_IN_FILE = f"{PLACES} {INSERT_PEOPLE} {SELECT_PLACED}"
RECORD_CHUNK = insert(chunks)
RAISE_SERIAL = "UPDATE state SET serial = serial + 1"

FIND_PEOPLE = (
    "SELECT pseudonym, coalesce(status, 'unknown') FROM recipients LEFT JOIN chunks ON chunks.id = chunk_id WHERE"
)
_ASKED_AT_ONCE = 1_000
"""More would take a statement that some releases of SQLite don't allow, and no less time."""


class LastHexadecimal(FunctionElement[str]):
    """The last of many bytes, in their order, as digits; of none, empty in SQLite and NULL in PostgreSQL."""

    type = String()
    inherit_cache = True


@compiles(LastHexadecimal, "sqlite")
def _write_last_sqlite(element: LastHexadecimal, compiler: SQLCompiler, **how: object) -> str:
    return f"hex(max({compiler.process(element.clauses, **how)}))"


@compiles(LastHexadecimal, "postgresql")
def _write_last_postgresql(element: LastHexadecimal, compiler: SQLCompiler, **how: object) -> str:
    # It knows no greatest bytes before release 18; their digits sort as they do.
    return f"max(encode({compiler.process(element.clauses, **how)}, 'hex') COLLATE \"C\")"


SERVER_NOW = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"


class _Bytes(UserDefinedType[bytes]):
    cache_ok = True

    def result_processor(self, _dialect: object, _coltype: object) -> Callable[[bytes | str | None], bytes | None]:
        """Bytes, whether they come as they are or as digits."""
        return lambda found: bytes.fromhex(found) if isinstance(found, str) else found


class JoinedBytes(FunctionElement[bytes]):
    """The values of a column of bytes for which a condition holds, one after the other; NULL where there are none.

    They are joined by the database: a Python object each would take ten times as long.
    """

    type = _Bytes()
    inherit_cache = True


@compiles(JoinedBytes, "sqlite")
def _join_bytes_sqlite(element: JoinedBytes, compiler: SQLCompiler, **how: object) -> str:
    joined, condition = (compiler.process(each, **how) for each in element.clauses)
    if not joins_any_bytes():
        return f"group_concat(hex({joined}), '') FILTER (WHERE {condition})"
    return f"CAST(group_concat({joined}, '') FILTER (WHERE {condition}) AS BLOB)"


@compiles(JoinedBytes, "postgresql")
def _join_bytes_postgresql(element: JoinedBytes, compiler: SQLCompiler, **how: object) -> str:
    joined, condition = (compiler.process(each, **how) for each in element.clauses)
    return f"string_agg({joined}, ''::bytea) FILTER (WHERE {condition})"


@cache
def joins_any_bytes() -> bool:
    """Whether this SQLite joins bytes as they are: releases up to 3.35 at least end each at its first NUL."""
    anything = bytes(range(256))
    with closing(sqlite3.connect(":memory:")) as connection:
        query = "SELECT CAST(group_concat(value, '') AS BLOB) FROM (SELECT ?1 AS value UNION ALL SELECT ?1)"
        return bool(connection.execute(query, (anything,)).fetchone() == (anything * 2,))


class ServerMoment(FunctionElement[datetime]):
    """The clock of the server that keeps the state; NULL where that is a file, whose clock would be this machine's."""

    type = Moment()
    inherit_cache = True


@compiles(ServerMoment, "sqlite")
def _write_moment_sqlite(_element: ServerMoment, _compiler: SQLCompiler, **_how: object) -> str:
    return "NULL"


@compiles(ServerMoment, "postgresql")
def _write_moment_postgresql(_element: ServerMoment, _compiler: SQLCompiler, **_how: object) -> str:
    return SERVER_NOW


SERVER_CLOCK = select(ServerMoment())


class LockStanding(FunctionElement[str]):
    """How the connection that asks stands to an advisory lock, by two numbers from 0 on: `held`, `lost` or `standby`.

    NULL where a file keeps the state: there a lock is a file's, of which the database knows nothing.
    """

    type = String()
    inherit_cache = True


@compiles(LockStanding, "sqlite")
def _write_standing_sqlite(_element: LockStanding, _compiler: SQLCompiler, **_how: object) -> str:
    return "NULL"


@compiles(LockStanding, "postgresql")
def _write_standing_postgresql(element: LockStanding, compiler: SQLCompiler, **how: object) -> str:
    state, account = (compiler.process(number, **how) for number in element.clauses)
    is_lock = IS_LOCK.format(state=state, account=account)
    is_held = f"EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND {is_lock})"
    return f"CASE WHEN pg_is_in_recovery() THEN 'standby' WHEN {is_held} THEN 'held' ELSE 'lost' END"


STANDING = LockStanding(bindparam("lock_state"), bindparam("lock_account"))


def read_server_clock(connection: Connection) -> datetime | None:
    """The server's clock now, or None where no server keeps the state."""
    return connection.execute(SERVER_CLOCK).scalar()


def insert_people(connection: Connection, campaign_id: int, chunk_id: int, pseudonyms: Sequence[bytes]) -> None:
    """Let the chunk hold these people, of whom there is at least one.

    Raises IntegrityError where the campaign holds one of them already, or ValueError where one is no pseudonym.
    """
    people = {"campaign_id": campaign_id, "chunk_id": chunk_id, "people": _join(pseudonyms)}
    connection.exec_driver_sql(CUT_ON_SERVER if connection.dialect.name == "postgresql" else CUT_IN_FILE, people)


def record_chunk(connection: Connection, recorded: Mapping[str, Any], pseudonyms: Sequence[bytes]) -> None:
    """Keep a new chunk, a row of `chunks`, with its people, and raise the state's serial.

    Raises what `insert_people` does.
    """
    if connection.dialect.name == "postgresql":
        # At once: a server far away takes as long for each statement.
        connection.execute(_write_chunk(tuple(recorded)), {**recorded, "people": _join(pseudonyms)})
    else:
        chunk_id = insert_row(connection, RECORD_CHUNK, recorded)
        insert_people(connection, recorded["campaign_id"], chunk_id, pseudonyms)
        connection.exec_driver_sql(RAISE_SERIAL)


def _join(pseudonyms: Sequence[bytes]) -> bytes:
    # Once they are joined and cut again, the database can't see that one of them was none.
    if any(size != PSEUDONYM_BYTES for size in map(len, pseudonyms)):
        raise ValueError(f"a pseudonym has {PSEUDONYM_BYTES} bytes")
    # In the order of the primary key, so that each page of it is touched once.
    return b"".join(sorted(pseudonyms))


@lru_cache(maxsize=2)
def _write_chunk(columns: tuple[str, ...]) -> TextClause:
    names, places = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    typed = [bindparam(column, type_=chunks.c[column].type) for column in columns]
    values = f"({names}, recorded_server_at) VALUES ({places}, {SERVER_NOW})"
    chunk = f"INSERT INTO chunks {values} RETURNING campaign_id, id, :people AS people"
    together = f"WITH raised AS ({RAISE_SERIAL}), chunk AS ({chunk}) {INSERT_PEOPLE} {SELECT_CUT}"
    return text(together).bindparams(*typed, bindparam("people", type_=LargeBinary))


def find_statuses(connection: Connection, campaign_id: int, pseudonyms: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    """Those of `pseudonyms` that the campaign holds, each with the status of its chunk, by the primary key."""
    if connection.dialect.name == "postgresql":
        asked = f"{FIND_PEOPLE} recipients.campaign_id = %s AND pseudonym = ANY(%b::bytea[])"
        yield from connection.exec_driver_sql(asked, (campaign_id, list(pseudonyms)))
        return
    for start in range(0, len(pseudonyms), _ASKED_AT_ONCE):
        page = pseudonyms[start : start + _ASKED_AT_ONCE]
        yield from connection.exec_driver_sql(_write_question(len(page)), (campaign_id, *page))


@lru_cache(maxsize=4)
def _write_question(people: int) -> str:
    return f"{FIND_PEOPLE} recipients.campaign_id = ? AND pseudonym IN ({', '.join('?' * people)})"


def is_held_twice(error: IntegrityError) -> bool:
    """Whether it is the primary key of `recipients` that was violated."""
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
        return True
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION and (
        getattr(diagnosis, "constraint_name", None) == recipients.primary_key.name
    )
