"""A request that has left: the machine's kernel and the network have it, whatever becomes of its process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.model.config import Limits
from simulation.books import Person
from simulation.provider import Reply, Request
from simulation.weather import Fate


@dataclass(slots=True)
class Flight:
    """One request on its way, and what the provider answered, None until it arrives.

    It was recorded after `began_s`, in this boot, by a process with these limits. Until `out_s` the kernel holds some
    of its bytes, which go with the process; the provider has all of them at `arrives_s`.
    """

    request: Request
    fate: Fate
    limits: Sequence[Limits]
    began_s: float
    boot: int
    out_s: float
    arrives_s: float
    reply: Reply | None = None

    def carries(self, people: Sequence[Person]) -> bool:
        """Whether somebody of these is among its people."""
        return any(label == self.request.label and number in self.request.numbers for label, number in people)
