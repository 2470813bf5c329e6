"""Why a template failed while it was rendered, in words of its author's and not of the language below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

from runner.templates.faults import lower_start, shorten

_KINDS: Mapping[str, str] = {
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date with a time",
    "dict": "a map",
    "float": "a number",
    "int": "a number",
    "list": "a list",
    "NoneType": "nothing",
    "str": "a text",
    "timedelta": "a span of time",
    "tuple": "a list",
}


def _name(type_: str) -> str:
    return _KINDS.get(type_.rpartition(".")[2], "this value")


_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile("unsupported operand type\\(s\\) for (.+?): '(.+)' and '(.+)'"),
        lambda found: f"`{found[1]}` can't be used on {_name(found[2])} and {_name(found[3])}",
    ),
    (
        re.compile('can only concatenate (.+) \\(not "(.+)"\\)'),
        lambda found: f"`+` can't join {_name(found[1])} and {_name(found[2])}; `~` makes one text of both",
    ),
    (
        re.compile("'.+' not supported between instances of '(.+)' and '(.+)'"),
        lambda found: f"{_name(found[1])} can't be compared with {_name(found[2])}",
    ),
    (re.compile("(?:must not|cannot) be zero"), lambda _: "a step can't be zero"),
    (re.compile("'(.+)' object is not callable"), lambda found: f"{_name(found[1])} is no function"),
    (
        re.compile(r"takes .*positional arguments? but|got an unexpected keyword|missing \d+ required"),
        lambda _: "a filter or function is given too many words, too few, or others than it takes",
    ),
    (
        re.compile("must be (\\w+)(?: or None)?, not (\\w+)|a (real) number is required, not (\\w+)"),
        lambda found: f"{_name(found[1] or 'int')} is wanted where {_name(found[2] or found[4])} is",
    ),
    (re.compile("[Nn]o (filter|test) named '(.+?)'"), lambda found: f"templates know no {found[1]} `{found[2]}`"),
    (
        re.compile("^(?:object of )?(?:type )?'?(\\w+)'? (?:object |has no len|doesn't define)"),
        lambda found: (
            f"a filter or function was given {_name(found[1])}, which it does not take"
            " (a filter binds before `*` and `+`)"
        ),
    ),
)


def describe_failure(failure: BaseException) -> str:
    """Why a template failed, in words of its author's."""
    match failure:
        case UndefinedError() | SecurityError():
            return str(failure)
        case ZeroDivisionError():
            return "it divides by zero"
        case RecursionError() | MemoryError() | SyntaxError():
            return "it is nested too deeply"
        case TemplateSyntaxError():
            return lower_start(failure.message or "its syntax is wrong")
        case _:
            return _describe_misfit(str(failure))


def _describe_misfit(said: str) -> str:
    for pattern, words in _SENTENCES:
        found = pattern.search(said)
        if found is not None:
            return words(found)
    return f"a value does not fit there ({lower_start(shorten(said))})"
