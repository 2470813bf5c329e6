"""Who is pending in several campaigns of one plan: counts, pair by pair, and no number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from runner.audience.engine import ITEMS, cut_page, open_engine

Pairs = Mapping[tuple[str, str], int]
"""How many people two campaigns have in common, by their labels, the one that was added first in front."""


class Collisions:
    """The pending people of campaigns, added one after another. It stays in an engine, and is to be closed."""

    def __init__(self) -> None:
        self._connection = open_engine()
        self._connection.execute("CREATE TABLE pending (campaign INTEGER, number BIGINT)")
        self._labels: list[str] = []

    def add(self, label: str, pages: Iterator[str]) -> None:
        """Add the people of one more campaign, as pages of numbers that are joined by commas."""
        self._labels.append(label)
        place = len(self._labels) - 1
        for page in pages:
            self._connection.execute(
                f"INSERT INTO pending SELECT $place, item::BIGINT FROM {ITEMS}",
                {"place": place, "parts": cut_page(page)},
            )

    def count_pairs(self) -> Pairs:
        """How many people each two of them have in common, where there are any."""
        # Few people are in several campaigns, and of those many in the same ones: counted by the set of campaigns,
        # a thousand campaigns on one list are no million pairs for each of its people.
        shared = "(SELECT number FROM pending GROUP BY number HAVING count(*) > 1)"
        held = f"pending SEMI JOIN {shared} USING (number)"
        sets = f"(SELECT list(campaign ORDER BY campaign) AS held FROM {held} GROUP BY number)"
        counted = f"(SELECT held, count(*) AS people FROM {sets} GROUP BY held)"
        first = f"(SELECT held, people, unnest(held) AS one FROM {counted})"
        rows = self._connection.execute(
            f"SELECT one, other, sum(people)::BIGINT FROM (SELECT one, unnest(held) AS other, people FROM {first})"
            " WHERE one < other GROUP BY one, other ORDER BY one, other"
        ).fetchall()
        return {(self._labels[one], self._labels[other]): people for one, other, people in rows}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()
