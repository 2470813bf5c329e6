"""Numbers as they may be shown: everything but the last two digits hidden, in a number or anywhere in a text."""

from __future__ import annotations

import re
from collections.abc import Collection

from runner.numbers.spelling import BLANKS, INVISIBLE, SEPARATORS, STARS_AND_TILDES

DOT = "•"
FEWEST_DIGITS = 6
_CALLING_CODES = ("33", "262", "508", "590", "594", "596")
_E164 = re.compile(r"\+?[1-9]\d{5,14}")

# What may stand between two digits of one number: separators of every sort, quotes, a letter typed for 0 or 1.
_MARK = f"[{re.escape(BLANKS + INVISIBLE)}{SEPARATORS}{STARS_AND_TILDES}+'\u2019\"\u00b7\u2022]"
_JOIN = rf"{_MARK}*(?:[OoIl]{_MARK}*)?"
_ALONE = rf"(?!{_JOIN}\d)"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?::[0-5]\d(?::[0-5]\d(?:\.\d+)?)?|h(?:[0-5]\d)?)"
_TIME = rf"(?:[T ][0-2]?\d{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?)?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ADDRESS = rf"(?<![\d.+])(?P<host>{_OCTET}(?:\.{_OCTET}){{3}})(?::\d{{1,5}})?(?!\.?\d){_ALONE}"
# Where a URL leads: a machine by its address or by names whose digits follow letters, with the port; no path.
_HOST = rf"{_OCTET}(?:\.{_OCTET}){{3}}|\[[0-9A-Fa-f:.]{{2,39}}\]|[A-Za-z-]+\d{{0,2}}(?:\.[A-Za-z-]+\d{{0,2}})*"
_KEPT = (
    rf"://(?:{_HOST}):\d{{1,5}}(?=[/?#\s`]|$)",
    rf"(?<!\d)(?:19|20)\d\d-?{_MONTH_DAY}{_TIME}{_ALONE}",
    # In any order, and in no calendar: who wrote a day wrong must recognise it, and no number is grouped so.
    rf"(?<![\d/])\d\d?/\d\d?/(?:19|20)\d\d(?: (?:[01]?\d|2[0-3])[:h][0-5]\d)?{_ALONE}",
    # Eight digits grouped as an amount of money: no number of these countries has eight.
    rf"(?<!\d)[1-9]\d(?P<group>[ ,.\xa0\u202f])\d{{3}}(?P=group)\d{{3}}(?:[.,]\d\d?)?{_ALONE}",
    # Identifiers: in no spelling of a number do letters stand between or after the digits.
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"\b(?=[a-f]*\d+[a-f])[0-9a-f]{16,}\b",
    r"\b(?=\d*[a-f])(?:[0-9a-f]{32}){1,2}\b",
)
_HIDDEN = (
    r"\d[.,]\d{3,}(?=[eE][+-]?\d)",
    r"(?<!\d)(?:\+?\d{2,4}[,;:|_\\])?\(?\d{1,2}\)?(?:[,;:|_\\]\d\d){3,}(?!\d)",
    rf"\d{{1,3}}(?:,\d{{3}}){{2,}}|\+?\d(?:{_JOIN}\d)+",
)
_SEQUENCE = re.compile(
    rf"(?P<kept>{'|'.join(_KEPT)})|(?P<address>{_ADDRESS})"
    rf"|(?P<always>{_HIDDEN[0]}|{_HIDDEN[1]})|(?P<perhaps>{_HIDDEN[2]})"
)

_BETWEEN = "[ ./_\xa0\u202f\u2011-]?"
_NATIONAL = rf"[1-9](?:{_BETWEEN}[0-9]{{2}}){{4}}(?![0-9])"
_ABROAD = rf"(?:\+|00)?(?:{'|'.join(_CALLING_CODES)}){_BETWEEN}"
_IN_NAME = re.compile(rf"(?<![0-9])(?![0-9]{{2}}[-./][0-9]{{2}}[-./](?:19|20)[0-9]{{2}})(?:{_ABROAD}|0)?{_NATIONAL}")
# Without its 0 or its calling code it may be an identifier, and so may digits among letters.
_WRITTEN = re.compile(rf"(?<![0-9A-Za-z])(?:{_ABROAD}(?:\(0\){_BETWEEN})?|0){_NATIONAL}(?![A-Za-z])")


def format_number(e164: int) -> str:
    """The number in E.164 form: `+33612345678`."""
    return f"+{e164}"


def mask_number(e164: int | str) -> str:
    """One number, given in E.164 form, as people may see it: `+33 6 •• •• •• 78`."""
    text = str(e164)
    if not _E164.fullmatch(text):
        return mask_numbers(text)
    digits = text.removeprefix("+")
    code = next((c for c in _CALLING_CODES if digits.startswith(c)), digits[:2])
    national = digits[len(code) :]
    shown = national[: (len(national) - 2) % 2]
    pairs = [DOT * 2] * ((len(national) - 2) // 2)
    return " ".join(["+" + code, *filter(None, [shown]), *pairs, national[-2:]])


def mask_numbers(text: str) -> str:
    """`text` with every sequence of digits that could be a telephone number hidden but for its last two digits.

    Each hidden digit becomes one `•`, so that the text keeps its length and a caret its place. Where a sequence could
    be something else it is hidden; dates, times, identifiers, addresses of machines and amounts of eight digits are
    left.
    """
    return _SEQUENCE.sub(_hide, text)


def stands_in_name(text: str) -> bool:
    """Whether a French number, in whatever spelling, stands in a name; a day, or a longer run of digits, is none."""
    return _IN_NAME.search(text) is not None


def mask_name(text: str) -> str:
    """A name or a path as it may be shown: as it is, since scripts and editors use it, but for numbers in it."""
    return _IN_NAME.sub(lambda found: mask_cell(found.group()), text)


def mask_written(text: str) -> str:
    """A text of somebody else's that is kept: as it is, but for French numbers with their 0 or calling code in front.

    What has neither may be an identifier, which must stay what it is.
    """
    return _WRITTEN.sub(lambda found: mask_cell(found.group()), text)


def mask_cell(text: str) -> str:
    """A cell that should hold one number, with all its digits hidden but the last two, whatever stands between them.

    Fewer than six digits are no number, and are left.
    """
    places = [place for place, character in enumerate(text) if character.isdigit()]
    return text if len(places) < FEWEST_DIGITS else _hide_digits(text, places[:-2])


def _hide_digits(text: str, places: Collection[int]) -> str:
    hidden = frozenset(places)
    return "".join(DOT if place in hidden else character for place, character in enumerate(text))


def _hide(found: re.Match[str]) -> str:
    sequence = found.group()
    if found["kept"] is not None or (found["perhaps"] is not None and not _could_be_number(sequence)):
        return sequence
    if found["address"] is not None and not _could_be_grouped_so(found):
        return sequence
    return _hide_digits(sequence, [place for place, character in enumerate(sequence) if character.isdigit()][:-2])


def _could_be_grouped_so(address: re.Match[str]) -> bool:
    """Whether the four groups of an address could be those of a number without its zero: `172.16.12.34`."""
    if address.string.endswith("://", 0, address.start()):
        return False
    first, *others = address["host"].split(".")
    digits = len(first) + sum(map(len, others))
    return digits >= 8 and min(map(len, others)) > 1 and (digits < 10 or first == "33")


def _could_be_number(sequence: str) -> bool:
    count = sum(c.isdigit() for c in sequence)
    if sequence.startswith("+"):
        return count >= 6
    if sequence.startswith("0") and not sequence.startswith("0."):
        return count >= 7
    return count >= 8
