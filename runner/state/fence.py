"""What whoever holds an account's lock shows in each recording transaction, so that nobody else can record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from runner.errors import LockLost
from runner.state.tables import accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lock of one account, held by one run.

    `account` is the name under which places in doubt and probes are counted beside the account's own: with
    `dataclasses.replace` two names of one API key share the lock. `epoch` was raised when this lock was taken.
    `lock_identity` is the device and inode of the file that was locked: whoever removes the file lets another runner
    lock a new one.
    """

    account: str
    account_id: int
    run_id: int
    epoch: int
    lock_file: Path
    lock_identity: tuple[int, int]


def check_fence(connection: Connection, held: Held) -> None:
    """Raise LockLost unless this lock is still the newest one of its account, on the file that was locked."""
    newest = select(accounts.c.epoch).where(accounts.c.id == held.account_id).with_for_update()
    epoch = connection.execute(newest).scalar()
    if epoch != held.epoch or find_identity(held.lock_file) != held.lock_identity:
        message = f"this run has lost the lock of account `{held.account}`: another run may have taken it"
        hint = "see that only one of them goes on, and that nothing removes files from the state's folder"
        raise LockLost(message, hint=hint)


def find_identity(lock_file: Path) -> tuple[int, int] | None:
    """The device and inode of the file that has this name now, None where there is none."""
    try:
        found = lock_file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
