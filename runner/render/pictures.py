"""Who is reached and how much it costs, as bars in percent of the width; tables repeat their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from runner.model.plan import Action, CampaignPlan, Plan, Reason, Rows
from runner.render.language import Language
from runner.render.sentences import by_urgency, clip
from runner.render.shapes import LABEL, Bar, Piece, choose_shown, lay_pieces, lay_stretches

STOPPED = "stopped"
"""What a bar shows of people who are pending in a campaign that is blocked."""


def draw_rows(plan: Plan, language: Language) -> tuple[Bar, ...]:
    """One bar a campaign, from its listed rows to those pending; the sum of all stands first."""
    listed = [campaign for campaign in by_urgency(plan) if campaign.rows.listed]
    if not listed:
        return ()
    shown, others = choose_shown(listed, lambda campaign: Decimal(campaign.rows.listed))
    bars = [_draw_rows(clip(campaign.label, LABEL), [campaign], language) for campaign in shown]
    if others:
        bars.append(_draw_rows(language.count("together", len(others)), others, language))
    if len(listed) > 1:
        bars.insert(0, _draw_rows(language.say("all"), listed, language))
    return tuple(bars)


def add_rows(campaigns: Sequence[CampaignPlan]) -> Rows:
    """The rows of these campaigns together."""
    counts = [campaign.rows.by_name() for campaign in campaigns]
    return Rows(**{name: sum(count[name] for count in counts) for name in Rows().by_name()})


def count_kinds(campaigns: Sequence[CampaignPlan]) -> dict[str, int]:
    """The rows of these campaigns by what a bar shows: those pending of blocked campaigns apart; none of nought."""
    rows = add_rows(campaigns)
    stopped = sum(campaign.rows.pending for campaign in campaigns if campaign.action is Action.BLOCKED)
    counts = {"pending": rows.pending - stopped, STOPPED: stopped}
    counts |= {reason.value: getattr(rows, reason) for reason in Reason if reason is not Reason.PENDING}
    return {kind: count for kind, count in counts.items() if count}


def _draw_rows(label: str, campaigns: Sequence[CampaignPlan], language: Language) -> Bar:
    rows = add_rows(campaigns)
    pieces = lay_pieces(
        count_kinds(campaigns), lambda kind, count: f"{language.number(count)} {language.say(kind, count)}"
    )
    reached = sum(campaign.rows.pending for campaign in campaigns if campaign.is_sent)
    told = language.say("who_row", rows=language.count("rows", rows.listed), people=language.count("people", reached))
    return Bar(label=label, told=told, pieces=pieces)


def priced(plan: Plan) -> list[CampaignPlan]:
    """The campaigns that have people pending, and so a cost, known or not."""
    return [campaign for campaign in by_urgency(plan) if campaign.rows.pending]


def draw_costs(plan: Plan, language: Language) -> tuple[Bar, ...]:
    """One bar a campaign: spent before and planned, against its guard; a cost that is not known is hatched."""
    shown, others = choose_shown(priced(plan), lambda campaign: campaign.estimated_cost or Decimal(0))
    free = [total for c in shown if c.bounds.max_cost is None and (total := total_cost(c)) is not None]
    longest = max(free, default=Decimal(1)) or Decimal(1)
    bars = [_draw_cost(campaign, longest, language) for campaign in shown]
    if others:
        bars.append(Bar(label=language.count("together", len(others)), told="", pieces=()))
    return tuple(bars)


def total_cost(campaign: CampaignPlan) -> Decimal | None:
    """What a campaign and edition will have cost: spent before and planned; None where one is not known."""
    if campaign.estimated_cost is None or campaign.bounds.cost_before is None:
        return None
    return campaign.bounds.cost_before + campaign.estimated_cost


def _draw_cost(campaign: CampaignPlan, longest: Decimal, language: Language) -> Bar:
    limit, total, before = campaign.bounds.max_cost, total_cost(campaign), campaign.bounds.cost_before
    label = clip(campaign.label, LABEL)
    if total is None or before is None:
        return Bar(
            label=label, told=language.say("much_unpriced"), pieces=(Piece(kind="unpriced", x=0.0, width=100.0),)
        )
    scale = (max(limit, total) if limit is not None else max(longest, total)) * Decimal("1.06") or Decimal(1)
    allowed = total if limit is None else min(total, limit)
    is_accepted = total <= (campaign.bounds.accepted_cost or 0)
    stretches = (
        ("spent", Decimal(0), min(before, allowed)),
        ("planned", min(before, allowed), allowed),
        ("passed" if is_accepted else "over", allowed, total),
    )
    pieces = lay_stretches(scale, stretches)
    amount = language.amount(total, campaign.currency)
    if limit is None:
        return Bar(label=label, told=language.say("much_free", total=amount), pieces=pieces)
    told = language.say("much_of", total=amount, limit=language.amount(limit, campaign.currency))
    if limit:
        told += f" ({language.share(total, limit)})"
    return Bar(label=label, told=told, pieces=pieces, mark=float(100 * limit / scale))
