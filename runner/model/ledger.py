"""What the ledger keeps: chunks with their statuses, and what is recorded of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from runner.model.clock import Instant


class ChunkStatus(StrEnum):
    """Where a chunk stands. The recipients of the first three are never sent to again in their campaign."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RELEASED = "released"


IN_DOUBT = frozenset({ChunkStatus.SENDING, ChunkStatus.UNKNOWN})
HOLDING = IN_DOUBT | {ChunkStatus.ACCEPTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that runs `apply`: who, where, what, since when; enough to tell whether it still lives.

    `process_started` is the process's start in clock ticks since `boot_id` (Linux), so that a reused pid is noticed;
    `pid_namespace` says among which processes `pid` counts, since containers of one boot count their own.
    """

    user: str
    host: str
    boot_id: str
    pid: int
    process_started: str
    command: str
    since: datetime
    pid_namespace: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContent:
    """A content as the ledger keeps it: the sender, which is a number, as a pseudonym and masked.

    A part of the other texts that could be a number is masked in them, and a keyed hash of the text stands behind it.
    """

    audio: str
    notify_email: str
    sender_pseudonym: bytes | None = None
    sender_masked: str | None = None
    notify_url: str | None = None
    schedule: str | None = None

    @property
    def digest(self) -> bytes:
        """32 bytes that are equal where, and only where, recipients would get the same message."""
        sender = self.sender_pseudonym.hex() if self.sender_pseudonym is not None else None
        fields = [self.audio, sender, self.notify_email, self.notify_url, self.schedule]
        return sha256(json.dumps(fields, ensure_ascii=False).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChunk:
    """A chunk about to be recorded as `sending`, with the pseudonyms of all its recipients (16 bytes each).

    `largest_probe` is how many people a probe of its campaign may have, 0 where it makes none.
    """

    campaign: str
    edition: str | None
    content: KeptContent
    pseudonyms: tuple[bytes, ...]
    probe: bool
    timeout: timedelta
    largest_probe: int
    plan_id: str | None = None
    base_url: str | None = None

    @property
    def name(self) -> str:
        """The campaign's name: by it and the label, campaigns are stopped."""
        return self.campaign

    @property
    def label(self) -> str:
        """The campaign's identity in one word: `name`, or `name@edition`."""
        return self.campaign if self.edition is None else f"{self.campaign}@{self.edition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """People whom something else has reached, to be held as reached by a campaign; `by` says who says so."""

    campaign: str
    edition: str | None
    content: KeptContent
    pseudonyms: tuple[bytes, ...]
    source: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What an answer that accepts a chunk says. `counted` is the number of messages that the provider counted."""

    provider_id: str
    cost: Decimal | None = None
    currency: str | None = None
    counted: int | None = None
    audio_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One earlier request of an account, for pacing: when it started, and when its answer came or could last come.

    `ended` is None while nothing is known; its bytes may then arrive until twice `timeout` after `started`.
    """

    started: Instant
    ended: Instant | None
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """One chunk as the ledger has it. `adopted` says that something else reached its people: no request was made."""

    chunk: str
    campaign: str
    edition: str | None
    account: str
    status: ChunkStatus
    recipients: int
    probe: bool
    recorded_at: datetime
    answered_at: datetime | None = None
    provider_id: str | None = None
    cost: Decimal | None = None
    currency: str | None = None
    counted: int | None = None
    audio_name: str | None = None
    reason: str | None = None
    adopted: bool = False

    @property
    def name(self) -> str:
        """The campaign's name: by it and the label, chunks are selected as campaigns are."""
        return self.campaign

    @property
    def label(self) -> str:
        """The campaign's identity in one word: `name`, or `name@edition`."""
        return self.campaign if self.edition is None else f"{self.campaign}@{self.edition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRecord:
    """Who recorded a chunk, when, for how long its request may last, and when it ended, where that was recorded.

    `age` is how long ago it was recorded by the clock of the server that keeps the state, where one does.
    """

    holder: Holder
    recorded: Instant
    timeout: timedelta
    ended: Instant | None
    age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearers:
    """The people whom a campaign holds for one recording, and when it was last sent to some of them."""

    name: str
    edition: str | None
    audio: str
    people: int
    last_at: datetime

    @property
    def label(self) -> str:
        """The campaign's identity in one word: `name`, or `name@edition`."""
        return self.name if self.edition is None else f"{self.name}@{self.edition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord:
    """What the ledger knows of one campaign: people and chunks by status, cost so far, contents, last activity.

    `adopted` counts the accepted people whom something else reached. `first_content`, `first_account` and
    `first_base_url` are those of its first chunk that was not rejected or released. `accepted_contents` holds the
    digests of the contents that were accepted before.
    """

    campaign: str
    edition: str | None
    account: str
    people: dict[str, int]
    chunks: dict[str, int]
    costs: dict[str, Decimal]
    first_activity: datetime
    last_activity: datetime
    adopted: int = 0
    first_content: KeptContent | None = None
    first_account: str | None = None
    first_base_url: str | None = None
    accepted_contents: frozenset[bytes] = frozenset()

    @property
    def name(self) -> str:
        """The campaign's name: by it and the label, campaigns are selected."""
        return self.campaign

    @property
    def label(self) -> str:
        """The campaign's identity in one word: `name`, or `name@edition`."""
        return self.campaign if self.edition is None else f"{self.campaign}@{self.edition}"
