"""What whoever holds an account's lock shows in each recording transaction, so that nobody else can record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from runner.errors import LockLost, StateRefused
from runner.state.dialects import STANDING
from runner.state.tables import accounts
from runner.state.transactions import Grip

EPOCH = select(accounts.c.epoch).where(accounts.c.id == bindparam("account_id"))
FENCE = select(EPOCH.scalar_subquery().label("epoch"), STANDING.label("standing"))
"""What a recording transaction asks of a lock; its parameters are `account_id` and `Grip.numbers`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lock of one account, held by one run.

    `account` is the name under which places in doubt and probes are counted beside the account's own: with
    `dataclasses.replace` two names of one API key share the lock. `epoch` was raised when this lock was taken.
    `boot_id` is this machine's boot, and `skew` how far the clock of the server that keeps the state was ahead of
    this machine's when the lock was taken: by it, what other machines recorded is compared.
    """

    account: str
    account_id: int
    run_id: int
    epoch: int
    grip: Grip
    boot_id: str
    skew: timedelta


def refuse_older(what: str) -> StateRefused:
    """The refusal of a state in whose place somebody put an older copy while this run went on; `what` shows that."""
    hint = "end every run and put back the newer state, before anything is applied again: the older one forgot people"
    return StateRefused(f"{what}: an older copy took its place", hint=hint, code="state-older")


def check_fence(connection: Connection, held: Held) -> None:
    """Raise LockLost unless this lock is still the newest one of its account, and still held."""
    refuse_lost(held, connection.execute(FENCE, {"account_id": held.account_id, **held.grip.numbers}).one())


def refuse_lost(held: Held, found: Row[*tuple[Any, ...]]) -> None:
    """Raise LockLost unless this lock is still the newest one of its account, and still held.

    `found` is what the database answers to FENCE, perhaps with more. Raises StateRefused where the account's newest
    lock is older than this one: no run does that, only a copy from before.
    """
    if found.epoch is None or found.epoch < held.epoch:
        raise refuse_older(f"the state knows nothing of this run's lock of account `{held.account}`")
    loss = "another run has taken it" if found.epoch != held.epoch else held.grip.find_loss(found.standing)
    if loss is not None:
        message = f"this run has lost the lock of account `{held.account}`: {loss}"
        raise LockLost(message, hint="nothing more was sent: see that only one run goes on, then apply again")
