"""The pictures of a page, each with its sentence, its legend, and the table that repeats its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from runner.model.plan import CampaignPlan, Plan, Reason
from runner.render.lanes import draw_lanes, tell_second
from runner.render.language import Language
from runner.render.pictures import add_rows, count_kinds, draw_costs, draw_rows, priced, total_cost
from runner.render.sentences import by_urgency, clip, count_unpriced, say_action, say_more
from runner.render.shapes import Bar
from runner.render.timetable import Slot, find_slots

LABEL = 120

Values = dict[str, object]


class Pictures:
    """The pictures of one plan; their tables have at most `most` rows."""

    def __init__(self, plan: Plan, language: Language, most: int) -> None:
        self._plan = plan
        self._language = language
        self._most = most

    def _cut(self, rows: Sequence[object], columns: int) -> Values:
        return {"more": say_more(self._language, len(rows) - self._most), "columns_number": columns}

    def _clock(self, moment: datetime) -> str:
        return self._language.clock(moment.astimezone(ZoneInfo(self._plan.timezone)))

    def tell_when(self) -> Values:
        """When requests leave: the lanes, and the table below them."""
        plan, language = self._plan, self._language
        tracks, ticks = draw_lanes(plan, language)
        slots = list(find_slots(plan))
        others = len({slot.lane.account for slot in slots}) - len(tracks)
        begin, finish = plan.created_at, max((slot.ends_at for slot in slots), default=plan.created_at)
        requests = sum(slot.campaign.requests for slot in slots)
        return {
            "title": language.say("section_when"),
            "said": language.say(
                "when_sentence",
                requests,
                requests=language.count("requests", requests),
                begin=self._clock(begin),
                finish=language.moment(finish, plan.timezone),
                zone=plan.timezone,
            ),
            "tracks": tracks,
            "others": say_more(language, others),
            "ticks": ticks,
            "rows": [self._tell_slot(slot) for slot in slots[: self._most]],
            "sum": {
                "begin": tell_second(plan, begin, plan.timezone, language),
                "finish": tell_second(plan, finish, plan.timezone, language),
                "requests": language.number(requests),
                "people": language.number(sum(slot.campaign.rows.pending for slot in slots)),
            },
            **self._cut(slots, 7),
        }

    def _tell_slot(self, slot: Slot) -> Values:
        """When the requests of one campaign leave, as a row of the table."""
        plan, language, campaign = self._plan, self._language, slot.campaign
        delivered = language.say("at_once")
        if campaign.scheduled_for is not None:
            delivered = language.moment(campaign.scheduled_for, slot.lane.timezone)
        return {
            "label": clip(campaign.label, LABEL),
            "account": clip(slot.lane.account, LABEL),
            "begin": tell_second(plan, slot.starts_at, slot.lane.timezone, language),
            "finish": tell_second(plan, slot.ends_at, slot.lane.timezone, language),
            "requests": language.number(campaign.requests),
            "people": language.number(campaign.rows.pending),
            "delivered": delivered,
        }

    def tell_who(self) -> Values:
        """Who is reached and who not: the bars, their legend, and the table below them."""
        language = self._language
        listed = [campaign for campaign in by_urgency(self._plan) if campaign.rows.listed]
        total = add_rows(listed)
        reasons = [reason for reason in Reason if getattr(total, reason)]
        return {
            "title": language.say("section_who"),
            "said": language.say(
                "who_sentence",
                total.listed,
                rows=language.count("rows", total.listed),
                people=language.count("people", self._plan.recipients),
            ),
            "bars": draw_rows(self._plan, language),
            "legend": [
                {
                    "kind": kind,
                    "count": language.number(count),
                    "told": language.say(kind, count),
                    "share": language.share(count, total.listed),
                }
                for kind, count in count_kinds(listed).items()
            ],
            "reasons": [reason.value for reason in reasons],
            "rows": [
                {"label": clip(campaign.label, LABEL), "counts": self._count(campaign.rows.by_name(), reasons)}
                for campaign in listed[: self._most]
            ],
            "sum": self._count(total.by_name(), reasons),
            **self._cut(listed, len(reasons) + 2),
        }

    def _count(self, rows: dict[str, int], reasons: Sequence[Reason]) -> list[str]:
        return [self._language.number(rows[name]) for name in ("listed", *reasons)]

    def tell_much(self) -> Values:
        """How much it costs: the bars against their guards, their legend, and the table below them."""
        language = self._language
        campaigns = priced(self._plan)
        bars = draw_costs(self._plan, language)
        costs = self._plan.estimated_costs
        return {
            "title": language.say("section_much"),
            "said": self._say_much(),
            "bars": bars,
            "legend": _find_legend(bars, language),
            "rows": [self._tell_cost(campaign) for campaign in campaigns[: self._most]],
            "sum": language.amounts(costs) if costs else "—",
            "people": language.number(self._plan.recipients),
            **self._cut(campaigns, 9),
        }

    def _say_much(self) -> str:
        language, costs, unpriced = self._language, self._plan.estimated_costs, count_unpriced(self._plan)
        if not costs:
            return language.say("much_sentence_unknown") if unpriced else ""
        if not unpriced:
            return language.say("much_sentence", costs=language.amounts(costs))
        unknown = language.count("unknown_prices", unpriced)
        return language.say("much_sentence_partly", costs=language.amounts(costs), unknown=unknown)

    def _tell_cost(self, campaign: CampaignPlan) -> Values:
        language, bounds, total = self._language, campaign.bounds, total_cost(campaign)
        amounts = (
            bounds.cost_before,
            campaign.estimated_cost,
            total,
            bounds.max_cost,
        )
        spent, planned, whole, limit = (
            "—" if amount is None else language.amount(amount, campaign.currency) for amount in amounts
        )
        people = "—" if bounds.max_recipients is None else language.number(bounds.max_recipients)
        reached, pending = language.number(bounds.people_before), language.number(campaign.rows.pending)
        if campaign.estimated_cost is None:
            planned = language.say("much_unpriced")
        cells = [spent, planned, whole, limit, reached, pending, people]
        return {
            "label": clip(campaign.label, LABEL),
            "action": say_action(campaign.action, language),
            "cells": cells,
        }


def _find_legend(bars: Sequence[Bar], language: Language) -> list[tuple[str, str]]:
    """What stands in these bars, by its class and its name."""
    kinds = {piece.kind for bar in bars for piece in bar.pieces}
    marked = {"mark"} if any(bar.mark is not None for bar in bars) else set()
    names = {
        "spent": "before",
        "planned": "planned",
        "passed": "passed",
        "over": "over",
        "unpriced": "unknown",
        "mark": "guard",
    }
    return [(kind, language.say(f"much_legend_{name}")) for kind, name in names.items() if kind in kinds | marked]
