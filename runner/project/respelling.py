"""What was probably meant by a text that has not the shape of its key: only ever proposed, never taken."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.project.french import without_accents
from runner.project.scalars import parse_day, parse_minute

QUOTES = "\"'\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\u00ab\u00bb"
"""Quotes of every sort, of which YAML and SQL know the first two alone."""
LONGEST = 200
"""A longer text is no misspelling."""
_DURATION = re.compile(r"(?P<number>[0-9]+)(?P<unit>[a-z]+)")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "seconde", "secondes"), "s"),
    **dict.fromkeys(("m", "mn", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hour", "hours", "heure", "heures"), "h"),
    **dict.fromkeys(("d", "day", "days", "j", "jour", "jours"), "d"),
}
_CURRENCIES = {"€": "EUR", "euro": "EUR", "euros": "EUR"}
_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_FRENCH_MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
_MONTHS = {
    **{name.lower(): number for number, name in enumerate(_MONTH_NAMES, start=1)},
    **{name: number for number, name in enumerate(_FRENCH_MONTHS.split(), start=1)},
}
_DAYS = (
    re.compile(r"(?P<year>[0-9]{4})[-/. ](?P<month>[0-9]{1,2})[-/. ](?P<day>[0-9]{1,2})(?![0-9])"),
    re.compile(r"(?P<day>[0-9]{1,2})[-/. ](?P<month>[0-9]{1,2})[-/. ](?P<year>[0-9]{4})(?![0-9])"),
    re.compile(r"(?P<day>[0-9]{1,2})(?:er)? +(?P<name>[a-z]+)\.? +(?P<year>[0-9]{4})(?![0-9])"),
)
_TIME = re.compile(
    r"(?<![0-9:+-])(?P<hour>[0-9]{1,2}) ?(?:h(?P<past>[0-9]{2})?|:(?P<minute>[0-9]{2})(?::[0-9]{2})?|(?=[ap]\.?m))"
    r"(?![0-9]) ?(?:(?P<half>[ap])\.?m\.?)? ?(?P<offset>z|utc|gmt|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def find_respelling(text: str, fits: Callable[[str], bool]) -> str | None:
    """The first usual misspelling that `text` could be, spelled as `fits` wants it; None where none does."""
    if len(text) > LONGEST:
        return None
    return next((spelled for spelled in _respell(text) if spelled and spelled != text and fits(spelled)), None)


def _respell(text: str) -> Iterator[str]:
    bare = text.strip(f"{QUOTES} \u00a0\u202f\u200b")
    squeezed = "".join(bare.split()).replace(",", ".")
    yield bare
    yield _CURRENCIES.get(bare.lower(), "")
    yield re.sub(r"[^a-z0-9._]+", "-", without_accents(bare)).strip("-._")
    yield squeezed
    yield squeezed.upper()
    yield from _respell_quantity(squeezed)
    yield bare.strip("$%{}").replace("-", "_")
    yield bare.partition("<")[2].rstrip("> ")
    yield re.split(r"[,; ]", bare, maxsplit=1)[0]
    yield f"https://{bare}" if "." in bare and "/" not in bare.partition(".")[0] else ""


def _respell_quantity(text: str) -> Iterator[str]:
    """Durations and shares that lack their unit, or have another one."""
    duration = _DURATION.fullmatch(without_accents(text))
    if duration is not None:
        yield duration["number"] + _UNITS.get(duration["unit"], "")
    share = re.fullmatch(r"0?\.([0-9]{1,4})", text)
    if share is not None:
        yield f"{int(share[1].ljust(2, '0')[:2])}{'.' + share[1][2:] if share[1][2:] else ''}%"
        return
    if re.fullmatch(r"[0-9.]+", text):
        yield f"{text}%"
        yield f"{text}s"


def respell_day(text: str) -> str | None:
    """The day at the beginning of `text`, in French or another order or in words, as `2026-12-31`."""
    found = _find_day(text)
    return found.spell() if found is not None else None


def respell_minute(text: str) -> str | None:
    """The day and the time at the beginning of `text`, as `2026-12-31 10:00`; None where one of them is missing."""
    found = _find_day(text)
    day, time = (found.spell(), _TIME.search(found.rest)) if found is not None else (None, None)
    # What follows the time may say that another one is meant: `3:00 in the afternoon`, `10h in Tokyo`.
    if found is None or day is None or time is None or found.rest[time.end() :].strip():
        return None
    hour = _read_hour(int(time["hour"]), time["half"])
    spelled = f"{day} {hour:02}:{time['past'] or time['minute'] or '00'}{_spell_offset(time['offset'] or '')}"
    return spelled if parse_minute(spelled) is not None else None


def _read_hour(hour: int, half: str | None) -> int:
    """The hour of a day of 24: `12 am` is 0, `3 pm` is 15; what is no hour of a half stays none of a day."""
    if half is None:
        return hour
    return hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 24


def _spell_offset(offset: str) -> str:
    """`Z` or `+05:00`, as a moment has it; empty where there is none."""
    if offset[:1] in ("+", "-"):
        return f"{offset[:3]}:{offset[3:].removeprefix(':') or '00'}"
    return "Z" if offset else ""


def names_time(text: str) -> bool:
    """Whether a digit stands behind the day with which `text` begins: a time, however it is written."""
    found = _find_day(text)
    return found is not None and re.search("[0-9]", found.rest) is not None


def describe_missing_day(text: str) -> str | None:
    """Why the day that `text` names is in no calendar: `February 2026 has 28 days`."""
    found = _find_day(text)
    if found is None or not (1 <= found.month <= 12 and found.year and found.day):
        return None
    last = monthrange(found.year, found.month)[1]
    return f"{_MONTH_NAMES[found.month - 1]} {found.year} has {last} days" if found.day > last else None


@dataclass(frozen=True, slots=True)
class _Day:
    """A day that a text names, whether the calendar has it or not, and what follows it, without accents."""

    year: int
    month: int
    day: int
    rest: str

    def spell(self) -> str | None:
        spelled = f"{self.year:04}-{self.month:02}-{self.day:02}"
        return spelled if parse_day(spelled) is not None else None


def _find_day(text: str) -> _Day | None:
    plain = without_accents(text[:LONGEST]).strip()
    for pattern in _DAYS:
        found = pattern.match(plain)
        if found is not None:
            said = found.groupdict()
            month = int(said["month"]) if "month" in said else _MONTHS.get(said["name"], 0)
            return _Day(int(said["year"]), month, int(said["day"]), plain[found.end() :])
    return None
