"""The guards of a campaign: limits that block it, each refusal with the value, the limit and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from runner.errors import Problem, Severity
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What guards judge: all rows of the sources, the people who would be reached now, and what that costs.

    `people` are those that the campaign has, reached or pending, but for those whom a saved plan leaves out;
    `last_people` is how many it had when it was last sent, in any edition.
    """

    rows: Rows
    people: int
    pending: int
    cost: Decimal | None
    price: Price | None
    spent: Spent
    last_people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A guard's limit that is passed, by how much, and how its values are spelled."""

    key: str
    code: str
    value: Decimal
    message: str
    hint: str
    spell: Callable[[Decimal], str] = lambda number: f"{number:,}"


def judge_guards(campaign: Campaign, draft: Draft, today: date) -> tuple[Problem, ...]:
    """Every guard that says no to this campaign as it is planned; a warning where that is passed on purpose.

    `today` is the day in the account's time zone.
    """
    unknown = _find_unknown_price(campaign, draft.spent, draft.cost, draft.price)
    breaches = (
        _measure_recipients(campaign, draft.pending, draft.spent),
        _measure_cost(campaign, draft.spent, draft.cost, draft.price),
        _measure_invalid(campaign, draft.rows),
        _measure_growth(campaign, draft.people, draft.last_people),
    )
    judged = tuple(_judge(breach, campaign, today) for breach in breaches if breach is not None)
    return (unknown, *judged) if unknown is not None else judged


def count_people(rows: Rows) -> int:
    """The people that a campaign has: those it would reach, and those it holds."""
    return rows.pending + rows.accepted + rows.unknown + rows.sending


def measure_bounds(campaign: Campaign, spent: Spent, price: Price | None, today: date) -> Bounds:
    """What the guards allow this campaign, and what of it is used already. `today` is in the account's time zone."""
    comparable = price is not None and set(spent.costs) <= {price.currency}
    accept = campaign.guards.accept
    is_accepted = accept is not None and (accept.until is None or today <= accept.until)
    return Bounds(
        max_recipients=campaign.guards.max_recipients,
        max_cost=campaign.guards.max_cost,
        accepted_cost=accept.max_cost if accept is not None and is_accepted else None,
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


def _judge(breach: Breach, campaign: Campaign, today: date) -> Problem:
    """The refusal, or the warning that says what is accepted, why and until when."""
    accept = campaign.guards.accept
    limit = None if accept is None else getattr(accept, breach.key)
    if accept is None or limit is None:
        return problem_at(campaign, f"guards.{breach.key}", breach.code, breach.message, breach.hint)
    if accept.until is not None and today > accept.until:
        message = f"{breach.message}; more was accepted until {accept.until}"
        return problem_at(campaign, "guards.accept.until", breach.code, message, "renew `guards.accept`, or remove it")
    if breach.value > limit:
        message = f"{breach.message}, and up to {breach.spell(limit)} is accepted"
        return problem_at(campaign, f"guards.accept.{breach.key}", breach.code, message, breach.hint)
    until = f" until {accept.until}" if accept.until is not None else ""
    message = f"{breach.message}; up to {breach.spell(limit)} is accepted{until}: {accept.reason}"
    hint = "it is passed on purpose; remove `guards.accept` to hold the guard again"
    return replace(
        problem_at(campaign, f"guards.accept.{breach.key}", "guard-accepted", message, hint), severity=Severity.WARNING
    )


def _measure_recipients(campaign: Campaign, pending: int, spent: Spent) -> Breach | None:
    limit = campaign.guards.max_recipients
    people = spent.people + pending
    if limit is None or people <= limit:
        return None
    reached = f", {spent.people:,} of them reached before" if spent.people else ""
    return Breach(
        key="max_recipients",
        code="guard-max-recipients",
        value=Decimal(people),
        message=f"`{campaign.label}` would reach {people:,} people{reached}; max_recipients is {limit:,}",
        hint="check its sources; if so many are meant, raise `guards.max_recipients`, or say so in `guards.accept`",
    )


def _find_unknown_price(
    campaign: Campaign, spent: Spent, planned: Decimal | None, price: Price | None
) -> Problem | None:
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
    return None


def _measure_cost(campaign: Campaign, spent: Spent, planned: Decimal | None, price: Price | None) -> Breach | None:
    limit = campaign.guards.max_cost
    if limit is None or planned is None or price is None or set(spent.costs) - {price.currency}:
        return None
    past = _price_past(spent, price)
    if past + planned <= limit:
        return None
    earlier = f", {past:,.2f} of it spent before" if past else ""
    cost = f"{past + planned:,.2f} {price.currency}"
    return Breach(
        key="max_cost",
        code="guard-max-cost",
        value=past + planned,
        message=f"`{campaign.label}` would cost {cost}{earlier}; max_cost is {limit:,}",
        hint="check its sources; if so much is meant, raise `guards.max_cost`, or say so in `guards.accept`",
    )


def _measure_invalid(campaign: Campaign, rows: Rows) -> Breach | None:
    limit = campaign.guards.max_invalid
    if limit is None or rows.listed == 0 or Decimal(rows.invalid) <= limit * rows.listed:
        return None
    share = Decimal(rows.invalid) / rows.listed
    counted = f"{rows.invalid:,} of {rows.listed:,} rows are invalid ({100 * share:.1f}%)"
    return Breach(
        key="max_invalid",
        code="guard-max-invalid",
        value=share,
        message=f"{counted}; max_invalid is {_spell_share(limit)}",
        hint=f"`campaign recipients {campaign.label} --dropped` lists them; mend the source or raise"
        " `guards.max_invalid`, or say so in `guards.accept`",
        spell=_spell_share,
    )


def _measure_growth(campaign: Campaign, people: int, last: int | None) -> Breach | None:
    """Against the last time that the campaign was sent, in any edition; before that there is nothing to hold it to."""
    limit = campaign.guards.max_growth
    if limit is None or not last or Decimal(people - last) <= limit * last:
        return None
    growth = Decimal(people - last) / last
    return Breach(
        key="max_growth",
        code="guard-max-growth",
        value=growth,
        message=f"`{campaign.label}` has {people:,} people, and had {last:,} when it was last sent"
        f" (+{100 * growth:.1f}%); max_growth is {_spell_share(limit)}",
        hint="check its sources; if so many are meant, raise `guards.max_growth`, or say so in `guards.accept`",
        spell=_spell_share,
    )


def _spell_share(share: Decimal) -> str:
    return f"{(100 * share).normalize():f}%"
