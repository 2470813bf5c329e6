"""Campaigns, their audiences and the ledger → a Plan, in the order in which it would be carried out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from runner.audience.collisions import Collisions
from runner.audience.recipients import Pending
from runner.errors import Problem, Severity
from runner.model.config import USUAL_BASE_URL, Campaign
from runner.model.ledger import IN_DOUBT
from runner.model.plan import CampaignPlan, Lane, Plan
from runner.plan.campaign import plan_campaign, plan_failing, plan_orphan
from runner.plan.collisions import warn_of_collisions
from runner.plan.desk import Desk
from runner.plan.estimate import lay_lane
from runner.plan.formers import find_former
from runner.plan.measures import measure
from runner.plan.resemblance import Resemblance, count_audios
from runner.plan.selection import Selection
from runner.project.meaning import digest_campaigns

QUIET_AFTER = timedelta(days=30)
"""An orphan that did nothing for so long, and has nothing in doubt, is counted and not shown."""


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan, with the pending people of the campaigns that would be sent, by label, where they were asked for.

    `seals` holds them as a saved plan does; `measures` is what the ledger keeps of them once they are sent.
    """

    plan: Plan
    audiences: Mapping[str, Pending] = field(default_factory=dict)
    seals: Mapping[str, bytes] = field(default_factory=dict)
    measures: Mapping[str, int] = field(default_factory=dict)


def build_plan(desk: Desk, selection: Selection, *, keep_pending: bool = False, seal: bool = False) -> Planning:
    """Plan every selected campaign. Raises NothingSelected where a glob matches nothing.

    A campaign that can't be planned is `blocked` and stands in no other's way. The people of campaigns that would be
    sent are kept where `keep_pending` asks for it, and sealed where `seal` does, which takes a state.
    """
    project = desk.project
    orphans, quiet_orphans = _find_orphans(desk)
    selection.refuse_slips([*project.campaigns, *project.failing, *orphans])
    selected = sorted(filter(selection.includes, project.campaigns), key=_sending_order)
    audiences: dict[str, Pending] = {}
    seals: dict[str, bytes] = {}
    measures: dict[str, int] = {}
    resemblance = Resemblance(desk, count_audios(selected))
    planned = []
    with ExitStack() as stack:
        collisions = stack.enter_context(Collisions()) if len(selected) > 1 else None
        for campaign in selected:
            campaign_plan, audience = plan_campaign(campaign, desk, resemblance)
            planned.append(campaign_plan)
            if audience is None:
                continue
            # Its engine is let go at once: what is kept of many campaigns is small.
            with audience:
                if not campaign_plan.is_sent:
                    continue
                resemblance.note_sent(campaign, audience)
                measures |= measure(campaign, audience, desk.measures)
                if collisions is not None:
                    collisions.add(campaign.label, audience.spell_pending())
                if keep_pending:
                    audiences[campaign.label] = audience.keep_pending()
                if seal and desk.state is not None:
                    seals[campaign.label] = audience.seal_pending(desk.state.pseudonyms.sql)
        if collisions is not None:
            by_label = {campaign.label: campaign for campaign in selected}
            planned = warn_of_collisions(planned, collisions.count_pairs(), by_label)
    planned += map(plan_failing, filter(selection.includes, project.failing))
    planned += filter(selection.includes, orphans)
    quiet = quiet_orphans if selection.is_everything else 0
    return Planning(_build_whole(desk, planned, selected, quiet), audiences, seals, measures)


def _sending_order(campaign: Campaign) -> tuple[int, str, str]:
    return -campaign.delivery.priority, campaign.name, campaign.edition or ""


def _find_orphans(desk: Desk) -> tuple[list[CampaignPlan], int]:
    named = {campaign.name for campaign in desk.project.campaigns}
    named |= {campaign.name for campaign in desk.project.failing}
    renamed = {find_former(campaign, desk.project, desk.records, desk.formers) for campaign in desk.project.campaigns}
    orphans = [
        record for identity, record in desk.records.items() if record.campaign not in named and identity not in renamed
    ]
    loud = [
        record
        for record in orphans
        if any(record.chunks.get(status, 0) for status in IN_DOUBT) or desk.now - record.last_activity < QUIET_AFTER
    ]
    loud.sort(key=lambda record: (record.campaign, record.edition or ""))
    return [plan_orphan(record) for record in loud], len(orphans) - len(loud)


def _build_whole(desk: Desk, planned: Sequence[CampaignPlan], selected: Sequence[Campaign], quiet_orphans: int) -> Plan:
    project = desk.project
    sending = [c for c in planned if c.is_sent]
    lanes = _lay_lanes(desk, sending)
    seconds = _estimate_whole(lanes, sending)
    first = next(iter(sending or planned), None)
    account = project.accounts.get(first.account or "") if first is not None else None
    zone = (account or next(iter(project.accounts.values()))).timezone
    return Plan(
        created_at=desk.now,
        runner_version=desk.runner_version,
        is_saved=desk.approval is not None,
        is_rehearsal=desk.sandbox,
        plan_id=secrets.token_hex(16) if desk.approval is None else desk.approval.plan_id,
        meaning=digest_campaigns(selected, project.accounts, project.expose_env),
        state_id=desk.state.id if desk.state is not None else None,
        campaigns=tuple(planned),
        estimated_seconds=seconds,
        finishes_at=desk.now + timedelta(seconds=seconds) if sending else None,
        timezone=zone,
        language=project.language,
        lanes=lanes,
        quiet_orphans=quiet_orphans,
        warnings=(*project.warnings, *_warn_of_addresses(desk, sending)),
    )


def _lay_lanes(desk: Desk, sending: Iterable[CampaignPlan]) -> tuple[Lane, ...]:
    """The lanes of the accounts that would send, in the order in which they come up."""
    names = dict.fromkeys(campaign_plan.account or "" for campaign_plan in sending)
    return tuple(lay_lane(desk.project.accounts[name]) for name in names)


def _estimate_whole(lanes: Iterable[Lane], sending: Sequence[CampaignPlan]) -> int:
    """Accounts wait for their own windows only, so the slowest one says how long the plan takes."""
    times = (lane.lasts(sum(c.requests for c in sending if c.account == lane.account)) for lane in lanes)
    return ceil(max(times, default=timedelta()).total_seconds())


def _warn_of_addresses(desk: Desk, sending: Iterable[CampaignPlan]) -> Iterator[Problem]:
    """Whoever can change where requests go can take all numbers and the key: another address than usual is said."""
    for name in () if desk.sandbox else dict.fromkeys(campaign_plan.account for campaign_plan in sending):
        account = desk.project.accounts[name or ""]
        if account.base_url.text.rstrip("/") != USUAL_BASE_URL.text:
            address = account.base_url.text
            message = f"account `{account.name}` sends to {address}, which is not the provider's own address"
            hint = f"numbers and the API key go there; the usual `base_url` is {USUAL_BASE_URL.text}"
            yield Problem("unusual-address", message, account.base_url.place, hint, severity=Severity.WARNING)
