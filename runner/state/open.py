"""URL → state: made where it may be, opened where it is the right one, refused where neither holds."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

from sqlalchemy import Row, insert, select

from runner.errors import StateKeyWrong, StateRefused, StateUnavailable
from runner.model.clock import Clock
from runner.model.secret import Secret
from runner.pseudonyms import Pseudonyms
from runner.state.folders import hold_making, make_folder, sync_folder
from runner.state.keyfile import find_or_make_key, read_key
from runner.state.ledger import Ledger
from runner.state.places import find_path, refuse_file, refuse_network, refuse_read_only, refuse_tracked
from runner.state.tables import VERSION, find_version, migrate
from runner.state.tables import state as state_table
from runner.state.transactions import Transactions, open_reading, refuse_damaged

APPLICATION_ID = 0x43525354
"""What marks a SQLite file as a state (sqlite.org/pragma.html, application_id): `CRST`."""

MAKE_ANEW = "put it back; or make a new one on purpose with `campaign state init`, to which nobody has been reached yet"


@final
class State:
    """The ledger, and what makes it this one: its id, its serial and the key of its pseudonyms."""

    def __init__(self, path: Path, transactions: Transactions, pseudonyms: Pseudonyms, state_id: str) -> None:
        self.path = path
        self.transactions = transactions
        self.pseudonyms = pseudonyms
        self.id = state_id
        self.ledger = Ledger(transactions)

    @property
    def serial(self) -> int:
        """How often a chunk was recorded in this state, as it is now: of two copies, the newer one has the higher."""
        with self.transactions.reading() as connection:
            serial: int = connection.execute(select(state_table.c.serial)).scalar_one()
            return serial

    def close(self) -> None:
        """Let go of the state."""
        self.transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def find_state(url: str, *, root: Path, key: Secret | None, pin: str | None) -> State | None:
    """The state for whoever only reads: nothing is made and nothing changed. None where there is none, and no pin.

    Raises StateRefused where the pinned state isn't there or is another one, and where it can't be trusted.
    """
    path = find_path(url, root)
    if not os.path.lexists(path):
        _refuse_missing(path, pin)
        return None
    return _open(path, key, pin, recording=False)


def open_state(url: str, *, root: Path, key: Secret | None, pin: str | None, clock: Clock) -> State:
    """The state for whoever records; made where there is none, unless one is pinned.

    Raises StateRefused where the pinned state isn't there or is another one, and where it can't be trusted.
    """
    path = find_path(url, root)
    if not os.path.lexists(path):
        _refuse_missing(path, pin)
        _make(path, key, clock)
    return _open(path, key, pin, recording=True)


def create_state(url: str, *, root: Path, key: Secret | None, pin: str | None, clock: Clock) -> State:
    """A new state, under a new id, whatever id is pinned. Raises StateRefused where there is one already."""
    path = find_path(url, root)
    if os.path.lexists(path) or not _make(path, key, clock):
        pinned = "" if pin is None else f", and `state_id` pins state {pin}"
        hint = "to begin anew, after which nobody counts as reached, move it away first, with its key"
        raise StateRefused(f"`{path}` is there already{pinned}", hint=hint, code="state-exists")
    return _open(path, key, None, recording=True)


def _refuse_missing(path: Path, pin: str | None) -> None:
    if pin is not None:
        message = f"`state_id` pins state {pin}, and there is none at `{path}`"
        raise StateRefused(message, hint=MAKE_ANEW, code="state-missing")


def _make(path: Path, key: Secret | None, clock: Clock) -> bool:
    """Make a state; False where another process has just done so.

    It is whole before it has its name: no other process sees half a state, and none is left after a crash.
    """
    with _telling(path):
        make_folder(path.parent)
        refuse_network(path)
        with hold_making(path):
            if os.path.lexists(path):
                return False
            pseudonyms = Pseudonyms(key if key is not None else find_or_make_key(path))
            unfinished = path.with_name(f"{path.name}.new")
            # A journal that an earlier state left behind would be rolled back into this one.
            for stray in (unfinished, *_name_journals(unfinished), *_name_journals(path)):
                stray.unlink(missing_ok=True)
            _fill(unfinished, pseudonyms, clock)
            for journal in _name_journals(unfinished):
                journal.unlink(missing_ok=True)
            unfinished.replace(path)
            sync_folder(path.parent)
    return True


def _fill(unfinished: Path, pseudonyms: Pseudonyms, clock: Clock) -> None:
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    transactions = Transactions(unfinished, recording=True)
    try:
        with transactions.recording() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            migrate(connection)
            connection.execute(
                insert(state_table).values(
                    singleton=1,
                    version=VERSION,
                    state_id=secrets.token_hex(16),
                    serial=0,
                    check_value=pseudonyms.check_value,
                    created_at=clock.now(),
                )
            )
    finally:
        transactions.close()


def _open(path: Path, key: Secret | None, pin: str | None, *, recording: bool) -> State:
    with _telling(path):
        refuse_file(path)
        refuse_network(path)
        refuse_tracked(path)
        if recording:
            refuse_read_only(path)
    transactions = Transactions(path, recording=True) if recording else open_reading(path)
    with ExitStack() as until_refused:
        until_refused.callback(transactions.close)
        if recording:
            _check_whole(path, transactions)
        state = _identify(path, transactions, key, pin)
        if recording:
            with transactions.recording() as connection:
                migrate(connection)
        until_refused.pop_all()
    return state


def _identify(path: Path, transactions: Transactions, key: Secret | None, pin: str | None) -> State:
    """The state that this is. Raises StateRefused where it is another than the pinned one, or another key's."""
    row = _read_row(path, transactions)
    if pin is not None and row.state_id != pin:
        message = f"`state_id` pins state {pin}, and `{path}` is state {row.state_id}"
        raise StateRefused(message, hint=f"put back state {pin}, or pin the one that is meant", code="state-other")
    pseudonyms = Pseudonyms(key if key is not None else read_key(path))
    if pseudonyms.check_value != row.check_value:
        raise _tell_wrong_key(path, key)
    return State(path, transactions, pseudonyms, row.state_id)


def _read_row(path: Path, transactions: Transactions) -> Row[Any]:
    with transactions.reading() as connection:
        marked = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if marked != APPLICATION_ID:
            hint = "let `state` name a file of its own"
            raise StateRefused(f"`{path}` is a database of another program", hint=hint, code="state-foreign")
        version = find_version(connection)
        if version > VERSION:
            message = f"`{path}` was made by a newer release (its version is {version}, this release knows {VERSION})"
            raise StateRefused(message, hint="use that release, or a later one", code="state-newer")
        return connection.execute(select(state_table)).one()


def _check_whole(path: Path, transactions: Transactions) -> None:
    with transactions.reading() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise refuse_damaged(path, f"{found}")


def _tell_wrong_key(path: Path, key: Secret | None) -> StateKeyWrong:
    message = f"`{path}` was made with another key: by this one, everybody would count as not reached"
    if key is None:
        return StateKeyWrong(message, hint="put back the key that lay beside it, or set its `state_key`")
    return StateKeyWrong(message, hint="set `state_key` to the key it was made with, or remove it if there was none")


def _name_journals(path: Path) -> Iterator[Path]:
    yield from (path.with_name(path.name + ending) for ending in ("-journal", "-wal", "-shm"))


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        hint = "give this user the right to write the state's folder"
        raise StateRefused(
            f"`{error.filename or path}` can't be used: {error.strerror}", hint=hint, code="state-read-only"
        ) from error
    except OSError as error:
        raise StateUnavailable(
            f"`{path}` can't be kept: {error.strerror}", hint="check the disk, then run again"
        ) from error
