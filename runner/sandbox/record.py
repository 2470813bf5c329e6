"""What the sandbox counts: requests, people reached, people reached twice; in a file that outlives the process.

No number lies in it: people are kept as hashes with a salt of that file's own.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from runner.errors import RunnerError
from runner.model.clock import Instant

TABLES = """
CREATE TABLE IF NOT EXISTS salts (id INTEGER PRIMARY KEY CHECK (id = 1), salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    call TEXT NOT NULL,
    account BLOB NOT NULL,
    boot TEXT NOT NULL,
    arrived_s REAL NOT NULL,
    limited INTEGER NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS requests_by_arrival ON requests (call, account, boot, arrived_s);
CREATE TABLE IF NOT EXISTS reached (
    audio BLOB NOT NULL,
    number BLOB NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (audio, number)
) WITHOUT ROWID;
"""

SEND = "campaign/send"


class RecordUnreadable(RunnerError):
    """The sandbox's record is not there, or is something else."""

    code = "sandbox-record-unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxCount:
    """What the sandbox has counted since its record began.

    `requests` arrived at `campaign/send`; `taken` of them reached people, `limited` were answered 429. `people` are
    different numbers reached; `twice` are those that were reached more than once with one recording. `busiest` is the
    largest number of requests of one account that arrived in any sliding window.
    """

    requests: int
    taken: int
    limited: int
    people: int
    twice: int
    busiest: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that was noted; `wait_s` says how long its account has to wait, where it was one too many."""

    request: int
    wait_s: float | None


class Record:
    """The record while the sandbox serves, in a file or, without one, in memory; safe with threads and processes."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        # A killed process loses nothing of this; a power cut may, and nobody is reached by it.
        self._connection.executescript(f"PRAGMA synchronous = OFF; PRAGMA journal_mode = PERSIST; {TABLES}")
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO salts VALUES (1, ?)", (secrets.token_bytes(32),))
        self._salt: bytes = self._connection.execute("SELECT salt FROM salts").fetchone()[0]

    def close(self) -> None:
        """Nothing more is recorded."""
        with self._lock:
            self._connection.close()

    def note_request(self, call: str, key: str, at: Instant, *, requests: int, per_s: float) -> Arrival:
        """A request has arrived: at most `requests` of a call and a key are let through in any sliding `per_s`.

        Those that were not let through don't count against the next.
        """
        account, since_s = self._hash(key), at.boottime_s - per_s
        with self._transaction():
            earlier = self._connection.execute(
                "SELECT arrived_s FROM requests WHERE call = ? AND account = ? AND boot = ? AND arrived_s > ?"
                " AND NOT limited ORDER BY arrived_s DESC LIMIT ?",
                (call, account, at.boot_id, since_s, requests),
            ).fetchall()
            limited = len(earlier) >= requests
            noted = self._connection.execute(
                "INSERT INTO requests (call, account, boot, arrived_s, limited) VALUES (?, ?, ?, ?, ?)",
                (call, account, at.boot_id, at.boottime_s, limited),
            )
        return Arrival(noted.lastrowid or 0, float(earlier[-1][0]) - since_s if limited else None)

    def note_reached(self, arrival: Arrival, audio: str, numbers: Iterable[str]) -> None:
        """The message of this request has been taken for these numbers, each spelled `+33…`."""
        rows = [(self._hash(audio), self._hash(number)) for number in numbers]
        with self._transaction():
            self._connection.execute("UPDATE requests SET taken = 1 WHERE id = ?", (arrival.request,))
            self._connection.executemany(
                "INSERT INTO reached VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1", rows
            )

    def count(self, per_s: float) -> SandboxCount:
        """What has been counted so far."""
        with self._lock:
            return _count(self._connection, per_s)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _hash(self, text: str) -> bytes:
        return blake2b(text.encode(), key=self._salt, digest_size=16).digest()


def read_record(path: Path, *, per_s: float = 60.0) -> SandboxCount:
    """What the sandbox has counted into this file, by whichever process; `busiest` is that of any `per_s` seconds."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            return _count(connection, per_s)
    except sqlite3.Error as error:
        raise RecordUnreadable(f"`{path}` is no record of the sandbox") from error


def _count(connection: sqlite3.Connection, per_s: float) -> SandboxCount:
    requests, taken, limited = connection.execute(
        "SELECT count(*), total(taken), total(limited) FROM requests WHERE call = ?", (SEND,)
    ).fetchone()
    people, twice = connection.execute(
        "SELECT count(DISTINCT number), count(DISTINCT CASE WHEN times > 1 THEN number END) FROM reached"
    ).fetchone()
    arrivals = connection.execute(
        "SELECT account, boot, arrived_s FROM requests WHERE call = ? ORDER BY arrived_s", (SEND,)
    ).fetchall()
    return SandboxCount(
        requests=requests,
        taken=int(taken),
        limited=int(limited),
        people=people,
        twice=twice,
        busiest=_find_busiest(arrivals, per_s),
    )


def _find_busiest(arrivals: Iterable[tuple[bytes, str, float]], per_s: float) -> int:
    """The most arrivals of one account in any half-open window of `per_s`."""
    arrivals_by_clock: defaultdict[tuple[bytes, str], list[float]] = defaultdict(list)
    for account, boot, arrived_s in arrivals:
        arrivals_by_clock[account, boot].append(arrived_s)
    busiest = 0
    for moments in arrivals_by_clock.values():
        first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= per_s:
                first += 1
            busiest = max(busiest, last - first + 1)
    return busiest
