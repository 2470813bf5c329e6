"""A glance at a SQLite state for a shell that completes a word: read only, and without the rooms that a run needs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import NamedTuple

MOST_CHUNKS = 100
PATIENCE_S = 0.2
"""A state that is being written to makes nobody wait for a list."""
_IN_DOUBT = """
SELECT chunks.name, campaigns.name, chunks.recipients FROM chunks JOIN campaigns ON campaigns.id = chunks.campaign_id
WHERE chunks.status IN ('unknown', 'sending') ORDER BY chunks.id DESC LIMIT ?
"""


class InDoubt(NamedTuple):
    """A chunk whose answer is not known."""

    chunk: str
    campaign: str
    recipients: int


def list_in_doubt(path: str) -> list[InDoubt]:
    """The chunks in doubt of the state in this file, the newest first; none where it can't be read just now."""
    try:
        with closing(sqlite3.connect(f"file:{_quote(path)}?mode=ro", uri=True, timeout=PATIENCE_S)) as connection:
            return [InDoubt(*row) for row in connection.execute(_IN_DOUBT, (MOST_CHUNKS,))]
    except sqlite3.Error:
        # Not there, locked, of another program or version: `campaign resolve` will say which.
        return []


def _quote(path: str) -> str:
    """A path as SQLite's URIs spell it: these three signs mean something there."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
