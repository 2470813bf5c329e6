"""What may go wrong in a history, and how often: drawn once, so that some histories are calm and some are all storm."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fate(StrEnum):
    """What becomes of one request on its way to the provider and back."""

    SERVED = "served"
    NOT_CONNECTED = "no connection"
    LOST_BEFORE = "lost before the provider took it"
    LOST_AFTER = "lost after the provider took it"
    FAILED_BEFORE = "HTTP 500, and nothing was taken"
    FAILED_AFTER = "HTTP 500 after it was taken"
    UNREADABLE = "an unreadable answer after it was taken"
    CONTRADICTORY = "a refusal that names a campaign, after it was taken"
    LIMITED = "HTTP 429"
    REFUSED = "a refusal without a reason"
    KEY_REFUSED = "HTTP 401"


AFTER_TAKING = frozenset(
    {Fate.SERVED, Fate.LOST_AFTER, Fate.FAILED_AFTER, Fate.UNREADABLE, Fate.CONTRADICTORY},
)
"""Those in which the provider looks at the message as it always does."""


@dataclass(slots=True)
class Weather:
    """Chances, each of one step or one request; `fates` holds those of all fates but the usual one."""

    kill: float = 0.0
    freeze: float = 0.0
    switch: float = 0.0
    unavailable: float = 0.0
    event: float = 0.0
    slow: float = 0.0
    held: float = 0.0
    fates: dict[Fate, float] = field(default_factory=dict)

    def draw_fate(self, rng: Random) -> Fate:
        """What becomes of the next request."""
        if not self.fates:
            return Fate.SERVED
        drawn = rng.random()
        for fate, chance in self.fates.items():
            drawn -= chance
            if drawn < 0:
                return fate
        return Fate.SERVED


def draw_weather(rng: Random) -> Weather:
    """The weather of a history: each kind of trouble is there or not, and rare or frequent."""

    def draw(likely: float, rare: float, frequent: float) -> float:
        return rng.choice((rare, frequent)) if rng.random() < likely else 0.0

    fates: dict[Fate, float] = {
        fate: chance for fate in Fate if fate is not Fate.SERVED and (chance := draw(0.3, 0.04, 0.15))
    }
    return Weather(
        kill=draw(0.5, 0.004, 0.02),
        freeze=draw(0.6, 0.005, 0.03),
        switch=rng.choice((0.05, 0.2, 0.5)),
        unavailable=draw(0.25, 0.01, 0.06),
        event=rng.choice((0.1, 0.3, 0.5)),
        slow=draw(0.5, 0.05, 0.3),
        held=draw(0.7, 0.2, 0.7),
        fates=fates,
    )
