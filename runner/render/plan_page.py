"""A plan as one HTML file of its own: the sentence, what is wrong, then when, who, how much and what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from runner.errors import Problem
from runner.model.plan import Action, CampaignPlan, Plan, Reason
from runner.numbers import mask_numbers
from runner.render.lanes import draw_lanes, tell_time
from runner.render.language import Language
from runner.render.pictures import Bar, add_rows, count_kinds, draw_costs, draw_rows, priced, total_cost
from runner.render.problems import printable
from runner.render.sentences import (
    SENDING,
    SIGNS,
    by_urgency,
    clip,
    count_unpriced,
    gather_problems,
    say_action,
    say_blocked,
    say_headline,
    say_note,
    say_slot,
)
from runner.render.timetable import find_slots
from runner.render.webpage import render_webpage

SMALL, LARGE = 59_000, 395_000
"""Bytes of a whole page of at most ten campaigns, and of more."""
FEW = 10
ITEMS = 100
"""Problems, and campaigns with changes, that are shown at most; all of them are counted."""
LABEL, MESSAGE, VALUE, EXCERPT = 120, 500, 160, 110

BACKTICKS = re.compile("`([^`]+)`")
"""By which a text falls into words and code, in turn."""
UNSAFE_IN_STYLE = re.compile(r"[^\w\s,:-]")
"""What would need another way of escaping in a style sheet than in a page."""

Values = dict[str, object]


def render_plan_page(plan: Plan, language: Language, *, next_step: str | None = None) -> str:
    """A plan as HTML of at most 60,000 bytes for ten campaigns and 400,000 for any number; what is left out is counted.

    `next_step` is the complete command that carries it out, where one may.
    """
    longest = SMALL if len(plan.campaigns) <= FEW else LARGE
    most = max(len(plan.campaigns), sum(len(campaign.problems) for campaign in plan.campaigns), 1)
    while True:
        page = _Writer(plan, language, most).write(next_step)
        size = len(page.encode())
        if size <= longest or most == 1:
            return page
        most = max(1, min(most - 1, most * longest // size))


class _Writer:
    """One writing of a page, with at most `most` lines in each of its tables and lists."""

    def __init__(self, plan: Plan, language: Language, most: int) -> None:
        self._plan = plan
        self._language = language
        self._most = most
        self._items = min(most, ITEMS)
        self._slots = {slot.campaign.label: slot for slot in find_slots(plan)}

    def write(self, next_step: str | None) -> str:
        """The page."""
        plan, language = self._plan, self._language
        moment = language.moment(plan.created_at, plan.timezone)
        ids = [("plan-id", plan.plan_id), ("meaning", plan.meaning), ("state", plan.state_id)]
        return render_webpage(
            "plan.html",
            language=language,
            say=language.say,
            headline=say_headline(plan, language),
            blocked=say_blocked(plan, language),
            made_on=f"{moment} ({plan.timezone})",
            figures=self._say_figures(),
            problems=self._list_problems(),
            overview=self._tell_overview(),
            when=self._tell_when(),
            who=self._tell_who(),
            much=self._tell_much(),
            changes=self._list_changes(),
            closing=self._say_closing(),
            next_step=clip(next_step, MESSAGE) if next_step is not None and plan.sending else None,
            made=language.say("made", moment=moment, zone=plan.timezone, version=clip(plan.runner_version, LABEL)),
            ids=[(language.say(name), clip(value, LABEL)) for name, value in ids if value is not None],
            running=UNSAFE_IN_STYLE.sub("", f"{language.say('plan-id')} {clip(plan.plan_id, LABEL)}, {moment}"),
        )

    def _cut(self, rows: Sequence[object], columns: int) -> Values:
        return {"more": self._say_more(len(rows) - self._most), "columns": columns}

    def _say_more(self, number: int) -> str | None:
        return self._language.say("more", n=self._language.number(number)) if number > 0 else None

    def _say_figures(self) -> list[Values]:
        plan, language = self._plan, self._language
        unpriced = count_unpriced(plan)
        cost = language.amounts(plan.estimated_costs) if plan.estimated_costs else "?" if unpriced else "—"
        figures = [
            (language.say("figure-people", plan.recipients), language.number(plan.recipients)),
            (language.say("figure-requests", plan.requests), language.number(plan.requests)),
            (language.count("unknown-prices", unpriced) if unpriced else language.say("figure-cost"), cost),
        ]
        if plan.finishes_at is not None:
            begin = self._clock(plan.created_at)
            figures.append((language.say("figure-finish", begin=begin), self._clock(plan.finishes_at)))
        return [{"told": told, "number": number} for told, number in figures]

    def _clock(self, moment: datetime) -> str:
        return self._language.clock(moment.astimezone(ZoneInfo(self._plan.timezone)))

    def _list_problems(self) -> Values:
        gathered = gather_problems(self._plan)
        shown = [self._tell_problem(problem, labels) for problem, labels in gathered[: self._items]]
        number = self._language.number(len(gathered))
        return {"shown": shown, "number": number, "more": self._say_more(len(gathered) - self._items)}

    def _tell_problem(self, problem: Problem, labels: Sequence[str]) -> Values:
        language, place = self._language, problem.place
        named = ", ".join(clip(label, LABEL) for label in labels[:3])
        if len(labels) > 3:
            named += f" {language.say('more', n=language.number(len(labels) - 3))}"
        return {
            "severity": problem.severity.value,
            "code": clip(problem.code, LABEL),
            "place": f"{clip(place.path, VALUE)}:{place.line}:{place.column}" if place is not None else None,
            "owners": language.say("of-campaigns", len(labels), labels=named) if labels else None,
            "message": BACKTICKS.split(clip(problem.message, MESSAGE)),
            "excerpt": _cut_excerpt(problem),
            "hint": BACKTICKS.split(language.say("hint", hint=clip(problem.hint, MESSAGE))) if problem.hint else None,
        }

    def _tell_overview(self) -> Values:
        campaigns = by_urgency(self._plan)
        return {"rows": [self._tell_campaign(c) for c in campaigns[: self._most]], **self._cut(campaigns, 6)}

    def _tell_campaign(self, campaign: CampaignPlan) -> Values:
        language = self._language
        people = requests = cost = when = "—"
        if campaign.action in SENDING:
            people, requests = language.number(campaign.rows.pending), language.number(campaign.requests)
            cost = self._price(campaign)
            when = say_slot(self._plan, language, self._slots.get(campaign.label))
        elif campaign.note is not None:
            when = say_note(campaign.note, language)
        elif campaign.action is Action.BLOCKED and campaign.problems:
            when = clip(campaign.problems[0].code, LABEL)
        return {
            "action": campaign.action.value,
            "label": clip(campaign.label, LABEL),
            "file": clip(campaign.file, VALUE) if campaign.file is not None else None,
            "sign": SIGNS[campaign.action],
            "told": say_action(campaign.action, language),
            "people": people,
            "requests": requests,
            "cost": cost,
            "when": when,
        }

    def _price(self, campaign: CampaignPlan) -> str:
        if campaign.estimated_cost is None:
            return self._language.say("much-unpriced")
        return self._language.amount(campaign.estimated_cost, campaign.currency)

    def _tell_when(self) -> Values:
        plan, language = self._plan, self._language
        tracks, ticks = draw_lanes(plan, language)
        others = len(plan.lanes) - len(tracks)
        slots = list(self._slots.values())
        rows = [
            {
                "label": clip(slot.campaign.label, LABEL),
                "account": clip(slot.lane.account, LABEL),
                "begin": tell_time(slot.starts_at, slot.lane.timezone, language),
                "finish": tell_time(slot.ends_at, slot.lane.timezone, language),
                "requests": language.number(slot.campaign.requests),
                "people": language.number(slot.campaign.rows.pending),
                "delivered": language.moment(slot.campaign.scheduled_for, slot.lane.timezone)
                if slot.campaign.scheduled_for is not None
                else language.say("at-once"),
            }
            for slot in slots[: self._most]
        ]
        begin, finish = plan.created_at, max((slot.ends_at for slot in slots), default=plan.created_at)
        requests = sum(slot.campaign.requests for slot in slots)
        return {
            "title": language.say("section-when"),
            "said": language.say(
                "when-sentence",
                requests,
                requests=language.count("requests", requests),
                begin=self._clock(begin),
                finish=language.moment(finish, plan.timezone),
                zone=plan.timezone,
            ),
            "tracks": tracks,
            "others": self._say_more(others),
            "ticks": ticks,
            "rows": rows,
            "sum": {
                "begin": tell_time(begin, plan.timezone, language),
                "finish": tell_time(finish, plan.timezone, language),
                "requests": language.number(requests),
                "people": language.number(sum(slot.campaign.rows.pending for slot in slots)),
            },
            **self._cut(slots, 7),
        }

    def _tell_who(self) -> Values:
        language = self._language
        listed = [campaign for campaign in by_urgency(self._plan) if campaign.rows.listed]
        total = add_rows(listed)
        reasons = [reason for reason in Reason if getattr(total, reason)]
        return {
            "title": language.say("section-who"),
            "said": language.say(
                "who-sentence",
                total.listed,
                rows=language.count("rows", total.listed),
                people=language.count("people", self._plan.recipients),
            ),
            "bars": draw_rows(self._plan, language),
            "legend": [
                {"kind": kind, "count": language.number(count), "share": language.share(count, total.listed)}
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

    def _tell_much(self) -> Values:
        language = self._language
        campaigns = priced(self._plan)
        bars = draw_costs(self._plan, language)
        costs = self._plan.estimated_costs
        return {
            "title": language.say("section-much"),
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
            return language.say("much-sentence-unknown") if unpriced else ""
        if not unpriced:
            return language.say("much-sentence", costs=language.amounts(costs))
        unknown = language.count("unknown-prices", unpriced)
        return language.say("much-sentence-partly", costs=language.amounts(costs), unknown=unknown)

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
            planned = language.say("much-unpriced")
        cells = [spent, planned, whole, limit, reached, pending, people]
        return {
            "label": clip(campaign.label, LABEL),
            "action": say_action(campaign.action, language),
            "cells": cells,
        }

    def _list_changes(self) -> Values:
        language = self._language
        changed = [campaign for campaign in by_urgency(self._plan) if campaign.changes]
        shown = [
            {
                "label": clip(campaign.label, LABEL),
                "changes": [
                    {
                        "field": clip(change.field, VALUE),
                        "before": self._value(change.before),
                        "after": self._value(change.after),
                    }
                    for change in campaign.changes
                ],
            }
            for campaign in changed[: self._items]
        ]
        said = language.say("changes-sentence", campaigns=language.count("campaigns", len(changed)))
        return {"shown": shown, "said": said, "more": self._say_more(len(changed) - self._items)}

    def _value(self, value: str | None) -> str:
        return self._language.say("absent") if value is None else clip(value, VALUE)

    def _say_closing(self) -> list[str]:
        plan, language = self._plan, self._language
        told = []
        if any(campaign.rows.unknown for campaign in plan.campaigns):
            told.append(language.say("doubt", command="campaign status"))
        if plan.quiet_orphans:
            orphans = language.count("orphans", plan.quiet_orphans)
            told.append(language.say("quiet", plan.quiet_orphans, orphans=orphans))
        return told


def _cut_excerpt(problem: Problem) -> tuple[str, str, str] | None:
    """The source line before, at and after its place, without numbers, and cut where it is long."""
    if problem.excerpt is None or problem.place is None:
        return None
    line = mask_numbers(problem.excerpt[: 20 * EXCERPT])
    start = min(problem.place.column - 1, len(line))
    stop = max(start, min(start + problem.place.width, len(line), start + EXCERPT // 2))
    first = max(0, start - EXCERPT // 3) if len(line) > EXCERPT else 0
    last = min(len(line), first + EXCERPT)
    before, after = ("…" if first else ""), ("…" if last < len(line) else "")
    return (
        before + printable(line[first:start].expandtabs(4)),
        printable(line[start:stop]),
        printable(line[stop:last].expandtabs(4)) + after,
    )


def _find_legend(bars: Sequence[Bar], language: Language) -> list[tuple[str, str]]:
    """What stands in these bars, by its class and its name."""
    kinds = {piece.kind for bar in bars for piece in bar.pieces}
    marked = {"mark"} if any(bar.mark is not None for bar in bars) else set()
    names = {"spent": "before", "planned": "planned", "over": "over", "unpriced": "unknown", "mark": "guard"}
    return [(kind, language.say(f"much-legend-{name}")) for kind, name in names.items() if kind in kinds | marked]
