"""The JSON documents, with the keys that `campaign schema` describes; no telephone number and no secret in any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from runner.errors import Problem
from runner.model.ledger import CampaignRecord, ChunkRecord, ChunkStatus
from runner.model.names import HandStop
from runner.model.plan import CampaignPlan, Change, Plan
from runner.model.status import CampaignStatus, DayStatus, Status
from runner.numbers import mask_name, mask_numbers
from runner.render.words import render_plain_amount, render_utc, spell_settlement

FORMAT_VERSION = 1
HELD = ("accepted", "unknown", "sending", "refused")
"""The statuses in which the ledger keeps people, in the order in which they are told."""

Document = dict[str, Any]


def write_document(document: Document) -> str:
    """A document as indented JSON text, whose characters stay readable."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def write_line(document: Document) -> str:
    """A document as one line of JSON Lines."""
    return json.dumps(document, ensure_ascii=False, separators=(", ", ": "))


def plan_document(plan: Plan) -> Document:
    """A plan by `plan.schema.json`: what is not known is null."""
    return {
        "format_version": FORMAT_VERSION,
        "created_at": render_utc(plan.created_at),
        "runner_version": plan.runner_version,
        "plan_id": plan.plan_id,
        "meaning": plan.meaning,
        "state_id": plan.state_id,
        "summary": {
            "campaigns": len(plan.sending),
            "recipients": plan.recipients,
            "requests": plan.requests,
            "estimated_costs": costs_document(plan.estimated_costs),
            "estimated_seconds": plan.estimated_seconds,
            "finishes_at": render_utc(plan.finishes_at),
        },
        "campaigns": [_campaign_document(campaign) for campaign in plan.campaigns],
    }


def _campaign_document(campaign: CampaignPlan) -> Document:
    cost = campaign.estimated_cost
    return {
        "name": campaign.name,
        "edition": campaign.edition,
        "file": None if campaign.file is None else mask_name(campaign.file),
        "account": campaign.account,
        "action": campaign.action.value,
        "changes": [_change_document(change) for change in campaign.changes],
        "rows": campaign.rows.by_name(),
        "requests": campaign.requests,
        "estimated_cost": None if cost is None else render_plain_amount(cost),
        "currency": campaign.currency,
        "estimated_seconds": campaign.estimated_seconds,
        "problems": [problem_document(problem) for problem in campaign.problems],
    }


def _change_document(change: Change) -> Document:
    before, after = (None if value is None else mask_numbers(value) for value in (change.before, change.after))
    return {"field": change.field, "before": before, "after": after}


def problem_document(problem: Problem) -> Document:
    """A problem with its place, which is null where it concerns no file; numbers in its words are masked."""
    place = problem.place
    return {
        "code": problem.code,
        "message": mask_numbers(problem.message),
        "path": None if place is None else mask_name(place.path),
        "line": None if place is None else place.line,
        "column": None if place is None else place.column,
        "hint": None if problem.hint is None else mask_numbers(problem.hint),
        "severity": problem.severity.value,
    }


def status_document(status: Status, *, resolve: str = "campaign resolve", resume: str = "campaign resume") -> Document:
    """What the ledger knows, by `status.schema.json`; `chunks` holds those in doubt, `unknown` ones first.

    `resolve` is how the user calls `campaign resolve` for this state, `resume` how they call `campaign resume`.
    """
    return {
        "format_version": FORMAT_VERSION,
        "created_at": render_utc(status.created_at),
        "runner_version": status.runner_version,
        "state_id": status.state_id,
        "serial": status.serial,
        "summary": {
            "campaigns": len(status.campaigns),
            "people": {name: status.count_people(name) for name in HELD},
            "adopted": status.adopted,
            "deliveries": status.deliveries,
            "chunks": {chunk.value: status.count_chunks(chunk) for chunk in ChunkStatus},
            "costs": costs_document(status.costs),
            "cost_unknown": sum(campaign.cost_unknown for campaign in status.campaigns),
            "estimated_costs": costs_document(status.estimated_costs),
            "estimate_unknown": status.estimate_unknown,
            "last_activity": render_utc(status.last_activity),
        },
        "stops": [_stop_document(stop, resume) for stop in status.stops],
        "chunks": [_doubt_document(chunk, status, resolve) for chunk in status.in_doubt],
        "counted_fewer": [_counted_document(chunk) for chunk in status.counted_fewer],
        "campaigns": [_record_document(campaign) for campaign in status.campaigns],
        "timezone": status.timezone,
        "days": [_day_document(day) for day in status.days],
    }


def _stop_document(stop: HandStop, resume: str) -> Document:
    return {
        "name": stop.glob or None,
        "stopped_by": stop.by,
        "stopped_at": render_utc(stop.at),
        "resume": stop.spell_resume(resume),
    }


def _record_document(campaign: CampaignStatus) -> Document:
    record: CampaignRecord = campaign.record
    return {
        "name": record.campaign,
        "edition": record.edition,
        "account": record.account,
        "people": {name: record.people.get(name, 0) for name in HELD},
        "adopted": record.adopted,
        "chunks": {chunk.value: record.chunks.get(chunk, 0) for chunk in ChunkStatus},
        "costs": costs_document(record.costs),
        "cost_unknown": campaign.cost_unknown,
        "estimated_cost": None if campaign.estimated_cost is None else render_plain_amount(campaign.estimated_cost),
        "currency": campaign.currency,
        "first_activity": render_utc(record.first_activity),
        "last_activity": render_utc(record.last_activity),
    }


def _chunk_document(chunk: ChunkRecord) -> Document:
    return {
        "chunk": chunk.chunk,
        "status": chunk.status.value,
        "name": chunk.campaign,
        "edition": chunk.edition,
        "account": chunk.account,
        "recipients": chunk.recipients,
        "recorded_at": render_utc(chunk.recorded_at),
    }


def _day_document(day: DayStatus) -> Document:
    return {
        "day": day.day.isoformat(),
        "people": {name: day.people.get(name, 0) for name in HELD if name != "refused"},
        "adopted": day.adopted,
        "chunks": {chunk.value: day.chunks.get(chunk, 0) for chunk in ChunkStatus},
        "costs": costs_document(day.costs),
    }


def _doubt_document(chunk: ChunkRecord, status: Status, resolve: str) -> Document:
    accepted, not_sent = spell_settlement(chunk.chunk, resolve)
    return {
        **_chunk_document(chunk),
        "probe": chunk.probe,
        "answered_at": render_utc(chunk.answered_at),
        "reason": None if chunk.reason is None else mask_numbers(chunk.reason),
        "needs_resolve": chunk.status is ChunkStatus.UNKNOWN,
        "sender_gone": chunk.chunk in status.gone,
        "settle": {"accepted": accepted, "not_sent": not_sent} if status.can_settle(chunk) else None,
    }


def _counted_document(chunk: ChunkRecord) -> Document:
    return {**_chunk_document(chunk), "counted": chunk.counted, "provider_id": chunk.provider_id}


def costs_document(costs: Mapping[str, Decimal]) -> Document:
    """Amounts by currency, as texts with two decimals, so that no reader rounds them."""
    return {currency: render_plain_amount(cost) for currency, cost in sorted(costs.items())}
