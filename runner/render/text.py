"""A plan as text: one sentence, each campaign with its reasons, the sum, and the complete next step."""

from __future__ import annotations

import re
from collections import Counter

from runner.errors import Problem
from runner.model.plan import Action, CampaignPlan, Plan, Reason
from runner.render.page import Page, Style, tidy
from runner.render.problems import printable, render_problem
from runner.render.words import (
    render_costs,
    render_count,
    render_duration,
    render_local,
    render_money,
    render_people,
    say_note,
)

SIGNS = {
    Action.SEND: ("+", Style.GOOD),
    Action.CONTINUE: ("~", Style.GOING_ON),
    Action.NONE: ("=", Style.DIM),
    Action.BLOCKED: ("!", Style.LOUD),
    Action.ORPHAN: ("?", Style.CARE),
}
SUMMARY = {
    Action.SEND: "to send",
    Action.CONTINUE: "to continue",
    Action.NONE: "with nothing to send",
    Action.BLOCKED: "blocked",
    Action.ORPHAN: "orphaned",
}
DETAIL = 4
"""Columns by which what is said of a campaign stands to the right of it."""

SOURCE_LINE = re.compile(r"(?:\x1b\[[\d;]*m)* *\d* \|")


def render_plan(
    plan: Plan,
    *,
    width: int = 80,
    color: bool = False,
    next_step: str | None = None,
    most: int | None = None,
    blocked_before: int = 0,
) -> str:
    """A plan as text of `width` columns.

    `next_step` is the complete command that carries it out, where one may. `most` are the people that a run may reach
    which carries out no more of it; `blocked_before` the campaigns that a saved plan left out when it was made.
    """
    page = Page(width=width, color=color)
    _write_head(plan, page)
    if most is not None and most < plan.recipients:
        page.write(f"This run reaches at most {render_people(most)} of them: `--limit` says so.", style=Style.CARE)
    if blocked_before:
        page.write(f"{say_blocked_before(blocked_before)}.", style=Style.CARE)
    for warning in plan.warnings:
        page.skip()
        _write_problem(warning, page, indent=0)
    labels = min(max((len(c.label) for c in plan.campaigns), default=0), width // 2)
    for campaign in plan.campaigns:
        page.skip()
        _write_campaign(campaign, page, labels, plan.timezone)
    page.skip()
    _write_foot(plan, page, next_step)
    return page.text


def say_blocked_before(campaigns: int) -> str:
    """How many campaigns a saved plan left out, since they were blocked when it was made."""
    were, are = ("was", "is") if campaigns == 1 else ("were", "are")
    return f"{render_count(campaigns, 'campaign')} {were} blocked when this plan was made, and {are} not in it"


def _write_head(plan: Plan, page: Page) -> None:
    if not plan.sending:
        page.write(f"NOTHING TO SEND: {_say_why_nothing(plan)}.", style=Style.BOLD)
        return
    campaigns = render_count(len(plan.sending), "campaign")
    requests = render_count(plan.requests, "request")
    sentence = f"{campaigns} would reach {render_people(plan.recipients)} in {requests}, {_say_cost(plan)}"
    if plan.finishes_at is not None:
        finish = render_local(plan.finishes_at, plan.timezone)
        sentence += f", done about {finish} if begun now"
    page.write(f"{sentence}.", style=Style.BOLD)
    if plan.blocked:
        page.write(f"{_say_blocked(plan)}, and left out.", style=Style.LOUD)


def _say_why_nothing(plan: Plan) -> str:
    if not plan.campaigns:
        return "nobody is in this plan" if plan.is_saved else "there is no campaign yet; add a file under `campaigns/`"
    if plan.blocked:
        return f"{_say_blocked(plan)}, and nobody else is pending"
    return "nobody is pending"


def _say_blocked(plan: Plan) -> str:
    return f"{render_count(len(plan.blocked), 'campaign')} {'is' if len(plan.blocked) == 1 else 'are'} blocked"


def _say_cost(plan: Plan) -> str:
    unpriced = [c for c in plan.sending if c.estimated_cost is None]
    if not unpriced:
        return f"for about {render_costs(plan.estimated_costs)}"
    if not plan.estimated_costs:
        return "at a price that is not known yet"
    return f"for about {render_costs(plan.estimated_costs)} and {render_count(len(unpriced), 'unknown price')}"


def _write_campaign(campaign: CampaignPlan, page: Page, labels: int, timezone: str) -> None:
    sign, style = SIGNS[campaign.action]
    label = printable(campaign.label)
    facts = _say_facts(campaign, timezone)
    line = f"{sign} {label:<{labels}}  {facts}"
    if len(line) <= page.width:
        page.keep(page.paint(f"{sign} {label}", style) + line[len(label) + 2 :])
    else:
        page.keep(page.paint(f"{sign} {label}", style))
        page.write(facts, indent=DETAIL)
    _write_origin(campaign, page)
    _write_rows(campaign, page)
    _write_narrowing(campaign, page)
    _write_changes(campaign, page)
    for problem in campaign.problems:
        _write_problem(problem, page, indent=2)


def _write_problem(problem: Problem, page: Page, *, indent: int) -> None:
    """A problem as it stands everywhere; its words are wrapped, its source line and caret are kept."""
    for line in render_problem(problem, color=page.color).splitlines():
        if SOURCE_LINE.match(line):
            page.keep(line, indent=indent)
        else:
            page.write(line, indent=indent, hang=DETAIL)


def _say_facts(campaign: CampaignPlan, timezone: str) -> str:
    if campaign.action not in (Action.SEND, Action.CONTINUE):
        return say_note(campaign.note) if campaign.note else SUMMARY[campaign.action].replace("with ", "")
    cost = "price not known"
    if campaign.estimated_cost is not None:
        cost = f"about {render_money(campaign.estimated_cost, campaign.currency)}"
    facts = [render_people(campaign.rows.pending), render_count(campaign.requests, "request"), cost]
    if campaign.estimated_seconds:
        facts.append(render_duration(campaign.estimated_seconds))
    if campaign.scheduled_for is not None:
        facts.append(f"delivered {render_local(campaign.scheduled_for, timezone)}")
    return ", ".join(facts)


def _write_origin(campaign: CampaignPlan, page: Page) -> None:
    parts = [tidy(campaign.file)] if campaign.file else []
    if campaign.account:
        parts.append(f"account {tidy(campaign.account)}")
    if parts:
        page.write(", ".join(parts), indent=DETAIL, style=Style.DIM)


def _write_rows(campaign: CampaignPlan, page: Page) -> None:
    rows = campaign.rows
    if not rows.listed:
        return
    parts = [f"{getattr(rows, reason):,} {reason}" for reason in Reason if getattr(rows, reason)]
    page.write(f"{render_count(rows.listed, 'row')}: {', '.join(parts)}", indent=DETAIL, hang=2)


def _write_narrowing(campaign: CampaignPlan, page: Page) -> None:
    narrowing = campaign.narrowing
    if narrowing is None:
        return
    parts = [
        f"{people:,} {what}"
        for people, what in (
            (narrowing.reached, "reached since or in doubt"),
            (narrowing.refused, "refused"),
            (narrowing.excluded, "excluded since"),
            (narrowing.gone, "gone from the sources"),
            (campaign.rows.pending, "left to reach"),
        )
        if people
    ]
    page.write(f"of {render_people(narrowing.approved)} in the plan: {', '.join(parts)}", indent=DETAIL, hang=2)
    if narrowing.newcomers:
        verb = "is" if narrowing.newcomers == 1 else "are"
        page.write(
            f"{render_people(narrowing.newcomers)} {verb} pending and not in the plan: they wait for another",
            indent=DETAIL,
            hang=2,
        )


def _write_changes(campaign: CampaignPlan, page: Page) -> None:
    if not campaign.changes:
        return
    page.write("changed since the first chunk, for people not reached yet:", indent=DETAIL, style=Style.CARE)
    for change in campaign.changes:
        before, after = (tidy(value) if value is not None else "(none)" for value in (change.before, change.after))
        page.write(f"{change.field}: {before} → {after}", indent=DETAIL + 2, hang=2)


def _write_foot(plan: Plan, page: Page, next_step: str | None) -> None:
    if plan.quiet_orphans:
        others = render_count(plan.quiet_orphans, "other name")
        page.write(f"The ledger holds {others} in no file, without activity for 30 days and with nothing in doubt.")
        page.skip()
    actions = Counter(campaign.action for campaign in plan.campaigns)
    parts = [f"{actions[action]} {words}" for action, words in SUMMARY.items() if actions[action]]
    if parts:
        page.write(f"Plan: {', '.join(parts)}.", style=Style.BOLD)
    if any(campaign.rows.unknown for campaign in plan.campaigns):
        page.write("Some people are in chunks whose answer is not known: `campaign status` shows how to settle them.")
    if plan.sending and next_step is not None:
        page.keep(f"Next step: {page.paint(next_step, Style.BOLD)}")
    elif plan.blocked and not plan.sending:
        page.write("Next step: mend what blocks, then plan again.")
