"""What a chunk costs at the least: for each, a durable commit with its people, a bare request, a durable commit.

Usage: bare_chunk.py URL CHUNKS DATABASE, which is a file, or `host=…` of a PostgreSQL server
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections.abc import Sequence
from typing import Protocol

import httpx

PEOPLE = 500
SCHEMA = """
create table chunk (id integer primary key, status text not null);
create table person (campaign integer, pseudonym {bytes}, chunk integer, primary key (campaign, pseudonym)) {how};
"""


class Ledger(Protocol):
    """What must be durable."""

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """The chunk and its people, before its request leaves."""

    def answer(self, chunk: int) -> None:
        """What became of it."""


class Sqlite:
    """In a file."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript("pragma journal_mode = wal; pragma synchronous = full;")
        self._connection.executescript(SCHEMA.format(bytes="blob", how="without rowid"))

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """In one transaction."""
        self._connection.execute("begin immediate")
        self._connection.execute("insert into chunk values (?, 'sending')", (chunk,))
        rows = [(person, chunk) for person in people]
        self._connection.executemany("insert into person values (1, ?, ?)", rows)
        self._connection.execute("commit")

    def answer(self, chunk: int) -> None:
        """In a transaction of its own."""
        self._connection.execute("update chunk set status = 'accepted' where id = ?", (chunk,))


class Postgresql:
    """On a server, people by the fastest way that there is into it."""

    def __init__(self, about: str) -> None:
        import psycopg

        self._connection = psycopg.connect(about, autocommit=True)
        self._connection.execute(SCHEMA.format(bytes="bytea", how="").encode())

    def record(self, chunk: int, people: Sequence[bytes]) -> None:
        """In one transaction, people in the server's own bytes."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("insert into chunk values (%s, 'sending')", (chunk,))
            with cursor.copy("copy person from stdin (format binary)") as copy:
                copy.set_types(["int4", "bytea", "int4"])
                for person in people:
                    copy.write_row((1, person, chunk))

    def answer(self, chunk: int) -> None:
        """In a transaction of its own."""
        self._connection.execute("update chunk set status = 'accepted' where id = %s", (chunk,))


def main(url: str, chunks: int, database: str) -> None:
    """Send `chunks` requests of 500 people each, with what must be durable before and after."""
    ledger: Ledger = Postgresql(database) if database.startswith("host=") else Sqlite(database)
    draw = random.Random(2)
    with httpx.Client(trust_env=False) as client:
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
