"""JSON → rows: a list of maps or of texts, item by item, so that a large one need not be held.

A number keeps the text that stands there: a lost zero or an exponent is judged as in any other file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TextIO

from runner.audience.rows import SHOWN_CHARACTERS, Hurt
from runner.audience.shape import refuse_width
from runner.audience.sheets import NESTED, Row, Sheet, write_sheet
from runner.errors import SourceUnreadable
from runner.model.listing import list_names
from runner.numbers import mask_numbers

MOST_ITEM_CHARACTERS = 1 << 20
"""The longest item of a list, or line of JSON Lines."""

VALUE = "value"
"""What the one column of a list of texts or numbers is called."""

_BLOCK = 1 << 20
_LONGEST_WORD = 16
"""More than any of the words and escapes that the end of a block can cut."""

_BLANKS = re.compile(r"[ \t\n\r]*")
_NOTHING = object()
Item = object
"""A value of JSON, in which numbers are texts."""


class Broken(str):
    """A line that is no JSON, in place of its value."""

    __slots__ = ()


class Twice(dict[str, Item]):
    """A map in which a key stands twice, so that it is not sure which is meant."""

    __slots__ = ()


def write_items(name: str, items: Iterator[Item], *, file: str | None = None) -> Sheet | None:
    """A table of `items`, all maps or all texts and numbers; None where there are none.

    The columns are all keys of all maps, in the order in which they come; null, and a key that is not there, are an
    empty cell. Raises SourceUnreadable where the first item is neither.
    """
    first = next(items, _NOTHING)
    if first is _NOTHING:
        return None
    if isinstance(first, list):
        message = f"`{name}` is no table: its items are lists, where maps with columns as keys are wanted"
        raise SourceUnreadable(message, hint="export it as CSV, or as a list of maps", code="not-a-table")
    everything = chain([first], items)
    if isinstance(first, dict):
        names: list[str] = []
        return write_sheet(name, _read_maps(everything, names, name), names=names, file=file)
    return write_sheet(name, map(_read_single, everything), names=[VALUE], file=file)


def _read_maps(items: Iterable[Item], names: list[str], name: str) -> Iterator[Row]:
    places: dict[str, int] = {}
    for item in items:
        if not isinstance(item, dict) or isinstance(item, Twice):
            yield _say_broken(item)
        elif list(item) == names:
            yield "", "", [_spell(value) for value in item.values()]
        else:
            for key in item:
                if places.setdefault(key, len(names)) == len(names):
                    names.append(key)
            refuse_width(name, len(names))
            cells = [""] * len(names)
            for key, value in item.items():
                cells[places[key]] = _spell(value)
            yield "", "", cells


def _read_single(item: Item) -> Row:
    return _say_broken(item) if isinstance(item, (dict, list, Broken)) else ("", "", (_spell(item),))


def _say_broken(item: Item) -> Row:
    return Hurt.BROKEN.value, _spell(item).lstrip(NESTED)[:SHOWN_CHARACTERS], ()


def _spell(value: Item) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return NESTED + json.dumps(value, ensure_ascii=False)


def _take_pairs(pairs: list[tuple[str, Item]]) -> dict[str, Item]:
    taken = dict(pairs)
    return taken if len(taken) == len(pairs) else Twice(taken)


def _take_constant(word: str) -> str | None:
    """What no JSON has, and Python writes: not a number is none."""
    return None if word == "NaN" else word


_scan: Callable[[str, int], tuple[Item, int]] = json.JSONDecoder(
    object_pairs_hook=_take_pairs, parse_int=str, parse_float=str, parse_constant=_take_constant
).raw_decode


def read_lines(text: TextIO, name: str) -> Iterator[Item]:
    """The values of JSON Lines, one a line; a line that is none is `Broken`. Lines without a character are passed over.

    Raises SourceUnreadable where the first line is none, the last one is cut, or one is too long.
    """
    number = read = 0
    while line := text.readline(MOST_ITEM_CHARACTERS + 1):
        number += 1
        if len(line) > MOST_ITEM_CHARACTERS:
            raise _too_long(name, f"line {number:,}")
        bare = line.strip(" \t\n\r")
        if not bare:
            continue
        try:
            value, end = _scan(bare, 0)
        except (ValueError, RecursionError) as error:
            _refuse_broken(name, line, error, number, is_first=not read)
            yield Broken(bare)
        else:
            yield value if end == len(bare) else Broken(bare)
        read += 1
    if not read:
        raise _empty(name)


def _refuse_broken(name: str, line: str, error: Exception, number: int, *, is_first: bool) -> None:
    if is_first:
        message = f"`{name}` is no JSON Lines: its line {number:,} is no JSON value"
        hint = "name it `.json` where it is one list over several lines, `.csv` where it is CSV"
        raise SourceUnreadable(message, hint=hint, code="not-a-table")
    if not line.endswith("\n") and _is_incomplete(error, len(line)):
        message = f"`{name}` is cut: its last line, {number:,}, has no end"
        raise SourceUnreadable(message, hint="export or copy it again", code="file-cut")


def read_list(text: TextIO, name: str) -> Iterator[Item]:
    """The items of the one list that stands in `text`. Raises SourceUnreadable where it is none, or is cut."""
    return _List(text, name).read()


class _List:
    """A list that is read block by block: what stands in `_buffer` from `_at` on is still to be read."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text = text
        self._name = name
        self._buffer = ""
        self._at = 0
        self._items = 0

    def read(self) -> Iterator[Item]:
        """Its items."""
        sign = self._find_sign()
        if not sign:
            raise _empty(self._name)
        if sign != "[":
            raise self._no_list(sign)
        self._at += 1
        is_first = True
        while (sign := self._find_sign()) != "]":
            if not is_first:
                if sign != ",":
                    raise self._unreadable(is_cut=not sign)
                self._at += 1
            sign = self._find_sign()
            if not sign:
                raise self._unreadable(is_cut=True)
            if sign == "]" and not is_first:
                message = f"`{self._name}` is no JSON: a comma stands after the last item of its list, {self._items:,}"
                raise SourceUnreadable(message, hint="remove that comma", code="not-a-table")
            yield self._read_value()
            self._items += 1
            is_first = False
        self._at += 1
        if self._find_sign():
            message = f"`{self._name}` has something after its list"
            raise SourceUnreadable(message, hint="export it again as one list", code="not-a-table")

    def _find_sign(self) -> str:
        """The next character that is no blank, which is not read yet; nothing at the end."""
        while True:
            found = _BLANKS.match(self._buffer, self._at)
            self._at = found.end() if found is not None else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_more():
                return ""

    def _read_more(self) -> bool:
        block = self._text.read(_BLOCK)
        if block:
            self._buffer, self._at = self._buffer[self._at :] + block, 0
        return bool(block)

    def _read_value(self) -> Item:
        while True:
            try:
                value, end = _scan(self._buffer, self._at)
            except RecursionError as error:
                raise self._unreadable(is_cut=False) from error
            except ValueError as error:
                is_incomplete = _is_incomplete(error, len(self._buffer))
                if is_incomplete:
                    self._refuse_length(len(self._buffer))
                if not is_incomplete or not self._read_more():
                    raise self._unreadable(is_cut=is_incomplete) from error
            else:
                # A number at the end of what was read may go on.
                if end < len(self._buffer) or not self._read_more():
                    self._refuse_length(end)
                    self._at = end
                    return value

    def _refuse_length(self, end: int) -> None:
        if end - self._at > MOST_ITEM_CHARACTERS:
            raise _too_long(self._name, f"item {self._items + 1:,}")

    def _no_list(self, sign: str) -> SourceUnreadable:
        if sign != "{":
            what, hint = "no JSON", "check what it is, and give it the ending that says so"
        else:
            value = self._read_value()
            keys = list(value) if isinstance(value, dict) else []
            listed = list_names([mask_numbers(key)[:40] for key in keys])
            what, hint = f"one map with the keys {listed}", "export the list of rows alone, as a list of maps"
            if self._find_sign():
                what, hint = "several maps, one after another", "name it `.jsonl` where each stands on its own line"
        return SourceUnreadable(f"`{self._name}` is no table: it is {what}", hint=hint, code="not-a-table")

    def _unreadable(self, *, is_cut: bool) -> SourceUnreadable:
        if is_cut:
            message = f"`{self._name}` is cut: its list ends after {self._items:,} items without a `]`"
            return SourceUnreadable(message, hint="export or copy it again", code="file-cut")
        message = f"`{self._name}` is no JSON from item {self._items + 1:,} of its list on"
        return SourceUnreadable(message, hint="export it again", code="not-a-table")


def _is_incomplete(error: Exception, length: int) -> bool:
    """Whether a value could not be read because the text ends in the middle of it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= length - _LONGEST_WORD


def _too_long(name: str, which: str) -> SourceUnreadable:
    message = f"`{name}` has more than {MOST_ITEM_CHARACTERS >> 20} MB in {which}"
    return SourceUnreadable(message, hint="export only the columns that are needed", code="source-too-large")


def _empty(name: str) -> SourceUnreadable:
    return SourceUnreadable(f"`{name}` is empty", hint="export it again", code="source-empty")
