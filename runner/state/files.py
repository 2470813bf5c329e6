"""A state in a SQLite file: made under another name and renamed when it is whole, looked over before it is trusted."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from fnmatch import fnmatch
from glob import escape
from pathlib import Path
from typing import final

from sqlalchemy import Connection

from runner.errors import StateRefused, StateUnavailable
from runner.model.secret import Secret
from runner.state.folders import hold_making, is_there, make_folder, sync_folder
from runner.state.homes import Fill, Home
from runner.state.keyfile import find_or_make_key, key_beside, read_key
from runner.state.places import refuse_file, refuse_network, refuse_read_only
from runner.state.sqlite import SqliteTransactions, open_reading, refuse_damaged
from runner.state.tracking import refuse_tracked, warn_of_untold
from runner.state.transactions import Transactions
from runner.state.versions import find_version, migrate

LOCK_DIGITS = 32
"""The hexadecimal digits of an account's fingerprint, in the name of its lock's file."""
APPLICATION_ID = 0x43525354
"""What marks a SQLite file as a state (sqlite.org/pragma.html, application_id): `CRST`."""


@final
class StateFile(Home):
    """The file that a `sqlite:///` URL names, and what lies beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def find(self, *, recording: bool) -> SqliteTransactions | None:
        """The state in this file, whole and its own; None where there is no file."""
        with _telling(self.path):
            found = is_there(self.path)
            refuse_tracked(self.path)
            if not found:
                return None
            refuse_file(self.path)
            refuse_network(self.path)
            if recording:
                refuse_read_only(self.path)
        opened = SqliteTransactions(self.path, recording=True) if recording else open_reading(self.path)
        with ExitStack() as until_refused:
            until_refused.callback(opened.close)
            if recording:
                self._refuse_torn(opened)
            with opened.reading() as connection:
                if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
                    raise self.refuse_foreign()
            until_refused.pop_all()
        return opened

    def make(self, fill: Fill, find_key: Callable[[], Secret]) -> bool:
        """Make a state that is whole before it has its name.

        So no other process sees half a state, and none is left after a crash.
        """
        with _telling(self.path):
            make_folder(self.path.parent)
            refuse_network(self.path)
            refuse_tracked(self.path)
            with hold_making(self.path):
                if is_there(self.path):
                    return False
                find_key()
                unfinished = self.path.with_name(f"{self.path.name}.new")
                # A journal that an earlier state left behind would be rolled back into this one.
                for stray in (unfinished, *_name_journals(unfinished), *_name_journals(self.path)):
                    stray.unlink(missing_ok=True)
                _write(unfinished, fill)
                for journal in _name_journals(unfinished):
                    journal.unlink(missing_ok=True)
                unfinished.replace(self.path)
                sync_folder(self.path.parent)
        return True

    def read_key(self) -> Secret:
        """The random key beside the file."""
        with _telling(self.path):
            return read_key(self.path)

    def find_key(self) -> Secret | None:
        """The random key beside the file, which one that an earlier state left may be."""
        with _telling(self.path):
            return read_key(self.path) if is_there(key_beside(self.path)) else None

    def find_or_make_key(self) -> Secret:
        """The random key beside the file, made where there is none. The caller is about to make the state."""
        return find_or_make_key(self.path)

    def upgrade(self, transactions: Transactions, version: int, *, recording: bool) -> Transactions:
        """Upgrade the file in place, with a copy of it kept beside; whoever only reads gets an upgraded copy."""
        if recording:
            with hold_making(self.path):
                # Another process may have done so meanwhile.
                with transactions.reading() as connection:
                    version, known = find_version(connection), version
                if version == known:
                    self._keep_copy(version)
                with transactions.recording() as connection:
                    migrate(connection)
            return transactions
        transactions.close()
        copy = SqliteTransactions(self.path, recording=False, copied=True)
        with copy.recording() as connection:
            migrate(connection)
        return copy

    def find_timeline(self, _connection: Connection) -> str | None:
        """A file remembers nothing outside itself by which it could be known for an older copy."""
        return None

    def find_traces(self) -> str | None:
        """The lock of an account: it lies beside a state that was used, and is never removed by this program."""
        with _telling(self.path):
            # Not by `glob`, to which a folder that can't be listed is an empty one.
            beside = sorted(self.path.parent.iterdir()) if is_there(self.path.parent) else []
        lock = f"{escape(self.path.stem)}.{'?' * LOCK_DIGITS}.lock"
        return next((str(path) for path in beside if fnmatch(path.name, lock)), None)

    def find_doubt(self) -> str | None:
        """Whether git tracks it can't be told everywhere."""
        return warn_of_untold(self.path)

    def _keep_copy(self, version: int) -> None:
        """Copy the state beside itself, by SQLite's own means: that never sees half of a recording."""
        kept = self.path.with_name(f"{self.path.name}.version-{version}")
        unfinished = kept.with_name(f"{kept.name}.new")
        with _telling(self.path):
            unfinished.unlink(missing_ok=True)
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(unfinished)) as copy:
                    source.backup(copy)
            except sqlite3.Error as error:
                message = f"no copy of `{self.path}` can be kept before its upgrade: {error}"
                raise StateUnavailable(message, hint="make room beside it, then run again") from error
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(kept)
            sync_folder(kept.parent)

    def _refuse_torn(self, transactions: SqliteTransactions) -> None:
        with transactions.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise refuse_damaged(self.path, f"{found}")


def _write(unfinished: Path, fill: Fill) -> None:
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(SqliteTransactions(unfinished, recording=True)) as made, made.recording() as connection:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        fill(connection)


def _name_journals(path: Path) -> Iterator[Path]:
    yield from (path.with_name(path.name + ending) for ending in ("-journal", "-wal", "-shm"))


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        hint = "give this user the right to enter, list and write the state's folder"
        raise StateRefused(
            f"`{error.filename or path}` can't be used: {error.strerror}", hint=hint, code="state-read-only"
        ) from error
    except OSError as error:
        raise StateUnavailable(
            f"`{path}` can't be kept: {error.strerror}", hint="check the disk, then run again"
        ) from error
