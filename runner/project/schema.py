"""Values held against a JSON Schema: scalars get their type from it, and what does not fit becomes problems."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

from runner.errors import Problem
from runner.project.fit import Fits, compile_fit
from runner.project.formats import FREE, MISPLACED, judge_text
from runner.project.layout import MAX_PROBLEMS
from runner.project.scalars import BOOLEANS, NULLS, parse_decimal, parse_integer, type_freely
from runner.project.tree import ListValue, MapValue, ScalarValue, Value

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
Json = Any
Schema = Mapping[str, Any]
_ANYTHING: Schema = {}
# Of a list where a map is wanted, or the other way round: that is told, and nothing in it has a door to miss.
_MISPLACED: dict[str, object] = {"format": MISPLACED}
_MISPLACED.update(items=_MISPLACED, additionalProperties=_MISPLACED)
MAX_ALIKE = 20
"""Numbers without quotes of one list that are told one by one."""
_END = re.compile(r"\$$")


def read_schema(name: str) -> str:
    """The text of one of the schemas: project, campaign, plan, status or events."""
    return (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")


def judge(root: Value, name: str) -> list[Problem]:
    """Give every scalar in `root` the type that the schema `name` has for it, and tell what does not fit.

    At most one more than MAX_PROBLEMS are told, in no particular order; a value that was told once is not told again.
    """
    schema = load_schema(name)
    typing = _Typing()
    instance = typing.take(root, schema)
    if _fit(name)(instance):
        return typing.problems
    return [*typing.problems, *_explain(instance, root, schema, typing.told)][: MAX_PROBLEMS + 1]


def type_value(value: Value) -> list[Problem]:
    """Give every scalar in `value` the type that it has where no schema says one, and tell what can't be."""
    typing = _Typing()
    typing.take(value, _ANYTHING)
    return typing.problems


def _explain(instance: object, root: Value, schema: Schema, told: set[int]) -> Iterator[Problem]:
    """Every rule of the schema that is broken, as far as its value was not told already."""
    from jsonschema import Draft7Validator

    from runner.project.messages import describe_misfit
    from runner.project.misfit import Misfit

    errors = list(islice(Draft7Validator(schema).iter_errors(instance), MAX_PROBLEMS + 1))
    # What has the wrong type breaks other rules by that alone.
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        at, path = root, tuple(error.absolute_path)
        for step in path:
            at = _step(at, step)
        if id(at) not in told and (error.validator == "type" or path not in mistyped):
            misfit = Misfit(
                keyword=str(error.validator),
                wanted=error.validator_value,
                schema=cast("Schema", error.schema),
                value=at,
                path=path,
                instance=error.instance,
                dependent=_find_dependent(error.absolute_schema_path),
            )
            yield from describe_misfit(misfit)


def _find_dependent(schema_path: Sequence[str | int]) -> str:
    """The key of `dependencies` under which a rule stands, if it stands there."""
    names = [str(step) for step in schema_path]
    return names[names.index("dependencies") + 1] if "dependencies" in names[:-1] else ""


def _step(value: Value, step: str | int) -> Value:
    if isinstance(value, MapValue):
        return value.values[str(step)]
    return value.items[int(step)] if isinstance(value, ListValue) else value


class _Typing:
    """Gives scalars their types, on one walk through a file."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.told: set[int] = set()
        self._path: list[str] = []

    def take(self, value: Value, schema: Schema) -> object:
        """`value` as plain Python; each part of it keeps its own in `value`."""
        if isinstance(value, ScalarValue):
            value.value = self._take_scalar(value, schema)
        elif isinstance(value, MapValue):
            value.value = self._take_map(value, schema if schema.get("type", "object") == "object" else _MISPLACED)
        else:
            value.value = self._take_list(value, schema if schema.get("type", "array") == "array" else _MISPLACED)
        return value.value

    def _take_map(self, value: MapValue, schema: Schema) -> dict[str, object]:
        properties, others = schema.get("properties", _ANYTHING), schema.get("additionalProperties", _ANYTHING)
        typed: dict[str, object] = {}
        for name, child in value.values.items():
            known = properties.get(name, others)
            if known is False:
                typed[name] = None
                continue
            self._path.append(name)
            typed[name] = self.take(child, known)
            self._path.pop()
        return typed

    def _take_list(self, value: ListValue, schema: Schema) -> list[object]:
        told_before = len(self.problems)
        items = schema.get("items", _ANYTHING)
        typed = [self.take(child, items) for child in value.items]
        alike = [item for item in value.items if id(item) in self.told]
        told = self.problems[told_before:]
        if len(alike) > MAX_ALIKE and all(problem.code == "unquoted-number" for problem in told):
            del self.problems[told_before + MAX_ALIKE :]
            self.problems.append(_count_rest(alike))
        return typed

    def _take_scalar(self, value: ScalarValue, schema: Schema) -> object:
        if value.broken:
            self.told.add(id(value))
            return None
        kind = schema.get("type")
        typed = _type(value, kind)
        if typed.__class__ is str and kind not in ("object", "array"):
            form = schema.get("format", FREE if "type" not in schema else None)
            problem = judge_text(value, form, self._path)
            if problem is not None:
                self.told.add(id(value))
                if len(self.problems) <= MAX_PROBLEMS:
                    self.problems.append(problem)
        return typed


def _count_rest(alike: Sequence[Value]) -> Problem:
    first, more = alike[MAX_ALIKE], len(alike) - MAX_ALIKE
    message = f"… and {more:,} more numbers of this list stand without quotes"
    return first.problem("unquoted-number", message, "long lists stand better in a file: `file: data/numbers.csv`")


def _type(value: ScalarValue, kind: object) -> object:
    """The text as what the schema wants, where it is spelled so; else what it is, for the schema to refuse."""
    text = value.text
    if not value.plain:
        return text
    if kind is None:
        return type_freely(text)
    if text in NULLS:
        return None
    if kind == "string":
        return text
    if kind == "boolean":
        return BOOLEANS.get(text, text)
    typed = parse_decimal(text) if kind == "number" else parse_integer(text)
    return text if typed is None else typed


@cache
def load_schema(name: str) -> Schema:
    """A schema as plain values, without references."""
    schema = json.loads(read_schema(name))
    return cast("Schema", _resolve(schema, schema.pop("definitions")))


@cache
def _fit(name: str) -> Fits:
    return compile_fit(load_schema(name))


def _resolve(schema: Json, definitions: Schema) -> Json:
    """The schema with each of its definitions where it is referred to: looking them up later would cost more."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolve(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        resolved = {key: _resolve(part, definitions) for key, part in schema.items()}
        if "pattern" in resolved:
            # In Python `$` also stands before a line break at the end, where no text of these files may have one.
            resolved["pattern"] = _END.sub(r"\\Z", resolved["pattern"])
        if resolved.get("additionalProperties") is True:
            resolved["additionalProperties"] = _ANYTHING
        return resolved
    return [_resolve(part, definitions) for part in schema] if isinstance(schema, list) else schema
