"""How much there was when something was last sent: of people a campaign, of rows an exclusion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from runner.state.tables import measures


def read_measures(connection: Connection) -> dict[str, int]:
    """Each measure by what was measured."""
    return {row.subject: row.number for row in connection.execute(select(measures.c.subject, measures.c.number))}


def note_measures(connection: Connection, numbers: Mapping[str, int], now: datetime) -> None:
    """Let these be the last ones."""
    if not numbers:
        return
    connection.execute(delete(measures).where(measures.c.subject.in_(list(numbers))))
    rows = [{"subject": subject, "number": number, "at": now} for subject, number in numbers.items()]
    connection.execute(insert(measures), rows)
