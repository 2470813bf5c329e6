"""Which releases of Campaign Runner a project allows: conditions such as `>=1.2,<2`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

_CONDITION = re.compile(r"(>=|<=|==|!=|~=|>|<)([0-9]+(?:\.[0-9]+)*)(\.\*)?")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_PARTS = 4
_COMPARISONS: Mapping[str, Callable[[list[int], list[int]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def allows(conditions: str, version: str) -> bool:
    """Whether `version` meets all of `conditions`, comma separated; what follows its numbers (`rc1`) does not count.

    `~=1.2` is `>=1.2,<2`, and `==1.2.*` is any release that begins with 1.2, as for Python's packages. A condition that
    can't be read is met: its schema tells that it can't.
    """
    found = _NUMBERS.match(version)
    release = _parse(found.group() if found else "0")
    return all(_meets(release, condition.replace(" ", "")) for condition in conditions.split(","))


def _meets(release: list[int], condition: str) -> bool:
    found = _CONDITION.fullmatch(condition)
    if found is None:
        return True
    comparison, numbers, any_end = found.groups()
    wanted, length = _parse(numbers), numbers.count(".") + 1
    if comparison == "~=":
        return release >= wanted and release[: length - 1] == wanted[: length - 1]
    compared = length if any_end else _PARTS
    return _COMPARISONS[comparison](release[:compared], wanted[:compared])


def _parse(numbers: str) -> list[int]:
    parts = [int(part) for part in numbers.split(".")]
    return (parts + [0] * _PARTS)[:_PARTS]
