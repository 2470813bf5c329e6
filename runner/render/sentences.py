"""What Markdown and HTML say of a plan in words, in the reader's language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from runner.errors import Problem, Severity
from runner.model.plan import Action, CampaignPlan, Note, NoteKind, Plan
from runner.render.language import Language
from runner.render.page import tidy
from runner.render.timetable import Slot

SIGNS = {Action.SEND: "+", Action.CONTINUE: "~", Action.NONE: "=", Action.BLOCKED: "!", Action.ORPHAN: "?"}
URGENCY = (Action.BLOCKED, Action.SEND, Action.CONTINUE, Action.ORPHAN, Action.NONE)
"""In which order campaigns are shown: what needs somebody first, then what is sent, in the order of the plan."""


def clip(text: str, longest: int) -> str:
    """Free text as one printable line without telephone numbers, of at most `longest` characters."""
    line = tidy(text[: 4 * longest])
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def by_urgency(plan: Plan) -> list[CampaignPlan]:
    """The campaigns in the order in which they are shown."""
    ranks = {action: rank for rank, action in enumerate(URGENCY)}
    ranks[Action.CONTINUE] = ranks[Action.SEND]
    return sorted(plan.campaigns, key=lambda campaign: ranks[campaign.action])


def gather_problems(plan: Plan) -> list[tuple[Problem, list[str]]]:
    """Every problem once with the campaigns that have it, errors first.

    Before all others stands what no campaign has but the whole plan: it must not be what is left out.
    """
    shown: dict[Problem, list[str]] = {}
    for campaign in by_urgency(plan):
        for problem in campaign.problems:
            shown.setdefault(problem, []).append(campaign.label)
    for warning in plan.warnings:
        shown.setdefault(warning, [])
    return sorted(shown.items(), key=lambda item: (bool(item[1]), item[0].severity is not Severity.ERROR))


def say_more(language: Language, number: int) -> str | None:
    """That so many more there are, where there are any: `and 212 more`."""
    return language.say("more", n=language.number(number)) if number > 0 else None


def say_headline(plan: Plan, language: Language) -> str:
    """The one sentence: how many campaigns, people and requests, the cost, the finish."""
    if not plan.sending:
        return language.say("nothing", why=_say_why_nothing(plan, language))
    return language.say(
        "headline",
        len(plan.sending),
        campaigns=language.count("campaigns", len(plan.sending)),
        people=language.count("people", plan.recipients),
        requests=language.count("requests", plan.requests),
        cost=say_cost(plan, language),
        finish=_say_finish(plan, language),
    )


def say_blocked(plan: Plan, language: Language) -> str | None:
    """How many campaigns are blocked and so left out, where others are sent."""
    if not plan.blocked or not plan.sending:
        return None
    number = len(plan.blocked)
    return language.say("left_out", number, blocked=language.count("blocked", number))


def say_cost(plan: Plan, language: Language) -> str:
    """What the plan costs: `for about €180.00`; a price that is not known is never nought."""
    unpriced = count_unpriced(plan)
    if unpriced == 0:
        return language.say("cost", costs=language.amounts(plan.estimated_costs)) if plan.estimated_costs else ""
    if not plan.estimated_costs:
        return language.say("cost_unknown")
    costs, unknown = language.amounts(plan.estimated_costs), language.count("unknown_prices", unpriced)
    return language.say("cost_partly", costs=costs, unknown=unknown)


def count_unpriced(plan: Plan) -> int:
    """How many campaigns would be sent at a price that is not known."""
    return sum(campaign.estimated_cost is None for campaign in plan.sending)


def say_clock(plan: Plan, language: Language, moment: datetime, zone: str | None = None) -> str:
    """The time of day of an instant, with its day where that is not the day of planning."""
    home = ZoneInfo(zone or plan.timezone)
    local = moment.astimezone(home)
    if local.date() == plan.created_at.astimezone(home).date():
        return language.clock(local)
    return language.moment(moment, home.key)


def say_slot(plan: Plan, language: Language, slot: Slot | None) -> str:
    """From when to when a campaign's requests leave, in its account's zone, and when they are delivered."""
    if slot is None:
        return "—"
    zone = slot.lane.timezone
    begin, finish = say_clock(plan, language, slot.starts_at, zone), say_clock(plan, language, slot.ends_at, zone)
    told = begin if begin == finish else language.say("until_span", begin=begin, finish=finish)
    scheduled = slot.campaign.scheduled_for
    if scheduled is not None:
        told += ", " + language.say("when_scheduled", moment=language.moment(scheduled, zone))
    return told if zone == plan.timezone else f"{told} ({zone})"


def say_action(action: Action, language: Language) -> str:
    """The word for an action."""
    return language.say("blocked_action" if action is Action.BLOCKED else action.value)


def say_note(note: Note, language: Language) -> str:
    """Why there is nothing to do."""
    day = language.day(note.day) if note.day is not None else "?"
    match note.kind:
        case NoteKind.PAUSED:
            return language.say("paused")
        case NoteKind.OVER:
            return language.say("over", day=day)
        case NoteKind.ORPHANED:
            return language.say("orphaned", day=day)


def _say_why_nothing(plan: Plan, language: Language) -> str:
    if not plan.campaigns:
        return language.say("nothing_no_campaign")
    if plan.blocked:
        return language.say("nothing_blocked", blocked=language.count("blocked", len(plan.blocked)))
    return language.say("nothing_pending")


def _say_finish(plan: Plan, language: Language) -> str:
    if plan.finishes_at is None:
        return ""
    begin = language.clock(plan.created_at.astimezone(ZoneInfo(plan.timezone)))
    finish = language.moment(plan.finishes_at, plan.timezone)
    return language.say("finish", finish=finish, zone=plan.timezone, begin=begin)
