"""How a number may be spelled: the contract's own rules, which come before the library's.

Every pattern here is written once, in the syntax that Python's `re` and DuckDB's RE2 read alike, because the engine
judges whole columns by the same rules. A text is first cleaned, then cut to the part that may be a number; the
patterns are matched against the whole of that part.
"""

from __future__ import annotations

import re

from runner.numbers.values import InvalidNumber

BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space of every width: each counts as a space."""

INVISIBLE = (
    "\xad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufe0e\ufe0f\ufeff\ufff9\ufffa\ufffb"
)
"""Marks that nobody sees (direction, joining, soft hyphen, byte order, variation): they are as if not there."""

SEPARATORS = "\\-\u2010-\u2015\u2212\u30fc\uff0d-\uff0f ()\uff08\uff09\uff3b\uff3d.\\[\\]/"
"""What may stand between digits, as the inside of a character class: the library's punctuation less `x` and tildes."""

REPLACEMENT = "\ufffd"
"""Stands where a byte or half a character could not be read: what it was is not known, be it a digit."""

PLAIN = rf"\+*[0-9{SEPARATORS}]*"
"""Digits and separators, perhaps after a plus: what the library and the engine read alike."""

STARS_AND_TILDES = "*~\u2053\u223c\uff5e"
LIBRARY_ALONE = rf"\+*[0-9{SEPARATORS}{STARS_AND_TILDES}]*"
"""The same with stars and tildes, about which the library has its own ideas: only it is asked."""

_WHOLE = "([1-9][0-9]*|[1-9][0-9]{0,2}(?: [0-9]{3})+)"
WHOLE_DECIMAL = rf"{_WHOLE}[.,]0"
"""A whole number with one decimal (`33612345678.0`): its first group is the number."""

OTHER_DECIMAL = rf"{_WHOLE}(?:\.00+|,[0-9]+)"

EXPONENT = r"([1-9])[.,]([0-9]+)[eE]\+?0*([1-9][0-9]?)"
"""Scientific notation. It says every digit where the second group is as long as the third says, and only there."""

ANY_EXPONENT = r"\+?[0-9]+(?:[.,][0-9]*)? ?[eE] ?[+\-]?[0-9]+"

EXTENSION = r"(?i)(?:[^0-9,;#]*[0-9]){8,}[^0-9]*?(?:[,;#]|x|ext|poste|int)[^0-9]*[0-9]{1,6}#?"

MAX_LENGTH = 250
"""Characters: the library reads no longer text."""

MIN_DIGITS = 6
"""The fewest that a number of these countries has (Saint-Pierre-et-Miquelon)."""

MAX_DIGITS = 15
"""The most that E.164 allows, and that any understood spelling of a number of these countries has."""

HINTED_LENGTH = 9
"""Of a national number in an unlisted territory: a shorter one is rather a French number that was cut."""

_TRANSLATION = {ord(c): " " for c in BLANKS} | {ord(c): None for c in INVISIBLE} | {ord("\uff0b"): "+"}
_DIGIT_OF_ANY_SCRIPT = re.compile(r"\d")
_START = re.compile("[+0-9]")
_PLAIN_OR_LIBRARY = re.compile(LIBRARY_ALONE)
_WHOLE_DECIMAL = re.compile(WHOLE_DECIMAL)
_OTHER_DECIMAL = re.compile(OTHER_DECIMAL)
_EXPONENT = re.compile(EXPONENT)
_ANY_EXPONENT = re.compile(ANY_EXPONENT)
_EXTENSION = re.compile(EXTENSION)
_NOT_DIGITS = re.compile("[^0-9]+")


def clean(text: str) -> str:
    """The text with every blank as a space, without invisible marks, and with the digits of all scripts as ASCII."""
    cleaned = text.translate(_TRANSLATION)
    return cleaned if cleaned.isascii() else _DIGIT_OF_ANY_SCRIPT.sub(lambda d: str(int(d.group())), cleaned)


def cut(cleaned: str) -> str:
    """The part that may be a number: from the first plus or digit to the last letter, digit or `#`.

    So a label before the number goes, and Excel's `'06…` and `="06…"`, brackets and commas around it. These are the
    library's own limits of a possible number.
    """
    start = _START.search(cleaned)
    if start is None:
        return ""
    end = len(cleaned)
    while end > start.end() and not (cleaned[end - 1].isalnum() or cleaned[end - 1] == "#"):
        end -= 1
    return cleaned[start.start() : end]


def read_spelling(text: str) -> str | InvalidNumber:
    """What of `text` the library shall judge (digits with separators, perhaps a plus), or why it is not asked.

    An exponent or a decimal point has been read then: the library would take their digits for digits of the number,
    and so somebody else's.
    """
    cleaned = clean(text)
    if not cleaned.strip(" "):
        return InvalidNumber.EMPTY
    if REPLACEMENT in cleaned:
        return InvalidNumber.UNREADABLE
    part = cut(cleaned)
    if not _count_digits(part):
        return InvalidNumber.NO_NUMBER
    if len(part) > MAX_LENGTH:
        return InvalidNumber.UNREADABLE
    read = _read_figure(part) or _read_part(part)
    is_short = not isinstance(read, InvalidNumber) and _count_digits(read) < MIN_DIGITS
    return InvalidNumber.TOO_SHORT if is_short else read


def _read_figure(part: str) -> str | InvalidNumber | None:
    if found := _WHOLE_DECIMAL.fullmatch(part):
        return found.group(1)
    if _OTHER_DECIMAL.fullmatch(part):
        return InvalidNumber.DECIMAL
    if (found := _EXPONENT.fullmatch(part)) and len(found.group(2)) == int(found.group(3)):
        return found.group(1) + found.group(2)
    return InvalidNumber.LOST_DIGITS if _ANY_EXPONENT.fullmatch(part) else None


def _read_part(part: str) -> str | InvalidNumber:
    if _count_digits(part) > MAX_DIGITS:
        return InvalidNumber.TWO_NUMBERS
    if _PLAIN_OR_LIBRARY.fullmatch(part):
        return part
    if _EXTENSION.fullmatch(part):
        return InvalidNumber.EXTENSION
    return InvalidNumber.LETTERS if any(c.isalpha() for c in part) else InvalidNumber.UNREADABLE


def _count_digits(part: str) -> int:
    return len(_NOT_DIGITS.sub("", part))
