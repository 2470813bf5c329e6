"""JSON documents: their keys, their schemas, and what never stands in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from runner.errors import Place, Problem
from runner.model import events
from runner.model.ledger import ChunkStatus
from runner.model.plan import Change
from runner.render.documents import plan_document, status_document, write_document, write_line
from runner.render.events import event_document, plan_event

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NUMBER = "0639981234"
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def _judge(name: str, document: object) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)


def test_a_plan_document_has_the_keys_of_the_contract(plan):
    document = json.loads(write_document(plan_document(plan)))
    assert list(document) == [
        "format_version", "created_at", "runner_version", "plan_id", "meaning", "state_id", "summary", "campaigns",
    ]  # fmt: skip
    assert document["summary"] == {
        "campaigns": 2,
        "recipients": 1200,
        "requests": 4,
        "estimated_costs": {"EUR": "180.01"},
        "estimated_seconds": 24,
        "finishes_at": "2026-11-24T10:00:24Z",
    }
    assert list(document["campaigns"][0]) == [
        "name", "edition", "file", "account", "action", "changes", "rows", "requests", "estimated_cost", "currency",
        "estimated_seconds", "problems",
    ]  # fmt: skip
    assert list(document["campaigns"][0]["rows"]) == [
        "listed", "invalid", "duplicate", "accepted", "unknown", "sending", "refused", "kind", "excluded", "policy",
        "pending",
    ]  # fmt: skip


def test_a_plan_document_keeps_to_its_schema(plan):
    _judge("plan", plan_document(plan))
    _judge("plan", plan_document(replace(plan, state_id=None, finishes_at=None, campaigns=())))


def test_what_is_not_known_is_null(plan):
    blocked, orphan = plan_document(plan)["campaigns"][-2:]
    assert (blocked["account"], blocked["estimated_cost"], blocked["currency"]) == (None, None, None)
    assert blocked["estimated_seconds"] is None
    assert orphan["file"] is None


def test_a_problem_is_told_at_its_place(plan):
    (problem,) = plan_document(plan)["campaigns"][4]["problems"]
    assert {key: problem[key] for key in ("code", "path", "line", "column", "severity")} == {
        "code": "too-many-recipients",
        "path": "campaigns/broken.yaml",
        "line": 12,
        "column": 18,
        "severity": "error",
    }
    assert list(problem) == ["code", "message", "path", "line", "column", "hint", "severity"]


def test_a_status_document_keeps_to_its_schema(status):
    document = status_document(status)
    _judge("status", document)
    _judge("status", status_document(replace(status, state_id=None, serial=None, campaigns=(), in_doubt=())))
    assert {"chunk": "c1f5aa", "status": "unknown"}.items() <= document["chunks"][0].items()


def _run_events() -> list[events.Event]:
    at, label, chunk = NOW, "spring@2026", "c1f5aa"
    report = events.RunReport(
        origin=events.Origin(run="a1", actor="ops@laptop", commit="f59b93d"),
        chunks={"accepted": 1},
        ending=events.Ending.LIMIT,
        exit_code=3,
        started_at=at,
        ended_at=at + timedelta(seconds=30),
        reached=10,
        requests=1,
        costs={"EUR": Decimal("1.5")},
        pending=190,
        unknown_chunks=(chunk,),
        unknown_people=10,
        blocked={"other": f"too many, {NUMBER}"},
        stopped={label: f"refused, {NUMBER}"},
        accounts_stopped={"main": f"no credit, {NUMBER}"},
    )
    answer = {"at": at, "label": label, "chunk": chunk, "recipients": 10}
    return [
        events.RunStarted(at=at, people=200, requests=2, campaigns=(label,), finishes_at=at),
        events.Requesting(at=at, label=label, recipients=10, probe=True),
        events.ChunkAnswered(**answer, status=ChunkStatus.ACCEPTED, cost=Decimal("1.5"), currency="EUR"),
        events.Waiting(at=at, seconds=41.25, why="limit of 5 in 60 s", account="main"),
        events.ChunkAnswered(**answer, status=ChunkStatus.REJECTED, reason=f"no {NUMBER}", rows=("data/x.csv row 17",)),
        events.CampaignStopped(at=at, label=label, reason=f"no {NUMBER}", hint="mend it"),
        events.AccountStopped(at=at, account="main", reason=f"no {NUMBER}"),
        events.RunEnded(at=at, report=report),
    ]


def test_every_event_is_one_line_that_keeps_to_the_schema(plan):
    documents = [plan_event(plan), *map(event_document, _run_events())]
    assert {type(event) for event in _run_events()} == set(events.Event.__args__)
    for document in documents:
        line = write_line(document)
        assert "\n" not in line
        assert NUMBER not in line
        _judge("events", json.loads(line))


def test_the_last_event_reports_what_is_pending_unknown_and_blocked():
    report = event_document(_run_events()[-1])
    assert report["type"] == "ended"
    assert report["pending"] == 190
    assert report["unknown"] == [{"chunk": "c1f5aa", "status": "unknown"}]
    assert [blocked["campaign"] for blocked in report["blocked"]] == ["other"]


def test_no_document_holds_a_number(plan, status):
    assert "98 12 34" not in write_document(plan_document(plan))
    assert NUMBER not in write_document(status_document(status))


def test_what_changed_and_where_it_stands_hold_no_number_in_a_plan(plan):
    problem = Problem("x", "said", Place("campaigns/0639981234.yaml", 3))
    change = Change(field="notify.url", before="https://hooks.example.fr/0639981234", after="0639981234@sms.example.fr")
    noted = replace(plan.campaigns[0], file="campaigns/0639981234.yaml", changes=(change,), problems=(problem,))
    document = plan_document(replace(plan, campaigns=(noted,)))["campaigns"][0]
    assert document["file"] == document["problems"][0]["path"] == "campaigns/••••••••34.yaml"
    assert document["changes"][0]["before"] == "https://hooks.example.fr/••••••••34"
    assert document["changes"][0]["after"] == "••••••••34@sms.example.fr"


def test_a_path_with_days_and_identifiers_stands_in_a_plan_as_it_is(plan):
    paths = ["campaigns/2026/12/01-recall.yaml", "campaigns/recall-20261201.yaml", "campaigns/order-12345678.yaml"]
    noted = [replace(plan.campaigns[0], file=path, problems=(Problem("x", "said", Place(path)),)) for path in paths]
    documents = plan_document(replace(plan, campaigns=tuple(noted)))["campaigns"]
    assert [document["file"] for document in documents] == paths
    assert [document["problems"][0]["path"] for document in documents] == paths


@pytest.mark.parametrize("name", ["plan", "status", "events"])
def test_every_key_of_a_schema_is_described(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))

    def find(value: object):
        if isinstance(value, dict):
            for key, child in value.get("properties", {}).items():
                if "description" not in child and "$ref" not in child and "title" not in child:
                    yield key
            for child in value.values():
                yield from find(child)
        elif isinstance(value, list):
            for child in value:
                yield from find(child)

    assert list(find(schema)) == []
