"""Halving: how few requests find the numbers that a refusal is about, and when it is about no number."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from runner.sending.parts import Parts


@dataclass
class Provider:
    """Refuses every request with a bad number in it, or every request at all."""

    bad: frozenset[int] = frozenset()
    refuses_all: bool = False
    requests: int = 0
    accepted: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def serve(self, parts: Parts, size: int) -> bool:
        """Send everything; False where the parts say that no number is to blame."""
        while parts.pending:
            part = parts.take(size)
            self.requests += 1
            if not self.refuses_all and self.bad.isdisjoint(part.numbers):
                self.accepted += part.numbers
                parts.note_accepted()
            elif len(part.numbers) > 1:
                parts.halve(part)
            else:
                self.refused += part.numbers
                parts.note_refused_alone(part, f"chunk-{self.requests}")
                if parts.find_innocent():
                    parts.forgive()
                    return False
        return True


def parts_of(people: int) -> Parts:
    return Parts(array("Q", range(people)))


@given(st.integers(0, 499))
def test_one_bad_number_among_500_costs_at_most_20_requests(bad: int) -> None:
    provider = Provider(frozenset({bad}))
    assert provider.serve(parts_of(500), 500)
    assert provider.requests <= 20
    assert provider.refused == [bad]


def test_a_refusal_that_no_number_is_to_blame_for_costs_at_most_20_requests_and_refuses_nobody() -> None:
    for people in (3, 10, 499, 500):
        provider, parts = Provider(refuses_all=True), parts_of(people)
        assert not provider.serve(parts, 500)
        assert provider.requests <= 20
        assert parts.pending == people
        assert parts.refused == 0


@given(st.integers(1, 120), st.integers(1, 60), st.data())
def test_everybody_is_accepted_or_refused_or_waits_and_nobody_twice(
    people: int, size: int, data: st.DataObject
) -> None:
    bad = data.draw(st.frozensets(st.integers(0, people - 1), max_size=12))
    provider, parts = Provider(bad), parts_of(people)
    finished = provider.serve(parts, size)
    reached = provider.accepted
    assert len(reached) == len(set(reached))
    assert bad.isdisjoint(reached)
    assert parts.pending + len(reached) + parts.refused == people
    if finished:
        assert sorted(reached + provider.refused) == list(range(people))


def test_numbers_refused_between_acceptances_stay_refused() -> None:
    provider = Provider(frozenset({3, 7, 11}))
    parts = parts_of(12)
    assert provider.serve(parts, 2)
    assert parts.refused == 3


def test_a_part_put_back_is_taken_again_before_the_rest() -> None:
    parts = parts_of(10)
    part = parts.take(4)
    parts.put_back(part)
    assert parts.pending == 10
    assert list(parts.take(4).numbers) == [0, 1, 2, 3]


def test_a_part_larger_than_a_probe_is_cut_to_it() -> None:
    parts = parts_of(10)
    parts.put_back(parts.take(8))
    assert list(parts.take(3).numbers) == [0, 1, 2]
    assert sorted(n for _ in range(3) for n in parts.take(3).numbers) == [3, 4, 5, 6, 7, 8, 9]


def test_numbers_that_earlier_runs_saw_refused_alone_count_until_something_is_accepted() -> None:
    parts = Parts(array("Q", range(2)), ("chunk-a", "chunk-b"))
    parts.note_refused_alone(parts.take(1), "chunk-c")
    assert parts.find_innocent() == ("chunk-a", "chunk-b", "chunk-c")
    parts.forgive()
    assert (parts.pending, parts.refused) == (2, 0)
    accepted = Parts(array("Q", range(2)), ("chunk-a", "chunk-b"))
    accepted.take(1)
    accepted.note_accepted()
    accepted.note_refused_alone(accepted.take(1), "chunk-c")
    assert accepted.find_innocent() == ()
