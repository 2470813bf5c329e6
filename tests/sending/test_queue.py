"""What a queue keeps sending, and what it no longer sends as time goes on."""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from runner.audience.recipients import build_audience
from runner.audience.tables import Means
from runner.errors import Place, ProblemsFound
from runner.model.config import Campaign, Content, Source, SourceKind
from runner.model.ledger import KeptContent
from runner.model.secret import Secret
from runner.plan.desk import read_excluded
from runner.sending.parts import Parts
from runner.sending.queue import Queue

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
PEOPLE = [33612000000, 33612000001, 33612000002, 33612000003]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text("phone\n" + "\n".join(f"+{number}" for number in PEOPLE))
    (tmp_path / "no.csv").write_text(f"phone\n+{PEOPLE[0]}\n")
    return tmp_path


def find_means(folder: Path) -> Means:
    return Means(root=folder, context={}, look_up=lambda reference: Secret(reference.text))


def open_queue(folder: Path, *, until: date | None = None, schedule: datetime | None = None) -> Queue:
    place = Place("campaigns/recall.yaml")
    campaign = Campaign(
        name="recall",
        edition=None,
        file="campaigns/recall.yaml",
        place=place,
        account="main",
        content=Content(audio="5f2c", notify_email="ops@example.fr"),
        recipients=(Source(kind=SourceKind.FILE, place=place, text="people.csv"),),
        exclude=(Source(kind=SourceKind.FILE, place=place, text="no.csv"),),
        until=until,
    )
    with build_audience(campaign, means=find_means(folder), countries=["FR"]) as audience:
        people = audience.keep_pending()
    return Queue(
        campaign=campaign,
        content=KeptContent(audio="5f2c", notify_email="ops@example.fr"),
        schedule=schedule,
        plan_id="0" * 32,
        people=people,
        parts=Parts(people.numbers),
        accepted=True,
        audio_name_heard=False,
        reread_excluded=lambda: read_excluded(campaign, means=find_means(folder), countries=["FR"]),
        excluded_read_at=NOW,
    )


def test_whoever_is_excluded_while_a_run_goes_on_is_no_longer_sent_to_after_15_minutes(folder: Path) -> None:
    queue = open_queue(folder)
    (folder / "no.csv").write_text(f"phone\n+{PEOPLE[0]}\n+{PEOPLE[2]}\n")
    queue.refresh_exclusions(NOW + timedelta(minutes=14, seconds=59))
    assert queue.parts.pending == 3
    queue.refresh_exclusions(NOW + timedelta(minutes=15))
    assert list(queue.parts.take(10).numbers) == [PEOPLE[1], PEOPLE[3]]


def test_exclusions_are_read_again_too_when_the_clock_was_set_back(folder: Path) -> None:
    queue = open_queue(folder)
    (folder / "no.csv").write_text("phone\n" + "\n".join(f"+{number}" for number in PEOPLE))
    queue.refresh_exclusions(NOW - timedelta(hours=1))
    assert queue.parts.pending == 0


def test_exclusions_that_can_no_longer_be_read_are_a_problem_and_never_nobody(folder: Path) -> None:
    queue = open_queue(folder)
    (folder / "no.csv").unlink()
    with pytest.raises(ProblemsFound):
        queue.refresh_exclusions(NOW + timedelta(minutes=15))
    assert queue.parts.pending == 3


def test_parts_that_a_refusal_made_lose_the_excluded_too() -> None:
    parts = Parts(array("Q", range(8)))
    parts.halve(parts.take(4))
    parts.exclude(frozenset({0, 1, 3, 5}))
    assert parts.pending == 4
    assert sorted(number for _ in range(4) for number in parts.take(1).numbers) == [2, 4, 6, 7]


def test_a_schedule_that_comes_within_5_minutes_closes_the_campaign(folder: Path) -> None:
    queue = open_queue(folder, schedule=NOW + timedelta(minutes=5))
    assert queue.find_closing(NOW, "Europe/Paris") is None
    assert queue.find_closing(NOW + timedelta(seconds=1), "Europe/Paris") is not None


def test_until_closes_the_campaign_when_its_day_is_over(folder: Path) -> None:
    queue = open_queue(folder, until=date(2026, 12, 1))
    assert queue.find_closing(datetime(2026, 12, 1, 22, 59, tzinfo=UTC), "Europe/Paris") is None
    assert queue.find_closing(datetime(2026, 12, 1, 23, 0, tzinfo=UTC), "Europe/Paris") is not None


def test_a_row_is_named_by_its_file_and_its_place_there(folder: Path) -> None:
    assert open_queue(folder).name_row(PEOPLE[3]) == "people.csv row 4"
