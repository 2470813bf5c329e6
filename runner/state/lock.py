"""One runner per account: an operating system lock beside the state that dies with its holder, and the fence it sets.

The lock is manners, the epoch in the ledger the law: each taking raises it, and each recording transaction compares it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from filelock import lock_descriptor
from sqlalchemy import Connection, select, update

from runner.errors import AccountLocked, StateUnavailable
from runner.model.clock import Clock
from runner.model.ledger import Holder
from runner.state.fence import Held, find_identity
from runner.state.folders import open_lock
from runner.state.holders import describe_holder, is_provably_gone, read_holder, this_holder
from runner.state.open import State
from runner.state.tables import accounts, insert_row, runs

__all__ = ["Held", "hold_account", "is_provably_gone", "this_holder"]

POLL_S = 0.2


@contextmanager
def hold_account(
    state: State, *, fingerprint: bytes, account: str, holder: Holder, wait: timedelta, clock: Clock
) -> Iterator[Held]:
    """Hold the lock of the account with this fingerprint as long as the block lasts.

    Waits for at most `wait`, then raises AccountLocked with who holds it.
    """
    path = state.path.with_suffix(f".{fingerprint.hex()}.lock")
    deadline_s = clock.read().boottime_s + wait.total_seconds()
    while (descriptor := _take(path)) is None:
        left_s = deadline_s - clock.read().boottime_s
        if left_s <= 0:
            raise _tell_locked(state, fingerprint, account)
        clock.wait(min(left_s, POLL_S))
    try:
        locked = os.fstat(descriptor)
        with state.transactions.recording() as connection:
            account_id, epoch = _raise_epoch(connection, fingerprint)
            run_id = _record_run(connection, account_id, holder)
        yield Held(
            account=account,
            account_id=account_id,
            run_id=run_id,
            epoch=epoch,
            lock_file=path,
            lock_identity=(locked.st_dev, locked.st_ino),
        )
    finally:
        # The lock goes with the descriptor; its file stays, since who waits has opened it already.
        os.close(descriptor)


def _take(path: Path) -> int | None:
    """A descriptor that holds the lock; None where another one does, or where the file was removed meanwhile."""
    try:
        descriptor = open_lock(path)
    except OSError as error:
        raise StateUnavailable(f"`{path}` can't be opened: {error.strerror}") from error
    try:
        locked = os.fstat(descriptor)
        if lock_descriptor(descriptor, blocking=False) and find_identity(path) == (locked.st_dev, locked.st_ino):
            return descriptor
    except OSError as error:
        os.close(descriptor)
        raise StateUnavailable(f"`{path}` can't be locked: {error.strerror}") from error
    os.close(descriptor)
    return None


def _raise_epoch(connection: Connection, fingerprint: bytes) -> tuple[int, int]:
    """The account's row, made where it is missing, and its raised epoch."""
    found = select(accounts.c.id, accounts.c.epoch).where(accounts.c.fingerprint == fingerprint).with_for_update()
    row = connection.execute(found).one_or_none()
    if row is None:
        return insert_row(connection, accounts, {"fingerprint": fingerprint, "epoch": 1}), 1
    connection.execute(update(accounts).where(accounts.c.id == row.id).values(epoch=row.epoch + 1))
    return row.id, row.epoch + 1


def _record_run(connection: Connection, account_id: int, holder: Holder) -> int:
    run = {column.name: getattr(holder, column.name) for column in runs.c if column.name not in ("id", "account_id")}
    return insert_row(connection, runs, {"account_id": account_id, **run})


def _tell_locked(state: State, fingerprint: bytes, account: str) -> AccountLocked:
    with state.transactions.reading() as connection:
        newest = (
            select(runs).join(accounts).where(accounts.c.fingerprint == fingerprint).order_by(runs.c.id.desc()).limit(1)
        )
        row = connection.execute(newest).one_or_none()
    hint = "wait for it with `--lock-timeout`, or end that process"
    holder = None if row is None else read_holder(row)
    if holder is None or is_provably_gone(holder):
        return AccountLocked(f"account `{account}` is held by a process that has just started", hint=hint)
    return AccountLocked(f"account `{account}` is held by {describe_holder(holder)}", hint=hint)
