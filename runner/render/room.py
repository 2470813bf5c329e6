"""Documents that keep to their bytes: what does not fit is left out whole, and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


def weigh(text: str) -> int:
    """The bytes that a line takes, its end included."""
    return len(text.encode()) + 1


def fit(lines: Sequence[str], room: int, say_more: Callable[[int], str]) -> list[str]:
    """As many whole lines as `room` bytes hold; where some are left out, a last line says how many."""
    if sum(map(weigh, lines)) <= room:
        return list(lines)
    left = room - weigh(say_more(len(lines)))
    kept: list[str] = []
    for line in lines:
        left -= weigh(line)
        if left < 0:
            break
        kept.append(line)
    return [*kept, say_more(len(lines) - len(kept))]


def divide(room: int, needs: Mapping[str, int]) -> dict[str, int]:
    """Bytes for each of these needs: who needs less than an even share gets it all, the others share the rest."""
    rooms: dict[str, int] = {}
    for name in sorted(needs, key=lambda name: needs[name]):
        rooms[name] = min(needs[name], (room - sum(rooms.values())) // (len(needs) - len(rooms)))
    return rooms
