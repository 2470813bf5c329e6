"""The guards of a campaign: limits that block it, each refusal with the value, the limit and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from runner.errors import Problem
from runner.model.config import Campaign
from runner.model.plan import Bounds, Rows
from runner.plan.estimate import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a campaign and edition has used of its guards already: people held by the ledger, and their costs.

    `unpriced` are the people whose cost no answer has told (those of chunks in doubt, mostly).
    """

    people: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0


def judge_guards(
    campaign: Campaign, rows: Rows, pending: int, spent: Spent, planned_cost: Decimal | None, price: Price | None
) -> tuple[Problem, ...]:
    """Every guard that says no to this campaign as it is planned.

    `rows` are all that its sources list, `pending` the people who would be reached now.
    """
    found = (
        _judge_recipients(campaign, pending, spent),
        _judge_cost(campaign, spent, planned_cost, price),
        _judge_invalid(campaign, rows),
    )
    return tuple(problem for problem in found if problem is not None)


def measure_bounds(campaign: Campaign, spent: Spent, price: Price | None) -> Bounds:
    """What the guards allow this campaign, and what of it is used already."""
    comparable = price is not None and set(spent.costs) <= {price.currency}
    return Bounds(
        max_recipients=campaign.guards.max_recipients,
        max_cost=campaign.guards.max_cost,
        people_before=spent.people,
        cost_before=_price_past(spent, price) if price is not None and comparable else None,
    )


def _price_past(spent: Spent, price: Price) -> Decimal:
    """What was spent before; people whose cost no answer has told are taken at the dearest price."""
    dearest = max(price.by_kind.values(), default=Decimal(0))
    return spent.costs.get(price.currency, Decimal(0)) + spent.unpriced * dearest


def problem_at(campaign: Campaign, key: str, code: str, message: str, hint: str) -> Problem:
    """A problem at the place of one of the campaign's keys, or of its file where the key stands nowhere."""
    return Problem(code, message, campaign.places.get(key, campaign.place), hint, campaign.excerpts.get(key))


def _judge_recipients(campaign: Campaign, pending: int, spent: Spent) -> Problem | None:
    limit = campaign.guards.max_recipients
    people = spent.people + pending
    if limit is None or people <= limit:
        return None
    reached = f", {spent.people:,} of them reached before" if spent.people else ""
    message = f"`{campaign.label}` would reach {people:,} people{reached}; max_recipients is {limit:,}"
    hint = "check its sources; if so many are meant, raise `guards.max_recipients`"
    return problem_at(campaign, "guards.max_recipients", "guard-max-recipients", message, hint)


def _judge_cost(campaign: Campaign, spent: Spent, planned: Decimal | None, price: Price | None) -> Problem | None:
    limit = campaign.guards.max_cost
    if limit is None:
        return None
    if planned is None or price is None:
        message = f"the price of a message is not known, so max_cost of {limit:,} can't be held"
        hint = "set `prices` of the account in campaigns.yaml"
        return problem_at(campaign, "guards.max_cost", "guard-price-unknown", message, hint)
    foreign = [currency for currency in spent.costs if currency != price.currency]
    if foreign:
        message = f"earlier chunks were paid in {foreign[0]} and prices are in {price.currency}: max_cost can't be held"
        hint = "set the `currency` of the account's `prices` to that of its answers"
        return problem_at(campaign, "guards.max_cost", "guard-price-unknown", message, hint)
    past = _price_past(spent, price)
    if past + planned <= limit:
        return None
    earlier = f", {past:,.2f} of it spent before" if past else ""
    message = f"`{campaign.label}` would cost {past + planned:,.2f} {price.currency}{earlier}; max_cost is {limit:,}"
    hint = "check its sources; if so much is meant, raise `guards.max_cost`"
    return problem_at(campaign, "guards.max_cost", "guard-max-cost", message, hint)


def _judge_invalid(campaign: Campaign, rows: Rows) -> Problem | None:
    limit = campaign.guards.max_invalid
    if limit is None or rows.listed == 0 or Decimal(rows.invalid) <= limit * rows.listed:
        return None
    share = Decimal(100 * rows.invalid) / rows.listed
    message = f"{rows.invalid:,} of {rows.listed:,} rows are invalid ({share:.1f}%); max_invalid is {limit * 100:f}%"
    hint = f"`campaign recipients {campaign.label} --dropped` lists them; mend the source or raise `guards.max_invalid`"
    return problem_at(campaign, "guards.max_invalid", "guard-max-invalid", message, hint)
