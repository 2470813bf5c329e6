"""Frozen values of the model as JSON, and back by their own annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Coded = Any
"""A value as `json` writes and reads it."""

Annotation = Any
"""What stands behind a field's colon."""

Value = TypeVar("Value")


def encode(value: object) -> Coded:
    """A value of the model in JSON's own kinds. What a dataclass leaves at its default is left out.

    Raises TypeError for a kind of value that has no code.
    """
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): encode(part) for name, part in value.items()}
        case tuple() | list():
            return [encode(part) for part in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {f.name: encode(part) for f in fields(value) if (part := getattr(value, f.name)) != f.default}
        case _:
            raise TypeError(f"{type(value).__name__} has no code")


def decode(kind: type[Value], coded: Coded) -> Value:
    """The value of this kind that was encoded so. Raises ValueError, TypeError or KeyError where it is none."""
    decoded: Value = _decode(kind, coded)
    return decoded


def _decode(kind: Annotation, coded: Coded) -> Coded:
    origin: Annotation = get_origin(kind)
    arguments = get_args(kind)
    if origin in (Union, UnionType):
        if coded is None and NoneType in arguments:
            return None
        return _decode(next(argument for argument in arguments if argument is not NoneType), coded)
    if origin is tuple:
        return tuple(_decode(arguments[0], part) for part in coded)
    if origin is not None and issubclass(origin, Mapping):
        return {_decode(arguments[0], name): _decode(arguments[1], part) for name, part in coded.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _read_hints(kind)
        return kind(**{name: _decode(hints[name], part) for name, part in coded.items()})
    if kind in (datetime, date):
        return kind.fromisoformat(coded)
    if kind in (bool, int, str):
        if type(coded) is not kind:
            raise TypeError(f"{coded!r} is no {kind.__name__}")
        return coded
    return kind(coded)


@cache
def _read_hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
