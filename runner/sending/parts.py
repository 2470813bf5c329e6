"""The people of one campaign that still wait, cut into parts as refusals ask for it.

A refusal that names no number is answered by halving: down to a number that stands alone, then its sibling, then the
largest part not yet tried. One bad number among 500 costs some twenty requests so, and a refusal that no number is to
blame for shows itself when three numbers that stood alone, from different halves, were refused in a row.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Part:
    """Numbers to be sent in one request.

    `half` names the half of the refused chunk that they come from; None for a part that no refusal made. `parent`
    counts the halvings of the campaign so far, so that the two halves of one part know each other.
    """

    numbers: Sequence[int]
    half: tuple[int, int] | None = None
    parent: int = 0


@dataclass(slots=True)
class Parts:
    """What is still to be sent of one campaign, in order; parts that a refusal made come before the rest.

    `refused_before` are the chunks of numbers that earlier runs saw refused alone, with nothing accepted since.
    """

    numbers: array[int]
    refused_before: Sequence[str] = ()
    _next: int = 0
    _parts: list[Part] = field(default_factory=list)
    _alone: list[tuple[Part, str]] = field(default_factory=list)
    _refused: int = 0
    _forgiven_before: int = 0
    _halvings: int = 0
    _last_parent: int = 0

    @property
    def refused(self) -> int:
        """How many numbers the provider refused when they stood alone, and that are not forgiven."""
        return self._refused

    @property
    def pending(self) -> int:
        """How many people still wait."""
        return len(self.numbers) - self._next + sum(len(part.numbers) for part in self._parts)

    @property
    def left(self) -> int:
        """How many people a next run finds pending: those that wait, and the forgiven ones of earlier runs."""
        return self.pending + self._forgiven_before

    def __post_init__(self) -> None:
        self._alone = [(Part(()), chunk) for chunk in self.refused_before]

    def take(self, most: int) -> Part:
        """The next part, of at most `most` people."""
        if not self._parts:
            taken = self.numbers[self._next : self._next + most]
            self._next += len(taken)
            return Part(taken)
        part = self._choose()
        self._parts.remove(part)
        if len(part.numbers) <= most:
            return part
        self._parts.append(Part(part.numbers[most:], part.half, part.parent))
        return Part(part.numbers[:most], part.half, part.parent)

    def exclude(self, excluded: frozenset[int]) -> None:
        """These people no longer wait."""
        self.numbers = array("Q", (number for number in self.numbers[self._next :] if number not in excluded))
        self._next = 0
        kept = (
            replace(part, numbers=[number for number in part.numbers if number not in excluded]) for part in self._parts
        )
        self._parts = [part for part in kept if part.numbers]
        self._alone = [(part, chunk) for part, chunk in self._alone if excluded.isdisjoint(part.numbers)]

    def put_back(self, part: Part) -> None:
        """The part was not sent: its people wait again, and are the next."""
        self._last_parent = part.parent
        self._parts.append(part)

    def halve(self, part: Part) -> None:
        """The part was refused: its two halves wait, the first of them next."""
        self._halvings += 1
        middle = len(part.numbers) // 2
        for side, numbers in enumerate((part.numbers[:middle], part.numbers[middle:])):
            self._parts.append(Part(numbers, part.half or (self._halvings, side), self._halvings))
        self._last_parent = self._halvings

    def note_accepted(self) -> None:
        """People of this campaign were accepted: whatever was refused before was the numbers' fault."""
        self._alone.clear()

    def note_refused_alone(self, part: Part, chunk: str) -> None:
        """A number that stood alone was refused in this chunk; its sibling comes next."""
        self._alone.append((part, chunk))
        self._refused += 1
        self._last_parent = part.parent

    def find_innocent(self) -> tuple[str, ...]:
        """The chunks of numbers that were refused through no fault of theirs; empty while it may be the numbers.

        Three that stood alone, with nothing accepted since the first, and not all from one half of one chunk.
        """
        halves = {part.half for part, _ in self._alone}
        if len(self._alone) < 3 or (len(halves) == 1 and None not in halves):
            return ()
        return tuple(chunk for _, chunk in self._alone)

    def forgive(self) -> None:
        """The numbers that `find_innocent` found wait again."""
        forgiven = [part for part, _ in self._alone if part.numbers]
        self._refused -= len(forgiven)
        self._forgiven_before += len(self._alone) - len(forgiven)
        self._parts.extend(forgiven)
        self._alone.clear()

    def _choose(self) -> Part:
        siblings = [part for part in self._parts if part.parent == self._last_parent]
        if siblings:
            return siblings[0]
        return max(self._parts, key=lambda part: len(part.numbers))
