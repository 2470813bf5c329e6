"""The spelling rules of `runner.numbers` as SQL: which digits a text holds, or why it holds none.

Each function answers an expression over columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.audience.engine import matches, quote_text
from runner.numbers import InvalidNumber
from runner.numbers.spelling import (
    ANY_EXPONENT,
    BLANKS,
    EXPONENT,
    EXTENSION,
    INVISIBLE,
    LIBRARY_ALONE,
    MAX_DIGITS,
    MAX_LENGTH,
    MIN_DIGITS,
    OTHER_DECIMAL,
    PLAIN,
    REPLACEMENT,
    WHOLE_DECIMAL,
)

COMMON_SEPARATORS = (" ", ".", "-", "/", "(", ")", "\xa0", "\u202f")

ASK_LIBRARY = "library"
"""In the column `why`, for a while: only the library itself can tell."""


def strip(text: str, marks: Sequence[str]) -> str:
    """`text` without any of `marks`: a chain of `replace` takes a third of the time of anything cleverer."""
    for mark in marks:
        text = f"replace({text}, {quote_text(mark)}, '')"
    return text


def strip_rare(text: str, marks: Sequence[str]) -> str:
    """The same for marks that few texts hold: to look for one takes a third of the time that replacing it takes."""
    holds_any = " OR ".join(f"contains({text}, {quote_text(mark)})" for mark in marks)
    return f"CASE WHEN {holds_any} THEN {strip(text, marks)} ELSE {text} END"


def find_simple(bare: str) -> str:
    """The digits, perhaps after a plus, where `bare` (a text without the commonest separators) has little else.

    A label may stand before them and a quote or a comma after them. Empty where there is more to read.
    """
    number = rf"\+?[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}"
    labelled = f"^[^+\uff0b{REPLACEMENT}\\p{{Nd}}]*({number})[\"',;]*$"
    return f"CASE WHEN {matches(bare, number)} THEN {bare} ELSE regexp_extract({bare}, {quote_text(labelled)}, 1) END"


def is_whole(text: str, found: str) -> str:
    """Whether `found`, digits read from `text` without its separators, is what the spelling rules read in it.

    A point in the text may be decimal, unless 0 or a plus comes first.
    """
    separates = f"NOT contains({text}, '.') OR starts_with({found}, '0') OR starts_with({found}, '+')"
    return f"length({text}) <= {MAX_LENGTH} AND ({separates})"


def clean(text: str) -> str:
    """The text as `spelling.clean` makes it, but for digits of other scripts, which are the library's business."""
    blanks = BLANKS + "\uff0b"
    replaced = f"translate({text}, {quote_text(blanks + INVISIBLE)}, {quote_text(' ' * len(BLANKS) + '+')})"
    return f"CASE WHEN regexp_matches({text}, '[^ -~]') THEN {replaced} ELSE {text} END"


def cut(cleaned: str) -> str:
    """The part that may be a number, as `spelling.cut` finds it."""
    return f"regexp_extract({cleaned}, '(?s)[+0-9](?:.*[\\pL\\pN#])?')"


def only_digits(text: str) -> str:
    """The ASCII digits of `text`."""
    stripped = strip(text, (*COMMON_SEPARATORS, "+"))
    return (
        f"CASE WHEN regexp_full_match({stripped}, '[0-9]*') THEN {stripped}"
        f" ELSE regexp_replace({text}, '[^0-9]+', '', 'g') END"
    )


def read_figure(part: str) -> str:
    """The digits of a whole number in a spreadsheet's notation (`6.12345678E8`, `33612345678.0`), else NULL."""
    groups = [f"regexp_extract({part}, {quote_text(EXPONENT)}, {group})" for group in (1, 2, 3)]
    whole = f"regexp_extract({part}, {quote_text(WHOLE_DECIMAL)}, 1)"
    return (
        f"CASE WHEN NOT regexp_matches({part}, '[.,]') THEN NULL"
        f" WHEN {matches(part, WHOLE_DECIMAL)} THEN {only_digits(whole)}"
        f" WHEN {matches(part, EXPONENT)} AND length({groups[1]}) = {groups[2]}::INTEGER"
        f" THEN {groups[0]} || {groups[1]} END"
    )


def why_unread(cleaned: str, part: str, digits: str, figure: str) -> str:
    """Why the spelling says no number, `ASK_LIBRARY`, or NULL where `digits` are to be read by the plans."""
    cases = [
        (f"{cleaned} IS NULL OR trim({cleaned}) = ''", InvalidNumber.EMPTY),
        (f"contains({cleaned}, {quote_text(REPLACEMENT)})", InvalidNumber.UNREADABLE),
        (f"regexp_matches({cleaned}, '[^\\P{{Nd}}0-9]')", ASK_LIBRARY),
        (f"{digits} = ''", InvalidNumber.NO_NUMBER),
        (f"length({part}) > {MAX_LENGTH}", InvalidNumber.UNREADABLE),
        (f"length({figure}) < {MIN_DIGITS}", InvalidNumber.TOO_SHORT),
        (f"{figure} IS NOT NULL", None),
        (matches(part, OTHER_DECIMAL), InvalidNumber.DECIMAL),
        (matches(part, ANY_EXPONENT), InvalidNumber.LOST_DIGITS),
        (f"length({digits}) > {MAX_DIGITS}", InvalidNumber.TWO_NUMBERS),
        (f"{matches(part, LIBRARY_ALONE)} AND length({digits}) < {MIN_DIGITS}", InvalidNumber.TOO_SHORT),
        (matches(part, PLAIN), None),
        (matches(part, LIBRARY_ALONE), ASK_LIBRARY),
        (matches(part, EXTENSION), InvalidNumber.EXTENSION),
        (f"regexp_matches({part}, '\\pL')", InvalidNumber.LETTERS),
    ]
    return _case(cases, InvalidNumber.UNREADABLE)


def _case(cases: list[tuple[str, str | None]], otherwise: str) -> str:
    branches = " ".join(f"WHEN {when} THEN {'NULL' if then is None else quote_text(then)}" for when, then in cases)
    return f"CASE {branches} ELSE {quote_text(otherwise)} END"
