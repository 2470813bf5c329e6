"""A plan as Markdown for a pull request: one sentence and a table first, then problems, then details, folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.errors import Problem
from runner.model.plan import Action, CampaignPlan, Plan, Reason
from runner.render.language import Language
from runner.render.markdown import cell, code, prose
from runner.render.room import divide, fit, weigh
from runner.render.sentences import (
    SIGNS,
    by_urgency,
    clip,
    gather_problems,
    say_action,
    say_blocked,
    say_headline,
    say_note,
    say_slot,
)
from runner.render.timetable import Slot, find_slots

MARKER = "<!-- campaign-runner:plan -->"
"""By this a later run finds its comment again, to write the new plan in its place."""
LONGEST = 59_000
"""Bytes of a whole document: platforms cut or refuse a comment of 65,536."""
LABEL, MESSAGE, VALUE = 120, 500, 160
BAR = 10


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document that may be cut: its lines, the most urgent first, and what surrounds them.

    `say_more` is the line that says how many were left out.
    """

    lines: list[str]
    say_more: Callable[[int], str]
    head: list[str] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)


def render_plan_markdown(plan: Plan, language: Language, *, next_step: str | None = None) -> str:
    """A plan as Markdown of less than 60,000 bytes, whatever is in it; what does not fit is counted.

    `next_step` is the complete command that carries it out, where one may.
    """
    head = [MARKER, "", f"**{say_headline(plan, language)}**", ""]
    if plan.is_rehearsal:
        head += [f"**{language.say('rehearsal')}**", ""]
    blocked = say_blocked(plan, language)
    if blocked is not None:
        head += [f"**{blocked}**", ""]
    foot = _write_foot(plan, language, next_step)
    sections = {
        "overview": _write_overview(plan, language),
        "problems": _write_problems(plan, language),
        "rows": _write_rows(plan, language),
        "changes": _write_changes(plan, language),
    }
    around = sum(map(weigh, [*head, *foot])) + sum(_weigh_frame(section) for section in sections.values())
    rooms = _make_room(LONGEST - around, sections, urgent=len(plan.blocked))
    body: list[str] = []
    for name, section in sections.items():
        if section.lines:
            body += [*section.head, *fit(section.lines, rooms[name], section.say_more), *section.foot]
    return "\n".join([*head, *body, *foot]) + "\n"


def _make_room(room: int, sections: Mapping[str, Section], *, urgent: int) -> dict[str, int]:
    """Bytes for the lines of each section; the first `urgent` lines of the overview get theirs before all others."""
    needs = {name: sum(map(weigh, section.lines)) for name, section in sections.items()}
    first = min(room, sum(map(weigh, sections["overview"].lines[:urgent])))
    rooms = divide(room - first, {**needs, "overview": needs["overview"] - first})
    return {**rooms, "overview": rooms["overview"] + first}


def _weigh_frame(section: Section) -> int:
    return sum(map(weigh, [*section.head, *section.foot]))


def _count_rows(language: Language) -> Callable[[int], str]:
    return lambda number: f"| | {language.say('more', n=language.number(number))} |"


def _count_items(language: Language) -> Callable[[int], str]:
    return lambda number: f"- {language.say('more', n=language.number(number))}"


def _write_overview(plan: Plan, language: Language) -> Section:
    heads = [language.say(key) for key in ("campaign", "action")]
    heads += [language.say(f"column_{key}") for key in ("people", "requests", "cost", "when")]
    slots = {slot.campaign.label: slot for slot in find_slots(plan)}
    lines = [_write_campaign(plan, campaign, slots.get(campaign.label), language) for campaign in by_urgency(plan)]
    rule = "| --- | --- | --- | ---: | ---: | ---: | --- |"
    return Section(lines, _count_rows(language), [f"| | {' | '.join(heads)} |", rule], [""])


def _write_campaign(plan: Plan, campaign: CampaignPlan, slot: Slot | None, language: Language) -> str:
    people = requests = cost = when = "—"
    if campaign.is_sent:
        people, requests = language.number(campaign.rows.pending), language.number(campaign.requests)
        unknown = language.say("much_unpriced")
        amount = campaign.estimated_cost
        cost = unknown if amount is None else language.amount(amount, campaign.currency)
        when = say_slot(plan, language, slot)
    elif campaign.note is not None:
        when = say_note(campaign.note, language)
    elif campaign.action is Action.BLOCKED and campaign.obstacle is not None:
        when = cell(clip(campaign.obstacle.code, LABEL))
    cells = [code(SIGNS[campaign.action]), cell(clip(campaign.label, LABEL)), say_action(campaign.action, language)]
    return f"| {' | '.join([*cells, people, requests, cost, when])} |"


def _write_problems(plan: Plan, language: Language) -> Section:
    lines = [_write_problem(problem, labels, language) for problem, labels in gather_problems(plan)]
    title = f"**{language.say('section_problems')}** ({language.number(len(lines))})"
    return Section(lines, _count_items(language), [title, ""], [""])


def _write_problem(problem: Problem, labels: Sequence[str], language: Language) -> str:
    """A problem as an item of a list: severity, code, place, whose it is, its words, and its hint below."""
    told = [f"- **{language.say(problem.severity.value)}** {code(clip(problem.code, LABEL))}"]
    if problem.place is not None:
        place = problem.place
        told.append(code(f"{clip(place.path, VALUE)}:{place.line}:{place.column}"))
    if labels:
        named = " ".join(code(clip(label, LABEL)) for label in labels[:3])
        if len(labels) > 3:
            named += f" {language.say('more', n=language.number(len(labels) - 3))}"
        told.append(language.say("of_campaigns", len(labels), labels=named))
    told.append(f"— {prose(clip(problem.message, MESSAGE))}")
    item = " ".join(told)
    if problem.hint:
        item += "\n  - " + language.say("hint", hint=prose(clip(problem.hint, MESSAGE)))
    return item


def _write_rows(plan: Plan, language: Language) -> Section:
    shown = [campaign for campaign in by_urgency(plan) if campaign.rows.listed]
    reasons = [reason for reason in Reason if any(getattr(campaign.rows, reason) for campaign in shown)]
    lines = []
    for campaign in shown:
        rows = campaign.rows
        counts = [language.number(rows.listed), *(language.number(getattr(rows, reason)) for reason in reasons)]
        filled = BAR * rows.pending // rows.listed
        bar = f"{'█' * filled}{'░' * (BAR - filled)} {language.share(rows.pending, rows.listed)}"
        lines.append(f"| {cell(clip(campaign.label, LABEL))} | {' | '.join([*counts, bar])} |")
    heads = [language.say(key) for key in ("campaign", "listed", *reasons, "share")]
    rule = "| --- |" + " ---: |" * (len(reasons) + 1) + " --- |"
    head = [*_fold(language, "rows_by_reason"), f"| {' | '.join(heads)} |", rule]
    return Section(lines, _count_rows(language), head, ["", "</details>", ""])


def _write_changes(plan: Plan, language: Language) -> Section:
    lines = [
        f"- {code(clip(campaign.label, LABEL))} {code(clip(change.field, VALUE))}: "
        f"{_tell_value(change.before, language)} → {_tell_value(change.after, language)}"
        for campaign in by_urgency(plan)
        for change in campaign.changes
    ]
    return Section(lines, _count_items(language), _fold(language, "section_changes"), ["", "</details>", ""])


def _tell_value(value: str | None, language: Language) -> str:
    return language.say("absent") if value is None else code(clip(value, VALUE))


def _fold(language: Language, title: str) -> list[str]:
    return [f"<details><summary>{language.say(title)}</summary>", ""]


def _write_foot(plan: Plan, language: Language, next_step: str | None) -> list[str]:
    told = []
    if any(campaign.rows.unknown for campaign in plan.campaigns):
        told += [language.say("doubt", command=code("campaign status")), ""]
    if plan.quiet_orphans:
        orphans = language.count("orphans", plan.quiet_orphans)
        told += [language.say("quiet", plan.quiet_orphans, orphans=orphans), ""]
    if plan.sending and next_step is not None:
        told += [language.say("next", command=code(clip(next_step, MESSAGE))), ""]
    version = code(clip(plan.runner_version, LABEL))
    moment = language.moment(plan.created_at, plan.timezone)
    ids = [f"{language.say('plan_id')} {code(clip(plan.plan_id, LABEL))}"]
    ids.append(f"{language.say('meaning')} {code(clip(plan.meaning, LABEL))}")
    if plan.state_id is not None:
        ids.append(f"{language.say('state')} {code(clip(plan.state_id, LABEL))}")
    return [
        *told,
        language.say("made", moment=moment, zone=plan.timezone, version=version),
        "",
        f"<sub>{', '.join(ids)}</sub>",
    ]
