"""What other programs leave in a file: blanks and dashes of word processors, both versions of an unfinished merge."""

from __future__ import annotations

import re

from runner.errors import Place, Problem
from runner.project.masking import ODD_BLANKS
from runner.project.tree import LINE_BREAK, Document

# To YAML, odd blanks are part of a key's name.
_ODD_BLANK = re.compile(
    rf"^[\s-]*?(?P<indent>[{ODD_BLANKS}]+)|^[\s-]*+[^\W\d][\w.-]*+(?P<before>[{ODD_BLANKS}]++)\s*+:"
)
_BEHIND_COLON = re.compile(rf"^[\s-]*+[\w.-]++:(?P<behind>[{ODD_BLANKS}]+)")
_ODD_DASH = re.compile(r"^\s*(?P<dash>[\u2010-\u2015\u2212\u2022\u00b7])\s")
_CONFLICT = re.compile(r"^<{7} .*$", re.MULTILINE)


def find_foreign(document: Document, number: int) -> Problem | None:
    """What a word processor left in the line of this number (from 0) that changes how the line is read."""
    return _find_odd_blank(document, number) or _find_odd_dash(document, number)


def _find_odd_dash(document: Document, number: int) -> Problem | None:
    found = _ODD_DASH.match(document.lines[number]) if number < len(document.lines) else None
    if found is None:
        return None
    place = Place(document.path, number + 1, found.start("dash") + 1, 1)
    message = f"`{found['dash']}` (U+{ord(found['dash']):04X}) is no `-` to YAML, and begins no item of a list"
    return document.problem(place, "typographic-dash", message, "type a hyphen and a space: `- `")


def _find_odd_blank(document: Document, number: int) -> Problem | None:
    line = document.lines[number] if number < len(document.lines) else ""
    found = _ODD_BLANK.match(line) or _BEHIND_COLON.match(line)
    if found is None:
        return None
    group = found.lastgroup or 0
    place = Place(document.path, number + 1, found.start(group) + 1, len(found.group(group)))
    message = f"a blank that is no space (U+{ord(found.group(group)[0]):04X}) stands beside this key"
    hint = "type a space in its place: such blanks come with text that is copied from web pages, mails or Word"
    return document.problem(place, "odd-blank", message, hint)


def find_conflict(document: Document) -> Problem | None:
    """Where git left both versions of something."""
    found = _CONFLICT.search(document.text) if "<<<<<<<" in document.text else None
    if found is None:
        return None
    line = len(LINE_BREAK.split(document.text[: found.start()]))
    message = "a merge was not finished: two versions of this part stand here, one below the other"
    hint = "keep one of them, and remove the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`"
    return document.problem(Place(document.path, line, 1, len(found.group())), "merge-conflict", message, hint)
