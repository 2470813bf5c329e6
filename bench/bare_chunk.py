"""What a chunk costs at the least: for each, a durable commit with its people, a bare request, a durable commit.

The rows are those of the product, in its tables. Usage: bare_chunk.py URL CHUNKS DATABASE, which is a file, or `host=…`
of a PostgreSQL server.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import httpx
from sqlalchemy import Dialect, bindparam, create_engine, insert, update
from sqlalchemy.schema import CreateIndex, CreateTable

from runner.state.tables import accounts, campaigns, chunks, contents, metadata, runs

PEOPLE = 500
MOMENT = "2026-12-01T09:00:00.000000+00:00"
BOOT = "01234567-89ab-cdef-0123-456789abcdef"

PARENTS = (
    (accounts, {"id": 1, "fingerprint": b"f" * 16, "epoch": 1}),
    (
        runs,
        {
            "id": 1,
            "account_id": 1,
            "user": "ops",
            "host": "host",
            "boot_id": BOOT,
            "pid_namespace": "pid:[1]",
            "pid": 1,
            "process_started": "1",
            "command": "campaign apply",
            "since": MOMENT,
        },
    ),
    (campaigns, {"id": 1, "name": "recall"}),
    (contents, {"id": 1, "campaign_id": 1, "digest": b"d" * 32, "audio": "a", "notify_email": "ops@example.fr"}),
)
RECORDED: Mapping[str, object] = {
    "campaign_id": 1,
    "content_id": 1,
    "account_id": 1,
    "account": "main",
    "run_id": 1,
    "status": "sending",
    "recipients": PEOPLE,
    "probe": False,
    "timeout_s": 30.0,
    "recorded_at": MOMENT,
    "recorded_boottime_s": 1000.0,
    "recorded_boot_id": BOOT,
    "plan_id": "0123456789abcdef",
    "base_url": "${BENCH_URL}",
}
ANSWERED: Mapping[str, object] = {
    "status": "accepted",
    "ended_at": MOMENT,
    "ended_boottime_s": 1001.0,
    "ended_boot_id": BOOT,
    "provider_id": "0123456789",
    "cost": "75.00",
    "currency": "EUR",
    "counted": PEOPLE,
    "audio_name": "recall.wav",
}


class Ledger(Protocol):
    """What must be durable."""

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """The chunk and its people, before its request leaves."""

    def answer(self, chunk: int) -> None:
        """What became of it."""


class Sqlite:
    """In a file."""

    def __init__(self, path: str) -> None:
        dialect = create_engine("sqlite://", paramstyle="named").dialect
        self._record, self._answer = _spell_writing(dialect)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript("pragma journal_mode = wal; pragma synchronous = full;")
        for statement, values in _spell_making(dialect):
            self._connection.execute(statement, values)

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """In one transaction."""
        self._connection.execute("begin immediate")
        self._connection.execute(self._record, {**RECORDED, "id": chunk, "name": f"chunk-{chunk}"})
        rows = [(person, chunk) for person in people]
        self._connection.executemany("insert into recipients values (1, ?, ?)", rows)
        self._connection.execute("commit")

    def answer(self, chunk: int) -> None:
        """In a transaction of its own."""
        self._connection.execute(self._answer, {**ANSWERED, "answered": chunk})


class Postgresql:
    """On a server, people by the fastest way that there is into it."""

    def __init__(self, about: str) -> None:
        import psycopg

        dialect = create_engine("postgresql+psycopg://").dialect
        self._record, self._answer = (statement.encode() for statement in _spell_writing(dialect))
        self._connection = psycopg.connect(about, autocommit=True)
        for statement, values in _spell_making(dialect):
            self._connection.execute(statement.encode(), values)

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """In one transaction, people in the server's own bytes."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(self._record, {**RECORDED, "id": chunk, "name": f"chunk-{chunk}"})
            with cursor.copy("copy recipients from stdin (format binary)") as copy:
                copy.set_types(["int4", "bytea", "int4"])
                for person in people:
                    copy.write_row((1, person, chunk))

    def answer(self, chunk: int) -> None:
        """In a transaction of its own."""
        self._connection.execute(self._answer, {**ANSWERED, "answered": chunk})


def _spell_making(dialect: Dialect) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The product's tables, and the rows that those of a chunk point at."""
    for table in metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect)), {}
        for index in table.indexes:
            yield str(CreateIndex(index).compile(dialect=dialect)), {}
    for table, values in PARENTS:
        yield str(insert(table).compile(dialect=dialect, column_keys=list(values))), values


def _spell_writing(dialect: Dialect) -> tuple[str, str]:
    """What is written of a chunk before its request, and after it."""
    record = insert(chunks).compile(dialect=dialect, column_keys=["id", "name", *RECORDED])
    answer = update(chunks).where(chunks.c.id == bindparam("answered"))
    return str(record), str(answer.compile(dialect=dialect, column_keys=list(ANSWERED)))


def main(url: str, chunks: int, database: str) -> None:
    """Send `chunks` requests of 500 people each, with what must be durable before and after."""
    ledger: Ledger = Postgresql(database) if database.startswith("host=") else Sqlite(database)
    draw = random.Random(2)
    # One connection a request, as the product has it too: one that is kept may have been closed at the other end.
    with httpx.Client(trust_env=False, headers={"Connection": "close"}) as client:
        for chunk in range(chunks):
            ledger.record(chunk, [draw.randbytes(16) for _ in range(PEOPLE)])
            numbers = ",".join(f"+33{610_000_000 + chunk * PEOPLE + person}" for person in range(PEOPLE))
            body = {
                "apiKey": "bench",
                "tokenAudio": "5f2c8e6b41d94c6a8f0e3d7b9a125c44",
                "emailForNotification": "ops@example.fr",
                "phoneNumbers": numbers,
            }
            answer = client.post(f"{url}/campaign/send", json=body)
            if not json.loads(answer.content)["success"]:
                raise SystemExit(f"bench: the sandbox refused chunk {chunk}: {answer.text}")
            ledger.answer(chunk)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
