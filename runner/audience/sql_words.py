"""What the engine says of a user's SQL, in words that somebody who writes SQL once a month understands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

_KINDS: Mapping[str, str] = {
    "VARCHAR": "a text",
    "STRING_LITERAL": "a text",
    "DATE": "a date",
    "TIMESTAMP": "a date with a time",
    "TIME": "a time",
    "INTERVAL": "a span of time",
    "BOOLEAN": "true or false",
    "JSON": "JSON",
}
_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?(_LITERAL|[0-9]+)?|DOUBLE|FLOAT|DECIMAL.*")


def name_type(type_: str) -> str:
    """A type of the engine in words: `VARCHAR` is a text."""
    return _KINDS.get(type_) or ("a number" if _NUMBER.fullmatch(type_) else type_)


def _say_call(found: re.Match[str]) -> str:
    """Which values a function, or an operator, was given, and takes not."""
    given = [name_type(kind) for kind in found[2].split(", ")] if found[2] else ["nothing"]
    return f"`{found[1]}` can't be given {' and '.join(given)}"


def _say_column(column: str | None) -> str:
    return f" in the column `{column}`" if column else ""


_Words = Callable[[re.Match[str]], str]
_SENTENCES: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (
        re.compile("Only SELECT statements can be serialized"),
        lambda _: "it must be one expression, as stands after WHERE",
    ),
    (re.compile("SELECT clause without selection list"), lambda _: "nothing stands there to be computed"),
    (re.compile("Max expression depth limit"), lambda _: "it nests too deep"),
    (re.compile('syntax error at or near "(.*)"', re.DOTALL), lambda found: f"it can't be read from `{found[1]}` on"),
    (re.compile("syntax error at end of input"), lambda _: "it ends too early"),
    (re.compile("unterminated quoted string|unterminated string literal"), lambda _: "a quote is not closed"),
    (re.compile('Referenced column "(.*?)" not found'), lambda found: f"there is no column `{found[1]}`"),
    (
        re.compile(
            'invalid (date|time|timestamp) field format: "(.*)", expected .*?(?:from source column (.*))?$',
            re.DOTALL,
        ),
        lambda found: f"the text `{found[2]}`{_say_column(found[3])} is not {name_type(found[1].upper())}",
    ),
    (
        re.compile(
            "Could not convert string '(.*)' to ([A-Z0-9_]+)(?: when casting from source column (.*))?", re.DOTALL
        ),
        lambda found: f"the text `{found[1]}`{_say_column(found[3])} is not {name_type(found[2])}",
    ),
    (
        re.compile(r"Unimplemented type for cast \((.*?) -> (.*?)\)(?: when casting from source column (.*))?"),
        lambda found: f"{name_type(found[1])}{_say_column(found[3])} can't be made {name_type(found[2])}",
    ),
    (
        re.compile("Cannot compare values of type (.*?) and type (.*?) - "),
        lambda found: f"{name_type(found[1])} can't be compared with {name_type(found[2])}",
    ),
    (
        re.compile(r"No function matches the given name and argument types '(.*?)\((.*)\)'"),
        _say_call,
    ),
    (re.compile(r'best candidate function for the function call "(.*?)\((.*)\)"'), _say_call),
    (
        re.compile(r"^(missing [\])]|unexpected \)|no argument for repetition operator|(?:invalid|bad) [a-z ]+): "),
        lambda found: f"a pattern in it is no regular expression ({found[1]})",
    ),
)
_CSV_REASONS: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (
        re.compile('Error when converting column "(.*?)"'),
        lambda found: f"the value of `{found[1]}` is not of the type that the query makes it",
    ),
    (
        re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)"),
        lambda found: f"it has {found[2]} cells, not {found[1]}",
    ),
    (re.compile("unterminated quote"), lambda _: "a quote is not closed"),
    (re.compile("not utf-8 encoded"), lambda _: "the file is not UTF-8"),
)


def say_error(said: str) -> str:
    """What the engine says, an error's whole text, in one sentence that quotes no row of a file."""
    if "CSV Error on Line" in said or "Error when sniffing file" in said:
        return _say_csv(said)
    first = said.strip().partition("\n")[0]
    sentence = first.partition(": ")[2] or first
    for pattern, words in _SENTENCES:
        found = pattern.search(sentence)
        if found is not None:
            return words(found)
    return sentence.strip().rstrip("!.")


def _say_csv(said: str) -> str:
    named = re.search(r'sniffing file "(.*?)"|^ *file = (.*)$', said, re.MULTILINE)
    file = f"`{os.path.relpath(named[1] or named[2])}`" if named is not None else "the file"
    line = re.search(r"CSV Error on Line: (\d+)", said)
    if line is None:
        return f"the engine can't tell how the cells of {file} are divided"
    # The rest of what it says may quote the line.
    told = (words(found) for pattern, words in _CSV_REASONS if (found := pattern.search(said)))
    return f"line {line[1]} of {file} can't be read: {next(told, 'it is not CSV as the lines before it are')}"
