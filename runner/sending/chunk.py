"""The four steps of one chunk: connect, record it as sending, send it, record the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from runner.model.clock import Clock, Instant
from runner.model.config import Account, Content
from runner.model.events import ChunkRecorded, Event
from runner.model.ledger import ChunkStatus, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.model.verdict import Accepted, ChunkRefused, NotSent, Unknown, Verdict
from runner.providers import http, voicepartner
from runner.state.lock import Held
from runner.state.open import State

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How this run reaches one account's provider: the address, the key, the lock that is held, and the ledger."""

    account: Account
    base_url: str
    api_key: Secret
    proxy: Secret | None
    allowed_hosts: frozenset[str] | None
    held: Held
    state: State
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The numbers of one request, with what their people hear."""

    campaign: str
    edition: str | None
    label: str
    content: Content
    kept_content: KeptContent
    schedule: datetime | None
    numbers: Sequence[int]
    probe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a chunk.

    `chunk` is its id, None where nothing was recorded since nothing was sent. `ended` is the moment after which no
    byte of the request can arrive any more; None where none left.
    """

    chunk: str | None
    verdict: Verdict
    ended: Instant | None = None

    @property
    def status(self) -> ChunkStatus:
        """What the chunk became in the ledger."""
        if isinstance(self.verdict, Accepted):
            return ChunkStatus.ACCEPTED
        return ChunkStatus.UNKNOWN if isinstance(self.verdict, Unknown) else ChunkStatus.REJECTED

    def find_remark(self, sent: int) -> str | None:
        """What a reader should know of the answer: why it was refused, or that it counts fewer people than were sent."""
        if not isinstance(self.verdict, Accepted):
            return self.verdict.reason
        counted = self.verdict.acceptance.counted
        return f"the provider counted {counted} of {sent} people" if counted is not None and counted < sent else None


def send_chunk(chunk: Chunk, door: Door, tell: Tell) -> Outcome:
    """Carry one chunk through the four steps.

    Raises LockLost, TooManyInDoubt or AlreadyHeld where the ledger refuses to record it: nothing was sent then.
    """
    recorded: list[str] = []

    def record_sending() -> None:
        recorded.append(_record_sending(chunk, door))
        people = len(chunk.numbers)
        at = door.clock.now()
        tell(ChunkRecorded(at=at, label=chunk.label, chunk=recorded[0], recipients=people, probe=chunk.probe))

    answer = http.send(
        f"{door.base_url.rstrip('/')}/campaign/send",
        voicepartner.build_body(door.api_key, chunk.content, chunk.schedule, chunk.numbers),
        timeout=door.account.timeout,
        before_first_byte=record_sending,
        clock=door.clock,
        proxy=door.proxy,
        allowed_hosts=door.allowed_hosts,
    )
    return _record_answer(chunk, door, recorded[0] if recorded else None, answer)
