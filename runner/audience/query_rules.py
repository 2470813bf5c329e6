"""A user's query: one SELECT, walked part by part, so that it can read the project's own data files and nothing else.

The engine's own parser answers a tree; only what stands in the tables below may be in it. A name of a table is that of
a query in `with`, where the engine would find it too, or of files that are looked at before the engine may open them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.query_functions import AGGREGATES, SCALARS
from runner.audience.sql_hints import hint_query
from runner.audience.sql_words import say_error
from runner.audience.where import fold_identifier
from runner.errors import SourceUnreadable
from runner.numbers import mask_numbers

MOST_CHARACTERS = 100_000

READERS = frozenset({
    "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_json_objects",
    "read_json_objects_auto", "read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_parquet",
})  # fmt: skip
_CSV_READERS = frozenset({"read_csv", "read_csv_auto"})
_SURE_OPTIONS = frozenset({"all_varchar", "column_types", "columns", "dtypes", "types"})
_TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
_FUNCTIONS = SCALARS | AGGREGATES
_MOMENT_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
"""Functions that SQL spells without brackets, so that the parser takes them for columns."""
_MOMENTS = _MOMENT_WORDS | {
    "current_localtime", "current_localtimestamp", "get_current_time", "get_current_timestamp", "now", "today",
    "transaction_timestamp",
}  # fmt: skip

_QUERIES = frozenset({"RECURSIVE_CTE_NODE", "SELECT_NODE", "SET_OPERATION_NODE"})
_TABLES = frozenset({"BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "SUBQUERY", "TABLE_FUNCTION"})
_EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
    "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
_MODIFIERS = frozenset({"DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER"})
_ORDERS = frozenset({"ASCENDING", "DESCENDING", "ORDER_DEFAULT"})
_TYPED = _QUERIES | _TABLES | _MODIFIERS | _ORDERS
"""What a part that is no expression may be."""

_CALLED = {
    "INSERT_QUERY_NODE": "INSERT",
    "UPDATE_QUERY_NODE": "UPDATE",
    "DELETE_QUERY_NODE": "DELETE",
    "COPY_QUERY_NODE": "COPY",
    "SHOW_REF": "SHOW, DESCRIBE and SUMMARIZE",
    "DEFAULT": "DEFAULT",
}

_Node = Mapping[str, Any]


@dataclass(slots=True)
class Query:
    """A query that was found harmless. `files` are the paths and patterns that it names.

    `guesses` says that the engine would guess the types of a CSV file's columns from its first rows.
    """

    text: str
    parameters: Mapping[str, object]
    files: list[str] = field(default_factory=list)
    guesses: bool = False


def parse_query(connection: DuckDBPyConnection, text: str, parameters: Mapping[str, object]) -> Query:
    """The query `text`, in which `$p0` and the like stand for `parameters`.

    Raises SourceUnreadable where it is not one SELECT, or has anything in it that may not stand there.
    """
    query = Query(text.strip().removesuffix(";"), parameters)
    # With each part go the names of queries that are to be seen from there.
    waiting: list[tuple[Any, frozenset[str]]] = [(_parse(connection, text), frozenset())]
    while waiting:
        part, names = waiting.pop()
        if isinstance(part, list):
            waiting += [(each, names) for each in part]
        elif isinstance(part, dict):
            waiting += _open_part(part, names, query)
    return query


def _parse(connection: DuckDBPyConnection, text: str) -> _Node:
    if len(text) > MOST_CHARACTERS:
        raise _refuse(f"it has more than {MOST_CHARACTERS:,} characters", code="source-too-large")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refuse("it has a NUL character or half a character in it", code="query-invalid")
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise _refuse(tell_error(error), code="query-invalid", sql=text) from error
    if len(statements) != 1 or not _is_select(statements[0]):
        raise _refuse("it must be one SELECT")
    row = connection.execute("SELECT json_serialize_sql($query)", {"query": text}).fetchone()
    try:
        parsed = json.loads(row[0]) if row is not None else {}
    except RecursionError as error:
        raise _refuse("it nests too deep") from error
    if parsed.get("error", True) or len(parsed["statements"]) != 1:
        said = say_error(parsed.get("error_message", "it must be one SELECT"))
        raise _refuse(said, code="query-invalid", sql=text)
    node: _Node = parsed["statements"][0]["node"]
    return node


def _is_select(statement: duckdb.Statement) -> bool:
    try:
        return statement.type is duckdb.StatementType.SELECT
    except ValueError:
        # The engine has kinds of statements for which its Python has no name.
        return False


def _open_part(part: _Node, names: frozenset[str], query: Query) -> list[tuple[Any, frozenset[str]]]:
    """The parts of a part that may stand in a query. Raises SourceUnreadable for any other."""
    if "class" in part:
        _refuse_expression(part, query)
    elif "type" in part and part["type"] not in _TYPED:
        raise _refuse(f"{_call(part['type'])} may not stand in it")
    if part.get("type") == "BASE_TABLE" and "class" not in part:
        _note_table(part, names, query)
    if part.get("type") == "TABLE_FUNCTION":
        return _open_table_function(part, names, query)
    if part.get("type") in _QUERIES:
        return _open_query(part, names)
    return [(value, names) for value in part.values()]


def _open_query(node: _Node, names: frozenset[str]) -> list[tuple[Any, frozenset[str]]]:
    """A query's parts, each with the names that it sees: a query in `with` sees those before it, and not its own."""
    opened: list[tuple[Any, frozenset[str]]] = []
    for each in node["cte_map"]["map"]:
        opened.append((each["value"], names))
        names |= {fold_identifier(each["key"])}
    if node["type"] == "RECURSIVE_CTE_NODE":
        names |= {fold_identifier(node["cte_name"])}
    return opened + [(value, names) for name, value in node.items() if name != "cte_map"]


def _refuse_expression(node: _Node, query: Query) -> None:
    kind = node["class"]
    if kind not in _EXPRESSIONS:
        raise _refuse(f"{_call(kind)} may not stand in it")
    if kind == "PARAMETER" and node["identifier"] not in query.parameters:
        raise _refuse("`?` and `$1` have no value in it: write `{{ … }}`")
    if kind == "COLUMN_REF" and len(node["column_names"]) == 1:
        _refuse_moment(node["column_names"][0].lower(), _MOMENT_WORDS)
    if kind in {"FUNCTION", "WINDOW"}:
        _refuse_function(node, _FUNCTIONS)


def _refuse_function(node: _Node, known: frozenset[str]) -> None:
    name = node["function_name"].lower()
    _refuse_moment(name, _MOMENTS)
    if name not in known or node["schema"] or node["catalog"]:
        raise _refuse(f"`{name}` is no function that a query may use")


def _refuse_moment(name: str, moments: frozenset[str]) -> None:
    if name in moments:
        raise _refuse(f"`{name}` may not stand in it: write `{{{{ today }}}}` or `{{{{ now }}}}`, those of planning")


def _note_table(node: _Node, names: frozenset[str], query: Query) -> None:
    name = node["table_name"]
    if node["schema_name"] or node["catalog_name"] or node["at_clause"]:
        raise _refuse(f"`{'.'.join(node['qualified_name']['path'])}`: a table is a file, or a query of `with`")
    if fold_identifier(name) not in names:
        query.files.append(name)
        query.guesses = query.guesses or _is_csv(name)


def _is_csv(name: str) -> bool:
    return ".csv" in name.casefold() or ".tsv" in name.casefold()


def _open_table_function(node: _Node, names: frozenset[str], query: Query) -> list[tuple[Any, frozenset[str]]]:
    function = node["function"]
    name = function["function_name"].lower()
    rest = [(value, names) for key, value in node.items() if key != "function"]
    arguments = [argument["expression"] for argument in function["arguments"]]
    _refuse_function(function, READERS | _TABLE_FUNCTIONS)
    if name in READERS:
        if not arguments:
            raise _refuse(f"`{name}` names no file")
        query.files += _find_paths(arguments[0], query)
        query.guesses = query.guesses or (name in _CSV_READERS and not _is_sure(arguments[1:]))
    others = [value for key, value in function.items() if key not in {"class", "type", "arguments"}]
    return [*rest, *((value, names) for value in [*others, *arguments])]


def _find_paths(node: _Node, query: Query) -> list[str]:
    """The paths that a reader is given, which must stand in the query itself or be a value that is bound."""
    if node["class"] == "PARAMETER":
        value = query.parameters.get(node["identifier"])
        texts = value if isinstance(value, list) else [value]
    elif node["class"] == "FUNCTION" and node["function_name"] == "list_value":
        texts = [path for part in node["arguments"] for path in _find_paths(part["expression"], query)]
    elif node["class"] == "CONSTANT" and node["literal"]["kind"] == "STRING":
        texts = [node["literal"]["text"]]
    else:
        texts = [None]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise _refuse("a reader's file must stand in it as a text, as in `read_csv('data/customers.csv')`")
    return list(map(str, texts))


def _is_sure(options: Sequence[_Node]) -> bool:
    """Whether a reader of CSV is told the types, or looks at all rows before it guesses them."""
    for option in options:
        if option["class"] != "COMPARISON" or option["left"]["class"] != "COLUMN_REF":
            continue
        name, value = option["left"]["column_names"][-1].lower(), option["right"].get("literal") or {}
        if name in _SURE_OPTIONS and str(value.get("text", "")).lower() not in {"false", "0"}:
            return True
    return False


def _call(kind: str) -> str:
    return _CALLED.get(kind, kind.removesuffix("_NODE").removesuffix("_REF").replace("_", " ").lower())


def tell_error(error: duckdb.Error, lines_before: int = 0) -> str:
    """What the engine says of a query, in one line, without numbers; and in which line of the user's text that is."""
    line = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    at = int(line[1]) - lines_before if line else 0
    return mask_numbers(say_error(str(error))) + (f" (line {at} of the query)" if at > 1 else "")


def _refuse(what: str, *, code: str = "query-refused", sql: str = "") -> SourceUnreadable:
    return SourceUnreadable(f"`query` can't be used: {mask_numbers(what)}", hint=hint_query(sql), code=code)
