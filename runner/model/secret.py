"""Secrets that do not print, and references to places where secrets are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final
from urllib.parse import quote

from runner.errors import Place

MASK = "•••"
SHORTEST_SCRUBBED = 4
"""Shorter texts are no secrets, and to mask each place where they stand would leave nothing to read."""

_spellings: set[str] = set()


@final
class Secret:
    """A text that is never printed: `str()`, `repr()` and formatting show a mask; `open()` is for the one door.

    A `literal` one stands in a file for all who read it, so what else says the same is not scrubbed of it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str, *, literal: bool = False) -> None:
        self._text = text
        if not literal:
            _spellings.update(spelling for spelling in _spell(text) if len(spelling) >= SHORTEST_SCRUBBED)

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

    The text holds no secret (a literal one is refused when the file is loaded), so it may be shown and hashed. Where it
    stands in a source, `withheld` is what accounts and the state say: a source may read no file that they read.
    """

    text: str
    place: Place | None = None
    withheld: tuple[str, ...] | None = None


def scrub_secrets(text: str) -> str:
    """`text` without any secret that this process ever held, in the spellings in which an error could quote one."""
    for spelling in sorted(_spellings, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


def _spell(secret: str) -> Iterator[str]:
    password = re.search(r"://[^/@:]*:([^/@]+)@", secret)
    for text in (secret, secret.strip(), password[1] if password else ""):
        # A variable may hold bytes that are no UTF-8: the system hands them over as surrogates.
        quoted = quote(text, safe="", errors="surrogateescape")
        yield from (text, quoted, json.dumps(text)[1:-1], repr(text)[1:-1])
