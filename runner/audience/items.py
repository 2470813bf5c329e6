"""JSON → items: those of a list, or of its lines, one by one, so that a large one need not be held.

A number keeps the text that stands there: a lost zero or an exponent is judged as in any other file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TextIO

from runner.errors import SourceUnreadable
from runner.model.listing import list_names
from runner.numbers import mask_numbers

MOST_ITEM_CHARACTERS = 1 << 20
"""The longest item of a list, or line of JSON Lines."""

_BLOCK = 1 << 20
_LONGEST_ESCAPE = 16
"""More than any of the escapes that the end of a block can cut."""
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_CUT_NUMBER = re.compile(r"(?:\.|[eE][+-]?)?[ \t\n\r]*")

_BLANKS = re.compile(r"[ \t\n\r]*")
Item = object
"""A value of JSON, in which numbers are texts."""


class Broken(str):
    """A line that is no JSON, in place of its value."""

    __slots__ = ()


class Twice(dict[str, Item]):
    """A map in which a key stands twice, so that it is not sure which is meant."""

    __slots__ = ()


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

    Raises SourceUnreadable where no line is a value, the first begins a list that goes on below, the last one is cut,
    or one is too long.
    """
    number = readable = first_broken = 0
    while line := text.readline(MOST_ITEM_CHARACTERS + 1):
        number += 1
        if len(line) > MOST_ITEM_CHARACTERS:
            raise _too_long(name, f"line {number:,}")
        bare = line.strip(" \t\n\r")
        if not bare:
            continue
        value = _read_line(bare)
        if not isinstance(value, Broken):
            readable += 1
        elif not readable and not first_broken and _is_cut(bare) and bare.startswith("["):
            raise _no_lines(name, number)
        elif readable and not line.endswith("\n") and _is_cut(bare):
            message = f"`{name}` is cut: its last line, {number:,}, has no end"
            raise SourceUnreadable(message, hint="export or copy it again", code="file-cut")
        else:
            first_broken = first_broken or number
        yield value
    if not readable:
        raise _no_lines(name, first_broken) if first_broken else _empty(name)


def _is_value(bare: str) -> bool:
    return not isinstance(_read_line(bare), Broken)


def _read_line(bare: str) -> Item:
    try:
        value, end = _scan(bare, 0)
    except (ValueError, RecursionError):
        return Broken(bare)
    return value if end == len(bare) else Broken(bare)


def _is_cut(bare: str) -> bool:
    try:
        _scan(bare, 0)
    except ValueError as error:
        return _is_incomplete(error, bare)
    except RecursionError:
        return False
    return False


def _no_lines(name: str, number: int) -> SourceUnreadable:
    message = f"`{name}` is no JSON Lines: its line {number:,} is not one JSON value"
    hint = "name it `.json` where it is one list over several lines, `.csv` where it is CSV"
    return SourceUnreadable(message, hint=hint, code="not-a-table")


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
                is_incomplete = _is_incomplete(error, self._buffer)
                if is_incomplete:
                    self._refuse_length(len(self._buffer))
                if not is_incomplete or not self._read_more():
                    raise self._unreadable(is_cut=is_incomplete) from error
            else:
                # A number at the end of what was read may go on.
                if not _CUT_NUMBER.fullmatch(self._buffer, end) or not self._read_more():
                    self._refuse_length(end)
                    self._at = end
                    return value

    def _refuse_length(self, end: int) -> None:
        if end - self._at > MOST_ITEM_CHARACTERS:
            raise _too_long(self._name, f"item {self._items + 1:,}")

    def _no_list(self, sign: str) -> SourceUnreadable:
        if sign != "{" and _is_value(self._buffer[self._at :].strip()):
            what, hint = "one value and no list", "export the list of rows, as a list of maps"
        elif sign != "{":
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


def _is_incomplete(error: Exception, text: str) -> bool:
    """Whether a value could not be read because the text ends in the middle of it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    rest = text[error.pos :]
    if error.msg.startswith("Expecting value"):
        return any(word.startswith(rest.rstrip(" \t\n\r")) for word in _WORDS)
    if error.msg.startswith("Expecting"):
        return _CUT_NUMBER.fullmatch(rest) is not None
    if error.msg.startswith("Invalid control character"):
        # Whoever cut it inside of a text may have ended the line.
        return not rest.strip()
    return error.msg.startswith("Unterminated") or (error.msg.startswith("Invalid \\") and len(rest) <= _LONGEST_ESCAPE)


def _too_long(name: str, which: str) -> SourceUnreadable:
    message = f"`{name}` has more than {MOST_ITEM_CHARACTERS >> 20} MB in {which}"
    return SourceUnreadable(message, hint="export only the columns that are needed", code="source-too-large")


def _empty(name: str) -> SourceUnreadable:
    return SourceUnreadable(f"`{name}` is empty", hint="export it again", code="source-empty")
