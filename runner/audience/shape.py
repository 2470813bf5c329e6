"""The first record → how a table is written: delimiter, header or none, width; and which column is meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from runner.audience.records import Lines, Record, read_record, split_raw
from runner.audience.text import Text
from runner.errors import SourceUnreadable
from runner.model.listing import list_names
from runner.numbers import has_number
from runner.numbers.spelling import BLANKS, INVISIBLE

VALUELESS = BLANKS + INVISIBLE
"""Characters that, alone, are no value: what the number rules take for blank or for not there."""

DELIMITERS = (";", ",", "\t", "|")
"""In the order in which one is taken where the first record has as many cells by the other."""

COLUMN_NAMES = ("phone", "mobile", "portable", "telephone", "téléphone", "tel", "numero", "numéro", "number", "msisdn")
"""The columns that are found by themselves, the first that is there."""

MOST_COLUMNS = 20_000
_PEEKED_LINES = 50


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file's table is written.

    `names` are those of the header, None where the first record is data. `first_line` counts the physical lines before
    the first row; `empty_before` those of them that are empty.
    """

    delimiter: str | None
    names: tuple[str, ...] | None
    width: int
    first_line: int
    empty_before: int


def read_shape(text: Text) -> Shape | None:
    """How this text's table is written; None where not one value stands in it.

    Raises SourceUnreadable where the first record is no header and no data, or the lines below have more columns.
    """
    with text.open_lines() as file:
        lines = Lines(file)
        empty, first = _find_value(lines)
        if first is None:
            return None
        delimiter = _read_separator(first)
        if delimiter is not None:
            more_empty, first = _find_value(lines)
            empty += more_empty
        if first is None:
            return None
        lines.hand_back([first])
        is_tabbed = text.name.casefold().endswith((".tsv", ".tsv.gz", ".tsv.zst"))
        candidates = (delimiter,) if delimiter else tuple(sorted(DELIMITERS, key=lambda d: d != "\t" or not is_tabbed))
        return _read_first_record(text.name, lines, candidates, empty)


def fold_name(name: str) -> str:
    """The form in which names of columns are compared: composed, trimmed, without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip(VALUELESS).casefold())


def find_column(shape: Shape, wanted: str | None, file: str) -> int:
    """The place of the column `wanted`, or of the one that is found by itself.

    `wanted` is a name, else a number that counts from 1. Raises SourceUnreadable where there is none, or several.
    """
    if wanted is None:
        return _find_usual_column(shape, file)
    place = find_named(shape, wanted, file)
    if place is None and re.fullmatch("[0-9]{1,5}", wanted.strip()) and 1 <= int(wanted) <= shape.width:
        return int(wanted) - 1
    if place is None:
        raise no_such_column(shape, wanted, file)
    return place


def find_named(shape: Shape, wanted: str, file: str) -> int | None:
    """The place of the column with this name, or None. Raises SourceUnreadable where several bear it."""
    folded = fold_name(wanted)
    places = [place for place, name in enumerate(shape.names or ()) if name and fold_name(name) == folded]
    if len(places) > 1:
        numbers = ", ".join(str(place + 1) for place in places)
        message = f"`{file}` has {len(places)} columns called `{wanted.strip()}`: {numbers}"
        hint = f"say which by its number, `column: {places[0] + 1}`, or rename them"
        raise SourceUnreadable(message, hint=hint, code="ambiguous-column")
    return places[0] if places else None


def refuse_width(name: str, width: int) -> None:
    """Raise SourceUnreadable where a table is wider than the bound."""
    if width > MOST_COLUMNS:
        message = f"`{name}` has more than {MOST_COLUMNS:,} columns"
        raise SourceUnreadable(message, hint="export only the columns that are needed", code="source-too-large")


def no_such_column(shape: Shape, wanted: str, file: str) -> SourceUnreadable:
    """The error that says so, and which columns there are."""
    if shape.names is None:
        message = f"`{file}` has no header, so no column is called `{wanted}`: a telephone number is in its first line"
        return SourceUnreadable(message, hint=_say_numbers(shape), code="no-such-column")
    names = {fold_name(name): name.strip() for name in shape.names if name.strip(VALUELESS)}
    nearest = get_close_matches(fold_name(wanted), list(names), n=1)
    hint = (
        _say_nearest(shape, names[nearest[0]], wanted) if nearest else "name one of them, or its number, counted from 1"
    )
    message = f"`{file}` has no column `{wanted}`; it has {_list_names(shape)}"
    return SourceUnreadable(message, hint=hint, code="no-such-column")


def _say_nearest(shape: Shape, name: str, wanted: str) -> str:
    """Which column may be meant; where both names look alike, that other blanks than spaces stand in the header's."""
    if fold_name(re.sub(r"\s", " ", name)) != fold_name(re.sub(r"\s", " ", wanted)):
        return f"did you mean `{name}`?"
    place = next(n for n, each in enumerate(shape.names or (), start=1) if each.strip() == name)
    return f"the two look alike, and one has a no-break space or its like: write `column: {place}`"


def _find_value(lines: Lines) -> tuple[int, str | None]:
    """Go to the first line with a value, past others; answer how many empty ones there were, and that line."""
    empty = 0
    for line in lines:
        if line.strip(VALUELESS + "".join(DELIMITERS)):
            return empty, line
        empty += not line
    return empty, None


def _read_separator(line: str) -> str | None:
    """The delimiter that a `sep=;` line names, as Excel writes and reads it."""
    text = line.strip().strip('"')
    if len(text) != len("sep=;") or not text.casefold().startswith("sep="):
        return "\t" if text.casefold() == "sep=" and line.endswith("\t") else None
    return None if text[-1].isalnum() or text[-1] in " '\"=" else text[-1]


def _read_first_record(name: str, lines: Lines, candidates: Sequence[str], empty: int) -> Shape:
    start = lines.number
    records = {candidate: _try_record(lines, candidate) for candidate in candidates}
    delimiter = max(candidates, key=lambda candidate: _rank(records[candidate], candidate))
    record = records[delimiter]
    cells = record.cells if record.is_whole else split_raw(record.lines[0], delimiter)
    refuse_width(name, len(cells))
    used = delimiter if len(cells) > 1 or len(candidates) == 1 else None
    if any(map(has_number, cells)):
        return Shape(used, None, len(cells), start, empty)
    if not record.is_whole:
        message = f"`{name}`: the quotes in the header, line {start + 1:,}, don't match"
        raise SourceUnreadable(message, hint="remove the stray quote", code="not-a-table")
    if used is None:
        below = islice(lines, len(record.lines), len(record.lines) + _PEEKED_LINES)
        _refuse_title(name, list(below), start + 1)
    return Shape(used, tuple(cells), len(cells), start + len(record.lines), empty)


def _try_record(lines: Lines, delimiter: str) -> Record:
    record = read_record(lines, delimiter) or Record()
    lines.hand_back(record.lines)
    return record


def _rank(record: Record, delimiter: str) -> tuple[bool, bool, int]:
    """Most cells wins, but first of all those whose quotes match, and stand where a cell starts."""
    cells = len(record.cells) if record.is_whole else len(split_raw(record.lines[0], delimiter))
    is_divided = record.is_whole and cells > 1
    return is_divided and not record.has_strays, is_divided, cells


def _refuse_title(name: str, below: list[str], line: int) -> None:
    """Raise SourceUnreadable where the one cell of `line` stands above a header with several."""
    below = [text for text in below if text.strip(VALUELESS)]
    for delimiter in DELIMITERS:
        if below and all(delimiter in text for text in below) and not any(map(has_number, below[0].split(delimiter))):
            message = f"`{name}`: line {line:,} is one cell, and the lines below it are divided by `{delimiter}`"
            hint = "remove the title: the header must be the first line"
            raise SourceUnreadable(message, hint=hint, code="not-a-table")


def _find_usual_column(shape: Shape, file: str) -> int:
    if shape.width == 1:
        return 0
    if shape.names is None:
        message = f"`{file}` has {shape.width} columns and no header: a telephone number is in its first line"
        raise SourceUnreadable(message, hint=_say_numbers(shape), code="column-needed")
    for name in COLUMN_NAMES:
        place = find_named(shape, name, file)
        if place is not None:
            return place
    message = f"`{file}` has no column that is found by its name; it has {_list_names(shape)}"
    hint = "say `column:` with one of them; found by themselves are " + ", ".join(COLUMN_NAMES)
    raise SourceUnreadable(message, hint=hint, code="no-such-column")


def _say_numbers(shape: Shape) -> str:
    return f"say which column by its number, `column: 1` to `column: {shape.width}`"


def _list_names(shape: Shape) -> str:
    names = [name.strip()[:40] for name in shape.names or () if name.strip(VALUELESS)]
    return list_names(names, most=20)
