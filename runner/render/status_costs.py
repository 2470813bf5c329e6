"""What campaigns cost, against what plans estimate for the same people: bars, and the table of their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from runner.model.status import CampaignStatus, Status
from runner.render.language import Language
from runner.render.sentences import clip, say_more
from runner.render.shapes import LABEL, Bar, choose_shown, lay_stretches

COSTS = {"planned": "cost_legend_told", "over": "cost_legend_over", "unpriced": "cost_legend_open"}
"""What bars show, as the style sheet calls it, and the phrase for it."""
HEADS = ("campaign", "cost_told", "cost_open", "cost_estimate", "cost_people")
NAME = 120


def tell_costs(status: Status, language: Language, most: int) -> dict[str, object] | None:
    """The picture of costs, with at most `most` rows in its table; None where nothing was sent."""
    campaigns = [campaign for campaign in status.campaigns if campaign.sent_to or campaign.record.costs]
    if not campaigns:
        return None
    bars = _draw_costs(campaigns, language)
    costs = language.amounts(status.costs) if status.costs else "—"
    untold = language.number(sum(campaign.cost_unknown for campaign in campaigns))
    sent_to = language.number(sum(campaign.sent_to for campaign in campaigns))
    return {
        "title": language.say("section_costs"),
        "said": _say_costs(status, costs, language),
        "bars": bars,
        "legend": list(_find_legend(bars, language)),
        "heads": [language.say(head) for head in HEADS],
        "rows": [_tell_cost(campaign, language) for campaign in campaigns[:most]],
        "sum": [language.say("all"), costs, untold, _sum_estimates(status, language), sent_to],
        "more": say_more(language, len(campaigns) - most),
        "columns_number": len(HEADS),
    }


def say_estimate(status: Status, language: Language) -> str:
    """The estimates that are known, added up, with how many people that is about where it is not about all."""
    estimate = language.amounts(status.estimated_costs)
    if not status.estimate_unknown:
        return language.say("estimate_whole", estimate=estimate)
    known, people = language.number(status.sent_to - status.estimate_unknown), language.count("people", status.sent_to)
    return language.say("estimate_partly", estimate=estimate, known=known, people=people)


def _say_costs(status: Status, costs: str, language: Language) -> str:
    if not status.estimated_costs:
        return language.say("costs_sentence_open", costs=costs)
    if not status.estimate_unknown:
        return language.say("costs_sentence", costs=costs, estimate=language.amounts(status.estimated_costs))
    return language.say("costs_sentence_partly", costs=costs, estimate=say_estimate(status, language))


def _sum_estimates(status: Status, language: Language) -> str:
    """The last cell of a column of estimates: no sum where one of them is not known."""
    if status.estimate_unknown or not status.estimated_costs:
        return "—"
    return language.amounts(status.estimated_costs)


def _draw_costs(campaigns: Sequence[CampaignStatus], language: Language) -> list[Bar]:
    shown, others = choose_shown(campaigns, lambda campaign: campaign.estimated_cost or Decimal(0))
    bars = [_draw_cost(campaign, language) for campaign in shown]
    if others:
        bars.append(Bar(label=language.count("together", len(others)), told="", pieces=()))
    return bars


def _draw_cost(campaign: CampaignStatus, language: Language) -> Bar:
    """What answers told, up to the estimate and beyond it, then what is still open; the estimate is marked."""
    estimate, costs = campaign.estimated_cost, campaign.record.costs
    label = clip(campaign.label, LABEL)
    amounts = language.amounts(costs) if costs else language.say("cost_none")
    if estimate is None or set(costs) - {campaign.currency}:
        return Bar(label=label, told=language.say("cost_free", told=amounts), pieces=())
    told = costs.get(campaign.currency or "", Decimal(0))
    still = estimate * campaign.cost_unknown / campaign.sent_to if campaign.sent_to else Decimal(0)
    scale = max(estimate, told + still) * Decimal("1.06") or Decimal(1)
    within = min(told, estimate)
    stretches = (("planned", Decimal(0), within), ("over", within, told), ("unpriced", told, told + still))
    expected = language.amount(estimate, campaign.currency)
    return Bar(
        label=label,
        told=language.say("cost_against", told=amounts, estimate=expected),
        pieces=lay_stretches(scale, stretches),
        mark=float(100 * estimate / scale),
    )


def _find_legend(bars: Sequence[Bar], language: Language) -> Iterator[dict[str, str]]:
    kinds = {piece.kind for bar in bars for piece in bar.pieces}
    for kind, key in COSTS.items():
        if kind in kinds:
            yield {"kind": kind, "count": "", "told": language.say(key)}
    if any(bar.mark is not None for bar in bars):
        yield {"kind": "mark", "count": "", "told": language.say("cost_legend_estimate")}


def _tell_cost(campaign: CampaignStatus, language: Language) -> list[str]:
    estimate = campaign.estimated_cost
    return [
        clip(campaign.label, NAME),
        language.amounts(campaign.record.costs) if campaign.record.costs else "—",
        language.number(campaign.cost_unknown),
        "—" if estimate is None else language.amount(estimate, campaign.currency),
        language.number(campaign.sent_to),
    ]
