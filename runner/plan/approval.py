"""A saved plan held against today: carried out as it was approved, or refused with what changed and who changed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from runner.errors import Place, Problem
from runner.model.clock import spell_duration, spell_moment
from runner.model.config import Account, Campaign, Project
from runner.model.names import spell_label
from runner.plan.formers import find_former
from runner.plan.saved import PlanRefused, Said, SavedPlan, hide_numbers_in
from runner.project.meaning import say_campaign
from runner.pseudonyms import Pseudonyms
from runner.state.open import State

PLAN_ANEW = "plan anew, and have the new plan approved"
MOST_CHANGES = 5

FindAuthor = Callable[[str], str | None]
"""Who changed this file of the project since the plan was made, as far as its history tells."""


def say_all(project: Project, campaigns: tuple[Campaign, ...], pseudonyms: Pseudonyms) -> dict[str, Said]:
    """What these campaigns and their accounts say today, by label, without telephone numbers."""
    return {
        campaign.label: hide_numbers_in(
            say_campaign(campaign, project.accounts[campaign.account], project.expose_env), pseudonyms
        )
        for campaign in campaigns
    }


def refuse_other_state(saved: SavedPlan, state_id: str) -> None:
    """Raise PlanRefused where the plan was made on another state."""
    if saved.plan.state_id != state_id:
        message = f"the plan was made on state {saved.plan.state_id}, and this is state {state_id}"
        raise PlanRefused(message, hint=PLAN_ANEW, code="plan-other-state")


def find_refusals(
    saved: SavedPlan, project: Project, state: State, *, now: datetime, max_age: timedelta, find_author: FindAuthor
) -> Iterator[Problem]:
    """Every reason why the plan may not be carried out now.

    Raises StateRefused where the state is an older copy of the one that it was made on.
    """
    # A plan from days to come was dated by a clock that is wrong, and would never be too old.
    if abs(now - saved.plan.created_at) > max_age:
        when = "longer ago than" if now > saved.plan.created_at else "further ahead of now than"
        made, limit = spell_moment(saved.plan.created_at), spell_duration(max_age)
        message = f"the plan was made at {made}, {when} --max-age allows ({limit})"
        yield Problem("plan-too-old", message, hint=PLAN_ANEW)
    labels = {*saved.people, *_list_former_labels(saved, project, state)}
    for other in state.ledger.find_overtaking(saved.mark, saved.plan.plan_id, labels):
        run = f"{other.who}, {spell_moment(other.at)}"
        message = f"`{other.label}` was sent since this plan was made, and not by it: by `campaign apply` of {run}"
        yield Problem("plan-overtaken", message, hint=PLAN_ANEW)
    yield from _find_changed(saved, project, state.pseudonyms, find_author)


def _list_former_labels(saved: SavedPlan, project: Project, state: State) -> Iterator[str]:
    """Under which other labels the ledger knows the plan's campaigns: old copies of the files send for them there."""
    known = {(record.campaign, record.edition) for record in state.ledger.campaigns()}
    formers = state.ledger.formers()
    for campaign in (campaign for campaign in project.campaigns if campaign.label in saved.people):
        former = find_former(campaign, project, known, formers)
        if former is not None:
            yield spell_label(*former)


def _find_changed(
    saved: SavedPlan, project: Project, pseudonyms: Pseudonyms, find_author: FindAuthor
) -> Iterator[Problem]:
    campaigns = {campaign.label: campaign for campaign in project.campaigns}
    failing = {campaign.label: campaign for campaign in project.failing}
    files = {campaign.label: campaign.file for campaign in saved.plan.campaigns}
    for label in saved.people:
        if label in failing:
            yield from failing[label].problems
        elif label not in campaigns:
            message = f"`{label}` is in the plan and in no file any more{_say_author(find_author, files.get(label))}"
            yield Problem("plan-campaign-gone", message, hint=PLAN_ANEW)
        else:
            campaign = campaigns[label]
            now = say_all(project, (campaign,), pseudonyms)[label]
            changes = _find_changes(saved.said[label], now)
            if changes:
                yield _tell_changed(campaign, project.accounts[campaign.account], changes, find_author)


def _find_changes(then: Said, now: Said) -> list[tuple[str, str]]:
    """The fields that say otherwise than then, and how; an exclusion that was added only narrows the plan."""
    changes = [
        (name, f"{name} was {_quote(then.get(name))}, is {_quote(now.get(name))}")
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name) and not _is_exclusion(name)
    ]
    lost = _list_exclusions(then) - _list_exclusions(now)
    return changes + [("exclude", f"exclude {_quote(text)} is gone") for text in sorted(lost.elements())]


def _is_exclusion(name: str) -> bool:
    return name.startswith("exclude[")


def _list_exclusions(said: Said) -> Counter[str]:
    return Counter(text for name, text in said.items() if _is_exclusion(name))


def _quote(text: str | None) -> str:
    return "not set" if text is None else f"`{text.partition(' #')[0]}`"


def _tell_changed(
    campaign: Campaign, account: Account, changes: list[tuple[str, str]], find_author: FindAuthor
) -> Problem:
    told = "; ".join(how for _, how in changes[:MOST_CHANGES])
    if len(changes) > MOST_CHANGES:
        told += f"; and {len(changes) - MOST_CHANGES} more"
    authors = _say_author(find_author, campaign.file, "campaigns.yaml")
    message = f"`{campaign.label}` says something else than in the plan: {told}{authors}"
    place, excerpt = _find_place(campaign, account, [name for name, _ in changes])
    return Problem("plan-meaning-changed", message, place, PLAN_ANEW, excerpt)


def _find_place(campaign: Campaign, account: Account, fields: list[str]) -> tuple[Place, str | None]:
    """Where the first of these fields that still stands in a file does so; else where the campaign begins."""
    for key in (field.partition("[")[0] for field in fields):
        if key in campaign.places:
            return campaign.places[key], campaign.excerpts[key]
        if key.startswith("account."):
            return account.place, None
    return campaign.place, None


def _say_author(find_author: FindAuthor, *files: str | None) -> str:
    known = [f"{file} was changed by {author}" for file in files if file and (author := find_author(file))]
    return f" ({'; '.join(known)})" if known else ""
