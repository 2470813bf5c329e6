"""When each campaign's requests would leave, if the plan were begun at the moment of planning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from runner.model.plan import CampaignPlan, Lane, Plan


@dataclass(frozen=True, slots=True)
class Slot:
    """A campaign's place in its account's lane: the requests before it, and its first start and last answer."""

    campaign: CampaignPlan
    lane: Lane
    earlier: int
    starts_at: datetime
    ends_at: datetime


def find_slots(plan: Plan) -> Iterator[Slot]:
    """The slot of every campaign that would be sent, in the order of the plan."""
    lanes = {lane.account: lane for lane in plan.lanes}
    taken = dict.fromkeys(lanes, 0)
    for campaign in plan.sending:
        lane = lanes.get(campaign.account or "")
        if lane is None or not campaign.requests:
            continue
        earlier = taken[lane.account]
        taken[lane.account] += campaign.requests
        yield Slot(
            campaign,
            lane,
            earlier,
            plan.created_at + lane.leaves_after(earlier),
            plan.created_at + lane.leaves_after(taken[lane.account] - 1) + timedelta(seconds=lane.answer),
        )
