"""Spellings of the values in project files: numbers, durations, shares, days, moments, senders; each one strictly.

A function answers None where a text is no such value. The shapes are those of the schemas, so a text that was judged
by them fails here only where its shape is right and its value is not (the 30th of February).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")
_DURATION = re.compile(r"(0|[1-9][0-9]{0,7})([smhd])")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::00)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?")
_SEPARATORS = re.compile(r"[ ().\u00a0\u202f/-]")
_SENDER = re.compile(r"(?:\+33|0033|0)0?(?P<mobile>[67][0-9]{8})")
_ABROAD = re.compile(r"(?:\+|00)(?!33)(?P<digits>[1-9][0-9]{7,14})")

# What YAML 1.1 or 1.2 reads as a number: a telephone number without quotes loses its zero, its plus or more.
_NUMBER_OF_YAML = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?::[0-9]+)*|0x[0-9a-fA-F_]+|0o?[0-7_]+)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
)
_TELEPHONE = re.compile(r"(?:\+[0-9]{8,15}|0[0-9]{8,14})")
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
YES_AND_NO = {
    **dict.fromkeys(("yes", "y", "on", "oui", "o", "vrai"), "true"),
    **dict.fromkeys(("no", "n", "off", "non", "faux"), "false"),
}


def parse_integer(text: str) -> int | None:
    """A whole number as every YAML reads it: no leading zero, no plus, no underscore; at most 18 digits."""
    return int(text) if _INTEGER.fullmatch(text) else None


def parse_decimal(text: str) -> Decimal | None:
    """A number with a decimal point, kept exactly; at most 15 digits before it and 9 behind it."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def parse_duration(text: str) -> timedelta | None:
    """A duration: a whole number and one of s, m, h, d, as in `60s`, `50m`, `7d`."""
    found = _DURATION.fullmatch(text)
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else None


def parse_share(text: str) -> Decimal | None:
    """A share between 0 and 1, written as `5%`."""
    found = _SHARE.fullmatch(text)
    share = Decimal(found[1]) / 100 if found else None
    return share if share is not None and share <= 1 else None


def parse_growth(text: str) -> Decimal | None:
    """A share that may be more than the whole, written as `150%`."""
    found = _SHARE.fullmatch(text)
    return Decimal(found[1]) / 100 if found else None


def parse_day(text: str) -> date | None:
    """A day that the calendar has, written as `2026-12-31`."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_minute(text: str) -> datetime | None:
    """A moment to the minute, written as `2026-12-01 10:00`: aware where it has an offset (`Z`, `+01:00`)."""
    if not _MINUTE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def format_minute(moment: datetime) -> str:
    """The one spelling of a moment, so that `2026-12-01T10:00` and `2026-12-01 10:00` are the same content."""
    return moment.isoformat(sep=" ", timespec="minutes")


def parse_sender(text: str) -> str | None:
    """A mobile number in E.164: a French one in any spelling, one of another country with its code."""
    bare = _SEPARATORS.sub("", text)
    french = _SENDER.fullmatch(bare)
    if french is not None:
        return f"+33{french['mobile']}"
    abroad = _ABROAD.fullmatch(bare)
    return f"+{abroad['digits']}" if abroad is not None else None


def is_number_of_yaml(text: str) -> bool:
    """Whether a text without quotes is a number to YAML, of version 1.1 or 1.2, in any of their spellings."""
    return _NUMBER_OF_YAML.fullmatch(text) is not None


def is_telephone_of_digits(text: str) -> bool:
    """Whether a text without quotes is a telephone number that loses its `0` or `+` when it is read as a number."""
    return _TELEPHONE.fullmatch(text) is not None


def is_telephone(text: str) -> bool:
    """Whether a text could be a telephone number, in any spelling: digits, a `+`, and what stands between them."""
    bare = _SEPARATORS.sub("", text)
    return _TELEPHONE.fullmatch(bare) is not None


def type_freely(text: str) -> object:
    """What a scalar without quotes is where no schema says it: null, true, false, a number, else the text.

    What YAML 1.1 alone takes for something else (`no`, `0612`, `1:30`, a date) stays text. A number with a decimal
    point keeps its zeros: `2026.10` is printed as it was written.
    """
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    integer = parse_integer(text)
    if integer is not None:
        return integer
    decimal = parse_decimal(text)
    return text if decimal is None else decimal
