"""The one connection to a SQLite state: what it is set to, its transactions, and its failures as errors of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import final
from urllib.parse import quote

from sqlalchemy import Connection, Update, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from runner.errors import RunnerError, StateRefused, StateUnavailable
from runner.state.filegrip import FileGrip, find_identity, take_file
from runner.state.keyfile import warn_of_open_key
from runner.state.transactions import Transactions

BUSY_TIMEOUT_MS = 4_000
SHARE_OF_TIMEOUT = 0.4
"""A recording may wait twice, at its beginning and at its end."""

PAGE_BYTES = 8192
"""People of a chunk are spread over all pages: with twice the usual size, a chunk touches a fifth fewer in a ledger of
100,000 people, and each is written twice, to the journal and in its place; in one of millions, where it touches as
many, a chunk takes a fifth longer."""

MOST_JOURNAL = 16 * 1024**2
"""Bytes of a journal that are kept for the next transaction; a chunk in a large ledger takes some 2 MB."""

INTERRUPTED = "state-interrupted"
"""The code of the error that who may not write meets when a process died while it recorded: SQLite must undo that."""

Settings = tuple[tuple[str, str, object], ...]

RECORDING: Settings = (
    # A rollback journal, since a copy of the one file is then the whole state, and since SQLite before 3.51.3 can
    # damage a database in WAL mode; PERSIST, since to empty a journal costs less than to delete it.
    ("journal_mode", "PERSIST", "persist"),
    # So that an upgrade of a large state leaves no large journal.
    ("journal_size_limit", str(MOST_JOURNAL), MOST_JOURNAL),
    # Each commit is on the disk, and the directory with it, before a request may leave.
    ("synchronous", "EXTRA", 3),
    ("fullfsync", "ON", 1),
    ("foreign_keys", "ON", 1),
)
READING: Settings = (
    ("cell_size_check", "ON", 1),
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
    # Kept in memory, so that a chunk of a large ledger doesn't read again what the last one read. In KiB.
    ("cache_size", "-8192", -8192),
    # What a table in memory would spill could hold pseudonyms.
    ("temp_store", "MEMORY", 2),
)
"""What a connection is set to, and what SQLite must answer when it is asked (sqlite.org/pragma.html)."""


@final
class SqliteTransactions(Transactions):
    """One connection to a SQLite file, or to a copy of it in memory, for whoever may not change an older file."""

    def __init__(self, path: Path, *, recording: bool, copied: bool = False) -> None:
        self._path = path
        self._busy_ms = BUSY_TIMEOUT_MS
        self._identity = None if copied else find_identity(path)
        engine = create_engine(
            "sqlite+pysqlite://",
            # SQLAlchemy's own way to a file knows no mode, and without one SQLite makes a file that is missing.
            creator=lambda: _copy(path) if copied else _connect(path, recording=recording),
            poolclass=NullPool,
        )
        with self._telling():
            self._connection = engine.connect()
            with ExitStack() as until_set:
                until_set.callback(self._connection.close)
                self._set((*RECORDING, *READING) if recording and not copied else READING)
                until_set.pop_all()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the state, for as long as the block lasts; recording waits for it, so let it be short."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        """A durable transaction: no other may record meanwhile, and at the block's end it is on the disk."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            self._refuse_replaced()
            yield connection

    def fenced(self) -> AbstractContextManager[Connection]:
        """A durable transaction of whoever holds a lock: the lock is a file's, so it is one like any other."""
        return self.recording()

    def change(self, change: Update, values: Mapping[str, object]) -> int:
        """One change as a durable transaction of its own; answer how many rows it found."""
        with self.recording() as connection:
            return connection.execute(change, values).rowcount

    def take(self, _state_id: str, fingerprint: bytes) -> FileGrip | None:
        """The lock on a file beside the state."""
        return take_file(self._path.with_suffix(f".{fingerprint.hex()}.lock"))

    def end_holder(self, _state_id: str, _fingerprint: bytes) -> bool:
        """A file's lock goes with its process alone."""
        return False

    def limit_waits(self, timeout: timedelta) -> None:
        """Wait for other processes for a part of `timeout` at most."""
        self._busy_ms = min(self._busy_ms, int(timeout.total_seconds() * SHARE_OF_TIMEOUT * 1000))
        with self._telling():
            self._connection.exec_driver_sql(f"PRAGMA busy_timeout = {self._busy_ms}")
            self._connection.rollback()

    def find_risk(self) -> str | None:
        """Each setting was asked back; who may read the key beside the file is the owner's to say."""
        return warn_of_open_key(self._path)

    def close(self) -> None:
        """Let go of the state."""
        self._connection.close()

    def _refuse_replaced(self) -> None:
        """SQLite goes on in the file that it opened, which nobody finds again once another one has its name."""
        if self._identity not in (None, find_identity(self._path)):
            message = f"`{self._path}` is no longer the file that was opened: it was removed or replaced meanwhile"
            hint = "end every run, put back the newest copy, and look up in the provider's list what was sent last"
            raise StateRefused(message, hint=hint, code="state-older")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self._telling():
            try:
                with self._connection.begin():
                    self._connection.exec_driver_sql(begin)
                    yield self._connection
            finally:
                # A COMMIT that waited in vain for readers leaves its transaction open, and SQLAlchemy leaves it so.
                self._connection.connection.rollback()
                self._connection.rollback()

    def _set(self, settings: Settings) -> None:
        with self._connection.begin():
            for name, value, expected in settings:
                self._connection.exec_driver_sql(f"PRAGMA {name} = {value}")
                answer = self._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                if answer != expected:
                    message = f"SQLite keeps {name} at {answer} for `{self._path}`, and {value} is what keeps it safe"
                    raise StateRefused(message, hint="use the SQLite that Python brings, or another place")
            # Pseudonyms are read joined, which another encoding of texts would change.
            encoding = self._connection.exec_driver_sql("PRAGMA encoding").scalar()
            if encoding != "UTF-8":
                message = f"`{self._path}` has its texts in {encoding}: it was made by another program"
                hint = "put back a copy of the file as this program made it; a new state would reach everybody again"
                raise StateRefused(message, hint=hint)
            # A build without memory mapping has no answer to this one, and no mapping either.
            mapped = self._connection.exec_driver_sql("PRAGMA mmap_size = 0").scalar()
            if mapped:
                raise StateRefused(f"SQLite maps `{self._path}` into memory, where a stray write could damage it")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            told = _translate(error, self._path, self._busy_ms)
            if told is None:
                raise
            raise told from error


def _connect(path: Path, *, recording: bool) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode={'rw' if recording else 'ro'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    if recording:
        # A file that is not empty any more keeps the size that it has.
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    return connection


def _copy(path: Path) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with closing(_connect(path, recording=False)) as source:
        source.backup(copy)
    return copy


def open_reading(path: Path) -> SqliteTransactions:
    """A connection that can change nothing.

    Where a process died while it recorded, SQLite first undoes what that had not committed, as it must before anything
    can be read.
    """
    try:
        return SqliteTransactions(path, recording=False)
    except StateUnavailable as unavailable:
        if unavailable.code != INTERRUPTED:
            raise
    SqliteTransactions(path, recording=True).close()
    return SqliteTransactions(path, recording=False)


def find_code(error: DBAPIError) -> int:
    """SQLite's extended code of an error (sqlite.org/rescode.html); 0 where it has none."""
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code


def _translate(error: DBAPIError, path: Path, busy_ms: int) -> RunnerError | None:
    """The error as one of ours; None where it is a defect and no state of the world."""
    what = str(error.orig)
    if find_code(error) == sqlite3.SQLITE_READONLY_ROLLBACK:
        return StateUnavailable(f"`{path}` was left in the middle of a recording", hint="run again", code=INTERRUPTED)
    match find_code(error) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            message = f"another process has kept `{path}` locked for {busy_ms / 1000:g} s"
            return StateUnavailable(message, hint="end what holds it open, a backup or a database browser perhaps")
        case sqlite3.SQLITE_FULL:
            return StateUnavailable(f"the disk is full: `{path}` can't be written", hint="make room, then run again")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PROTOCOL:
            return StateUnavailable(f"`{path}` can't be read or written: {what}", hint="check the disk, then run again")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            hint = "give this user the right to write it and its folder"
            return StateRefused(f"`{path}` can't be written: {what}", hint=hint, code="state-read-only")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return refuse_damaged(path, what)
    return None


def refuse_damaged(path: Path, what: str) -> StateRefused:
    """The refusal of a state whose file is damaged."""
    hint = "put back a copy from before; a new state would reach everybody again"
    return StateRefused(f"`{path}` is damaged: {what}", hint=hint, code="state-damaged")
