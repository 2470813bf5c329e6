"""A plan: what `apply` would do, finished and sorted; views only print it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from runner.errors import Problem, Severity
from runner.model.approval import Narrowing


class Action(StrEnum):
    """What `apply` would do with a campaign."""

    SEND = "send"
    CONTINUE = "continue"
    NONE = "none"
    BLOCKED = "blocked"
    ORPHAN = "orphan"


class Reason(StrEnum):
    """What became of a row: the first of these that fits, in this order. All but the last are reasons to drop it."""

    INVALID = "invalid"
    DUPLICATE = "duplicate"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SENDING = "sending"
    REFUSED = "refused"
    KIND = "kind"
    EXCLUDED = "excluded"
    POLICY = "policy"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How many rows a campaign's sources list, and how many each reason took. The sum always holds.

    Raises ValueError where it does not: a row that nobody accounts for is a defect, never a number in a plan.
    """

    listed: int = 0
    invalid: int = 0
    duplicate: int = 0
    accepted: int = 0
    unknown: int = 0
    sending: int = 0
    refused: int = 0
    kind: int = 0
    excluded: int = 0
    policy: int = 0
    pending: int = 0

    def __post_init__(self) -> None:
        accounted = sum(getattr(self, reason) for reason in Reason)
        if accounted != self.listed:
            raise ValueError(f"{self.listed} rows are listed, but {accounted} are accounted for")

    def by_name(self) -> dict[str, int]:
        """The counts by name, `listed` first, in the contract's order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field whose value is not what the campaign's first chunk was sent with."""

    field: str
    before: str | None
    after: str | None


class NoteKind(StrEnum):
    """Why there is nothing to do with a campaign, where that is not plain from its rows."""

    PAUSED = "paused"
    OVER = "over"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class Note:
    """Why there is nothing to do; `day` is that of `until`, or of an orphan's last activity."""

    kind: NoteKind
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a campaign's guards allow in all, and what of it is used: people reached and money spent before.

    `cost_before` is in the currency of the campaign's price, and None where it is not known in that. `accepted_cost` is
    up to what `max_cost` is passed on purpose.
    """

    max_recipients: int | None = None
    max_cost: Decimal | None = None
    accepted_cost: Decimal | None = None
    people_before: int = 0
    cost_before: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """What `apply` would do with one campaign, and why.

    `scheduled_for` is the instant for which the provider is asked to deliver; None is at once.
    `narrowing` says what became of the people of a saved plan that is carried out; `rows` are then the first rows of
    those people.
    """

    name: str
    edition: str | None
    file: str | None
    account: str | None
    action: Action
    rows: Rows = Rows()
    changes: tuple[Change, ...] = ()
    requests: int = 0
    estimated_cost: Decimal | None = None
    currency: str | None = None
    estimated_seconds: int | None = 0
    problems: tuple[Problem, ...] = ()
    note: Note | None = None
    bounds: Bounds = Bounds()
    scheduled_for: datetime | None = None
    narrowing: Narrowing | None = None

    @property
    def is_sent(self) -> bool:
        """Whether something of it would be sent."""
        return self.action in (Action.SEND, Action.CONTINUE)

    @property
    def label(self) -> str:
        """The identity in one word: `name`, or `name@edition`."""
        return self.name if self.edition is None else f"{self.name}@{self.edition}"

    @property
    def obstacle(self) -> Problem | None:
        """The first problem that keeps it from being sent: a warning beside it does not."""
        return next((problem for problem in self.problems if problem.severity is Severity.ERROR), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How an account's requests follow one another: `requests` of them, then a wait until `turn` is over, in seconds.

    `answer` is what one request is taken to last, in seconds; `timezone` is the account's.
    """

    account: str
    timezone: str
    requests: int
    turn: float
    answer: float

    def leaves_after(self, earlier: int) -> timedelta:
        """How long after the first request the one leaves that has so many `earlier` ones before it."""
        turns, place = divmod(earlier, self.requests)
        return timedelta(seconds=max(turns * self.turn + place * self.answer, earlier * self.answer))

    def lasts(self, requests: int) -> timedelta:
        """How long so many requests take, from the first one's start to the last one's answer."""
        return self.leaves_after(requests - 1) + timedelta(seconds=self.answer) if requests else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `apply` would do, campaign by campaign, in the order in which it would do it.

    `timezone` is the IANA name of the zone in which a reader wants times (that of the plan's first account), `language`
    that in which Markdown and HTML are written. `is_saved` says that it carries out a saved plan, `is_rehearsal` that
    it is for the sandbox. `lanes` are the accounts that would send. `quiet_orphans` counts the orphans without activity
    for 30 days and with nothing in doubt.
    """

    created_at: datetime
    runner_version: str
    plan_id: str
    meaning: str
    state_id: str | None
    campaigns: tuple[CampaignPlan, ...]
    estimated_seconds: int = 0
    finishes_at: datetime | None = None
    timezone: str = "Europe/Paris"
    language: str = "en"
    lanes: tuple[Lane, ...] = ()
    is_saved: bool = False
    is_rehearsal: bool = False
    quiet_orphans: int = 0
    warnings: tuple[Problem, ...] = ()

    @property
    def sending(self) -> tuple[CampaignPlan, ...]:
        """The campaigns for which something would be sent."""
        return tuple(c for c in self.campaigns if c.is_sent)

    @property
    def blocked(self) -> tuple[CampaignPlan, ...]:
        """The campaigns that a problem keeps from being sent."""
        return tuple(c for c in self.campaigns if c.action is Action.BLOCKED)

    @property
    def recipients(self) -> int:
        """The people that would be reached."""
        return sum(c.rows.pending for c in self.sending)

    @property
    def requests(self) -> int:
        """The requests that would be made, probes included."""
        return sum(c.requests for c in self.sending)

    @property
    def estimated_costs(self) -> dict[str, Decimal]:
        """The cost by currency, of the campaigns whose price is known."""
        costs: dict[str, Decimal] = {}
        for campaign in self.sending:
            if campaign.estimated_cost is not None and campaign.currency is not None:
                costs[campaign.currency] = costs.get(campaign.currency, Decimal(0)) + campaign.estimated_cost
        return dict(sorted(costs.items()))
