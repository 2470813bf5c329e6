"""Numbers, money, times, durations and notes as people and documents read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from runner.model.plan import Note, NoteKind

CENT = Decimal("0.01")


def render_count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 chunk`, `5,812 chunks`; `plural` where an s does not make it (`people`)."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def render_people(number: int) -> str:
    """`1 person`, `5,812 people`."""
    return render_count(number, "person", "people")


def render_reached(number: int) -> str:
    """`1 person was reached`, `5,812 people were reached`."""
    return f"{render_people(number)} {'was' if number == 1 else 'were'} reached"


def render_plain_amount(amount: Decimal) -> str:
    """An amount with two decimals, as documents keep it: `1234.50`."""
    return str(amount.quantize(CENT, ROUND_HALF_UP))


def render_money(amount: Decimal, currency: str | None) -> str:
    """An amount with its currency: `1,234.50 EUR`."""
    return f"{amount.quantize(CENT, ROUND_HALF_UP):,} {currency or ''}".rstrip()


def render_costs(amounts: Mapping[str, Decimal]) -> str:
    """Amounts by currency in one phrase: `180.00 EUR and 12.00 CHF`."""
    return " and ".join(render_money(amount, currency) for currency, amount in sorted(amounts.items()))


def spell_settlement(chunk: str, resolve: str) -> tuple[str, str]:
    """The complete commands that settle a chunk: where the provider has it, and where it has not.

    `resolve` is how the user calls `campaign resolve` for this state.
    """
    return f"{resolve} {chunk} --accepted", f"{resolve} {chunk} --not-sent"


def render_duration(seconds: float) -> str:
    """Seconds as `24 s`, `7 min`, `1 h 12 min` or `2 d 3 h`, rounded up to what is shown."""
    whole = -int(-seconds // 1)
    if whole < 120:
        return f"{whole} s"
    minutes = -(-whole // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours + bool(minutes), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def render_utc(moment: datetime | None) -> str | None:
    """An instant as documents keep it: `2026-11-24T10:00:00Z`; None stays None."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def render_second(moment: datetime, zone: str) -> str:
    """An instant as `render_local` does, to the second: `2026-11-24 11:00:05+01:00`."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="seconds")


def render_soon(moment: datetime, now: datetime, zone: str) -> str:
    """An instant as `render_local` does, without its day where that is the day of `now`: `11:00+01:00`."""
    told = render_local(moment, zone)
    day, _, clock = told.partition(" ")
    return clock if render_local(now, zone).startswith(day) else told


def render_local(moment: datetime, zone: str) -> str:
    """An instant in this IANA zone, to the minute and with the zone's offset: `2026-11-24 11:00+01:00`."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")


def say_note(note: Note) -> str:
    """Why there is nothing to do with a campaign."""
    match note.kind:
        case NoteKind.PAUSED:
            return "paused: `enabled` is false"
        case NoteKind.OVER:
            return f"over: `until` was {note.day}"
        case NoteKind.ORPHANED:
            return f"in the ledger, in no file; last activity {note.day}"
