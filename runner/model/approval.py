"""What a saved plan approves, and what has become of it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

SEAL_BYTES = 12
"""How much of a pseudonym a saved plan holds. Among ten million people two share one by a chance of one in 10^15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of a state: its serial, and the chunk that was recorded last, None before there is one."""

    serial: int
    last_chunk: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaking:
    """A chunk that another plan sent for a campaign after a mark: for which one, who did so, when."""

    label: str
    plan_id: str | None
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The upper bound that a saved plan sets: whom it may reach, by the campaign's label, and its moment.

    `people` holds the seals of each campaign's people, sorted, one after the other; `planned_at` is what templates
    take for now, so that sources list whom they listed then.
    """

    plan_id: str
    planned_at: datetime
    people: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What became of the people of a saved plan: how many were in it, and how many of them are no longer pending.

    `reached` were sent to since (or are in doubt), `refused` by the provider, `excluded` since by an exclusion or the
    kinds of line, `gone` from the sources. `newcomers` are pending, but were not in the plan, and wait for another.
    """

    approved: int
    reached: int
    refused: int
    excluded: int
    gone: int
    newcomers: int
