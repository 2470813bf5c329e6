"""A user's `where`: one SQL expression over a row's cells, walked part by part, so that it can do nothing else.

The engine's own parser answers a tree; only what stands in the tables below may be in it. So nothing is read but the
row, nothing is written, and a text can't grow past what stands in the row and in the expression.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from runner.audience.sql_hints import hint_condition
from runner.audience.sql_words import say_error
from runner.errors import SourceUnreadable
from runner.numbers import mask_numbers

MOST_CHARACTERS = 10_000

_TEXT = frozenset({
    "!~~", "!~~*", "concat", "concat_ws", "contains", "ends_with", "ilike_escape", "instr", "left", "len", "length",
    "like_escape", "lower", "ltrim", "nfc_normalize", "not_ilike_escape", "not_like_escape", "position", "prefix",
    "regexp_extract", "regexp_full_match", "regexp_matches", "replace", "right", "rtrim", "split_part", "starts_with",
    "strip_accents", "strlen", "strpos", "substr", "substring", "suffix", "translate", "trim", "try_strptime",
    "strptime", "upper", "||", "~~", "~~*", "~~~",
})  # fmt: skip
_DATE = frozenset({
    "date_diff", "date_part", "date_trunc", "datediff", "datepart", "datetrunc", "day", "dayofweek", "dayofyear",
    "hour", "isodow", "last_day", "minute", "month", "quarter", "strftime", "week", "weekofyear", "year",
})  # fmt: skip
_OTHER = frozenset({
    "%", "*", "+", "-", "/", "//", "abs", "ceil", "ceiling", "floor", "greatest", "if", "least", "list_value",
    "make_date", "nullif", "round", "sign", "to_days", "to_hours", "to_minutes", "to_months", "to_quarters",
    "to_seconds", "to_weeks", "to_years", "trunc",
})  # fmt: skip
_FUNCTIONS = _TEXT | _DATE | _OTHER

_OPERATORS = frozenset({
    "ARRAY_EXTRACT", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE", "OPERATOR_IS_NOT_NULL", "OPERATOR_IS_NULL",
    "OPERATOR_NOT", "OPERATOR_TRY",
})  # fmt: skip
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "BETWEEN": ("input", "lower", "upper"),
    "CASE": (),
    "CAST": ("child",),
    "COLUMN_REF": (),
    "COMPARISON": ("left", "right"),
    "CONJUNCTION": (),
    "CONSTANT": (),
    "FUNCTION": (),
    "OPERATOR": (),
    "PARAMETER": (),
}
"""What may stand in a `where`, with the names of its parts where they have some."""

_CALLED = {
    "COLLATE": "a collation",
    "LAMBDA": "a lambda",
    "OPERATOR": "this operator",
    "POSITIONAL_REFERENCE": "a column's place",
    "STAR": "`*`",
    "SUBQUERY": "a query",
    "WINDOW": "a window function",
}
_TYPES = frozenset({
    "bigint", "bool", "boolean", "char", "date", "decimal", "double", "float", "hugeint", "int", "integer", "interval",
    "numeric", "real", "smallint", "string", "text", "time", "timestamp", "tinyint", "varchar",
})  # fmt: skip

_Node = Mapping[str, Any]


@dataclass(slots=True)
class Where:
    """An expression that was found harmless, and what it says of columns.

    `names` are the columns as it spells them, by the engine's form of a name. Of these, `texts` are used as texts,
    `dates` as dates, `compared` holds the texts that a column is compared with, and `ordered` those of them that it is
    said to come before or after.
    """

    expression: str
    parameters: Mapping[str, object]
    names: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)
    compared: dict[str, list[str]] = field(default_factory=dict)
    ordered: dict[str, list[str]] = field(default_factory=dict)


def parse_where(connection: DuckDBPyConnection, text: str, parameters: Mapping[str, object]) -> Where:
    """The expression `text`, in which `$p0` and the like stand for `parameters`.

    Raises SourceUnreadable where it is no expression, or has anything in it that a `where` may not have.
    """
    # Times in files are local, as the account's: an offset would be compared by the zone of this machine.
    local = {
        name: value.replace(tzinfo=None) if isinstance(value, datetime) else value for name, value in parameters.items()
    }
    where = Where(text, local)
    waiting = [_parse(connection, text)]
    while waiting:
        node = waiting.pop()
        _note_use(node, where)
        waiting += _open_node(node, where)
    return where


def _parse(connection: DuckDBPyConnection, text: str) -> _Node:
    if len(text) > MOST_CHARACTERS:
        raise _refuse(f"it has more than {MOST_CHARACTERS:,} characters", code="source-too-large")
    if not text.strip():
        raise _refuse("it is empty", code="where-invalid", hint="leave `where` out where every row counts")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refuse("it has half a character in it", code="where-invalid")
    # Without brackets it can't close ours, in them it can't end early; the line ends end a comment.
    _parse_query(connection, f"SELECT\n{text}\n")
    return _parse_query(connection, f"SELECT (\n{text}\n)")


def _parse_query(connection: DuckDBPyConnection, query: str) -> _Node:
    """The one expression that this query selects."""
    row = connection.execute("SELECT json_serialize_sql($query)", {"query": query}).fetchone()
    try:
        parsed = json.loads(row[0]) if row is not None else {}
    except RecursionError as error:
        raise _refuse("it nests too deep") from error
    if parsed.get("error", True):
        said = say_error(parsed.get("error_message", "it is no SQL"))
        raise _refuse(said, code="where-invalid", hint=hint_condition(query.removeprefix("SELECT")))
    statements = parsed["statements"]
    if len(statements) != 1 or not _is_one_expression(statements[0]["node"]):
        raise _refuse("it must be one expression, as stands after WHERE")
    expression: _Node = statements[0]["node"]["select_list"][0]
    return expression


def _is_one_expression(node: _Node) -> bool:
    """Whether the statement is `SELECT (expression)` and nothing more."""
    absent = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "sample", "qualify")
    return (
        node.get("type") == "SELECT_NODE"
        and not any(node.get(part) for part in absent)
        and not node["cte_map"]["map"]
        and node["from_table"]["type"] == "EMPTY"
        and len(node["select_list"]) == 1
        and not node["select_list"][0]["alias"]
    )


def _open_node(node: _Node, where: Where) -> list[_Node]:
    """The parts of a node that may stand in a `where`. Raises SourceUnreadable for any other."""
    kind = node["class"]
    if kind not in _CLASSES or (kind == "OPERATOR" and node["type"] not in _OPERATORS):
        raise _refuse(f"{_CALLED.get(kind, kind.lower().replace('_', ' '))} may not stand in it")
    if node["alias"]:
        raise _refuse("it gives a name to a part of it")
    if kind == "COLUMN_REF":
        _note_column(node, where)
    elif kind == "PARAMETER" and node["identifier"] not in where.parameters:
        raise _refuse("`?` and `$1` have no value in it: write `{{ … }}`")
    elif kind == "CAST":
        _refuse_type(node["type_expr"])
    elif kind == "FUNCTION":
        _refuse_function(node, where)
        return _direct_parts(node)
    elif kind == "CASE":
        checks = [part for check in node["case_checks"] for part in (check["when_expr"], check["then_expr"])]
        return [*checks, node["else_expr"]]
    return [*(node[part] for part in _CLASSES[kind]), *node.get("children", ())]


def fold_identifier(name: str) -> str:
    """The form in which the engine compares names: ASCII letters without case, all others as they are."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _note_column(node: _Node, where: Where) -> None:
    names = node["column_names"]
    if len(names) != 1:
        raise _refuse(f"`{'.'.join(names)}`: a column is named alone, in double quotes where it has a point in it")
    where.names.setdefault(fold_identifier(names[0]), names[0])


def _note_use(node: _Node, where: Where) -> None:
    """What the node says of the type of a column that stands in it by itself."""
    parts = _direct_parts(node)
    columns = [fold_identifier(part["column_names"][0]) for part in parts if part["class"] == "COLUMN_REF"]
    values = [_find_value(part, where) for part in parts]
    lists = [value for value in values if isinstance(value, list | tuple)]
    function = node["function_name"].lower() if node["class"] == "FUNCTION" else ""
    if lists:
        # `column in {{ list }}`: the engine converts a text that stands alone, but none in a list.
        where.texts.update(columns if any(isinstance(item, str) for value in lists for item in value) else ())
    elif function in _TEXT:
        where.texts.update(columns)
    elif function in _DATE:
        where.dates.update(columns)
    elif not function:
        texts = [value for value in values if isinstance(value, str)]
        for column in columns:
            where.compared.setdefault(column, []).extend(texts)
            if node["class"] == "BETWEEN" or "THAN" in node["type"]:
                where.ordered.setdefault(column, []).extend(texts)


def _direct_parts(node: _Node) -> list[_Node]:
    """What a comparison compares, or a function takes."""
    if node["class"] == "FUNCTION":
        return [argument["expression"] for argument in node["arguments"]]
    named = [node[part] for part in _CLASSES.get(node["class"], ())]
    return named or (list(node["children"]) if node["class"] == "OPERATOR" else [])


def _find_value(node: _Node, where: Where) -> object:
    """The text that stands here as it is, the value of a parameter, or None."""
    if node["class"] == "PARAMETER":
        return where.parameters.get(node["identifier"])
    literal = node.get("literal") or {}
    return literal.get("text") if literal.get("kind") == "STRING" else None


def _refuse_function(node: _Node, where: Where) -> None:
    name = node["function_name"].lower()
    if name not in _FUNCTIONS or node["schema"] or node["catalog"]:
        raise _refuse(f"`{name}` is no function that a `where` may use")
    if node["filter"] or node["distinct"] or node["order_bys"]["orders"]:
        raise _refuse(f"`{name}` is no aggregate")
    if name == "replace":
        texts = [_find_value(part, where) for part in _direct_parts(node)[1:]]
        lengths = [len(text) for text in texts if isinstance(text, str)]
        if len(lengths) != 2 or lengths[1] > lengths[0]:
            raise _refuse("`replace` takes two texts as they are, the second no longer than the first")


def _refuse_type(node: _Node) -> None:
    name = node["type_name"].lower()
    if name not in _TYPES or node["schema"] or node["catalog"]:
        raise _refuse(f"nothing can be made a `{name}` in it")


def _refuse(what: str, *, code: str = "where-refused", hint: str | None = None) -> SourceUnreadable:
    message = f"`where` can't be used: {mask_numbers(what)}"
    return SourceUnreadable(message, hint=hint or hint_condition(""), code=code)
