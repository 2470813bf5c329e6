"""When a campaign may be sent: its schedule on real time, and the day after which nothing more is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from runner.errors import RunnerError
from runner.model.config import Campaign

MARGIN = timedelta(minutes=5)


class ScheduleRefused(RunnerError):
    """A schedule names a moment that is over, or one that a clock change skips or doubles."""

    code = "schedule-past"


def today_of(now: datetime, timezone: str) -> date:
    """The calendar day of this instant in the account's time zone."""
    return now.astimezone(ZoneInfo(timezone)).date()


def is_over(campaign: Campaign, now: datetime, timezone: str) -> bool:
    """Whether the campaign's `until` has passed: it holds to the end of that day in the account's time zone."""
    return campaign.until is not None and today_of(now, timezone) > campaign.until


def find_schedule(campaign: Campaign, timezone: str) -> datetime | None:
    """The instant for which the campaign is scheduled, in the account's time zone; None where it is sent at once.

    Raises ScheduleRefused where the local time is skipped or doubled by a clock change and has no offset.
    """
    if campaign.schedule is None:
        return None
    zone = ZoneInfo(timezone)
    if campaign.schedule.tzinfo is not None:
        return campaign.schedule.astimezone(zone)
    first = campaign.schedule.replace(tzinfo=zone, fold=0)
    second = campaign.schedule.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != campaign.schedule
        raise ScheduleRefused(
            f"`{campaign.schedule:%Y-%m-%d %H:%M}` "
            + ("does not exist" if skipped else "happens twice")
            + f" in {timezone}: the clocks change in that hour",
            hint=f"choose another hour, or give the offset, as in `{campaign.schedule:%Y-%m-%d %H:%M}+01:00`",
            code="schedule-ambiguous",
        )
    return first


def is_near(schedule: datetime, now: datetime) -> bool:
    """Whether it comes too soon to be handed to the provider: how late that still takes one is not known."""
    return schedule - now < MARGIN


def refuse_past(schedule: datetime | None, now: datetime) -> None:
    """Raise ScheduleRefused where the scheduled instant is not in the future."""
    if schedule is not None and schedule <= now:
        raise ScheduleRefused(
            f"the schedule `{schedule:%Y-%m-%d %H:%M}` has passed",
            hint="set a later `schedule`, or remove it to send at once",
        )
