"""The lock of an account in PostgreSQL: an advisory lock of the very session that records."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import final

from sqlalchemy import Connection, select, text

from runner.errors import StateUnavailable
from runner.state.fence import LOSS
from runner.state.transactions import Transactions

HELD = select(LOSS)
LOSSES = {
    "standby": "the server has become a standby",
    "lost": "no session of it holds the lock: its connection was lost, ended, or given to others by a pooler",
}
END = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
    " WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = :state AND objid::bigint = :account AND objsubid = 2 AND granted"
    " AND pid <> pg_backend_pid()"
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
        return {"lock_state": self.state % TWO_TO_32, "lock_account": self.account % TWO_TO_32}

    def find_loss(self, told: str | None) -> str | None:
        """The session that records must be the one that took the lock, of a server that is no copy of another."""
        return LOSSES[told] if told is not None else None

    def is_held(self, connection: Connection) -> bool:
        """Whether the session of this connection holds it."""
        return connection.execute(HELD, self.numbers).scalar() is None

    def release(self) -> None:
        """Give the lock back, unless it went with its session."""
        with suppress(StateUnavailable), self.transactions.reading() as connection:
            if self.is_held(connection):
                connection.execute(UNLOCK, {"state": self.state, "account": self.account})


def take_session(
    transactions: Transactions, connection: Connection, state_id: str, fingerprint: bytes
) -> SessionGrip | None:
    """The lock, or None where another session has it, or this one has it already: a session can lock twice."""
    grip = SessionGrip(transactions, hash_state(state_id), hash_account(fingerprint))
    if grip.is_held(connection):
        return None
    taken = connection.execute(TRY, {"state": grip.state, "account": grip.account}).scalar()
    return grip if taken else None


def end_session(connection: Connection, state_id: str, fingerprint: bytes) -> bool:
    """End the session that holds this lock; False where none does."""
    numbers = {"state": hash_state(state_id) % TWO_TO_32, "account": hash_account(fingerprint) % TWO_TO_32}
    return any(connection.execute(END, numbers).scalars().all())


def hash_state(state_id: str) -> int:
    """The first number of the lock, which keeps two states in one database apart."""
    return int.from_bytes(sha256(state_id.encode()).digest()[:4], signed=True)


def hash_account(fingerprint: bytes) -> int:
    """The second number. Two accounts that share it would wait for each other, which hurts nobody."""
    return int.from_bytes(fingerprint[:4], signed=True)
