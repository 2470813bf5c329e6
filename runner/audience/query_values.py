"""What a query gives → the text of a telephone number, such that no digit is made up, and none lost in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

from runner.audience.frames import Emit, Kind
from runner.audience.rows import Hurt
from runner.audience.shape import Shape, find_column
from runner.errors import SourceUnreadable

MOST_CELL_CHARACTERS = 1 << 20
MOST_CHARACTERS = 1 << 30
_BLOCK_CHARACTERS = 4 << 20
BLOCK_ROWS = 20_000
LABEL = "query"


def choose_column(names: Sequence[str], wanted: str | None) -> int:
    """The place of the column with the numbers among those that the query gives.

    Raises SourceUnreadable where there is none, or several.
    """
    return find_column(Shape(None, tuple(names), len(names), 0, 0), wanted, LABEL)


def spell_float(value: float, *, is_single: bool = False) -> str:
    """A floating point number as its shortest digits and an exponent; of single precision, the seven that it keeps.

    So the rules for numbers see digits that it may have lost: 612000000.0 is `6.12E+8` again, and no number.
    """
    digits = f"{value:.6E}" if is_single else repr(value)
    return f"{Decimal(digits).normalize():E}" if isfinite(value) else str(value)


def spell_value(value: object, *, is_single: bool) -> str:
    """What a database gave, as the text that a user would see; `is_single` says that a float is of single precision."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() | int():
            return str(value)
        case float():
            return spell_float(value, is_single=is_single)
        case Decimal() if value.is_finite() and value == value.to_integral_value():
            return str(int(value))
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case _:
            return str(value)


def find_hurt(value: object) -> str:
    """Why what a database gave is no text, be it a list or a map, or nothing."""
    return Hurt.NESTED.value if isinstance(value, list | tuple | dict) else ""


class Rows:
    """Sends the names of the columns, then the texts of rows in blocks, and bounds how much they may be in all."""

    def __init__(self, emit: Emit, names: Sequence[str]) -> None:
        self._emit = emit
        self._characters = 0
        emit(Kind.PAGE, json.dumps(names).encode())

    def send(self, texts: Sequence[str], hurts: Sequence[str]) -> None:
        """Send one block, and for each text why it is none, or nothing. Raises SourceUnreadable at a bound."""
        if any(len(text) > MOST_CELL_CHARACTERS for text in texts):
            message, hint = "the query gives a value of more than 1 MB in its column", "name another `column`"
            raise SourceUnreadable(message, hint=hint, code="source-too-large")
        size = sum(map(len, texts))
        if size > _BLOCK_CHARACTERS and len(texts) > 1:
            half = len(texts) // 2
            self.send(texts[:half], hurts[:half])
            self.send(texts[half:], hurts[half:])
            return
        self._characters += size
        if self._characters > MOST_CHARACTERS:
            message = f"the query gives more than {MOST_CHARACTERS >> 30} GB"
            raise SourceUnreadable(message, hint="ask for fewer rows", code="source-too-large")
        block = {"texts": texts, "hurts": hurts} if any(hurts) else {"texts": texts}
        self._emit(Kind.ROWS, json.dumps(block).encode())
