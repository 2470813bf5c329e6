"""The bars that pictures are made of, in percent of the width; tables repeat their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

Shown = TypeVar("Shown")

BARS = 40
"""Campaigns that a picture shows one by one, the largest; the others are counted."""
LABEL = 60
THINNEST = 0.8
"""The width of a piece that would else be too thin to be seen: ten people in doubt among ten thousand matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a bar, and what it stands for."""

    kind: str
    x: float
    width: float
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a picture: its name on the left, its numbers on the right, its pieces below."""

    label: str
    told: str
    pieces: tuple[Piece, ...]
    mark: float | None = None


def lay_pieces(counts: Mapping[str, int], tell: Callable[[str, int], str]) -> tuple[Piece, ...]:
    """Counts by kind as pieces that fill a bar, one after another; each says what it counts, and none is too thin."""
    whole, pieces, x = sum(counts.values()), [], 0.0
    widths = {kind: max(100 * count / whole, THINNEST) for kind, count in counts.items()}
    for kind, count in counts.items():
        width = widths[kind] * 100 / sum(widths.values())
        pieces.append(Piece(kind=kind, x=x, width=width, count=tell(kind, count)))
        x += width
    return tuple(pieces)


def lay_stretches(scale: Decimal, stretches: Sequence[tuple[str, Decimal, Decimal]]) -> tuple[Piece, ...]:
    """Amounts by kind, each from its start to its stop, as pieces of a bar that is as long as `scale`."""
    return tuple(
        Piece(kind=kind, x=float(100 * start / scale), width=float(100 * (stop - start) / scale))
        for kind, start, stop in stretches
        if stop > start
    )


def choose_shown(shown: Sequence[Shown], size: Callable[[Shown], Decimal]) -> tuple[list[Shown], list[Shown]]:
    """The largest of many, in the order in which they came, and the others."""
    if len(shown) <= BARS:
        return list(shown), []
    ranked = sorted(range(len(shown)), key=lambda index: (-size(shown[index]), index))
    largest = set(ranked[: BARS - 1])
    kept = [one for index, one in enumerate(shown) if index in largest]
    return kept, [one for index, one in enumerate(shown) if index not in largest]
