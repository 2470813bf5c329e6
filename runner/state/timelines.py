"""What a server tells of its history, as people can compare it."""

from __future__ import annotations

import re
from uuid import UUID

TOLD = re.compile(r"(?:(?P<server>\d+):(?P<timeline>[0-9A-F]{8}))?:(?P<database>\d+)\.(?P<table>\d+)")
"""How `find_timeline` of a server writes it."""


def spell_timeline(timeline: str | None) -> str:
    """A server's identity and timeline and those of its tables, in hexadecimal digits.

    The identity is written as UUIDs are: whatever its digits, it is not masked as what could be a telephone number.
    """
    told = TOLD.fullmatch(timeline or "")
    if told is None:
        return timeline or "not known"
    server = "a server that shows no identity"
    if told["server"] is not None:
        server = f"server {UUID(int=int(told['server']))}, timeline {int(told['timeline'], 16):x}"
    return f"{server}, database {int(told['database']):x}, table {int(told['table']):x}"
