"""What a template prints: text, or SQL in which each value is a bound parameter."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal

from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context

from runner.templates.limits import Rows, Unfit, Value, measure
from runner.templates.sandbox import Sandbox


class Identifier(str):
    """A name quoted for SQL: it stands in the text itself, where a value would become a parameter."""

    __slots__ = ()


@pass_context
def _as_text(_context: Context, value: object) -> object:
    """What a template prints, as text. Null, lists and maps are none: `None` or `[1, 2]` in a path was never meant."""
    if value is None:
        raise Unfit("a value is empty (null): set it, or use `default`")
    if isinstance(value, Mapping | list | tuple | set | Rows):
        raise Unfit("a list or map is no text: name one of its values, or use `join`")
    measure(value)
    return value


class Parameters(list[object]):
    """The values of one rendering of SQL, in the order in which they were asked for."""

    def bind(self, value: object) -> str:
        """Keep `value` and answer what stands for it in the SQL."""
        if isinstance(value, Identifier):
            return str(value)
        self.append(_as_parameter(value))
        return f"$p{len(self) - 1}"


def _as_parameter(value: object) -> object:
    measure(value)
    if isinstance(value, StrictUndefined | str):
        return str(value)
    if isinstance(value, list | tuple):
        return [_as_parameter(each) for each in value]
    if value is None or isinstance(value, bool | int | float | Decimal | date | time | timedelta):
        return value
    raise Unfit("a map can't be a parameter of SQL")


def _quote_identifier(value: object) -> Identifier:
    if not isinstance(value, str) or not value or "\0" in value:
        raise Unfit("a name is a text that is not empty")
    return Identifier('"' + value.replace('"', '""') + '"')


@functools.cache
def text_sandbox() -> Sandbox:
    """The sandbox in which text is rendered."""
    return Sandbox(_as_text)


def sql_sandbox(parameters: Parameters) -> Sandbox:
    """A sandbox in which every value that is printed becomes one of `parameters`, unless it is an `identifier`."""

    @pass_context
    def bind(_context: Context, value: object) -> str:
        return parameters.bind(value)

    sandbox = Sandbox(bind)
    sandbox.filters["identifier"] = _quote_identifier
    return sandbox


def render_text(text: str, context: Mapping[str, Value]) -> str:
    """`text` with its Jinja rendered. Raises TemplateFailed."""
    return text_sandbox().render(text, context)


def render_parameters(text: str, context: Mapping[str, Value]) -> tuple[str, dict[str, object]]:
    """SQL with parameters for its Jinja, and their values by name. Raises TemplateFailed."""
    parameters = Parameters()
    sql = sql_sandbox(parameters).render(text, context)
    return sql, {f"p{index}": value for index, value in enumerate(parameters)}
