"""Secrets that do not print, and references to places where secrets are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from runner.errors import Place

MASK = "•••"


@final
class Secret:
    """A text that is never printed: `str()`, `repr()` and formatting show a mask; `open()` is called at the one door."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def open(self) -> str:
        """The secret itself, for the place that must have it and for no other."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Reference:
    """A text as the file has it, in which `${NAME}` and `${file:PATH}` stand for values that are looked up late.

    The text holds no secret (a literal one is refused when the file is loaded), so it may be shown and hashed.
    """

    text: str
    place: Place | None = None
