"""The lock of an account in PostgreSQL: an advisory lock of the very session that records."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import final

from sqlalchemy import Connection, column, func, select, table, text

from runner.errors import StateUnavailable
from runner.state.dialects import IS_LOCK, STANDING
from runner.state.transactions import Transactions

ASK = select(STANDING)
END = (
    select(func.pg_terminate_backend(column("pid"), 5000))
    .select_from(table("pg_locks"))
    .where(text("pid <> pg_backend_pid()"), text(IS_LOCK.format(state=":lock_state", account=":lock_account")))
)
TRY = text("SELECT pg_try_advisory_lock(:state, :account)")
UNLOCK = text("SELECT pg_advisory_unlock(:state, :account)")
TWO_TO_32 = 2**32


@final
@dataclass(frozen=True, slots=True)
class SessionGrip:
    """A session's lock on the two numbers that stand for a state and an account; it goes with the session."""

    transactions: Transactions
    state: int
    account: int

    @property
    def numbers(self) -> Mapping[str, int]:
        """As the server shows them among its locks, where they have no sign."""
        return _show(self.state, self.account)

    def find_loss(self, standing: str | None) -> str | None:
        """The session that records must be the one that took the lock, of a server that is no copy of another."""
        if standing == "standby":
            return "the server has become a standby"
        if standing != "held":
            return "no session of it holds the lock: its connection was lost, ended, or given to others by a pooler"
        return None

    def stands(self, connection: Connection) -> bool:
        """Whether the session of this connection holds it, and may record."""
        return self.find_loss(connection.execute(ASK, self.numbers).scalar()) is None

    def release(self) -> None:
        """Give the lock back, unless it went with its session."""
        with suppress(StateUnavailable), self.transactions.reading() as connection:
            if self.stands(connection):
                connection.execute(UNLOCK, {"state": self.state, "account": self.account})


def take_session(
    transactions: Transactions, connection: Connection, state_id: str, fingerprint: bytes
) -> SessionGrip | None:
    """The lock, or None where another session has it, or this one has it already: a session can lock twice."""
    grip = SessionGrip(transactions, hash_state(state_id), hash_account(fingerprint))
    if grip.stands(connection):
        return None
    taken = connection.execute(TRY, {"state": grip.state, "account": grip.account}).scalar()
    return grip if taken else None


def end_session(connection: Connection, state_id: str, fingerprint: bytes) -> bool:
    """End the session that holds this lock; False where none does."""
    numbers = _show(hash_state(state_id), hash_account(fingerprint))
    return any(connection.execute(END, numbers).scalars().all())


def _show(state: int, account: int) -> dict[str, int]:
    return {"lock_state": state % TWO_TO_32, "lock_account": account % TWO_TO_32}


def hash_state(state_id: str) -> int:
    """The first number of the lock, which keeps two states in one database apart."""
    return int.from_bytes(sha256(state_id.encode()).digest()[:4], signed=True)


def hash_account(fingerprint: bytes) -> int:
    """The second number. Two accounts that share it would wait for each other, which hurts nobody."""
    return int.from_bytes(fingerprint[:4], signed=True)
