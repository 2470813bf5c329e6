"""The sandboxed environment: what a template may name, call and spend."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta

from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from runner.templates.context import NAMES, Named, describe_unknown
from runner.templates.failures import describe_failure
from runner.templates.faults import TemplateFailed, shorten
from runner.templates.limits import (
    MAX_FILE_WORK,
    MAX_OUTPUT,
    MAX_SECONDS,
    MAX_SIZE,
    SIGNS,
    Budget,
    Rows,
    TooMuchWork,
    Value,
    calculate,
    count_up,
    measure,
    refuse_wide,
    take_all,
)
from runner.templates.tree import measure_all

FAILURES = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a template can raise; the sandbox hands out nothing that raises anything else.

A SyntaxError is Python's, of the program that a template becomes, where it nests beyond Python's own bounds.
"""

# Not in a string of a source: what makes HTML, what answers differently each time, what reaches into objects.
WITHHELD = frozenset({"attr", "pprint", "random", "tojson", "urlize", "xmlattr"})
GROWING = frozenset({"batch", "center", "indent", "join", "replace", "round", "slice", "wordwrap"})
"""Filters whose arguments say how large their result is."""


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DAY = "ctime day isocalendar isoformat isoweekday month replace strftime weekday year"
METHODS: Mapping[type, frozenset[str]] = {
    str: _names(
        "capitalize casefold count endswith find index isalnum isalpha isdigit islower isnumeric isspace istitle"
        " isupper lower lstrip partition removeprefix removesuffix rfind rindex rpartition rsplit rstrip split"
        " splitlines startswith strip swapcase title upper"
    ),
    Mapping: _names("get items keys values"),
    list: _names("count index"),
    tuple: _names("count index"),
    datetime: _names(f"{_DAY} date hour microsecond minute second time timestamp timetz tzname utcoffset"),
    date: _names(_DAY),
    time: _names("hour isoformat microsecond minute second strftime"),
    timedelta: _names("days microseconds seconds total_seconds"),
    LoopContext: _names(
        "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"
    ),
}
"""What a template may touch of a value: everything else of it is out of reach."""


class Missing(StrictUndefined):
    """A name that is not there: whoever uses it is told so, with the nearest that is."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        if self._undefined_hint:
            return f"`{name}` is out of a template's reach"
        if self._undefined_obj is missing:
            return describe_unknown(None, name, NAMES)
        if isinstance(self._undefined_obj, Named):
            return describe_unknown(self._undefined_obj.name, name, self._undefined_obj)
        return f"there is no `{name}` in this value"


class Sandbox(SandboxedEnvironment):
    """Jinja with strict names, no globals but `range`, only listed methods, and a budget for its work."""

    intercepted_binops = SIGNS

    def __init__(self, finalize: Callable[..., Value]) -> None:
        super().__init__(undefined=Missing, finalize=finalize, optimized=False, keep_trailing_newline=True)
        self.budget = Budget()
        self.globals = {"range": count_up}
        self.filters = {name: self._bound(name, f) for name, f in FILTERS.items() if name not in WITHHELD}
        self.filters["measured"] = self._measure
        self.filters["joined"] = self._join
        self.filters["stepped"] = self._step

    def call_binop(self, _context: Context, operator: str, left: Value, right: Value) -> Value:
        """The result of a binary operator, paid for."""
        return self._measure(calculate(operator, left, right))

    def call(self, context: Context, function: Value, /, *arguments: Value, **named: Value) -> Value:
        """The result of a call, paid for."""
        return self._measure(super().call(context, function, *arguments, **named))

    def getattr(self, obj: Value, attribute: str) -> Value:
        """A part of a value: a key of a map comes before what maps can do."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Value, attr: str, _value: Value) -> bool:
        """Whether a template may touch this attribute."""
        return any(isinstance(obj, kind) and attr in names for kind, names in METHODS.items())

    def wrap_str_format(self, _value: Value) -> None:
        """Nothing: the `format` of a text is out of reach, as its widths would be without bound."""

    def render(self, text: str, context: Mapping[str, Value]) -> str:
        """`text` with its Jinja rendered, out of a new budget. Raises TemplateFailed."""
        self.budget = Budget()
        try:
            code = self.compile(measure_all(self.parse(text), loops="list"))
            template = self.template_class.from_code(self, code, self.make_globals(None))
            return self._join(take_all(template.generate(context)))
        except FAILURES as failure:
            raise TemplateFailed(f"`{shorten(text)}` can't be rendered: {describe_failure(failure)}") from None

    def render_file(self, text: str, context: Mapping[str, Value], rows: Callable[[str], Rows]) -> Iterator[str]:
        """What a template in a file prints, piece by piece; its loops run over rows without holding them.

        Raises TemplateFailed.
        """
        self.budget = Budget(MAX_FILE_WORK, MAX_SECONDS)
        try:
            code = self.compile(measure_all(self.parse(text), loops="stepped"))
            template = self.template_class.from_code(self, code, self.make_globals({"rows": rows}))
            left = MAX_OUTPUT
            for piece in template.generate(context):
                self.budget.pay(1)
                left -= len(piece.encode("utf-8", "replace"))
                if left < 0:
                    raise TooMuchWork(f"it prints more than {MAX_OUTPUT >> 20} MB")
                yield piece
        except FAILURES as failure:
            raise TemplateFailed(f"it can't be rendered: {describe_failure(failure)}") from None

    def _step(self, values: Iterable[Value]) -> Iterator[Value]:
        """The values that a loop runs over, each of which is paid for when it comes."""
        for value in values:
            self.budget.pay(measure(value))
            yield value

    def _measure(self, value: Value) -> Value:
        self.budget.pay(measure(value))
        return value

    def _join(self, values: list[Value]) -> str:
        measure(values)
        text = "".join(map(str, values))
        self.budget.pay(measure(text))
        return text

    def _bound(self, name: str, function: Callable[..., Value]) -> Callable[..., Value]:
        """A filter that refuses to grow a value beyond its bound, and pays for what it makes."""
        first = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)
        def bound(*arguments: Value, **named: Value) -> Value:
            passed = [take_all(each) if isinstance(each, Iterator | Rows) else each for each in arguments]
            given = [*passed[first:], *named.values()]
            size = measure(given)
            if name == "format":
                refuse_wide(str(given[0]))
            if name in GROWING and size * max(map(_reach, given[1:]), default=1) > MAX_SIZE:
                raise TooMuchWork
            result = function(*passed, **named)
            return self._measure(take_all(result) if isinstance(result, Iterator) else result)

        return bound


def _reach(argument: object) -> int:
    if isinstance(argument, (int, float)):
        return int(min(abs(argument), MAX_SIZE + 1))
    return len(argument) if isinstance(argument, str) else 1
