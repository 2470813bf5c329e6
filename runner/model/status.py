"""What the ledger knows, finished and sorted: `status` only prints it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from runner.model.ledger import CampaignRecord, ChunkRecord, ChunkStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """One campaign's record. `cost_unknown` counts the people of accepted chunks whose cost no answer told."""

    record: CampaignRecord
    cost_unknown: int = 0

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.record.campaign

    @property
    def label(self) -> str:
        """The identity in one word: `name`, or `name@edition`."""
        return self.record.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The ledger's campaigns, the latest activity first; its chunks in doubt, `unknown` ones first; and what is odd.

    `counted_fewer` holds accepted chunks of which the provider counted fewer messages than were sent. `timezone` is
    the IANA name of the zone in which a reader wants times.
    """

    created_at: datetime
    runner_version: str
    state_id: str | None = None
    serial: int | None = None
    campaigns: tuple[CampaignStatus, ...] = ()
    in_doubt: tuple[ChunkRecord, ...] = ()
    counted_fewer: tuple[ChunkRecord, ...] = ()
    timezone: str = "Europe/Paris"

    @property
    def unknown(self) -> tuple[ChunkRecord, ...]:
        """The chunks that need `campaign resolve`."""
        return tuple(chunk for chunk in self.in_doubt if chunk.status is ChunkStatus.UNKNOWN)

    def count_people(self, status: str) -> int:
        """The people that all campaigns hold with this status."""
        return sum(campaign.record.people.get(status, 0) for campaign in self.campaigns)

    def count_chunks(self, status: str) -> int:
        """The chunks of all campaigns with this status."""
        return sum(campaign.record.chunks.get(status, 0) for campaign in self.campaigns)

    @property
    def costs(self) -> dict[str, Decimal]:
        """What all campaigns cost so far, by currency."""
        costs: dict[str, Decimal] = {}
        for campaign in self.campaigns:
            for currency, cost in campaign.record.costs.items():
                costs[currency] = costs.get(currency, Decimal(0)) + cost
        return dict(sorted(costs.items()))
