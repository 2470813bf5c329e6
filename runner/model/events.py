"""What a run tells while it sends, and its report: values that a bar, plain lines and JSON Lines all print.

No event holds a telephone number: `rows` of a chunk name the source and the row of a number that was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from runner.model.ledger import ChunkStatus
from runner.model.names import HandStop


class Ending(StrEnum):
    """Why a run ended: all was sent, nobody said yes, it was stopped on purpose, or nothing more could be sent."""

    DONE = "done"
    DECLINED = "declined"
    LIMIT = "limit"
    DEADLINE = "deadline"
    SIGNAL = "signal"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run begins: what it means to send. `finishes_at` is the estimate of the plan."""

    at: datetime
    people: int
    requests: int
    campaigns: tuple[str, ...] = ()
    finishes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing leaves for `seconds`; `why` says what is waited for (`limit of 5 in 60 s`)."""

    at: datetime
    seconds: float
    why: str
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requesting:
    """A chunk is about to be recorded and sent. Nothing is told between its record and its answer.

    A listener may block (a stopped terminal, a full pipe), and a request that is recorded leaves at once or never.
    """

    at: datetime
    label: str
    recipients: int
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkAnswered:
    """What became of a chunk. `rows` names the places (`data/x.csv row 17`) of numbers that were refused alone."""

    at: datetime
    label: str
    chunk: str
    status: ChunkStatus
    recipients: int
    cost: Decimal | None = None
    currency: str | None = None
    reason: str | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStopped:
    """Nothing more of this campaign is sent in this run."""

    at: datetime
    label: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStopped:
    """Nothing more is sent by this account in this run."""

    at: datetime
    account: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run comes from: its id, who started it, and the git commit of the project, where it has one."""

    run: str
    actor: str
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What came of a run.

    `chunks` counts its chunks by status, `reached` people of accepted ones, `requests` those that left in this run.
    `pending` counts people that could still be sent to, None where nothing was planned yet; `refused` those whose
    number the provider refused when it stood alone. `unknown_chunks` are all chunks of the run's campaigns that need
    `campaign resolve`, whichever run left them, and `unknown_people` their people; `blocked` and `stopped` map labels
    of campaigns, and `accounts_stopped` names of accounts, to reasons; `hand_stops` keep some of those from being sent
    until they are resumed. `costs` is by currency; `cost_unknown` counts reached people whose cost no answer told.
    """

    origin: Origin
    ending: Ending
    exit_code: int
    started_at: datetime
    ended_at: datetime
    chunks: Mapping[str, int] = field(default_factory=dict)
    reached: int = 0
    requests: int = 0
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    cost_unknown: int = 0
    pending: int | None = 0
    refused: int = 0
    unknown_chunks: tuple[str, ...] = ()
    unknown_people: int = 0
    blocked: Mapping[str, str] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    accounts_stopped: Mapping[str, str] = field(default_factory=dict)
    hand_stops: tuple[HandStop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a run."""

    at: datetime
    report: RunReport


Event = RunStarted | Waiting | Requesting | ChunkAnswered | CampaignStopped | AccountStopped | RunEnded
