"""What an answer's bytes say: strict where a mistake could reach people twice, patient where only a figure is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from runner.model.secret import scrub_secrets
from runner.numbers import mask_cell, mask_written

LONGEST_WAIT = timedelta(days=31)
"""What asks for more is nonsense."""
LARGEST_FIGURE = 10**9
LONGEST_INTEGER = 18
LONGEST_TEXT = 255

NATIONAL_DIGITS = 9
"""Of a French number, behind its `0` or `+33`."""

_NO_DIGITS = re.compile(r"\D+")
_NUMERAL = re.compile(r"\d{1,9}(\.\d{1,30})?", re.ASCII)
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)
_NO_LETTERS = re.compile(r"[^a-z]+")
_OF_A_CAMPAIGN = re.compile(
    r"(id)?(campaign|campagne)s?(ids?|token)?|(total)?costs?(unity|total)?|nbsms|(total|delivered)?quantity"
)
"""Keys, by their letters, under which a campaign's id, cost or count may stand."""
_TEXT_IN_BYTES = re.compile(rb'"([A-Za-z0-9_.-]{1,100})"')


def parse_json(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None where it is none, where a key stands twice or a figure is NaN or infinite.

    Fractions come as Decimal; a figure that no machine calculates with comes as its text.
    """
    try:
        said = json.loads(
            body.decode("utf-8-sig"),
            parse_float=_parse_fraction,
            parse_int=_parse_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_build_object,
        )
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def names_campaign(said: Mapping[str, Any] | None, body: bytes) -> bool:
    """Whether the answer, at whatever depth, names a campaign's id, a cost or a count: then people may be reached.

    Of what can't be read the bytes are looked through.
    """
    if said is None:
        return any(_is_of_campaign(text.decode("ascii")) for text in _TEXT_IN_BYTES.findall(body))
    return any(value not in (None, "") and any(map(_is_of_campaign, keys)) for keys, value in walk(said))


def _is_of_campaign(key: str) -> bool:
    return _OF_A_CAMPAIGN.fullmatch(_NO_LETTERS.sub("", key.lower())) is not None


def walk(said: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value that is no list or object, at whatever depth, with the keys above it, of which there is one."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), said)]
    while waiting:
        keys, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*keys, name), inner) for name, inner in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend((keys, inner) for inner in reversed(value))
        else:
            yield keys, value


def read_text(value: object) -> str | None:
    """A short text that can be printed, or None."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= LONGEST_TEXT and text.isprintable() else None


def read_id(value: object, sent: Collection[int]) -> str | None:
    """An id, which may come as a text or as a whole number from 1 on, or None.

    It is kept, so it is told without the key, and without its digits where it is spelled like a number or repeats one
    that was `sent`.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value > 0 else None
    text = read_text(value)
    if text is None:
        return None
    digits = _NO_DIGITS.sub("", text)
    told = {int(digits[at : at + NATIONAL_DIGITS]) for at in range(len(digits) - NATIONAL_DIGITS + 1)}
    if not told.isdisjoint([number % 10**NATIONAL_DIGITS for number in sent]):
        return mask_cell(scrub_secrets(text))
    return mask_written(scrub_secrets(text))


def read_cost(value: object) -> Decimal | None:
    """An amount of money, never by way of a float; None where it is negative, absurd or no amount."""
    if isinstance(value, str) and _NUMERAL.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    cost = Decimal(value)
    if not 0 <= cost < LARGEST_FIGURE:
        return None
    # Whoever calculates with floats says 75.00000000000001.
    rounded = round(abs(cost), 6)
    return cost if cost == rounded else rounded


def read_count(value: object) -> int | None:
    """A whole number from 0 on, or None."""
    if isinstance(value, str) and _NUMERAL.fullmatch(value.strip()) and "." not in value:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < LARGEST_FIGURE else None


def read_currency(value: object) -> str | None:
    """A currency as its three letters, or None. The provider also writes the euro's sign."""
    text = "EUR" if value == "€" else (read_text(value) or "").upper()
    return text if len(text) == 3 and text.isascii() and text.isalpha() else None


def find_wait(headers: Mapping[str, str], received: datetime) -> timedelta | None:
    """How long an answer asks to wait, or None where it does not say, or says nonsense.

    By `retry-after`, in seconds or as a date, which is compared with the answer's own; else by `x-ratelimit-reset`,
    which one integration saw: in seconds, or as seconds since 1970.
    """
    now = _parse_date(headers.get("date", "")) or received
    for name in ("retry-after", "x-ratelimit-reset"):
        wait = _parse_wait(headers.get(name, "").strip(), now)
        if wait is not None and wait <= LONGEST_WAIT:
            return max(wait, timedelta(0))
    return None


def _parse_wait(text: str, now: datetime) -> timedelta | None:
    if not _SECONDS.fullmatch(text):
        until = _parse_date(text)
        return until - now if until is not None else None
    seconds = int(text)
    if seconds < LARGEST_FIGURE:
        return timedelta(seconds=seconds)
    return datetime.fromtimestamp(seconds, UTC) - now


def _parse_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _parse_fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _parse_integer(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_INTEGER else text


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        raise ValueError("a key stands twice")
    return built
