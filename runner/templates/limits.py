"""How much work a template may do: every value that it makes is measured, and paid for from one budget."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from time import monotonic
from typing import Any

from jinja2.exceptions import SecurityError

Value = Any
"""What a template computes with: its author's, of any type."""
MAX_SIZE = 100_000
"""Characters of a text, or values in a list with all that it holds."""
MAX_WORK = 300_000
"""Characters and values that one rendering may make in all."""
MAX_BITS = 256
MAX_FILE_WORK = 500_000_000
"""The like for a template in a file, whose loops may run over the rows of another."""
MAX_SECONDS = 10.0
MAX_OUTPUT = 64 << 20
"""Bytes that a template in a file may print, in UTF-8."""
WIDE = re.compile(r"%[^a-zA-Z%]*(?:\d{4}|\*)")


class Unfit(SecurityError):
    """A value can't be used where a template puts it."""


class TooMuchWork(SecurityError):
    """A template asks for more work than it may need."""

    def __init__(self, message: str = "a text, a list or a loop grows beyond its bound") -> None:
        super().__init__(f"this template makes too much: {message}")


class Budget:
    """What is left of the work that one rendering may do, and of its seconds where those are bounded."""

    def __init__(self, work: int = MAX_WORK, seconds: float | None = None) -> None:
        self._left = work
        self._seconds = seconds
        self._ends = monotonic() + (seconds or 0)

    def pay(self, amount: int) -> None:
        """Take `amount` from what is left. Raises TooMuchWork."""
        self._left -= amount
        if self._left < 0:
            raise TooMuchWork
        if self._seconds is not None and monotonic() > self._ends:
            raise TooMuchWork(f"it takes longer than {self._seconds:g} seconds")


class Rows:
    """Rows of a file as a template sees them: read anew, one by one, by each loop that runs over them."""

    def __init__(self, read: Callable[[], Iterator[Mapping[str, str]]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Mapping[str, str]]:
        return self._read()


def measure(value: object) -> int:
    """The characters and values in `value`, at most a little more than MAX_SIZE. Raises TooMuchWork above it."""
    size, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        size += 1
        if isinstance(part, (str, bytes)):
            size += len(part)
        elif isinstance(part, Mapping):
            size += len(part)
            waiting += islice(part.values(), MAX_SIZE)
        elif isinstance(part, (list, tuple, set, frozenset)):
            waiting += islice(part, MAX_SIZE)
        if size + len(waiting) > MAX_SIZE:
            raise TooMuchWork
    return size


def calculate(sign: str, left: Value, right: Value) -> Value:
    """`left` and `right` joined by a binary operator, refused before the work where the result would be too large."""
    if isinstance(left, str) and sign == "%":
        refuse_wide(left)
    if sign == "*":
        _refuse_product(left, right)
    if sign == "**" and (abs(left) > MAX_SIZE or abs(right) > MAX_BITS // 16):
        raise TooMuchWork
    result = _OPERATORS[sign](left, right)
    if isinstance(result, int) and result.bit_length() > MAX_BITS:
        raise TooMuchWork
    return result


def refuse_wide(pattern: str) -> None:
    """Raise TooMuchWork where a `%` pattern asks for a width of thousands, or for one that is not written in it."""
    if WIDE.search(pattern):
        raise TooMuchWork


def count_up(*bounds: int) -> list[int]:
    """What `range` yields, as a list; refused where it is long."""
    numbers = range(*bounds)
    if len(numbers) > MAX_SIZE:
        raise TooMuchWork
    return list(numbers)


def take_all(values: Iterable[Value]) -> list[Value]:
    """All of `values`, which are read no further than a list may grow."""
    taken = list(islice(values, MAX_SIZE + 1))
    measure(taken)
    return taken


def _refuse_product(left: Value, right: Value) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(many, (str, bytes, list, tuple)) and isinstance(times, int) and measure(many) * times > MAX_SIZE:
            raise TooMuchWork


_OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "**": operator.pow,
    "%": operator.mod,
}
SIGNS = frozenset(_OPERATORS)
