"""Cells that `where` names get types, and the rows for which it does not hold are left out.

A column is a number, a date, a time or a boolean where all its values are, and text otherwise. An empty cell is NULL.
What starts with a zero is no number (`06…` stays text), and the column of the numbers is always text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.engine import deadline, quote_name, quote_text
from runner.audience.shape import VALUELESS
from runner.audience.sql_words import name_type, say_error
from runner.audience.where import Where, fold_identifier
from runner.errors import SourceUnreadable
from runner.numbers import mask_numbers

DEADLINE_S = 60.0

_DAY, _CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_FRENCH_DAY = "[0-9]{2}/[0-9]{2}/[0-9]{4}"
_GROUPS = "[ \u00a0\u202f]"
"""What divides thousands in French: a space, as a rule one that does not break."""


_ROW = '" row"'
"""A name that no column has: those are trimmed."""


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of cells, in SQL in which `#` stands for one: its name, which cells are of it, and what becomes of them.

    `compares` says which texts the engine itself can compare with such a cell; `example` is one.
    """

    name: str
    holds: str
    becomes: str
    compares: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows in a table (row, text, hurt, w0, w1, …), with the names under which `where` knows the `w` columns.

    `column` is the place among `names` of the column of the numbers, where `where` names it. `has_decimal_commas` says
    that a comma in a number can only be a decimal one, since it does not divide the cells.
    """

    table: str
    names: Sequence[str]
    column: int | None
    has_decimal_commas: bool


def trim_cell(cell: str) -> str:
    """An SQL expression: the cell without blanks around it, NULL where nothing is left."""
    starts = f"{cell} >= '!' AND {cell} < chr(127)"
    trimmed = f"nullif(trim({cell}, {quote_text(VALUELESS)}), '')"
    return f"CASE WHEN {starts} AND right({cell}, 1) BETWEEN '!' AND '~' THEN {cell} ELSE {trimmed} END"


def select_rows(connection: DuckDBPyConnection, cells: Cells, where: Where, what: str) -> None:
    """Make the table `selected` (row), of the rows for which `where` is true, and of those that can't be read.

    Raises SourceUnreadable where the expression is no condition, can't be computed, or takes too long.
    """
    columns, types = [f"row AS {_ROW}"], list[str]()
    with deadline(connection, DEADLINE_S, what), _explained(what, types):
        for index, name in enumerate(cells.names):
            given = None if index == cells.column else _find_type(connection, cells, index, where)
            columns.append(f"{_fill(given.becomes, f'w{index}') if given else f'w{index}'} AS {quote_name(name)}")
            types.append(f"`{name}` is {name_type(given.name if given else 'VARCHAR')}")
        readable = f"(SELECT {', '.join(columns)} FROM {cells.table} WHERE hurt = '')"
        condition = connection.execute(f"SELECT (\n{where.expression}\n) FROM {readable} LIMIT 0", where.parameters)
        gives = str(condition.description[0][1])
        if gives not in {"BOOLEAN", '"NULL"'}:
            message = f"{what} is no condition: it gives {name_type(gives)}"
            hint = "compare it with something, as in `consent = 'yes'`"
            raise SourceUnreadable(message, hint=hint, code="where-refused")
        connection.execute(
            f"CREATE OR REPLACE TABLE selected AS SELECT {_ROW} AS row FROM {readable}"
            f" WHERE (\n{where.expression}\n) UNION ALL SELECT row FROM {cells.table} WHERE hurt <> ''",
            where.parameters,
        )


@contextmanager
def _explained(what: str, types: Sequence[str]) -> Iterator[None]:
    """What the engine says of an expression that it can't compute, and what it was told of the columns."""
    try:
        yield
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        said = mask_numbers(say_error(str(error)))
        hint = f"a column is a number, a date or a time where all its values are: {', '.join(types) or 'it names none'}"
        raise SourceUnreadable(f"{what} can't be computed: {said}", hint=hint, code="where-failed") from error


def _find_type(connection: DuckDBPyConnection, cells: Cells, index: int, where: Where) -> _Type | None:
    """The type that all values of a column have, and that can be compared as the expression does; None for text."""
    name, cell = fold_identifier(cells.names[index]), f"w{index}"
    if name in where.texts:
        return None
    values = f"(SELECT {cell} FROM {cells.table} WHERE hurt = '' AND {cell} IS NOT NULL)"
    first = connection.execute(f"SELECT {cell} FROM {values} LIMIT 1").fetchone()
    if first is None:
        return _UNKNOWN_MOMENT if name in where.dates else _UNKNOWN
    held = [
        candidate
        for candidate in (_TYPES if cells.has_decimal_commas else _TYPES_WITHOUT_COMMAS)
        if _hold(connection, candidate.holds, "(SELECT $text AS v)", {"text": first[0]})
        and _hold(connection, candidate.holds, f"(SELECT {cell} AS v FROM {values})", {})
    ]
    compared, texts = "(SELECT unnest($texts::VARCHAR[]) AS v)", {"texts": where.compared.get(name, [])}
    for candidate in held:
        if _hold(connection, candidate.compares, compared, texts):
            return candidate
    if held:
        _refuse_order(connection, held[-1], where.ordered.get(name, []), cells.names[index])
    return None


def _refuse_order(connection: DuckDBPyConnection, given: _Type, texts: Sequence[str], name: str) -> None:
    """Raise SourceUnreadable where a date or number would be held, as a text, to come before or after one of these."""
    for text in texts:
        if not _hold(connection, given.compares, "(SELECT $text AS v)", {"text": text}):
            kind = name_type(given.name)
            message = f"`where` compares `{name}`, of which every value is {kind}, with `{mask_numbers(text)}`"
            column = name if name.isidentifier() else quote_name(name)
            hint = f"write {kind} as it stands here: `{column} >= {given.example}`"
            raise SourceUnreadable(message, hint=hint, code="where-failed")


def _hold(connection: DuckDBPyConnection, test: str, relation: str, parameters: Mapping[str, object]) -> bool:
    row = connection.execute(
        f"SELECT bool_and(coalesce({_fill(test, 'v')}, false)) FROM {relation}", parameters
    ).fetchone()
    return row is not None and row[0] is not False


def _fill(expression: str, cell: str) -> str:
    return expression.replace("#", cell)


def _matches(pattern: str) -> str:
    return f"regexp_full_match(#, {quote_text(pattern)})"


def _number(point: str) -> _Type:
    """Up to 15 digits before and after the point, which a DOUBLE keeps."""
    pattern = f"-?(0|[1-9][0-9]{{0,14}}|[1-9][0-9]{{0,2}}({_GROUPS}[0-9]{{3}}){{1,4}})({point}[0-9]{{1,15}})?"
    plain = "translate(#, ', \u00a0\u202f', '.')"
    return _Type("DOUBLE", _matches(pattern), f"{plain}::DOUBLE", _matches("-?(0|[1-9][0-9]*)([.][0-9]+)?"), "12.5")


def _day(pattern: str, moment: str) -> _Type:
    becomes = f"try_cast({moment} AS DATE)"
    holds = f"{_matches(pattern)} AND {becomes} IS NOT NULL"
    return _Type("DATE", holds, becomes, f"{_matches(_DAY)} AND try_cast(# AS DATE) IS NOT NULL", "'2026-12-31'")


def _moment(pattern: str, moment: str) -> _Type:
    becomes = f"try_cast({moment} AS TIMESTAMP)"
    holds = f"{_matches(pattern)} AND {becomes} IS NOT NULL"
    return _Type("TIMESTAMP", holds, becomes, "try_cast(# AS TIMESTAMP) IS NOT NULL", "'2026-12-31 10:00'")


_WHOLE = _matches("-?(0|[1-9][0-9]{0,17})")
_TRUTH = "lower(#) IN ('true', 'false')"
_TYPES_AFTER_NUMBERS = (
    _day(_DAY, "#"),
    _day(_FRENCH_DAY, "try_strptime(#, '%d/%m/%Y')"),
    _moment(f"{_DAY}[ T]{_CLOCK}(:[0-9]{{2}}([.][0-9]{{1,6}})?)?", "#"),
    _moment(f"{_FRENCH_DAY} {_CLOCK}(:[0-9]{{2}})?", "try_strptime(#, ['%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S'])"),
    _Type("BOOLEAN", _TRUTH, "#::BOOLEAN", _TRUTH, "true"),
)
_BIGINT = _Type("BIGINT", _WHOLE, "#::BIGINT", _WHOLE, "12")
_TYPES = (_BIGINT, _number("[.,]"), *_TYPES_AFTER_NUMBERS)
_TYPES_WITHOUT_COMMAS = (_BIGINT, _number("[.]"), *_TYPES_AFTER_NUMBERS)
_UNKNOWN = _Type("NULL", "true", "NULL", "true")
_UNKNOWN_MOMENT = _Type("TIMESTAMP", "true", "NULL::TIMESTAMP", "true")
