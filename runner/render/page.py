"""Lines of text that keep to a width, in which colour only emphasises what the words say already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from runner.numbers import mask_numbers
from runner.render.problems import printable

EMPHASIS = re.compile(r"\x1b\[[\d;]*m")


class Style(StrEnum):
    """The emphases there are, as the codes of ECMA-48 that terminals understand."""

    BOLD = "1"
    DIM = "2"
    GOOD = "32"
    LOUD = "1;31"
    CARE = "33"
    GOING_ON = "36"


class Page:
    """Text under construction: words are wrapped, lines that were laid out elsewhere are kept."""

    def __init__(self, *, width: int, color: bool) -> None:
        self.width = width
        self.color = color
        self._lines: list[str] = []

    def paint(self, text: str, style: Style | None) -> str:
        """`text` with this emphasis, where the page has colours."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and style is not None and text else text

    def write(self, text: str, *, indent: int = 0, hang: int = 0, style: Style | None = None) -> None:
        """A paragraph, wrapped at words; `hang` indents all lines but the first a little more."""
        lines = _wrap(" " * indent + text, self.width, " " * (indent + hang))
        self._lines += [self.paint(line, style) for line in lines]

    def keep(self, text: str, *, indent: int = 0) -> None:
        """Lines as they are, each moved to the right by `indent`."""
        self._lines += [f"{' ' * indent}{line}".rstrip() for line in text.splitlines()]

    def skip(self) -> None:
        """An empty line, never two, and never at the top."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines).rstrip()


def _wrap(text: str, width: int, margin: str) -> Iterator[str]:
    """`text` cut at spaces; each line but the first begins with `margin`. A word that is too long stays whole."""
    line, *words = text.split(" ")
    for word in words:
        if line.strip() and _measure(line) + 1 + _measure(word) > width:
            yield line.rstrip()
            line = margin + word
        else:
            line = f"{line} {word}"
    yield line


def _measure(text: str) -> int:
    """The characters that are seen: all but the codes of emphases."""
    return len(EMPHASIS.sub("", text))


@lru_cache(maxsize=1024)
def tidy(text: str) -> str:
    """Free text from files and answers as one printable line in which no telephone number stands.

    Rows by the million stand in few files: what was tidied lately is remembered.
    """
    return mask_numbers(printable(" ".join(text.split())))
