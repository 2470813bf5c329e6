"""The one connection to a state, and its transactions, whatever keeps the state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Connection, Update


class Grip(Protocol):
    """The lock of one account, as whatever keeps the state gives it; it goes when its process goes."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """By which a server is asked for this lock, the parameters of `STANDING`; none where a file is locked."""
        ...

    def find_loss(self, standing: str | None) -> str | None:
        """Why this lock is held no longer, or None while it is; `standing` is what the database answers."""
        ...

    def release(self) -> None:
        """Give the lock back, where it is still held."""
        ...


class Transactions(ABC):
    """One connection to a state and its transactions. What fails in one leaves nothing of it behind.

    Raises StateUnavailable where the state can't be read or written just now, StateRefused where it never can.
    """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """One moment of the state, for as long as the block lasts."""

    @abstractmethod
    def recording(self) -> AbstractContextManager[Connection]:
        """A durable transaction: no other may record meanwhile, and at the block's end it is on the disk."""

    @abstractmethod
    def fenced(self) -> AbstractContextManager[Connection]:
        """A durable transaction of whoever holds a lock. Raises LockLost where the lock went with its connection."""

    @abstractmethod
    def change(self, change: Update, values: Mapping[str, object]) -> int:
        """One change as a durable transaction of its own; answer how many rows it found.

        Where it can't be told whether it was carried out, it may be carried out twice.
        """

    @abstractmethod
    def take(self, state_id: str, fingerprint: bytes) -> Grip | None:
        """The lock of the account with this fingerprint, or None where somebody holds it."""

    @abstractmethod
    def end_holder(self, state_id: str, fingerprint: bytes) -> bool:
        """End the session that holds this lock; False where none does, and where only its process can be ended."""

    @abstractmethod
    def limit_waits(self, timeout: timedelta) -> None:
        """Let no wait for others last as long as a request may: whoever records later than that is ended unheard."""

    @abstractmethod
    def find_risk(self) -> str | None:
        """What may lose or betray what was recorded, and can't be mended from here; None where nothing is known to."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the state, and of every lock."""
