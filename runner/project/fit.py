"""A quick yes: whether a typed value fits a schema, by functions compiled from that schema.

Nearly all files fit, so the library that explains why one does not is loaded for the others alone. It has the last
word; the tests hold both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Typed = Any
"""A typed value: what a scalar, list or map of a file became."""
Schema = Mapping[str, Any]
Fits = Callable[[Typed], bool]
ANNOTATIONS = frozenset({"$schema", "title", "description", "default", "examples", "format", "patternErrorMessage"})
# These are read together with the one that they belong to.
BESIDE = frozenset({"additionalProperties"})


def compile_fit(schema: Schema) -> Fits:
    """A function that answers whether a value fits `schema`. Raises KeyError for a keyword that is not known here."""
    keywords = [keyword for keyword in schema if keyword not in ANNOTATIONS | BESIDE]
    # What follows may rely on the type.
    keywords.sort(key="type".__ne__)
    if "additionalProperties" in schema and "properties" not in schema:
        keywords.append("properties")
    return _all([_KEYWORDS[keyword](schema.get(keyword), schema) for keyword in keywords])


def _all(tests: list[Fits]) -> Fits:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)

    return lambda value: all(test(value) for test in tests)


def _type(wanted: Typed, _schema: Schema) -> Fits:
    kinds = frozenset(kind for name in (wanted if isinstance(wanted, list) else [wanted]) for kind in _TYPES[name])
    return lambda value: value.__class__ in kinds


def _choice(wanted: list[str], _schema: Schema) -> Fits:
    return lambda value: value in wanted


def _const(wanted: Typed, _schema: Schema) -> Fits:
    return lambda value: bool(value == wanted)


def _pattern(wanted: str, _schema: Schema) -> Fits:
    search = re.compile(wanted).search
    return lambda value: value.__class__ is not str or search(value) is not None


def _minimum(wanted: int, _schema: Schema) -> Fits:
    return lambda value: value.__class__ is str or value >= wanted


def _maximum(wanted: int, _schema: Schema) -> Fits:
    return lambda value: value.__class__ is str or value <= wanted


def _at_least(wanted: int, _schema: Schema) -> Fits:
    return lambda value: value.__class__ is int or len(value) >= wanted


def _at_most(wanted: int, _schema: Schema) -> Fits:
    return lambda value: value.__class__ is int or len(value) <= wanted


def _unique(_wanted: Typed, _schema: Schema) -> Fits:
    return lambda value: all(item.__class__ is str for item in value) and len(set(value)) == len(value)


def _required(wanted: list[str], _schema: Schema) -> Fits:
    return lambda value: all(name in value for name in wanted)


def _items(wanted: Schema, _schema: Schema) -> Fits:
    fits = compile_fit(wanted)
    return lambda value: all(map(fits, value))


def _properties(wanted: Mapping[str, Schema] | None, schema: Schema) -> Fits:
    known = {name: compile_fit(part) for name, part in (wanted or {}).items()}
    rest = schema.get("additionalProperties", {})
    others = compile_fit(rest) if rest else None
    may_have_others = rest is not False

    def fits(value: Typed) -> bool:
        for name, part in value.items():
            test = known.get(name, others)
            if test is None:
                if not may_have_others:
                    return False
            elif not test(part):
                return False
        return True

    return fits


def _names(wanted: Schema, _schema: Schema) -> Fits:
    fits = compile_fit(wanted)
    return lambda value: all(map(fits, value))


def _one_of(wanted: list[Schema], _schema: Schema) -> Fits:
    choices = [compile_fit(choice) for choice in wanted]
    return lambda value: sum(fits(value) for fits in choices) == 1


def _any_of(wanted: list[Schema], _schema: Schema) -> Fits:
    choices = [compile_fit(choice) for choice in wanted]
    return lambda value: any(fits(value) for fits in choices)


def _dependencies(wanted: Mapping[str, list[str] | Schema], _schema: Schema) -> Fits:
    schemas = {name: {"required": need} if isinstance(need, list) else need for name, need in wanted.items()}
    needs = {name: compile_fit(schema) for name, schema in schemas.items()}
    return lambda value: all(name not in value or fits(value) for name, fits in needs.items())


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_KEYWORDS: Mapping[str, Callable[[Typed, Schema], Fits]] = {
    "type": _type,
    "enum": _choice,
    "const": _const,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _at_least,
    "maxLength": _at_most,
    "minItems": _at_least,
    "minProperties": _at_least,
    "uniqueItems": _unique,
    "required": _required,
    "items": _items,
    "properties": _properties,
    "propertyNames": _names,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "dependencies": _dependencies,
}
