"""A YAML file as values that know their place: scalars stay the text that was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from runner.errors import Place, Problem
from runner.project.masking import mask_secrets

QUOTED_LENGTH = 60
LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Mark(Protocol):
    """A position in a text: characters from its start, and line and column counted from 0."""

    index: int
    line: int
    column: int


class Document:
    """The text of one file and the path that problems name, relative to the project, with forward slashes."""

    __slots__ = ("_excerpts", "_lines", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._lines: list[str] | None = None
        self._excerpts: dict[int, str | None] = {}

    @property
    def lines(self) -> list[str]:
        """The lines, without what ends them."""
        if self._lines is None:
            self._lines = LINE_BREAK.split(self.text)
        return self._lines

    def excerpt(self, line: int) -> str | None:
        """The source line of this number (from 1), secrets masked; None behind the last."""
        if line not in self._excerpts:
            self._excerpts[line] = mask_secrets(self.lines, line - 1) if line <= len(self.lines) else None
        return self._excerpts[line]

    def problem(self, place: Place, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem of this file at `place`, with its source line."""
        return Problem(code, message, place, hint, self.excerpt(place.line))

    def place(self, start: Mark, end: Mark) -> Place:
        """What stands from `start` to `end`, as far as it stands on the first line."""
        lines = self.lines
        line = lines[start.line].rstrip() if start.line < len(lines) else ""
        stop = end.column if end.line == start.line else len(line)
        return Place(self.path, start.line + 1, start.column + 1, max(1, stop - start.column))


@dataclass(slots=True, eq=False)
class ScalarValue:
    """One scalar: its text, and whether it stood there without quotes.

    `value` is what the schema made of the text. A `broken` one stands for what could not be read and was told already.
    """

    document: Document
    start: Mark
    end: Mark
    text: str
    plain: bool
    broken: bool = False
    value: object = None

    @property
    def brief(self) -> str:
        """The text as a message quotes it: one line, not too long, and without what stands beside a secret's key."""
        line = mask_secrets([" ".join(self.text[: 2 * QUOTED_LENGTH].split())], 0) or ""
        return line if len(line) <= QUOTED_LENGTH else f"{line[: QUOTED_LENGTH - 1]}…"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.document.place(self.start, self.end)

    def problem(self, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem at this value."""
        return self.document.problem(self.place, code, message, hint)

    def problem_within(
        self, offset: int, width: int | None, code: str, message: str, hint: str | None = None
    ) -> Problem:
        """A problem at `offset` characters into the text, `width` wide, None for all that follow.

        Where the file does not have the text character by character, it is a problem of the whole value.
        """
        quote = 0 if self.plain else 1
        written = self.end.index - self.start.index - 2 * quote
        place = self.place
        if self.start.line == self.end.line and written == len(self.text):
            moved = quote + offset
            rest = max(1, place.width - moved - quote)
            place = Place(place.path, place.line, place.column + moved, min(width or rest, rest))
        return self.document.problem(place, code, message, hint)


@dataclass(slots=True, eq=False)
class ListValue:
    """A sequence of values."""

    document: Document
    start: Mark
    end: Mark
    items: list[Value] = field(default_factory=list)
    value: object = None

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.document.place(self.start, self.end)

    def problem(self, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem at this list."""
        return self.document.problem(self.place, code, message, hint)


@dataclass(slots=True, eq=False)
class MapValue:
    """Keys and their values; each key is a scalar with a place of its own."""

    document: Document
    start: Mark
    end: Mark
    keys: dict[str, ScalarValue] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    value: object = None

    @property
    def place(self) -> Place:
        """Where it begins."""
        return self.document.place(self.start, self.end)

    def problem(self, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem at this map."""
        return self.document.problem(self.place, code, message, hint)

    def find(self, *path: str) -> Value | None:
        """The value under these keys, one within the other; None where one of them is missing."""
        found: Value | None = self
        for name in path:
            if not isinstance(found, MapValue):
                return None
            found = found.values.get(name)
        return found

    def find_key(self, *path: str) -> ScalarValue | None:
        """The key itself that `path` leads to."""
        holder = self.find(*path[:-1])
        return holder.keys.get(path[-1]) if isinstance(holder, MapValue) else None


Value = ScalarValue | ListValue | MapValue


def walk(value: MapValue, path: str = "") -> Iterator[tuple[str, ScalarValue, Value]]:
    """Every key of `value` and of the maps in it: its dotted name (`message.audio`), itself, and what it holds."""
    for name, child in value.values.items():
        dotted = f"{path}.{name}" if path else name
        yield dotted, value.keys[name], child
        if isinstance(child, MapValue):
            yield from walk(child, dotted)


def to_plain(value: Value) -> object:
    """What the schema made of a value and of everything in it, as plain Python."""
    if isinstance(value, MapValue):
        return {name: to_plain(child) for name, child in value.values.items()}
    if isinstance(value, ListValue):
        return [to_plain(child) for child in value.items]
    return value.value
