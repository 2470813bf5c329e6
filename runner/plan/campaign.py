"""What `apply` would do with one campaign: its action, and every reason for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from runner.audience.recipients import Audience
from runner.errors import Problem, ProblemsFound, Severity
from runner.model.approval import Narrowing
from runner.model.config import Campaign, FailingCampaign
from runner.model.ledger import HOLDING, CampaignRecord
from runner.model.names import spell_label
from runner.model.plan import Action, CampaignPlan, Change, Note, NoteKind, Rows
from runner.numbers import mask_name
from runner.plan.content import find_account_changes, find_changes, keep_content
from runner.plan.desk import Desk, read_audience
from runner.plan.estimate import Price, count_requests, estimate_cost, estimate_seconds, find_price
from runner.plan.formers import warn_of_rival
from runner.plan.guards import Draft, Spent, judge_guards, measure_bounds, problem_at
from runner.plan.measures import count_planned, find_last_people, judge_shrinking
from runner.plan.questions import find_open_questions
from runner.plan.resemblance import Resemblance
from runner.plan.schedule import ScheduleRefused, find_schedule, is_over


def plan_campaign(campaign: Campaign, desk: Desk, resemblance: Resemblance) -> tuple[CampaignPlan, Audience | None]:
    """What `apply` would do with this campaign, and the audience that says so, where its sources were read at all."""
    if not campaign.enabled:
        return _plan_nothing(campaign, Note(NoteKind.PAUSED)), None
    if is_over(campaign, desk.now, desk.account_of(campaign).timezone):
        return _plan_nothing(campaign, Note(NoteKind.OVER, campaign.until)), None
    try:
        audience = read_audience(campaign, desk)
    except ProblemsFound as found:
        return _plan_blocked(campaign, found.problems), None
    return _plan_audience(campaign, audience, desk, resemblance), audience


def plan_failing(campaign: FailingCampaign) -> CampaignPlan:
    """A campaign whose file has problems: blocked by them. A telephone number in its name may be one."""
    edition = campaign.edition
    return CampaignPlan(
        name=mask_name(campaign.name),
        edition=mask_name(edition) if edition is not None else None,
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
        note=Note(NoteKind.ORPHANED, record.last_activity.date()),
    )


def _plan_nothing(campaign: Campaign, note: Note) -> CampaignPlan:
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


def _plan_audience(campaign: Campaign, audience: Audience, desk: Desk, resemblance: Resemblance) -> CampaignPlan:
    account, record = desk.account_of(campaign), desk.record_of(campaign)
    narrowing = _narrow(campaign, audience, desk)
    learnt = desk.state.ledger.learnt_price(account.name) if desk.state is not None else None
    price = find_price(account, learnt)
    cost = estimate_cost(audience.pending_by_kind, price)
    changes, accepted_before = _compare_content(campaign, record, desk)
    pending = audience.rows.pending
    spent = _find_spent(campaign, desk)
    requests = count_requests(pending, campaign, account, probes=not accepted_before)
    judged: tuple[Problem, ...]
    if pending:
        judged = (
            *_judge_limits(campaign, audience, desk, cost=cost, price=price, spent=spent),
            *find_open_questions(campaign, desk, accepted_before=accepted_before),
            *resemblance.judge(campaign, audience),
            *_judge_stops(campaign, desk),
        )
    else:
        judged = tuple(warn_of_rival(campaign, desk.project))
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=campaign.account,
        action=_choose_action(pending, judged, record),
        rows=audience.rows,
        changes=changes,
        requests=requests,
        estimated_cost=cost,
        currency=price.currency if price is not None else None,
        estimated_seconds=estimate_seconds(requests, account),
        problems=(
            *judged,
            *audience.warnings,
            *_warn_of_blanks(campaign, audience),
            *_warn_of_doubt(campaign, desk, pending),
        ),
        bounds=measure_bounds(campaign, spent, price, _find_today(campaign, desk)),
        scheduled_for=_find_delivery(campaign, account.timezone),
        narrowing=narrowing,
    )


def _judge_limits(
    campaign: Campaign, audience: Audience, desk: Desk, *, cost: Decimal | None, price: Price | None, spent: Spent
) -> tuple[Problem, ...]:
    """What the limits say that the campaign and its exclusions set."""
    draft = Draft(
        rows=audience.whole,
        people=count_planned(audience),
        pending=audience.rows.pending,
        cost=cost,
        price=price,
        spent=spent,
        last_people=find_last_people(desk.names_of(campaign), desk.measures),
    )
    return (
        *judge_guards(campaign, draft, _find_today(campaign, desk)),
        *judge_shrinking(campaign, audience.exclusion_rows, desk.measures),
    )


def _find_today(campaign: Campaign, desk: Desk) -> date:
    return desk.now.astimezone(ZoneInfo(desk.account_of(campaign).timezone)).date()


def _find_delivery(campaign: Campaign, timezone: str) -> datetime | None:
    """The scheduled instant; None also where it is none, which is an open question and blocks."""
    try:
        return find_schedule(campaign, timezone)
    except ScheduleRefused:
        return None


def _narrow(campaign: Campaign, audience: Audience, desk: Desk) -> Narrowing | None:
    """Where a saved plan is carried out, let the audience be about its people alone."""
    if desk.approval is None or desk.state is None:
        return None
    return audience.narrow(desk.approval.people.get(campaign.label, b""), desk.state.pseudonyms.sql)


def _choose_action(pending: int, judged: tuple[Problem, ...], record: CampaignRecord | None) -> Action:
    if pending == 0:
        return Action.NONE
    if any(problem.severity is Severity.ERROR for problem in judged):
        return Action.BLOCKED
    reached_before = record is not None and any(record.people.get(status, 0) for status in HOLDING)
    return Action.CONTINUE if reached_before else Action.SEND


def _compare_content(campaign: Campaign, record: CampaignRecord | None, desk: Desk) -> tuple[tuple[Change, ...], bool]:
    if record is None or desk.state is None:
        return (), False
    content = keep_content(campaign.content, desk.state.pseudonyms)
    own = (campaign.name, campaign.edition)
    names = [identity for identity in desk.identities_of(campaign) if identity != own]
    changes = (
        *(Change(field="name", before=spell_label(*former), after=campaign.label) for former in names),
        *find_changes(record.first_content, content, desk.state.pseudonyms),
        *find_account_changes(record, desk.account_of(campaign)),
    )
    return changes, content.digest in record.accepted_contents


def _find_spent(campaign: Campaign, desk: Desk) -> Spent:
    record = desk.record_of(campaign)
    if record is None or desk.state is None:
        return Spent()
    told = [desk.state.ledger.campaign_cost(*identity) for identity in desk.identities_of(campaign)]
    return Spent(
        people=sum(record.people.get(status, 0) for status in HOLDING),
        costs=record.costs,
        unpriced=sum(unpriced for _, unpriced in told),
    )


def _warn_of_doubt(campaign: Campaign, desk: Desk, pending: int) -> tuple[Problem, ...]:
    """Where all places in doubt are taken, `apply` will send nothing until one is settled."""
    account = desk.account_of(campaign)
    taken = desk.in_doubt.get(account.name, 0)
    if pending == 0 or taken < account.max_in_doubt:
        return ()
    chunks = "1 chunk" if taken == 1 else f"{taken:,} chunks"
    verb = "is" if taken == 1 else "are"
    message = f"{chunks} of account `{account.name}` {verb} in doubt and max_in_doubt is {account.max_in_doubt}"
    hint = "nothing more is sent until one is settled: `campaign status` lists them"
    return (Problem("too-many-in-doubt", message, account.place, hint, severity=Severity.WARNING),)


def _warn_of_blanks(campaign: Campaign, audience: Audience) -> tuple[Problem, ...]:
    """Rows of exclusions that exclude nobody since their column is empty are counted, and block nothing."""
    if not audience.blank_exclusions:
        return ()
    message = (
        f"{audience.blank_exclusions:,} rows of the exclusions have no number in their column: they exclude nobody"
    )
    hint = "check the lists that `exclude` names, also in campaigns.yaml"
    warning = problem_at(campaign, "exclude", "exclusion-blank-rows", message, hint)
    return (replace(warning, severity=Severity.WARNING),)


def _judge_stops(campaign: Campaign, desk: Desk) -> tuple[Problem, ...]:
    """What somebody stopped stays so under a new name."""
    return tuple(
        Problem("stopped-by-hand", stop.describe(), campaign.place, stop.describe_end())
        for stop in desk.stops
        if any(stop.covers(replace(campaign, name=name, edition=edition)) for name, edition in desk.names_of(campaign))
    )
