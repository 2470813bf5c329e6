"""Bytes → values that know their place: scalars stay text, and each of YAML's traps is refused by its own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from yaml import events

from runner.errors import Place, Problem
from runner.project.foreign import find_conflict, find_foreign
from runner.project.layout import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS
from runner.project.tree import LINE_BREAK, Document, ListValue, MapValue, ScalarValue, Value

# The characters that YAML has, without those that end a line in YAML and in no editor.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_FORBIDDEN_IN_TEXT = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INVISIBLE = "remove it: most editors don't show it"
_SAVE_AS_UTF_8 = "save it as UTF-8"
# libyaml where PyYAML was built with it, which is twenty times as fast.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Event = Any
"""An event of the parser; which kind it is decides what it has, and the library's types don't say."""


class _Unreadable(Exception):
    """The rest of the file can't be read; why was told."""


def parse_yaml(data: bytes, path: str) -> tuple[Document, Value | None, list[Problem]]:
    """The one value in a YAML text, None where there is none, and all that is wrong with it as YAML.

    Nothing in it is typed: `no`, `0612345670` and `2026.10` are the texts that were written.
    """
    document, problems = _decode(data, path)
    if problems:
        return document, None, problems
    unmerged = find_conflict(document)
    if unmerged is not None:
        return document, None, [unmerged]
    reader = _Reader(document)
    value = reader.read()
    return document, value, reader.problems


def _decode(data: bytes, path: str) -> tuple[Document, list[Problem]]:
    nothing = Document(path, "")
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes, the most that a YAML file may have"
        return nothing, [Problem("file-too-large", message, Place(path), "keep lists of people in files under `data/`")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        return nothing, [Problem("not-utf-8", "the file is UTF-16, or no text at all", Place(path), _SAVE_AS_UTF_8)]
    try:
        document = Document(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return nothing, [_describe_undecodable(data, error, path)]
    found = _FORBIDDEN.search(document.text)
    if found is None:
        return document, []
    message = f"the character U+{ord(found.group()):04X} can't stand in a YAML file"
    place = _place_at(document, found.start())
    return document, [document.problem(place, "control-character", message, _INVISIBLE)]


def _describe_undecodable(data: bytes, error: UnicodeDecodeError, path: str) -> Problem:
    bare = data.removeprefix(b"\xef\xbb\xbf")
    known = Document(path, bare.decode(errors="replace"))
    # The codec counts from behind a byte order mark.
    place = _place_at(known, len(bare[: error.start].decode(errors="replace")))
    message = f"the byte 0x{error.object[error.start]:02X} is not UTF-8"
    return known.problem(place, "not-utf-8", message, f"{_SAVE_AS_UTF_8}: it may be Windows-1252 now")


def _place_at(document: Document, offset: int) -> Place:
    before = LINE_BREAK.split(document.text[:offset])
    return Place(document.path, len(before), len(before[-1]) + 1)


class _Reader:
    """Reads the events of one YAML text into values, and keeps what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._next: Callable[[], Event] = _LOADER(document.text).get_event
        self._depth = 0

    def read(self) -> Value | None:
        """The one value of the text; None where there is none, or where it can't be read to its end."""
        try:
            return self._read_document()
        except (yaml.YAMLError, ValueError) as error:
            problem = _describe(error, self._document)
            if not any(told.code == problem.code and _line(told) == _line(problem) for told in self.problems):
                self.problems.append(problem)
        except _Unreadable:
            pass
        return None

    def _read_document(self) -> Value | None:
        self._next()
        start = self._next()
        if isinstance(start, events.StreamEndEvent):
            return None
        if start.tags:
            self._tell(start, "tag", "a `%TAG` directive has no meaning here", "remove the line")
        value = self._read_value(self._next())
        self._next()
        after = self._next()
        if not isinstance(after, events.StreamEndEvent):
            hint = "keep one document in a file: a `---` may only stand before everything else"
            self._tell(after, "several-documents", "a second YAML document begins here", hint)
        return value

    def _read_value(self, event: Event) -> Value:
        kind = event.__class__
        if kind is events.ScalarEvent:
            return self._read_scalar(event)
        if kind is events.AliasEvent:
            hint = "write the value out, or let campaigns share it through `defaults` in campaigns.yaml"
            self._tell(event, "alias", "this is an alias (`*` and a name), and aliases are not understood", hint)
            return ScalarValue(self._document, event.start_mark, event.end_mark, "", plain=False, broken=True)
        self._refuse_properties(event)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"this stands more than {MAX_DEPTH} levels deep"
            self._tell(event, "nested-too-deeply", message, "look for a bracket that is never closed")
            raise _Unreadable
        value = self._read_map(event) if kind is events.MappingStartEvent else self._read_list(event)
        self._depth -= 1
        return value

    def _read_scalar(self, event: Event) -> ScalarValue:
        text = event.value
        value = ScalarValue(self._document, event.start_mark, event.end_mark, text, plain=not event.style)
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if not text.isprintable():
            found = _FORBIDDEN_IN_TEXT.search(text)
            if found is not None:
                message = f"this text holds the character U+{ord(found.group()):04X}, which can't be shown"
                self._tell(event, "control-character", message, "remove its escape")
                value.broken = True
        return value

    def _read_list(self, event: Event) -> ListValue:
        items = []
        while (child := self._next()).__class__ is not events.SequenceEndEvent:
            items.append(self._read_value(child))
        end: Event = child
        return ListValue(self._document, event.start_mark, end.end_mark, items)

    def _read_map(self, event: Event) -> Value:
        keys: dict[str, ScalarValue] = {}
        values: dict[str, Value] = {}
        broken = False
        while (child := self._next()).__class__ is not events.MappingEndEvent:
            key = self._read_value(child)
            value = self._read_value(self._next())
            if isinstance(key, ScalarValue) and key.plain and not key.text.isascii():
                self._refuse_foreign(key)
            if isinstance(key, ScalarValue) and key.text not in keys and (key.text != "<<" or not key.plain):
                if not key.broken:
                    keys[key.text], values[key.text] = key, value
            else:
                broken = self._refuse_key(key, keys) or broken
        end: Event = child
        if broken:
            return ScalarValue(self._document, event.start_mark, end.end_mark, "", plain=False, broken=True)
        return MapValue(self._document, event.start_mark, end.end_mark, keys, values)

    def _refuse_key(self, key: Value, known: Mapping[str, ScalarValue]) -> bool:
        """Tell why this can't be a key; answer whether the map around it is none, but a template without quotes."""
        from runner.project.syntax import describe_key

        problem = describe_key(key, known)
        self._keep(problem)
        return problem.code == "unquoted-template"

    def _refuse_foreign(self, key: ScalarValue) -> None:
        """Raise _Unreadable where the line of a key is not what it seems: neither is what follows it."""
        problem = find_foreign(self._document, key.start.line)
        if problem is not None:
            self._keep(problem)
            raise _Unreadable

    def _refuse_properties(self, event: Event) -> None:
        if event.anchor is not None:
            hint = "remove the `&` with its name: a value is used where it stands"
            self._tell(event, "alias", "`&` names this value for aliases, which are not understood", hint)
        if event.tag is not None:
            hint = 'remove it; a text that begins with `!` stands in quotes, as in `"!"`'
            self._tell(event, "tag", "a tag (`!…`) has no meaning here", hint)

    def _tell(self, event: Event, code: str, message: str, hint: str) -> None:
        place = self._document.place(event.start_mark, event.end_mark)
        self._keep(self._document.problem(place, code, message, hint))

    def _keep(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) > MAX_PROBLEMS:
            raise _Unreadable


def _describe(error: yaml.YAMLError | ValueError, document: Document) -> Problem:
    from runner.project.syntax import Fault, describe_fault

    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return describe_fault(Fault("", (0, 0)), document)
    context = error.context_mark
    fault = Fault(
        said=error.problem or "",
        at=(error.problem_mark.line, error.problem_mark.column),
        context=error.context or "",
        context_at=(context.line, context.column) if context is not None else None,
    )
    return describe_fault(fault, document)


def _line(problem: Problem) -> int:
    return problem.place.line if problem.place is not None else 0
