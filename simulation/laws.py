"""The laws: what holds at every step of every history, asked of the ledger's tables and of the provider's count.

Nothing here uses the product's own queries, which may be wrong in the very way that is to be found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.model.config import Limits
from simulation.files import spell_label
from simulation.machine import Machine
from simulation.provider import Arrival, Provider, Request

HELD = """
SELECT c.name, c.edition, r.pseudonym, k.status, k.id
FROM recipients AS r JOIN chunks AS k ON k.id = r.chunk_id JOIN campaigns AS c ON c.id = r.campaign_id
"""
REFUSED = """
SELECT c.name, c.edition, t.audio, t.notify_url, f.pseudonym, k.run_id
FROM refused AS f JOIN contents AS t ON t.id = f.content_id JOIN campaigns AS c ON c.id = t.campaign_id
JOIN chunks AS k ON k.id = f.chunk_id
"""
DOUBTFUL = """
SELECT k.id, k.name, c.name, c.edition FROM chunks AS k JOIN campaigns AS c ON c.id = k.campaign_id
WHERE k.status IN ('sending', 'unknown') ORDER BY k.id
"""
CHUNKS = "SELECT id, name, status, recipients, run_id FROM chunks ORDER BY id"
OF_ACCOUNT = "(k.account_id = :account_id OR k.account = :account)"
IN_DOUBT = f"SELECT count(*) FROM chunks AS k WHERE k.status IN ('sending', 'unknown') AND {OF_ACCOUNT}"  # noqa: S608
NEWEST_ANSWER = f"""
SELECT k.status = 'accepted' AND k.settled_at IS NULL FROM chunks AS k
WHERE {OF_ACCOUNT} AND (k.status IN ('accepted', 'unknown') OR k.settled_at IS NOT NULL) ORDER BY k.id DESC LIMIT 1
"""  # noqa: S608
ACCEPTED_BEFORE = """
SELECT count(*) FROM chunks AS k JOIN contents AS t ON t.id = k.content_id JOIN campaigns AS c ON c.id = k.campaign_id
WHERE k.status = 'accepted' AND c.name = ? AND c.edition IS ? AND t.audio = ? AND t.notify_url IS ?
"""
LONGEST_REQUEST_S = 60
"""How long before its arrival a request can have been recorded."""
HOLDING = frozenset({"sending", "unknown", "accepted"})


Refusal = tuple[str, str, str | None, int]
"""Somebody who was refused alone: campaign and edition, recording, URL, number."""


class LawBroken(AssertionError):
    """A law does not hold: the product has a defect, or the simulation has."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the table that holds people: how, and by which chunk."""

    status: str
    chunk: int


@dataclass(slots=True)
class Laws:
    """The laws of one history. `numbers` maps pseudonyms to the numbers that they stand for."""

    connection: sqlite3.Connection
    numbers: Mapping[bytes, int]
    provider: Provider
    machine: Machine

    def read_held(self) -> dict[tuple[str, int], Person]:
        """Whom the ledger holds, by campaign and edition. Nobody twice, and nobody by a chunk that is settled."""
        held: dict[tuple[str, int], Person] = {}
        for name, edition, pseudonym, status, chunk in self.connection.execute(HELD):
            person = spell_label(name, edition), self.numbers[pseudonym]
            if person in held:
                raise LawBroken(f"{spell(person)} is held by two chunks")
            if status not in HOLDING:
                raise LawBroken(f"{spell(person)} is held by a chunk that is {status}")
            held[person] = Person(status, chunk)
        return held

    def read_refused(self) -> dict[Refusal, int]:
        """Who counts as refused, and by which run."""
        return {
            (spell_label(name, edition), audio, url, self.numbers[who]): run
            for name, edition, audio, url, who, run in self.connection.execute(REFUSED)
        }

    def check_people(self) -> None:
        """Everybody is accounted for, and the ledger knows of everybody whom the provider reached."""
        held = self.read_held()
        taken = self.provider.taken
        for person, times in taken.items():
            if times > 1:
                raise LawBroken(f"{spell(person)} was reached {times} times")
            if person not in held:
                raise LawBroken(f"{spell(person)} was reached, and is pending in the ledger")
        for person, found in held.items():
            if found.status == "accepted" and person not in taken:
                raise LawBroken(f"{spell(person)} counts as accepted, and was never reached")
        unheard = self.read_refused().keys() - self.provider.refused_alone
        if unheard:
            raise LawBroken(f"{len(unheard)} people count as refused, and the provider refused none of them alone")
        self._check_sums(held.values())

    def _check_sums(self, people: Iterable[Person]) -> None:
        counts: dict[int, int] = {}
        for person in people:
            counts[person.chunk] = counts.get(person.chunk, 0) + 1
        for chunk, name, status, recipients, _ in self.connection.execute(CHUNKS):
            expected = recipients if status in HOLDING else 0
            if counts.get(chunk, 0) != expected:
                raise LawBroken(f"chunk {name} is {status} with {recipients} people, and holds {counts.get(chunk, 0)}")

    def count_in_doubt(self, account_id: int, account: str) -> int:
        """How many chunks are in doubt of this API key or of this name."""
        found: int = self.connection.execute(IN_DOUBT, {"account_id": account_id, "account": account}).fetchone()[0]
        return found

    def read_in_doubt(self) -> list[tuple[str, str, list[int]]]:
        """The chunks in doubt: name, label, people."""
        people: dict[int, list[int]] = {}
        for (_, number), person in self.read_held().items():
            people.setdefault(person.chunk, []).append(number)
        return [
            (chunk, spell_label(name, edition), people.get(chunk_id, []))
            for chunk_id, chunk, name, edition in self.connection.execute(DOUBTFUL)
        ]

    def find_left_behind(self, account_id: int, run_id: int) -> list[int]:
        """The chunks of this API key that are `sending`, but for those of this run."""
        query = "SELECT id FROM chunks WHERE status = 'sending' AND account_id = ? AND run_id <> ?"
        return [chunk for (chunk,) in self.connection.execute(query, (account_id, run_id))]

    def find_reason_to_probe(
        self, account_id: int, account: str, name: str, edition: str | None, content: tuple[str, str | None]
    ) -> str | None:
        """Why the next request of this campaign and account must be a probe, or None."""
        answer = self.connection.execute(NEWEST_ANSWER, {"account_id": account_id, "account": account}).fetchone()
        if answer is not None and not answer[0]:
            return "the account's last answer is not known"
        accepted = self.connection.execute(ACCEPTED_BEFORE, (name, edition, *content)).fetchone()[0]
        return None if accepted else "the content was never accepted"

    def check_departure(self, request: Request, runs: frozenset[int]) -> None:
        """All people of a request that is about to leave are held for it."""
        held = self.read_held()
        owners = {chunk: run for chunk, _, _, _, run in self.connection.execute(CHUNKS)}
        for number in request.numbers:
            person = held.get((request.label, number))
            if person is None or person.status == "accepted" or owners[person.chunk] not in runs:
                how = "nobody" if person is None else f"a chunk that is {person.status}"
                raise LawBroken(f"{spell((request.label, number))} is about to be reached, and is held by {how}")

    def note_arrival(self, request: Request, limits: Iterable[Limits]) -> None:
        """Never more than the limits say in any window, where requests arrive."""
        self.provider.arrivals[request.key].append(Arrival(self.machine.now_s, self.machine.boot))
        for limit in limits:
            self._check_window(self.provider.arrivals[request.key], limit.requests, limit.per.total_seconds())

    def _check_window(self, arrivals: Sequence[Arrival], requests: int, per_s: float) -> None:
        recent = [arrival for arrival in arrivals if self.machine.now_s - arrival.at_s < per_s]
        if len(recent) <= requests:
            return
        # Across a boot there is only the wall clock, and who moves it forwards makes the past longer than it was.
        boots = {arrival.boot for arrival in recent}
        if len(boots) > 1 and self.machine.moved_ahead_at_s > recent[0].at_s - LONGEST_REQUEST_S:
            return
        raise LawBroken(f"{len(recent)} requests arrived within {per_s:g} s, and {requests} are permitted")


def open_laws(path: Path) -> sqlite3.Connection:
    """A connection of the laws' own to the state."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # It empties the tables between histories, which no crash need survive.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = PERSIST")
    return connection


def spell(person: tuple[str, int]) -> str:
    """A person in words."""
    return f"person {person[1] % 1000} of {person[0]}"
