"""Values to be rendered, and golden files: `pytest tests/render --snapshot-update` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from runner.errors import Place, Problem, Severity
from runner.model.ledger import CampaignRecord, ChunkRecord, ChunkStatus
from runner.model.plan import Action, Bounds, CampaignPlan, Change, Lane, Note, NoteKind, Plan, Rows
from runner.model.status import CampaignStatus, DayStatus, Status

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class TextFiles(SingleFileSnapshotExtension):
    """One readable file a golden text."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


class MarkdownFiles(TextFiles):
    """One Markdown file a golden text."""

    file_extension = "md"


class PageFiles(TextFiles):
    """One page a golden text."""

    file_extension = "html"


@pytest.fixture
def golden(snapshot):
    """Compares a text with its golden file."""
    return snapshot.use_extension(TextFiles)


@pytest.fixture
def golden_markdown(snapshot):
    """Compares Markdown with its golden file."""
    return snapshot.use_extension(MarkdownFiles)


@pytest.fixture
def golden_page(snapshot):
    """Compares a page with its golden file."""
    return snapshot.use_extension(PageFiles)


@pytest.fixture
def plan() -> Plan:
    """A plan with every action in it."""
    return Plan(
        created_at=NOW,
        runner_version="1.2.3",
        plan_id="0f" * 16,
        meaning="1e" * 32,
        state_id="2d" * 16,
        campaigns=(_sent(), _continued(), _paused(), _done(), _blocked(), _orphan()),
        estimated_seconds=24,
        finishes_at=NOW + timedelta(seconds=24),
        quiet_orphans=3,
        warnings=(Problem("state-not-pinned", "nobody pins it", hint="pin it", severity=Severity.WARNING),),
    )


def _sent() -> CampaignPlan:
    return CampaignPlan(
        name="spring-recall-lyon",
        edition="2026-12",
        file="campaigns/spring-recall-lyon.yaml",
        account="main",
        action=Action.SEND,
        rows=Rows(listed=1204, invalid=12, duplicate=3, excluded=189, pending=1000),
        requests=3,
        estimated_cost=Decimal(150),
        currency="EUR",
        estimated_seconds=24,
    )


def _continued() -> CampaignPlan:
    return CampaignPlan(
        name="opening-hours",
        edition=None,
        file="campaigns/opening.yml",
        account="main",
        action=Action.CONTINUE,
        rows=Rows(listed=300, accepted=90, unknown=10, pending=200),
        changes=(
            Change(field="message.audio", before="5f2c8e6b12", after="9a1b2c3d44"),
            Change(field="schedule", before=None, after="2026-12-01 10:00"),
        ),
        requests=1,
        estimated_cost=Decimal("30.005"),
        currency="EUR",
    )


def _paused() -> CampaignPlan:
    return CampaignPlan(
        name="paused",
        edition=None,
        file="campaigns/paused.yaml",
        account="main",
        action=Action.NONE,
        estimated_cost=Decimal(0),
        note=Note(NoteKind.PAUSED),
    )


def _done() -> CampaignPlan:
    return CampaignPlan(
        name="winter",
        edition=None,
        file="campaigns/winter.yaml",
        account="main",
        action=Action.NONE,
        rows=Rows(listed=300, accepted=300),
        estimated_cost=Decimal(0),
        currency="EUR",
    )


def _blocked() -> CampaignPlan:
    problem = Problem(
        "too-many-recipients",
        "20,001 people are more than `max_recipients`, 20,000; the last is 06 39 98 12 34",
        Place("campaigns/broken.yaml", 12, 18, 5),
        "raise `guards.max_recipients` if that is meant",
        "guards: {max_recipients: 20000}",
    )
    return CampaignPlan(
        name="broken",
        edition=None,
        file="campaigns/broken.yaml",
        account=None,
        action=Action.BLOCKED,
        estimated_seconds=None,
        problems=(problem,),
    )


def _orphan() -> CampaignPlan:
    return CampaignPlan(
        name="old",
        edition="2025",
        file=None,
        account="main",
        action=Action.ORPHAN,
        rows=Rows(listed=10, accepted=10),
        note=Note(NoteKind.ORPHANED, date(2026, 11, 1)),
    )


@pytest.fixture
def status() -> Status:
    """A status with chunks of every sort that must be looked at."""
    record = CampaignRecord(
        campaign="spring-recall-lyon",
        edition="2026-12",
        account="main",
        people={"accepted": 1490, "unknown": 10, "sending": 0, "refused": 2},
        chunks={"sending": 0, "unknown": 1, "accepted": 4, "rejected": 2, "released": 0},
        costs={"EUR": Decimal(222)},
        first_activity=NOW - timedelta(days=1),
        last_activity=NOW,
    )
    adopting = CampaignRecord(
        campaign="opening-hours",
        edition=None,
        account="adopted",
        people={"accepted": 600, "unknown": 0, "sending": 500, "refused": 0},
        chunks={"sending": 1, "unknown": 0, "accepted": 2, "rejected": 0, "released": 1},
        costs={"EUR": Decimal(40)},
        first_activity=NOW - timedelta(days=1),
        last_activity=NOW - timedelta(hours=1),
        adopted=400,
    )
    return Status(
        created_at=NOW,
        runner_version="1.2.3",
        state_id="2d" * 16,
        serial=7,
        campaigns=(
            CampaignStatus(record=record, cost_unknown=10, estimated_cost=Decimal(225), currency="EUR"),
            CampaignStatus(record=adopting, cost_unknown=500, estimated_cost=Decimal(105), currency="EUR"),
        ),
        in_doubt=(
            make_chunk("c1f5aa", ChunkStatus.UNKNOWN, reason="timeout after 30 s; 0639981234 was first", probe=True),
            make_chunk("c2f5aa", ChunkStatus.SENDING, recipients=500),
        ),
        counted_fewer=(make_chunk("c3f5aa", ChunkStatus.ACCEPTED, counted=8, provider_id="123456"),),
        days=(
            DayStatus(
                day=date(2026, 11, 23),
                people={"accepted": 1400},
                chunks={"accepted": 3, "rejected": 2},
                adopted=400,
                costs={"EUR": Decimal(150)},
            ),
            DayStatus(
                day=date(2026, 11, 24),
                people={"accepted": 690, "unknown": 10, "sending": 500},
                chunks={"accepted": 3, "unknown": 1, "sending": 1, "released": 1},
                costs={"EUR": Decimal(112)},
            ),
        ),
    )


def make_chunk(chunk: str, state: ChunkStatus, **fields) -> ChunkRecord:
    """A chunk of ten people of one campaign."""
    known = {
        "campaign": "spring-recall-lyon",
        "edition": "2026-12",
        "account": "main",
        "recipients": 10,
        "probe": False,
        "recorded_at": NOW - timedelta(minutes=5),
    }
    return ChunkRecord(chunk=chunk, status=state, **{**known, **fields})


@pytest.fixture
def review() -> Plan:
    """A plan as it stands in a pull request: every action, two accounts, guards, an unknown price, a change."""
    main = Lane(account="main", timezone="Europe/Paris", requests=5, turn=61.0, answer=1.0)
    island = replace(main, account="island", timezone="Indian/Reunion")
    sent, continued, done, blocked, orphan = _sent(), _continued(), _done(), _blocked(), _orphan()
    campaigns = (
        replace(
            sent,
            rows=Rows(listed=15204, invalid=212, duplicate=103, excluded=889, kind=1000, pending=13000),
            requests=27,
            estimated_cost=Decimal(1950),
            bounds=Bounds(max_recipients=20000, max_cost=Decimal(3000)),
        ),
        replace(
            continued,
            rows=Rows(listed=3000, accepted=900, unknown=100, pending=2000),
            requests=4,
            estimated_cost=Decimal("300.005"),
            bounds=Bounds(max_cost=Decimal(500), people_before=1000, cost_before=Decimal(150)),
            scheduled_for=NOW + timedelta(days=7),
        ),
        replace(
            sent,
            name="summer-opening",
            edition=None,
            file="campaigns/island/summer.yaml",
            account="island",
            rows=Rows(listed=5000, invalid=40, pending=4960),
            requests=11,
            estimated_cost=None,
            currency=None,
        ),
        done,
        replace(
            blocked,
            account="main",
            rows=Rows(listed=22000, invalid=999, pending=21001),
            requests=43,
            estimated_cost=Decimal("3150.15"),
            currency="EUR",
            bounds=Bounds(max_recipients=20000, max_cost=Decimal(3000)),
        ),
        orphan,
    )
    return Plan(
        created_at=NOW,
        runner_version="1.2.3",
        plan_id="0f" * 16,
        meaning="1e" * 32,
        state_id="2d" * 16,
        campaigns=campaigns,
        estimated_seconds=367,
        finishes_at=NOW + main.lasts(31),
        lanes=(main, island),
        quiet_orphans=1,
        warnings=(Problem("state-not-pinned", "nobody pins it", hint="pin it", severity=Severity.WARNING),),
    )


@pytest.fixture
def crowd(review) -> Callable[..., Plan]:
    """A function that makes a plan of so many campaigns, in turn sent, blocked and done, with these texts in each."""

    def make(number: int, text: str = "", *, problems: int = 1, blocked: int = 3) -> Plan:
        sent, stopped, done = review.campaigns[0], review.campaigns[4], review.campaigns[3]
        campaigns = []
        for index in range(number):
            pattern = stopped if index % blocked == 0 else sent if index % blocked == 1 else done
            told = tuple(
                replace(
                    stopped.problems[0],
                    message=f"{index} {count} {text or 'too many people'}",
                    hint=text or "raise it",
                    excerpt=f"{text}max: 3",
                )
                for count in range(problems)
            )
            campaigns.append(
                replace(
                    pattern,
                    name=f"recall-{index:03}{text}",
                    edition=text or "2026-12",
                    file=f"campaigns/recall-{index:03}{text}.yaml",
                    problems=told if pattern is stopped else (),
                    changes=tuple(
                        Change(field=field, before=text or "a", after=text) for field in ("message.audio", "notify.url")
                    ),
                )
            )
        return replace(review, campaigns=tuple(campaigns))

    return make
