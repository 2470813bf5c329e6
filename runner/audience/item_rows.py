"""Items of JSON → the rows of a table: of maps where there is one, else of texts and numbers, in whatever order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from runner.audience.handles import open_spool
from runner.audience.items import Broken, Item, Twice
from runner.audience.rows import SHOWN_CHARACTERS, Hurt
from runner.audience.shape import refuse_width
from runner.audience.sheets import NESTED, Row, Sheet, write_sheet
from runner.errors import SourceUnreadable
from runner.numbers import mask_numbers
from runner.numbers.masking import DOT

VALUE = "value"
"""What the one column of a list of texts or numbers is called."""

_NOTHING = object()
_AT_ONCE = 100
_CHARACTERS_AT_ONCE = 1 << 20
_HIDDEN_OF_NUMBER = 9
"""Digits of a number that are masked, with its calling code."""


class _Listed(Broken):
    """A list in place of a row, spelled."""

    __slots__ = ()


class _Doubled(Broken):
    """A map in which a key stands twice, spelled."""

    __slots__ = ()


_KINDS: Mapping[str, type[str]] = {kind.__name__: kind for kind in (str, Broken, _Listed, _Doubled)}
_ALONE = "export it as a list of maps with the columns as keys, or of numbers alone"


def write_items(name: str, items: Iterator[Item], *, file: str | None = None) -> Sheet | None:
    """A table of `items`: of all maps where there is one, else of all texts and numbers; None where there are none.

    Whatever the order, the others are rows that can't be read. The columns are all keys of all maps, in the order in
    which they come; null, and a key that is not there, are an empty cell. Raises SourceUnreadable where it can't be
    told which items are meant as rows: where none can be one, or more that are none hold a number than there are rows.
    """
    items = map(_flatten, items)
    with open_spool() as spool:
        has_others, first = _keep_until_map(items, spool)
        others = _reread(spool)
        if first is not _NOTHING:
            names: list[str] = []
            weighed = _weigh(chain(others, [first], items), _is_map, "maps", name)
            return write_sheet(name, _read_maps(weighed, names, name), names=names, file=file)
        if not has_others:
            return None
        weighed = _weigh(others, _is_single, "texts or numbers", name)
        return write_sheet(name, map(_read_single, weighed), names=[VALUE], file=file)


def _flatten(item: Item) -> Item:
    """A map as it is, and anything else as text, but for null."""
    if isinstance(item, Twice):
        return _Doubled(_spell(item))
    if isinstance(item, list):
        return _Listed(_spell(item))
    return _spell(item) if isinstance(item, bool) else item


def _is_map(item: Item) -> bool:
    return isinstance(item, dict)


def _is_single(item: Item) -> bool:
    return not isinstance(item, (dict, Broken))


def _keep_until_map(items: Iterator[Item], spool: BinaryIO) -> tuple[bool, Item]:
    """Write the items before the first map to `spool`; answer whether there are any, and that map."""
    first: Item = _NOTHING
    others: list[tuple[str, Item]] = []
    characters = 0
    for item in items:
        if isinstance(item, dict):
            first = item
            break
        others.append((type(item).__name__, item))
        characters += len(item) if isinstance(item, str) else 0
        if len(others) == _AT_ONCE or characters > _CHARACTERS_AT_ONCE:
            _write_down(others, spool)
            others, characters = [], 0
    _write_down(others, spool)
    return spool.tell() > 0, first


def _write_down(others: list[tuple[str, Item]], spool: BinaryIO) -> None:
    if others:
        spool.write(json.dumps(others).encode() + b"\n")


def _reread(spool: BinaryIO) -> Iterator[Item]:
    spool.seek(0)
    for line in spool:
        for kind, text in json.loads(line):
            yield text if text is None or kind == "str" else _KINDS[kind](text)


def _weigh(items: Iterable[Item], is_row: Callable[[Item], bool], kind: str, name: str) -> Iterator[Item]:
    """All of `items`, the rows among which must outweigh what else could hold somebody's number."""
    rows = others = numbers = lists = 0
    for item in items:
        if is_row(item):
            rows += item is not None
        else:
            others += item is not None
            lists += isinstance(item, _Listed)
            numbers += _count_numbers(_spell(item))
        yield item
    if not rows and lists:
        message = f"`{name}` is no table: its items are lists, where maps with columns as keys are wanted"
        raise SourceUnreadable(message, hint="export it as CSV, or as a list of maps", code="not-a-table")
    if not rows and others:
        raise SourceUnreadable(f"`{name}` is no table: none of its items is a row", hint=_ALONE, code="not-a-table")
    if numbers > rows:
        message = f"`{name}` is no table: {rows:,} of its items are {kind}, and {numbers:,} others may hold a number"
        raise SourceUnreadable(message, hint=_ALONE, code="not-a-table")


def _count_numbers(text: str) -> int:
    """About how many telephone numbers may stand in a text: no fewer than one where any does."""
    return -(-mask_numbers(text).count(DOT) // _HIDDEN_OF_NUMBER)


def _read_maps(items: Iterable[Item], names: list[str], name: str) -> Iterator[Row]:
    places: dict[str, int] = {}
    for item in items:
        if not isinstance(item, dict):
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
    return ("", "", (_spell(item),)) if _is_single(item) else _say_broken(item)


def _say_broken(item: Item) -> Row:
    return Hurt.BROKEN.value, _spell(item).lstrip(NESTED)[:SHOWN_CHARACTERS], ()


def _spell(value: Item) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return NESTED + json.dumps(value, ensure_ascii=False)
    except RecursionError:
        # What could just be read may be too deep to be written.
        return NESTED
