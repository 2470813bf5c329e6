"""What `apply` would do with one campaign: its action, and every reason for it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from runner.audience.recipients import Audience
from runner.errors import Problem, ProblemsFound
from runner.model.config import Account, Campaign, FailingCampaign
from runner.model.ledger import HOLDING, CampaignRecord
from runner.model.plan import Action, CampaignPlan, Change, Rows
from runner.plan.content import find_changes, keep_content
from runner.plan.desk import Desk, read_audience
from runner.plan.estimate import count_requests, estimate_cost, estimate_seconds, find_price
from runner.plan.guards import Spent, judge_guards, problem_at
from runner.plan.schedule import ScheduleRefused, find_schedule, is_over, refuse_past


def plan_campaign(campaign: Campaign, desk: Desk) -> tuple[CampaignPlan, Audience | None]:
    """What `apply` would do with this campaign, and the audience that says so, where its sources were read at all."""
    if not campaign.enabled:
        return _plan_nothing(campaign, "paused: `enabled` is false"), None
    if is_over(campaign, desk.now, desk.account_of(campaign).timezone):
        return _plan_nothing(campaign, f"over: `until` was {campaign.until}"), None
    try:
        audience = read_audience(campaign, desk)
    except ProblemsFound as found:
        return _plan_blocked(campaign, found.problems), None
    return _plan_audience(campaign, audience, desk), audience


def plan_failing(campaign: FailingCampaign) -> CampaignPlan:
    """A campaign whose file has problems: blocked by them."""
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=None,
        action=Action.BLOCKED,
        estimated_seconds=None,
        problems=campaign.problems,
    )


def plan_orphan(record: CampaignRecord) -> CampaignPlan:
    """A campaign that the ledger knows and no file names: its rows are the people that the ledger holds."""
    held = {status: record.people.get(status, 0) for status in HOLDING}
    return CampaignPlan(
        name=record.campaign,
        edition=record.edition,
        file=None,
        account=record.account,
        action=Action.ORPHAN,
        rows=Rows(listed=sum(held.values()), **held),
        note=f"in the ledger, in no file; last activity {record.last_activity:%Y-%m-%d}",
    )


def _plan_nothing(campaign: Campaign, note: str) -> CampaignPlan:
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=campaign.account,
        action=Action.NONE,
        estimated_cost=Decimal(0),
        note=note,
    )


def _plan_blocked(campaign: Campaign, problems: tuple[Problem, ...]) -> CampaignPlan:
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=campaign.account,
        action=Action.BLOCKED,
        estimated_seconds=None,
        problems=problems,
    )


def _plan_audience(campaign: Campaign, audience: Audience, desk: Desk) -> CampaignPlan:
    account, record = desk.account_of(campaign), desk.record_of(campaign)
    learnt = desk.state.ledger.learnt_price(account.name) if desk.state is not None else None
    price = find_price(account, learnt)
    cost = estimate_cost(audience.pending_by_kind, price)
    changes, accepted_before = _compare_content(campaign, record, desk)
    pending = audience.rows.pending
    requests = count_requests(pending, campaign, account, probes=not accepted_before)
    refusals: tuple[Problem, ...] = ()
    if pending:
        refusals = (
            *judge_guards(campaign, audience.rows, _find_spent(campaign, desk), cost, price),
            *_judge_schedule(campaign, account, desk.now),
            *_judge_audio_name(campaign, desk),
        )
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=campaign.account,
        action=_choose_action(pending, refusals, record),
        rows=audience.rows,
        changes=changes,
        requests=requests,
        estimated_cost=cost,
        currency=price.currency if price is not None else None,
        estimated_seconds=estimate_seconds(requests, account.limits),
        problems=(*refusals, *audience.warnings),
    )


def _choose_action(pending: int, refusals: tuple[Problem, ...], record: CampaignRecord | None) -> Action:
    if pending == 0:
        return Action.NONE
    if refusals:
        return Action.BLOCKED
    reached_before = record is not None and any(record.people.get(status, 0) for status in HOLDING)
    return Action.CONTINUE if reached_before else Action.SEND


def _compare_content(campaign: Campaign, record: CampaignRecord | None, desk: Desk) -> tuple[tuple[Change, ...], bool]:
    if record is None or desk.state is None:
        return (), False
    content = keep_content(campaign.content, desk.state.pseudonyms)
    return find_changes(record.first_content, content), content.digest in record.accepted_contents


def _find_spent(campaign: Campaign, desk: Desk) -> Spent:
    record = desk.record_of(campaign)
    if record is None or desk.state is None:
        return Spent()
    costs, unpriced = desk.state.ledger.campaign_cost(campaign.name, campaign.edition)
    return Spent(people=sum(record.people.get(status, 0) for status in HOLDING), costs=costs, unpriced=unpriced)


def _judge_schedule(campaign: Campaign, account: Account, now: datetime) -> tuple[Problem, ...]:
    try:
        refuse_past(find_schedule(campaign, account.timezone), now)
    except ScheduleRefused as refused:
        hint = refused.hint or ""
        return (problem_at(campaign, "schedule", refused.code, refused.message, hint),)
    return ()


def _judge_audio_name(campaign: Campaign, desk: Desk) -> tuple[Problem, ...]:
    wanted = campaign.audio_name
    if wanted is None or desk.state is None:
        return ()
    heard = desk.state.ledger.heard_audio_name(campaign.name, campaign.edition, campaign.content.audio)
    if heard is None or heard == wanted:
        return ()
    message = f"the provider calls this recording `{heard}`, and audio_name says `{wanted}`"
    hint = "set `message.audio` to the recording that is meant, or `message.audio_name` to what it is called"
    return (problem_at(campaign, "message.audio_name", "audio-name-differs", message, hint),)
