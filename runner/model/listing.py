"""Names as a message lists them: a long list ends in a count."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

MOST = 8
"""Names that a message lists: more are counted, since nobody would read them."""


def list_names(names: Collection[str], *, most: int = MOST) -> str:
    """`names` in backquotes with commas between them; where there are more than `most`, how many more there are."""
    listed = ", ".join(f"`{name}`" for name in islice(names, most))
    rest = len(names) - most
    return f"{listed} and {rest:,} more" if rest > 0 else listed
