"""One text: a number, or why not. The library is imported when a text needs it, and not before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.numbers.spelling import clean, cut, read_spelling
from runner.numbers.values import InvalidNumber, Number

_WRITTEN_OUT = re.compile(r"(?<![0-9])(?:(?:\+|00)[\W_]{0,3}[1-9]|0[\W_]{0,3}[1-9])(?:[\W_]{0,3}[0-9]){8}")
_WHOLE = re.compile("[0-9]{9,}|0[0-9]{6}|(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]))[0-9]{6}")
_LOST_EXPONENT = re.compile(r"[eE] ?\+?0?(?:8|9|10|11)$")


def judge_number(text: str, countries: Sequence[str], *, fiction: bool = False) -> Number | InvalidNumber:
    """The number that `text` spells, read in each of `countries` (ISO 3166) in turn, or why it is none.

    The contract's rules on spelling come first, libphonenumber's metadata decide the rest. With `fiction`, as in the
    sandbox, the block kept for works of fiction counts as mobile.
    """
    from runner.numbers.library import judge_part

    part = read_spelling(text)
    return part if isinstance(part, InvalidNumber) else judge_part(part, countries, fiction=fiction)


def judge_anywhere(text: str, countries: Sequence[str], *, fiction: bool = False) -> int | None:
    """The E.164 digits of the valid number that `text` spells, of any country and type, or None: for exclusions.

    A national spelling is read in `countries`, then in the other territories; numbers of other countries need their
    calling code with a plus or `00`.
    """
    from runner.numbers.library import find_anywhere, judge_part

    part = read_spelling(text)
    if isinstance(part, InvalidNumber):
        return None
    judged = judge_part(part, countries, fiction=fiction)
    return judged.e164 if isinstance(judged, Number) else find_anywhere(part, countries)


def has_number(text: str) -> bool:
    """Whether a telephone number stands in `text`, valid or not: no name of a column has one in it.

    Six digits alone count as well (Saint-Pierre-et-Miquelon), unless they are a year and a month.
    """
    read = read_spelling(text)
    if not isinstance(read, InvalidNumber):
        return bool(_WHOLE.fullmatch(re.sub("[^0-9]", "", read)))
    cleaned = clean(text)
    if read is InvalidNumber.LOST_DIGITS:
        return bool(_LOST_EXPONENT.search(cut(cleaned)))
    return bool(_WRITTEN_OUT.search(cleaned))
