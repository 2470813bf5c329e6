"""One runner per account: a lock that dies with its holder, and the fence it sets.

The lock is manners, the epoch in the ledger the law: each taking raises it, and each recording transaction compares it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from runner.errors import AccountLocked
from runner.model.clock import Clock
from runner.model.ledger import Holder
from runner.state.dialects import read_server_clock
from runner.state.fence import Held
from runner.state.holders import describe_holder, is_provably_gone, read_holder, this_holder
from runner.state.open import State
from runner.state.tables import accounts, insert_row, runs

__all__ = ["Held", "describe_holder", "find_holders", "hold_account", "is_provably_gone", "this_holder"]

POLL_S = 0.2

ACCOUNT = (
    select(accounts.c.id, accounts.c.epoch).where(accounts.c.fingerprint == bindparam("fingerprint")).with_for_update()
)
RAISED = update(accounts).where(accounts.c.id == bindparam("account_id"))


@contextmanager
def hold_account(
    state: State, *, fingerprint: bytes, account: str, holder: Holder, wait: timedelta, clock: Clock
) -> Iterator[Held]:
    """Hold the lock of the account with this fingerprint as long as the block lasts.

    Waits for at most `wait`, then raises AccountLocked with who holds it.
    """
    deadline_s = clock.read().boottime_s + wait.total_seconds()
    while (grip := state.transactions.take(state.id, fingerprint)) is None:
        left_s = deadline_s - clock.read().boottime_s
        if left_s <= 0:
            raise _tell_locked(state, fingerprint, account)
        clock.wait(min(left_s, POLL_S))
    try:
        with state.transactions.fenced() as connection:
            account_id, epoch = _raise_epoch(connection, fingerprint)
            run_id = _record_run(connection, account_id, holder)
            skew = _find_skew(connection, clock)
        yield Held(
            account=account,
            account_id=account_id,
            run_id=run_id,
            epoch=epoch,
            grip=grip,
            boot_id=holder.boot_id,
            skew=skew,
        )
    finally:
        grip.release()


def _find_skew(connection: Connection, clock: Clock) -> timedelta:
    server = read_server_clock(connection)
    return timedelta(0) if server is None else server - clock.now()


def _raise_epoch(connection: Connection, fingerprint: bytes) -> tuple[int, int]:
    """The account's row, made where it is missing, and its raised epoch."""
    row = connection.execute(ACCOUNT, {"fingerprint": fingerprint}).one_or_none()
    if row is None:
        return insert_row(connection, accounts, {"fingerprint": fingerprint, "epoch": 1}), 1
    connection.execute(RAISED, {"account_id": row.id, "epoch": row.epoch + 1})
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


def find_holders(state: State) -> tuple[tuple[bytes, Holder], ...]:
    """The accounts of this state that are held now, by fingerprint, and by whom."""
    with state.transactions.reading() as connection:
        newest = select(func.max(runs.c.id)).group_by(runs.c.account_id)
        rows = connection.execute(
            select(runs, accounts.c.fingerprint).join(accounts).where(runs.c.id.in_(newest)).order_by(runs.c.id)
        ).all()
    held = []
    for row in rows:
        grip = state.transactions.take(state.id, row.fingerprint)
        if grip is None:
            held.append((row.fingerprint, read_holder(row)))
        else:
            grip.release()
    return tuple(held)
