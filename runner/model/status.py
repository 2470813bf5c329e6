"""What the ledger knows, finished and sorted: `status` only prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from runner.model.ledger import HOLDING, CampaignRecord, ChunkRecord, ChunkStatus
from runner.model.names import HandStop


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """One campaign's record. `cost_unknown` counts the people that it was sent to and whose cost no answer told.

    `estimated_cost` is what all whom it was sent to cost by the price that plans use, in `currency`; None where that
    price is not known, or is not the same for all of the campaign's kinds of line.
    """

    record: CampaignRecord
    cost_unknown: int = 0
    estimated_cost: Decimal | None = None
    currency: str | None = None

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.record.campaign

    @property
    def label(self) -> str:
        """The identity in one word: `name`, or `name@edition`."""
        return self.record.label

    @property
    def deliveries(self) -> int:
        """The people that its own chunks reached: those that were adopted are none."""
        return self.record.people.get(ChunkStatus.ACCEPTED, 0) - self.record.adopted

    @property
    def sent_to(self) -> int:
        """The people of its own chunks that were accepted or are in doubt."""
        return sum(self.record.people.get(status, 0) for status in HOLDING) - self.record.adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatus:
    """The chunks that were recorded on one day: people and chunks by the status that they have now, and their costs.

    Rejected and released chunks hold nobody. `adopted` counts the accepted people whom something else reached.
    """

    day: date
    people: Mapping[str, int]
    chunks: Mapping[str, int]
    adopted: int = 0
    costs: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The ledger's campaigns, the latest activity first; its chunks in doubt, `unknown` ones first; and what is odd.

    `gone` names the chunks whose run has provably ended without an answer: they and their people are told as `unknown`,
    though the ledger says `sending` until the next run. `overdue` names those that are `sending` and can't be sent any
    more, though nobody can tell from here whether their run has ended. `counted_fewer` holds accepted chunks of which
    the provider counted fewer messages than were sent. `days` are those with chunks, in order. `timezone` is the IANA
    name of the zone in which a reader wants times and days, `language` that of the page.
    `stops` are what somebody stopped by hand, as far as it concerns these campaigns. `others` counts the campaigns of
    the ledger that were not asked for.
    """

    created_at: datetime
    runner_version: str
    state_id: str | None = None
    serial: int | None = None
    campaigns: tuple[CampaignStatus, ...] = ()
    in_doubt: tuple[ChunkRecord, ...] = ()
    gone: frozenset[str] = frozenset()
    overdue: frozenset[str] = frozenset()
    counted_fewer: tuple[ChunkRecord, ...] = ()
    days: tuple[DayStatus, ...] = ()
    timezone: str = "Europe/Paris"
    language: str = "en"
    is_rehearsal: bool = False
    stops: tuple[HandStop, ...] = ()
    others: int = 0

    @property
    def unknown(self) -> tuple[ChunkRecord, ...]:
        """The chunks that need `campaign resolve`."""
        return tuple(chunk for chunk in self.in_doubt if chunk.status is ChunkStatus.UNKNOWN)

    def can_settle(self, chunk: ChunkRecord) -> bool:
        """Whether an operator may settle this chunk now: nobody can still be sending it."""
        return chunk.status is ChunkStatus.UNKNOWN or chunk.chunk in self.overdue

    def count_people(self, status: str) -> int:
        """The people that all campaigns hold with this status: whoever is in two campaigns counts twice."""
        return sum(campaign.record.people.get(status, 0) for campaign in self.campaigns)

    def count_chunks(self, status: str) -> int:
        """The chunks of all campaigns with this status."""
        return sum(campaign.record.chunks.get(status, 0) for campaign in self.campaigns)

    @property
    def deliveries(self) -> int:
        """The people that the chunks of all campaigns reached, once for each campaign; adopted ones are none."""
        return sum(campaign.deliveries for campaign in self.campaigns)

    @property
    def adopted(self) -> int:
        """The people whom something else reached, once for each campaign that holds them."""
        return sum(campaign.record.adopted for campaign in self.campaigns)

    @property
    def last_activity(self) -> datetime | None:
        """What was recorded last of these campaigns."""
        return max((campaign.record.last_activity for campaign in self.campaigns), default=None)

    @property
    def costs(self) -> dict[str, Decimal]:
        """What all campaigns cost so far, by currency."""
        return _add_up(cost for campaign in self.campaigns for cost in campaign.record.costs.items())

    @property
    def sent_to(self) -> int:
        """The people whom all campaigns were sent to, once for each campaign."""
        return sum(campaign.sent_to for campaign in self.campaigns)

    @property
    def estimate_unknown(self) -> int:
        """Those of them for whom no price is known: `estimated_costs` says nothing of what they cost."""
        return sum(campaign.sent_to for campaign in self.campaigns if campaign.estimated_cost is None)

    @property
    def estimated_costs(self) -> dict[str, Decimal]:
        """What all whom it was sent to cost by the price of plans, by currency, where that price is known."""
        return _add_up(
            (campaign.currency, campaign.estimated_cost)
            for campaign in self.campaigns
            if campaign.currency is not None and campaign.estimated_cost
        )


def _add_up(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    costs: dict[str, Decimal] = {}
    for currency, cost in amounts:
        costs[currency] = costs.get(currency, Decimal(0)) + cost
    return dict(sorted(costs.items()))
