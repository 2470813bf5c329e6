"""The laws: what holds at every step of every history, asked of the ledger's tables and of the provider's count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.books import IN_DOUBT, Books, Chunk, LawBroken, Person, Refusal, spell
from simulation.machine import Machine
from simulation.provider import Arrival, Provider, Request


@dataclass(slots=True)
class Laws:
    """The laws of one history."""

    books: Books
    provider: Provider
    machine: Machine

    def read_held(self) -> Mapping[Person, Chunk]:
        """Whom the ledger holds, by campaign and edition, and by which chunk."""
        return self.books.read().held

    def read_refused(self) -> Mapping[Refusal, int]:
        """Who counts as refused, and by which run."""
        return self.books.read().refused

    def check_people(self) -> None:
        """Everybody is accounted for, and the ledger knows of everybody whom the provider reached."""
        held = self.read_held()
        taken = self.provider.taken
        for person, times in taken.items():
            if times > 1:
                raise LawBroken(f"{spell(person)} was reached {times} times")
            if person not in held:
                raise LawBroken(f"{spell(person)} was reached, and is pending in the ledger")
        for person, chunk in held.items():
            if chunk.status == "accepted" and person not in taken:
                raise LawBroken(f"{spell(person)} counts as accepted, and was never reached")
        unheard = self.read_refused().keys() - self.provider.refused_alone
        if unheard:
            raise LawBroken(f"{len(unheard)} people count as refused, and the provider refused none of them alone")

    def count_in_doubt(self, account_id: int, account: str) -> int:
        """How many chunks are in doubt of this API key or of this name."""
        return sum(chunk.status in IN_DOUBT for chunk in self._list_chunks(account_id, account))

    def read_in_doubt(self) -> list[tuple[str, str, list[int]]]:
        """The chunks in doubt: name, label, people."""
        people: dict[int, list[int]] = {}
        for (_, number), chunk in self.read_held().items():
            people.setdefault(chunk.id, []).append(number)
        doubtful = (chunk for chunk in self.books.read().chunks.values() if chunk.status in IN_DOUBT)
        return [(chunk.name, chunk.label, people.get(chunk.id, [])) for chunk in doubtful]

    def find_left_behind(self, account_id: int, run: int) -> list[str]:
        """The chunks of this API key that are `sending`, but for those of this run."""
        return [
            chunk.name
            for chunk in self.books.read().chunks.values()
            if chunk.status == "sending" and chunk.account_id == account_id and chunk.run != run
        ]

    def find_reason_to_probe(
        self, account_id: int, account: str, label: str, content: tuple[str, str | None]
    ) -> str | None:
        """Why the next request of this campaign and account must be a probe, or None."""
        answered = [
            chunk.status == "accepted" and not chunk.settled
            for chunk in self._list_chunks(account_id, account)
            if chunk.settled or chunk.status in {"accepted", "unknown"}
        ]
        if answered and not answered[-1]:
            return "the account's last answer is not known"
        before = (chunk for chunk in self.books.read().chunks.values() if chunk.status == "accepted")
        if any((chunk.label, chunk.content) == (label, content) for chunk in before):
            return None
        return "the content was never accepted"

    def _list_chunks(self, account_id: int, account: str) -> list[Chunk]:
        """Those of this API key or of this name, in the order in which they were recorded."""
        chunks = self.books.read().chunks.values()
        return [chunk for chunk in chunks if chunk.account_id == account_id or chunk.account == account]

    def check_held(self, request: Request, runs: frozenset[int]) -> None:
        """All people of a request that is about to leave or to arrive are held for it."""
        held = self.read_held()
        for number in request.numbers:
            chunk = held.get((request.label, number))
            if chunk is None or chunk.status == "accepted" or chunk.run not in runs:
                how = "nobody" if chunk is None else f"a chunk that is {chunk.status}"
                raise LawBroken(f"{spell((request.label, number))} is about to be reached, and is held by {how}")

    def note_arrival(self, key: str, arrival: Arrival) -> None:
        """Never more than the limits say in any window, where requests arrive.

        In each window the limits are those of the request that was recorded last: its run knew of all others.
        """
        arrivals = self.provider.arrivals[key]
        arrivals.append(arrival)
        for judging in arrivals:
            for limit in judging.limits:
                per_s = limit.per.total_seconds()
                recent = [other for other in arrivals if arrival.at_s - other.at_s < per_s]
                if len(recent) > limit.requests and judging is max(recent, key=lambda other: other.began_s):
                    self._judge_window(recent, limit.requests, per_s)

    def _judge_window(self, recent: Sequence[Arrival], requests: int, per_s: float) -> None:
        # Across a boot there is only the wall clock, and who moves it forwards makes the past longer than it was.
        boots = {arrival.boot for arrival in recent}
        if len(boots) > 1 and self.machine.moved_ahead_at_s > min(arrival.began_s for arrival in recent):
            return
        raise LawBroken(f"{len(recent)} requests arrived within {per_s:g} s, and {requests} are permitted")
