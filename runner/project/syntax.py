"""Where YAML can't be read, and why, in words for somebody who writes it once a month.

The parser's own phrases are compared with, never shown; one that is not known here is told in general words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runner.errors import Place, Problem
from runner.project.foreign import find_foreign
from runner.project.layout import MAX_DEPTH
from runner.project.line_hints import hint_after, hint_line, hint_second_colon
from runner.project.tree import Document, ScalarValue, Value

TEMPLATE_HINT = 'put the whole value in quotes, as in `"data/{{ vars.region }}.csv"`'
_SOURCES = frozenset({"numbers", "file", "query", "url", "template"})
_TEMPLATE = re.compile(r"(?:^|[:\-\[,{]\s)\s*(?P<template>\{\{)")
_NO_SPACE = re.compile(r"(?P<before>\s*(?:- +)?[\w.-]+:)[^\s/:]")
_HAS_VALUE = re.compile(r"\s*(?:- +)?[\w.\"'-]+:\s+[^\s#|>&!]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a parser stopped, with what it said: lines and columns count from 0.

    `context` is what it was reading when it stopped, which began at `context_at` where that is known.
    """

    said: str
    at: tuple[int, int]
    context: str = ""
    context_at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A fault beside the text in which it was found."""

    fault: Fault
    document: Document

    def line(self, number: int) -> str:
        """The line of this number, from 0; empty where there is none."""
        lines = self.document.lines
        return lines[number] if 0 <= number < len(lines) else ""

    def excerpt(self, number: int) -> str:
        """The same line as a message may quote it: what is secret in it is hidden, and as long as it was."""
        return self.document.excerpt(number + 1) or ""

    @property
    def character(self) -> str:
        """The character at which the parser stopped; empty at the end of a line."""
        number, column = self.fault.at
        return self.line(number)[column : column + 1]

    @property
    def starts_line(self) -> bool:
        """Whether only blanks stand before the place where it stopped."""
        number, column = self.fault.at
        return not self.line(number)[:column].strip()

    def tell(
        self, code: str, message: str, hint: str, at: tuple[int, int] | None = None, width: int | None = None
    ) -> Problem:
        """A problem at the fault, or `at` another position; by default as wide as what is left of that line."""
        number, column = at or self.fault.at
        last = len(self.document.lines) - 1
        if number > last or (number == last and not self.line(last).strip()):
            number = max((n for n in range(last + 1) if self.line(n).strip()), default=0)
            column = len(self.line(number).rstrip())
            width = 1
        rest = len(self.line(number).rstrip()) - column
        place = Place(self.document.path, number + 1, column + 1, max(1, rest if width is None else width))
        return self.document.problem(place, code, message, hint)


def describe_fault(fault: Fault, document: Document) -> Problem:
    """The one thing that ended the reading of a file, at the place where it can be mended."""
    reading = _Reading(fault, document)
    return (
        _find_foreign(reading)
        or _find_depth(reading)
        or _find_tab(reading)
        or _find_template(reading)
        or _find_quotes(reading)
        or _find_first_character(reading)
        or _find_colon(reading)
        or _find_bracket(reading)
        or _find_block(reading)
        or _find_rest(reading)
    )


def describe_key(key: Value, known: Mapping[str, ScalarValue]) -> Problem:
    """Why something can't be a key of a map in which `known` keys stand already."""
    if not isinstance(key, ScalarValue):
        line = key.document.lines[key.start.line]
        if line[max(0, key.start.column - 1) :].startswith("{{") or line[key.start.column :].startswith("{{"):
            return key.problem("unquoted-template", "YAML reads a `{{ … }}` without quotes as a map", TEMPLATE_HINT)
        return key.problem("invalid-key", "a list or a map can't be a key", "write one word, a colon and a space")
    if key.text == "<<" and key.plain:
        hint = "let campaigns share keys through `defaults` in campaigns.yaml"
        return key.problem("merge-key", "YAML's merge key `<<` is not understood", hint)
    first = known[key.text].place.line
    hint = f"it stands on line {first} already{'; a second source begins with `- `' if key.text in _SOURCES else ''}"
    return key.problem("duplicate-key", f"`{key.text}` stands twice in this map", hint)


def _find_foreign(reading: _Reading) -> Problem | None:
    number = reading.fault.at[0]
    lines = sorted({max(0, number - 1), number, (reading.fault.context_at or reading.fault.at)[0]})
    return next(filter(None, (find_foreign(reading.document, line) for line in lines)), None)


def _find_depth(reading: _Reading) -> Problem | None:
    """The parser looks far ahead, and gives up at brackets that are deeper by far than the reader lets values be."""
    if reading.fault.said != "exceeded maximum nesting depth":
        return None
    message = f"this stands more than {MAX_DEPTH} levels deep"
    return reading.tell("nested-too-deeply", message, "look for a bracket that is never closed", width=1)


def _find_tab(reading: _Reading) -> Problem | None:
    number, column = reading.fault.at
    line = reading.line(number)
    blanks = line[: len(line) - len(line.lstrip())]
    at = blanks.find("\t")
    if at < 0 and reading.character == "\t":
        at = column
    if at < 0:
        return None
    return reading.tell("tab", "a tab stands where YAML takes spaces alone", "indent with spaces", (number, at), 1)


def _find_template(reading: _Reading) -> Problem | None:
    number, column = reading.fault.at
    if reading.line(number)[max(0, column - 1) :].startswith("${"):
        message = "between `{` and `}`, or `[` and `]`, a `${…}` must stand in quotes"
        return reading.tell("unquoted-text", message, 'put it in quotes: `"${NAME}"`', (number, column - 1))
    for candidate in (number, number - 1):
        found = _TEMPLATE.search(reading.line(candidate))
        if found is not None:
            message = "YAML reads a `{{ … }}` without quotes as a map"
            return reading.tell("unquoted-template", message, TEMPLATE_HINT, (candidate, found.start("template")))
    return None


def _find_quotes(reading: _Reading) -> Problem | None:
    fault = reading.fault
    if fault.context not in ("while scanning a quoted scalar", "while parsing a quoted scalar"):
        return None
    if "escape" in fault.said:
        hint = "write `/` between folders, or the text in single quotes, in which a backslash is a backslash"
        return reading.tell(
            "unknown-escape", "in double quotes a `\\` begins an escape, and this is none", hint, width=2
        )
    quote = "these quotes are never closed"
    return reading.tell("unclosed-quote", quote, "close them on the same line", fault.context_at)


def _find_first_character(reading: _Reading) -> Problem | None:
    fault = reading.fault
    begins = {
        "found character that cannot start any token": fault.at,
        "did not find expected alphabetic or numeric character": fault.context_at or fault.at,
    }.get(fault.said)
    if begins is None:
        return None
    character = reading.line(begins[0])[begins[1] : begins[1] + 1]
    message = f"a text that begins with `{character}` must stand in quotes"
    hint = f"put it in quotes: `{_quote_rest(reading, begins)}`"
    if not reading.line(begins[0])[: begins[1]].strip() and reading.line(begins[0])[begins[1] + 1 :].startswith(" "):
        hint = "an item of a list begins with `- `"
    return reading.tell("unquoted-text", message, hint, begins)


def _quote_rest(reading: _Reading, begins: tuple[int, int]) -> str:
    """The value that begins here, in quotes; of a secret, only dots are shown."""
    number, column = begins
    shown = reading.excerpt(number)[column:].partition(" #")[0].strip()
    return f"'{shown}'" if '"' in shown else f'"{shown}"'


def _find_colon(reading: _Reading) -> Problem | None:
    fault = reading.fault
    if fault.said == "could not find expected ':'":
        number, column = fault.context_at or fault.at
        return _tell_missing_colon(reading, number, column)
    if fault.said != "mapping values are not allowed in this context":
        return None
    number, column = fault.at
    line, above = reading.line(number), reading.line(number - 1)
    for candidate in (number, number - 1):
        if _NO_SPACE.match(reading.line(candidate)):
            return _tell_missing_colon(reading, candidate, _indent(reading.line(candidate)))
    if ":" in line[:column]:
        hint = hint_second_colon(reading.excerpt(number), column)
        return reading.tell("unexpected-colon", "a second `: ` stands on this line", hint, width=1)
    if _HAS_VALUE.match(above) and _indent(line) > _indent(above):
        message = "this key stands deeper than the one above it, which has a value already"
        return reading.tell("indentation", message, "begin both in the same column", (number, _indent(line)))
    culprit = number - 1 if above.strip() else number
    return _tell_missing_colon(reading, culprit, _indent(reading.line(culprit)))


def _tell_missing_colon(reading: _Reading, number: int, column: int) -> Problem:
    no_space = _NO_SPACE.match(reading.line(number))
    if no_space is not None:
        message = "a space is missing after the `:`"
        return reading.tell("missing-colon", message, "write `key: value`", (number, no_space.end("before") - 1), 1)
    hint = hint_line(reading.excerpt(number).strip())
    return reading.tell("missing-colon", "this line is no `key: value`", hint, (number, column))


def _find_bracket(reading: _Reading) -> Problem | None:
    fault = reading.fault
    kind = {"while parsing a flow sequence": ("[", "]"), "while parsing a flow mapping": ("{", "}")}.get(fault.context)
    if fault.said == "did not find expected node content" and (
        "flow" in fault.context or reading.character in ("]", "}", ",")
    ):
        message = (
            f"a `{reading.character}` stands where a value should" if reading.character else "a bracket is open here"
        )
        return reading.tell(
            "unclosed-bracket", message, "write the value or the closing bracket that is missing", width=1
        )
    if kind is None or fault.context_at is None:
        return None
    opening, closing = kind
    if fault.at[0] != fault.context_at[0]:
        hint = f"write the `{closing}` at the end of the line, or a `,` between two items"
        return reading.tell("unclosed-bracket", f"this `{opening}` is never closed", hint, fault.context_at, 1)
    before = re.search(r"\s(?P<key>[a-z_]+)$", reading.excerpt(fault.at[0])[: fault.at[1]])
    if reading.character == ":" and before is not None:
        at = (fault.at[0], before.start("key"))
        hint = "write it, or put the text before it in quotes if this belongs to it"
        return reading.tell(
            "unclosed-bracket", f"a `,` is missing before `{before['key']}:`", hint, at, len(before["key"])
        )
    message = f"a `,` or `{closing}` is missing here"
    return reading.tell("unclosed-bracket", message, "texts with brackets, commas or colons stand in quotes")


def _find_block(reading: _Reading) -> Problem | None:
    said = reading.fault.said
    if said == "block sequence entries are not allowed in this context":
        message = "a list can't begin on the line of its key"
        return reading.tell("indentation", message, "begin each `- ` on a line of its own, or write `[a, b]`")
    if said == "did not find expected comment or line break":
        message = "a text after `|` or `>` begins on the next line"
        return reading.tell("indentation", message, "write the text below, indented, or in quotes on this line")
    if said not in ("did not find expected key", "did not find expected '-' indicator"):
        return None
    if not reading.starts_line:
        number, column = reading.fault.at
        hint = hint_after(reading.line(number), column)
        return reading.tell("unexpected-text", "nothing may follow the end of this value", hint)
    if reading.character == ":":
        return reading.tell("missing-colon", "a key is missing before this `:`", "write `key: value`", width=1)
    if reading.character == "-":
        message = "a list item stands among keys"
        hint = "begin every item of its list with `- `, or write the key of the list above it"
        return reading.tell("indentation", message, hint)
    message = "the indentation of this line fits none of those above it"
    return reading.tell("indentation", message, "begin keys of one map in one column")


def _find_rest(reading: _Reading) -> Problem:
    fault = reading.fault
    if "tag" in fault.said or "tag" in fault.context:
        return reading.tell("tag", "a tag (`!…`) has no meaning here", "remove it, or put the text in quotes")
    if "directive" in fault.context or "directive" in fault.said or "incompatible" in fault.said:
        return reading.tell("directive", "a line that begins with `%` has no meaning here", "remove the line")
    if "document start" in fault.said:
        return reading.tell("unexpected-text", "nothing may follow the end of the value", "remove it, or indent it")
    hint = "look for a missing quote, colon or bracket here or on the line above"
    return reading.tell("invalid-yaml", "YAML can't be read from here on", hint)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
