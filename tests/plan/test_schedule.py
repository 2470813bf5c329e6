"""When a campaign may be sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from runner.errors import Place
from runner.model.config import Campaign, Content
from runner.plan.schedule import ScheduleRefused, find_schedule, is_over, refuse_past

PARIS = "Europe/Paris"


def campaign(schedule: datetime | None = None, until: date | None = None) -> Campaign:
    return Campaign(
        name="recall",
        edition=None,
        file="campaigns/recall.yaml",
        place=Place("campaigns/recall.yaml"),
        account="main",
        content=Content(audio="5f2c8e6b", notify_email="ops@example.fr"),
        recipients=(),
        schedule=schedule,
        until=until,
    )


def test_a_schedule_without_an_offset_is_local_time_of_the_account() -> None:
    schedule = find_schedule(campaign(datetime(2026, 12, 1, 10, 0)), PARIS)
    assert schedule == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def test_a_schedule_with_an_offset_means_that_very_instant() -> None:
    five_hours = timezone(timedelta(hours=5))
    assert find_schedule(campaign(datetime(2026, 12, 1, 10, 0, tzinfo=five_hours)), PARIS) == datetime(
        2026, 12, 1, 5, 0, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("local", "word"),
    [(datetime(2027, 3, 28, 2, 30), "does not exist"), (datetime(2027, 10, 31, 2, 30), "happens twice")],
)
def test_the_hour_that_a_clock_change_skips_or_doubles_is_refused_without_an_offset(local: datetime, word: str) -> None:
    with pytest.raises(ScheduleRefused, match=word):
        find_schedule(campaign(local), PARIS)
    with_offset = local.replace(tzinfo=timezone(timedelta(hours=1)))
    assert find_schedule(campaign(with_offset), PARIS) is not None


@pytest.mark.parametrize(
    "local", [datetime(2027, 3, 28, 1, 59), datetime(2027, 3, 28, 3, 0), datetime(2027, 10, 31, 3, 0)]
)
def test_the_hours_beside_a_clock_change_are_plain(local: datetime) -> None:
    assert find_schedule(campaign(local), PARIS) is not None


def test_a_schedule_that_has_passed_is_refused() -> None:
    now = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    refuse_past(now + timedelta(seconds=1), now)
    refuse_past(None, now)
    with pytest.raises(ScheduleRefused, match="has passed"):
        refuse_past(now, now)


def test_until_holds_to_the_end_of_that_day_in_the_account_s_time_zone() -> None:
    until = campaign(until=date(2026, 12, 31))
    assert not is_over(until, datetime(2026, 12, 31, 22, 59, tzinfo=UTC), PARIS)
    assert is_over(until, datetime(2026, 12, 31, 23, 0, tzinfo=UTC), PARIS)
    assert not is_over(until, datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "UTC")
    assert not is_over(campaign(), datetime(2030, 1, 1, tzinfo=UTC), PARIS)
