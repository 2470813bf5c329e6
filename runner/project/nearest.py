"""The nearest known name to one that is not known, for a hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 100
"""Nobody meant a known name by a longer one, and to compare it would take long."""


def find_nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that is most like `name`; None where none is like it."""
    if len(name) > LONGEST:
        return None
    nearest = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return nearest[0] if nearest else None
