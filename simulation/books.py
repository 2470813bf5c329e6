"""The ledger's tables as they stand, read without any of the product's own queries.

Those may be wrong in the very way that is to be found.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from simulation.files import spell_label

HOLDING = frozenset({"sending", "unknown", "accepted"})
IN_DOUBT = frozenset({"sending", "unknown"})

CAMPAIGNS = "SELECT id, name, edition FROM campaigns"
CHUNKS = """
SELECT k.id, k.name, k.campaign_id, t.audio, t.notify_url, k.account_id, k.account, k.run_id, k.status, k.recipients,
  k.settled_at IS NOT NULL
FROM chunks AS k JOIN contents AS t ON t.id = k.content_id ORDER BY k.id
"""
HELD = "SELECT campaign_id, pseudonym, chunk_id FROM recipients"
REFUSED = """
SELECT t.campaign_id, t.audio, t.notify_url, f.pseudonym, f.chunk_id
FROM refused AS f JOIN contents AS t ON t.id = f.content_id
"""
CHANGES = slice(24, 28)
"""Where the header of a SQLite file counts the transactions that changed it (sqlite.org/fileformat2.html, 1.3.7)."""

Person = tuple[str, int]
"""Somebody of a campaign and edition, by number."""

Refusal = tuple[str, str, str | None, int]
"""Somebody who was refused alone: campaign and edition, recording, URL, number."""


class LawBroken(AssertionError):
    """A law does not hold: the product has a defect, or the simulation has."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk, its content without its campaign, and by which run it was recorded."""

    id: int
    name: str
    label: str
    content: tuple[str, str | None]
    account_id: int
    account: str
    run: int
    status: str
    recipients: int
    settled: bool


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger holds at a moment: chunks by key, people by their chunk, refusals by the run that met them."""

    chunks: Mapping[int, Chunk] = field(default_factory=dict)
    held: Mapping[Person, Chunk] = field(default_factory=dict)
    refused: Mapping[Refusal, int] = field(default_factory=dict)

    def check(self) -> None:
        """Nobody is held by a chunk that is settled, and each chunk holds as many people as it was recorded with."""
        counts = Counter(chunk.id for chunk in self.held.values())
        for chunk in self.chunks.values():
            expected = chunk.recipients if chunk.status in HOLDING else 0
            if counts[chunk.id] != expected:
                what = f"chunk {chunk.id} is {chunk.status} with {chunk.recipients} people"
                raise LawBroken(f"{what}, and holds {counts[chunk.id]}")


class Books:
    """A connection of the laws' own to the state. `numbers` maps pseudonyms to the numbers that they stand for."""

    def __init__(self, path: Path, numbers: Mapping[bytes, int]) -> None:
        self._numbers = numbers
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # It empties the tables between histories, which no crash need survive.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA journal_mode = PERSIST")
        tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'state'")
        self._tables = [name for (name,) in tables if not name.startswith("sqlite_")]
        # Open to the end: to close it would let go of every lock that this process has on the file (fcntl(2)).
        self._header = os.open(path, os.O_RDONLY)
        self._changes = b""
        self._standing = Standing()

    def close(self) -> None:
        """Let go of the state, which nobody here has open any more."""
        self._connection.close()
        os.close(self._header)

    def forget(self) -> None:
        """Make the state one in which nothing was ever recorded."""
        self._connection.execute("BEGIN IMMEDIATE")
        for name in self._tables:
            self._connection.execute(f"DELETE FROM {name}")  # noqa: S608
        self._connection.execute("COMMIT")

    def read(self) -> Standing:
        """The ledger as it stands, read again where a transaction has changed it."""
        changes = os.pread(self._header, CHANGES.stop, 0)[CHANGES]
        if changes != self._changes:
            self._standing = self._read()
            self._standing.check()
            self._changes = changes
        return self._standing

    def _read(self) -> Standing:
        connection = self._connection
        connection.execute("BEGIN")
        try:
            labels = {of: spell_label(name, edition) for of, name, edition in connection.execute(CAMPAIGNS)}
            chunks = {
                key: Chunk(key, name, labels[of], (audio, url), *rest[:-1], settled=bool(rest[-1]))
                for key, name, of, audio, url, *rest in connection.execute(CHUNKS)
            }
            held: dict[Person, Chunk] = {}
            for of, pseudonym, key in connection.execute(HELD):
                person = labels[of], self._numbers[pseudonym]
                if person in held:
                    raise LawBroken(f"{spell(person)} is held by two chunks")
                held[person] = chunks[key]
            refused = {
                (labels[of], audio, url, self._numbers[pseudonym]): chunks[key].run
                for of, audio, url, pseudonym, key in connection.execute(REFUSED)
            }
        finally:
            connection.execute("COMMIT")
        return Standing(chunks, held, refused)


def spell(person: Person) -> str:
    """A person in words."""
    return f"person {person[1] % 1000} of {person[0]}"
