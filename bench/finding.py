"""What was found beside what it may be at the most: one row of the table of goals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, beside what, and how many times that is allowed."""

    what: str
    reference: str
    found: float
    beside: float
    unit: str
    goal: float

    @property
    def is_met(self) -> bool:
        """Whether the goal is met."""
        return self.found <= self.goal * self.beside

    def render(self) -> str:
        """The row in Markdown."""
        numbers = f"{spell(self.found)} : {spell(self.beside)} {self.unit}"
        ratio = f"**{self.found / self.beside:.{3 if 1 < self.goal < 1.1 else 2}f}**"
        met = "yes" if self.is_met else "**no**"
        return f"| {self.what} | {self.reference} | {numbers} | {ratio} | {self.goal:g} | {met} |"


def spell(value: float) -> str:
    """A measure with as many digits as it deserves."""
    return f"{value:,.{0 if value >= 100 else 1}f}"
