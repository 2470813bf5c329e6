"""A ledger that has reached millions of people already, filled by SQL behind the product's back."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from heapq import merge
from pathlib import Path

from runner.state.tables import chunks

PEOPLE_PER_CHUNK = 500
CHUNKS = """\
INSERT INTO chunks (name, recipients, {kept}) SELECT 'earlier-' || i, 500, {kept} FROM chunks, {series} WHERE id = 1
"""
COUNTED = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {chunks}) SELECT i FROM n)"
KEPT = ", ".join(column.name for column in chunks.c if column.name not in {"id", "name", "recipients"})


def fill_sqlite(path: Path, people: int, reached: Sequence[bytes] = ()) -> None:
    """Let the campaign of the state's first chunk hold so many more people, and those with these pseudonyms."""
    series = COUNTED.format(chunks=people // PEOPLE_PER_CHUNK)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = PERSIST; BEGIN")
        connection.execute(CHUNKS.format(kept=KEPT, series=series))
        connection.executemany("INSERT INTO recipients VALUES (1, ?, ?)", _draw(people, reached))
        connection.execute("COMMIT")


def fill_postgresql(about: str, people: int) -> None:
    """The same on a server."""
    import psycopg

    with psycopg.connect(about, autocommit=True) as connection:
        series = f"generate_series(1, {people // PEOPLE_PER_CHUNK}) AS series(i)"
        connection.execute(CHUNKS.format(kept=KEPT, series=series).encode())
        # Each foreign key would be looked up.
        connection.execute("SET session_replication_role = replica")
        with connection.cursor() as cursor, cursor.copy("COPY recipients FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "bytea", "int4"])
            for person, chunk in _draw(people):
                copy.write_row((1, person, chunk))
        connection.execute("VACUUM ANALYZE")


def _draw(people: int, reached: Sequence[bytes] = ()) -> Iterator[tuple[bytes, int]]:
    """Pseudonyms in their order, as spread as real ones, each with a chunk of another place in the order."""
    step, each = 2**32 // people, people // PEOPLE_PER_CHUNK
    strangers = ((place * step).to_bytes(4, "big") + secrets.token_bytes(12) for place in range(people))
    for place, person in enumerate(merge(strangers, sorted(reached))):
        yield person, 2 + place % each
