"""A plan as one HTML file of its own: the sentence, what is wrong, then when, who, how much and what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from runner.errors import Problem
from runner.model.plan import Action, CampaignPlan, Plan
from runner.numbers import mask_numbers
from runner.render.language import Language
from runner.render.plan_pictures import Pictures, Values
from runner.render.problems import printable
from runner.render.sentences import (
    SIGNS,
    by_urgency,
    clip,
    count_unpriced,
    gather_problems,
    say_action,
    say_blocked,
    say_headline,
    say_more,
    say_note,
    say_slot,
)
from runner.render.timetable import find_slots
from runner.render.webpage import clean_for_style, fit_webpage, render_webpage

SMALL, LARGE = 59_000, 395_000
"""Bytes of a whole page of at most ten campaigns, and of more."""
FEW = 10
ITEMS = 100
"""Problems, and campaigns with changes, that are shown at most; all of them are counted."""
LABEL, MESSAGE, VALUE, EXCERPT = 120, 500, 160, 110

BACKTICKS = re.compile("`([^`]+)`")
"""By which a text falls into words and code, in turn."""


def render_plan_page(plan: Plan, language: Language, *, next_step: str | None = None) -> str:
    """A plan as HTML of at most 60,000 bytes for ten campaigns and 400,000 for any number; what is left out is counted.

    `next_step` is the complete command that carries it out, where one may.
    """
    longest = SMALL if len(plan.campaigns) <= FEW else LARGE
    most = max(len(plan.campaigns), len(gather_problems(plan)), 1)
    return fit_webpage(lambda most: _Writer(plan, language, most).write(next_step), most, longest)


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
        pictures = Pictures(plan, language, self._most)
        ids = [("plan_id", plan.plan_id), ("meaning", plan.meaning), ("state", plan.state_id)]
        return render_webpage(
            "plan.html",
            language=language,
            say=language.say,
            headline=say_headline(plan, language),
            title=language.say("title"),
            rehearsal=language.say("rehearsal") if plan.is_rehearsal else None,
            alarm=say_blocked(plan, language),
            made_on=f"{moment} ({plan.timezone})",
            figures=self._say_figures(),
            problems=self._list_problems(),
            overview=self._tell_overview(),
            when=pictures.tell_when(),
            who=pictures.tell_who(),
            much=pictures.tell_much(),
            changes=self._list_changes(),
            closing=self._say_closing(),
            next_step=clip(next_step, MESSAGE) if next_step is not None and plan.sending else None,
            made=language.say("made", moment=moment, zone=plan.timezone, version=clip(plan.runner_version, LABEL)),
            ids=[(language.say(name), clip(value, LABEL)) for name, value in ids if value is not None],
            running=clean_for_style(f"{language.say('plan_id')} {clip(plan.plan_id, LABEL)}, {moment}"),
        )

    def _say_figures(self) -> list[Values]:
        plan, language = self._plan, self._language
        unpriced = count_unpriced(plan)
        cost = language.amounts(plan.estimated_costs) if plan.estimated_costs else "?" if unpriced else "—"
        figures = [
            (language.say("figure_people", plan.recipients), language.number(plan.recipients)),
            (language.say("figure_requests", plan.requests), language.number(plan.requests)),
            (language.count("unknown_prices", unpriced) if unpriced else language.say("figure_cost"), cost),
        ]
        if plan.finishes_at is not None:
            begin = self._clock(plan.created_at)
            zone = ZoneInfo(plan.timezone)
            day = plan.finishes_at.astimezone(zone).date()
            told = language.say("figure_finish", begin=begin)
            if day != plan.created_at.astimezone(zone).date():
                told = language.say("figure_finish_later", begin=begin, day=language.long_day(day))
            figures.append((told, self._clock(plan.finishes_at)))
        return [{"told": told, "number": number} for told, number in figures]

    def _clock(self, moment: datetime) -> str:
        return self._language.clock(moment.astimezone(ZoneInfo(self._plan.timezone)))

    def _list_problems(self) -> Values:
        gathered = gather_problems(self._plan)
        shown = [self._tell_problem(problem, labels) for problem, labels in gathered[: self._items]]
        number = self._language.number(len(gathered))
        return {"shown": shown, "number": number, "more": say_more(self._language, len(gathered) - self._items)}

    def _tell_problem(self, problem: Problem, labels: Sequence[str]) -> Values:
        language, place = self._language, problem.place
        named = ", ".join(clip(label, LABEL) for label in labels[:3])
        if len(labels) > 3:
            named += f" {language.say('more', n=language.number(len(labels) - 3))}"
        return {
            "severity": problem.severity.value,
            "code": clip(problem.code, LABEL),
            "place": f"{clip(place.path, VALUE)}:{place.line}:{place.column}" if place is not None else None,
            "owners": language.say("of_campaigns", len(labels), labels=named) if labels else None,
            "message": BACKTICKS.split(clip(problem.message, MESSAGE)),
            "excerpt": _cut_excerpt(problem),
            "hint": BACKTICKS.split(language.say("hint", hint=clip(problem.hint, MESSAGE))) if problem.hint else None,
        }

    def _tell_overview(self) -> Values:
        campaigns = by_urgency(self._plan)
        return {
            "rows": [self._tell_campaign(c) for c in campaigns[: self._most]],
            "more": say_more(self._language, len(campaigns) - self._most),
            "columns_number": 6,
        }

    def _tell_campaign(self, campaign: CampaignPlan) -> Values:
        language = self._language
        people = requests = cost = when = "—"
        if campaign.is_sent:
            people, requests = language.number(campaign.rows.pending), language.number(campaign.requests)
            cost = self._price(campaign)
            when = say_slot(self._plan, language, self._slots.get(campaign.label))
        elif campaign.note is not None:
            when = say_note(campaign.note, language)
        elif campaign.action is Action.BLOCKED and campaign.obstacle is not None:
            when = clip(campaign.obstacle.code, LABEL)
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
            return self._language.say("much_unpriced")
        return self._language.amount(campaign.estimated_cost, campaign.currency)

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
        said = language.say("changes_sentence", campaigns=language.count("campaigns", len(changed)))
        return {"shown": shown, "said": said, "more": say_more(language, len(changed) - self._items)}

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
