"""People who are in two campaigns of one plan: a warning on the one that comes later, with nothing but counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.audience.collisions import Pairs
from runner.errors import Problem, Severity
from runner.model.config import Campaign
from runner.model.plan import CampaignPlan

MOST_NAMED = 5
"""Other campaigns that are named beside one; the rest are counted."""


def warn_of_collisions(
    planned: Sequence[CampaignPlan], pairs: Pairs, campaigns: Mapping[str, Campaign]
) -> list[CampaignPlan]:
    """The plans, each with a warning for every campaign before it that has people of its own."""
    others: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (first, later), people in pairs.items():
        others[later].append((people, first))
    return [
        replace(plan, problems=(*plan.problems, *_warn(campaigns[plan.label], others[plan.label])))
        if plan.label in others
        else plan
        for plan in planned
    ]


def _warn(campaign: Campaign, others: Sequence[tuple[int, str]]) -> list[Problem]:
    largest = sorted(others, key=lambda other: (-other[0], other[1]))
    messages = [
        f"{people:,} of these people are in `{label}` too, and would get both messages"
        for people, label in largest[:MOST_NAMED]
    ]
    if len(largest) > MOST_NAMED:
        most = largest[MOST_NAMED][0]
        messages.append(f"{len(largest) - MOST_NAMED:,} more campaigns have up to {most:,} of these people too")
    hint = "where one of them is enough, exclude the people of the other by its list, under `exclude`"
    return [Problem("collision", message, campaign.place, hint, severity=Severity.WARNING) for message in messages]
