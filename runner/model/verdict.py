"""What an answer means for its chunk: the rows of the contract's table, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from runner.model.ledger import Acceptance


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the chunk."""

    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Too many requests: this one was not processed. `retry_after` is what the answer asked for, where it did."""

    reason: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """The key, the credit, the permission or the address is wrong: nothing of this account can be sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ContentRefused:
    """The recording, the sender or the notification is wrong: nothing of this campaign can be sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChunkRefused:
    """A refusal that may be the fault of one number among the chunk's."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes left, and no answer says what became of them: never sent again by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request left. `final` where trying again can't help (a host that may not be connected to)."""

    reason: str
    final: bool = False


Verdict = Accepted | RateLimited | AccountRefused | ContentRefused | ChunkRefused | Unknown | NotSent
