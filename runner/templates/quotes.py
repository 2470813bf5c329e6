"""Where a template's parameters stand in its SQL: inside quotes or a comment the engine would see none."""

from __future__ import annotations

import re

from jinja2.environment import Environment

from runner.templates.faults import TemplateFault

# One thing of SQL that is closed by what opened it, or is open at the end of the text.
_OPENINGS = re.compile(r"[eE]?'|\"|--|/\*|\$[A-Za-z_]*\$")
_CLOSINGS = {
    "'": re.compile(r"(?:[^']|'')*'"),
    "e'": re.compile(r"(?:[^'\\]|\\.|'')*'", re.DOTALL),
    '"': re.compile(r'(?:[^"]|"")*"'),
    "--": re.compile(r"[^\n]*\n"),
    "/*": re.compile(r".*?\*/", re.DOTALL),
}
_NAMES = {"'": "a text in quotes", "e'": "a text in quotes", '"': "a quoted name", "--": "a comment", "/*": "a comment"}
_RESERVED = re.compile(r"\$p\d")
_MARK = "\ue000"
"""Stands for a parameter while the SQL around it is read."""


def find_quoted(text: str, environment: Environment) -> TemplateFault | None:
    """The first parameter of `text` that stands inside quotes or a comment, or a `$p0` that the text itself holds."""
    sql, offsets = _draw_skeleton(text, environment)
    reserved = _RESERVED.search(sql)
    if reserved is not None:
        return TemplateFault("template-syntax", f"`{reserved.group()}` is the name of a parameter of `{{{{ … }}}}`")
    at = 0
    while (opening := _OPENINGS.search(sql, at)) is not None:
        word = opening.group().lower()
        closing = _CLOSINGS.get(word, re.compile(rf".*?{re.escape(opening.group())}", re.DOTALL))
        closed = closing.match(sql, opening.end())
        at = closed.end() if closed is not None else len(sql)
        inside = sql.find(_MARK, opening.start(), at)
        if inside >= 0:
            where = _NAMES.get(word, "a text in quotes")
            message = f"this parameter stands inside {where}: write `{{{{ … }}}}` without quotes around it"
            start = offsets[sql.count(_MARK, 0, inside)]
            return TemplateFault("quoted-parameter", message, start, text.find("}}", start) + 2 - start)
    return None


def _draw_skeleton(text: str, environment: Environment) -> tuple[str, list[int]]:
    """The SQL with a mark for each `{{ … }}`, and where in `text` each of them starts."""
    parts, offsets, at = [], [], 0
    for _, kind, value in environment.lex(text):
        at = max(at, text.find(value, at))
        if kind == "data":
            parts.append(value.replace(_MARK, " "))
        elif kind == "variable_begin":
            parts.append(_MARK)
            offsets.append(at)
        at += len(value)
    return "".join(parts), offsets
