"""What a run tells, as JSON Lines: one event a line, the report last."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from runner.model.events import (
    AccountStopped,
    CampaignStopped,
    ChunkAnswered,
    Event,
    Requesting,
    RunEnded,
    RunReport,
    RunStarted,
    Waiting,
)
from runner.model.plan import Plan
from runner.numbers import mask_numbers
from runner.render.documents import FORMAT_VERSION, Document, costs_document, plan_document
from runner.render.words import render_plain_amount, render_utc


def plan_event(plan: Plan) -> Document:
    """The plan that a run carries out, as the first event of its stream."""
    narrowed = {c.label: asdict(c.narrowing) for c in plan.campaigns if c.narrowing is not None}
    return {
        "type": "planned",
        "at": render_utc(plan.created_at),
        "format_version": FORMAT_VERSION,
        "plan": plan_document(plan),
        **({"narrowed": narrowed} if narrowed else {}),
    }


def event_document(event: Event) -> Document:
    """An event by `events.schema.json`: `type` says which one it is; that of the report is `ended`."""
    kind, details = _describe(event)
    return {"type": kind, "at": render_utc(event.at), "format_version": FORMAT_VERSION, **details}


def _describe(event: Event) -> tuple[str, Document]:
    match event:
        case RunStarted():
            return "started", {
                "people": event.people,
                "requests": event.requests,
                "campaigns": list(event.campaigns),
                "finishes_at": render_utc(event.finishes_at),
            }
        case Waiting():
            return "waiting", {"account": event.account, "seconds": round(event.seconds, 3), "why": event.why}
        case Requesting():
            return "requesting", {"campaign": event.label, "recipients": event.recipients, "probe": event.probe}
        case ChunkAnswered():
            return "answered", _describe_answer(event)
        case CampaignStopped() | AccountStopped():
            return _describe_stop(event)
        case RunEnded():
            return "ended", _describe_report(event.report)


def _describe_stop(event: CampaignStopped | AccountStopped) -> tuple[str, Document]:
    why = {"reason": _mask(event.reason), "hint": _mask(event.hint)}
    if isinstance(event, CampaignStopped):
        return "campaign-stopped", {"campaign": event.label, **why}
    return "account-stopped", {"account": event.account, **why}


def _describe_answer(event: ChunkAnswered) -> Document:
    return {
        "campaign": event.label,
        "chunk": event.chunk,
        "status": event.status.value,
        "recipients": event.recipients,
        "cost": _amount(event.cost),
        "currency": event.currency,
        "reason": _mask(event.reason),
        "rows": list(event.rows),
    }


def _describe_report(report: RunReport) -> Document:
    return {
        "run": report.origin.run,
        "actor": report.origin.actor,
        "commit": report.origin.commit,
        "ending": report.ending.value,
        "exit_code": report.exit_code,
        "started_at": render_utc(report.started_at),
        "ended_at": render_utc(report.ended_at),
        "chunks": dict(report.chunks),
        "reached": report.reached,
        "requests": report.requests,
        "costs": costs_document(report.costs),
        "cost_unknown": report.cost_unknown,
        "pending": report.pending,
        "refused": report.refused,
        "unknown": [{"chunk": chunk, "status": "unknown"} for chunk in report.unknown_chunks],
        "unknown_people": report.unknown_people,
        "blocked": [{"campaign": label, "reason": _mask(why)} for label, why in report.blocked.items()],
        "stopped": [{"campaign": label, "reason": _mask(why)} for label, why in report.stopped.items()],
        "accounts_stopped": [{"account": name, "reason": _mask(why)} for name, why in report.accounts_stopped.items()],
    }


def _mask(text: str | None) -> str | None:
    return None if text is None else mask_numbers(text)


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else render_plain_amount(amount)
