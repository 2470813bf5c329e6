"""The ledger: every transaction on chunks and people. What each does stands in the module of its noun."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import final

from runner.model.approval import Mark, Overtaking
from runner.model.clock import Clock, Instant
from runner.model.ledger import (
    Acceptance,
    Adoption,
    CampaignRecord,
    ChunkRecord,
    ChunkStatus,
    Departure,
    Hearers,
    NewChunk,
    SenderRecord,
)
from runner.model.names import HandStop, Identity
from runner.state import (
    answers,
    campaigns,
    chunks,
    marks,
    measures,
    people,
    recording,
    renaming,
    resemblance,
    settlement,
    stops,
)
from runner.state.fence import Held
from runner.state.tables import chunks as chunks_table
from runner.state.transactions import Transactions


@final
class Ledger:
    """The durable record of every chunk and every person it holds.

    Each method is one transaction, or one a page. StateUnavailable says that it could not be carried out just now; an
    answer that could not be recorded must be recorded again, for as long as it takes: to do so twice is harmless.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._serial = 0

    def campaigns(self) -> tuple[CampaignRecord, ...]:
        """All campaigns, by name and edition."""
        with self._transactions.reading() as connection:
            return campaigns.read_campaigns(connection)

    def find_campaign(self, name: str, edition: str | None) -> CampaignRecord | None:
        """What the ledger knows of this campaign and edition, if anything."""
        with self._transactions.reading() as connection:
            return campaigns.find_campaign(connection, name, edition)

    def campaign_cost(self, name: str, edition: str | None) -> tuple[dict[str, Decimal], int]:
        """What the campaign cost so far by currency, and the people it holds whose cost no answer has told."""
        with self._transactions.reading() as connection:
            return campaigns.find_cost(connection, name, edition)

    def learnt_price(self, account: str) -> tuple[Decimal, str] | None:
        """What one message of this account cost, and in which currency, by the newest answer that tells."""
        with self._transactions.reading() as connection:
            return campaigns.find_price(connection, account)

    def heard_audio_name(self, name: str, edition: str | None, audio: str) -> str | None:
        """What the provider called this recording in its newest answer to the campaign that tells."""
        with self._transactions.reading() as connection:
            return campaigns.find_audio_name(connection, name, edition, audio)

    def read_people(self, name: str, edition: str | None, content_digest: bytes) -> Iterator[people.People]:
        """The people that may not be sent to, in pages, each with one reason of theirs.

        They are those of accepted, unknown and sending chunks, and those refused with this very content. They are read
        by transactions of their own, so that nobody who records waits for whoever reads. Raises StateRefused where one
        of them can't be told: a person who is not recognised would be reached again.
        """
        with self._transactions.reading() as connection:
            campaign_id = people.find_campaign_id(connection, name, edition)
        if campaign_id is None:
            return
        for read in (people.read_held, people.read_refused):
            yield from self._read_all(read, campaign_id, content_digest)

    def _read_all(self, read: people.ReadPage, campaign_id: int, content_digest: bytes) -> Iterator[people.People]:
        last: bytes | None = b""
        while last is not None:
            with self._transactions.reading() as connection:
                page, last = read(connection, campaign_id, content_digest, last)
            yield from page

    def find_people(
        self, name: str, edition: str | None, content_digest: bytes, asked: Iterable[Sequence[bytes]]
    ) -> Iterator[people.People]:
        """Those of `asked`, pages of pseudonyms, that may not be sent to, and perhaps others: as `read_people` does.

        For a campaign that holds many more people than are asked for.
        """
        with self._transactions.reading() as connection:
            campaign_id = people.find_campaign_id(connection, name, edition)
        if campaign_id is None:
            return
        for page in asked:
            with self._transactions.reading() as connection:
                found = people.find_held(connection, campaign_id, page)
            yield from found
        yield from self._read_all(people.read_refused, campaign_id, content_digest)

    def mark(self) -> Mark:
        """The ledger's moment now, to be held against a later one."""
        with self._transactions.reading() as connection:
            return marks.read_mark(connection)

    def find_overtaking(self, mark: Mark, plan_id: str, labels: Collection[str]) -> tuple[Overtaking, ...]:
        """What other plans than this one sent for these campaigns since `mark`, the first of each.

        Raises StateRefused where this is an older copy of the state that was marked.
        """
        with self._transactions.reading() as connection:
            return marks.find_overtaking(connection, mark, plan_id, labels)

    def formers(self) -> dict[Identity, Identity]:
        """Every name and edition that a campaign had before, and those that it has."""
        with self._transactions.reading() as connection:
            return renaming.read_formers(connection)

    def rename(self, former: Identity, name: Identity) -> bool:
        """Let the ledger of `former` go on under `name`, for ever.

        False where it knows nothing of that one, and while somebody whom it holds under both names is in doubt.
        """
        with self._transactions.recording() as connection:
            return renaming.rename(connection, former, name)

    def measures(self) -> dict[str, int]:
        """How much there was of everything that was measured, when something was last sent."""
        with self._transactions.reading() as connection:
            return measures.read_measures(connection)

    def note_measures(self, numbers: Mapping[str, int], clock: Clock) -> None:
        """Keep how much there is of what is about to be sent."""
        with self._transactions.recording() as connection:
            measures.note_measures(connection, numbers, clock.now())

    def find_hearers(self, audio: str) -> tuple[Hearers, ...]:
        """The campaigns that hold people for this recording, with the last time that they sent it."""
        with self._transactions.reading() as connection:
            return resemblance.find_hearers(connection, audio)

    def read_hearers(self, hearers: Hearers) -> Iterator[bytes]:
        """The pseudonyms of those people, in pages, in which one stands after the other."""
        last: bytes | None = b""
        while last is not None:
            with self._transactions.reading() as connection:
                page, last = resemblance.read_hearers(connection, hearers, last)
            yield page

    def contacts(self, pseudonym: bytes) -> tuple[ChunkRecord, ...]:
        """Every chunk that holds this person: those that reached them, and those of which that is not known."""
        with self._transactions.reading() as connection:
            return chunks.read_contacts(connection, pseudonym)

    def chunks(
        self, name: str | None = None, edition: str | None = None, statuses: Iterable[ChunkStatus] | None = None
    ) -> tuple[ChunkRecord, ...]:
        """The chunks of one campaign and edition, or of all, in the order in which they were recorded."""
        with self._transactions.reading() as connection:
            return chunks.read_selected(connection, name, edition, statuses)

    def find_chunk(self, chunk: str) -> ChunkRecord | None:
        """The chunk of this name, if there is one."""
        with self._transactions.reading() as connection:
            found = chunks.read_chunks(connection, chunks_table.c.name == chunk)
        return found[0] if found else None

    def find_sender(self, chunk: str) -> SenderRecord | None:
        """Who recorded the chunk of this name, when, and whether its request has ended."""
        with self._transactions.reading() as connection:
            return chunks.find_sender(connection, chunk)

    def departures(self, held: Held, *, newest: int) -> tuple[Departure, ...]:
        """The requests of this API key that pacing must know: the `newest` that ended, and all with no known end."""
        with self._transactions.reading() as connection:
            return chunks.read_departures(connection, held, newest)

    def in_doubt(self, held: Held) -> int:
        """How many chunks are in doubt of this account, by its API key or its name, over all runs and campaigns."""
        with self._transactions.reading() as connection:
            return chunks.count_in_doubt(connection, held)

    def must_probe(self, held: Held) -> bool:
        """Whether the account's next request must be a probe: one became unknown, and none was accepted since.

        A settlement by an operator is no answer of the provider, so it ends no probing.
        """
        with self._transactions.reading() as connection:
            return chunks.must_probe(connection, held)

    def record_sending(self, held: Held, chunk: NewChunk, instant: Instant, *, max_in_doubt: int) -> str:
        """Record the chunk as `sending` with all its people, in one durable transaction; answer the chunk's name.

        Raises LockLost where the lock is another's, CampaignStoppedByHand where somebody stopped the campaign,
        TooManyInDoubt where the account has no place left, ProbeNeeded where its last answer is not known and the chunk
        is larger than a probe, AlreadyHeld where the campaign holds somebody of the chunk, StateRefused where an older
        copy of the state took its place meanwhile.
        Whatever it raises, the request may not leave.
        """
        with self._transactions.fenced() as connection:
            name, serial = recording.record_sending(
                connection, held, chunk, instant, max_in_doubt=max_in_doubt, serial=self._serial
            )
        self._serial = serial
        return name

    def adopt(self, held: Held, adoptions: Iterable[Adoption], instant: Instant) -> tuple[str, ...]:
        """Record people as reached by something else, all of them or nobody; answer the chunks' names.

        Raises AlreadyHeld where the campaign holds one of them.
        """
        with self._transactions.fenced() as connection:
            return tuple(recording.record_adopted(connection, held, adoption, instant) for adoption in adoptions)

    def record_accepted(self, held: Held, chunk: str, acceptance: Acceptance, ended: Instant) -> None:
        """Record that the provider took the chunk. Raises AlreadySettled where it was settled as not sent."""
        if not answers.accept_sending(self._transactions, held, chunk, acceptance, ended):
            with self._transactions.recording() as connection:
                answers.record_accepted(connection, held, chunk, acceptance, ended)

    def record_rejected(self, held: Held, chunk: str, people: Sequence[bytes], reason: str, ended: Instant) -> None:
        """Record that the provider refused the chunk: `people`, all whom it holds, are pending again.

        Raises AlreadySettled where it was settled as accepted.
        """
        with self._transactions.recording() as connection:
            answers.record_rejected(connection, held, chunk, people, reason, ended)

    def record_unknown(self, held: Held, chunk: str, reason: str, ended: Instant | None) -> None:
        """Record that nobody knows what became of the chunk; `ended` is when its bytes could last arrive, if known."""
        with self._transactions.recording() as connection:
            answers.record_unknown(connection, held, chunk, reason, ended)

    def record_refused(self, held: Held, chunk: str, person: bytes, reason: str, ended: Instant) -> None:
        """Record that the provider refused `person`, alone in this chunk, who is not tried again with this content.

        Raises AlreadySettled where the chunk was settled as accepted.
        """
        with self._transactions.recording() as connection:
            answers.record_refused(connection, held, chunk, person, reason, ended)

    def forgive_refused(self, held: Held, names: Sequence[str]) -> None:
        """Record that these chunks were refused for no number's fault: their people are pending again."""
        with self._transactions.fenced() as connection:
            answers.forgive_refused(connection, held, names)

    def sweep(self, held: Held, clock: Clock) -> tuple[str, ...]:
        """Make `unknown` what earlier runs of the account left `sending`, and answer the chunks' names."""
        with self._transactions.fenced() as connection:
            return settlement.sweep(connection, held, clock.read())

    def sweep_dead(self, clock: Clock) -> tuple[str, ...]:
        """Make `unknown` every chunk, of any account, that no process can still be sending, and answer their names."""
        with self._transactions.recording() as connection:
            return settlement.sweep_dead(connection, clock.read())

    def refused_alone(self, name: str, edition: str | None, content_digest: bytes) -> tuple[str, ...]:
        """The chunks of numbers that were refused alone with this content since the campaign's last acceptance."""
        with self._transactions.reading() as connection:
            return people.read_refused_alone(connection, name, edition, content_digest)

    def settle(self, chunk: str, *, accepted: bool, provider_id: str | None, by: str, clock: Clock) -> None:
        """Turn a chunk in doubt into `accepted`, or into `released`, which makes its people pending again.

        `by` says who does so. Raises SettlementRefused where there is no such chunk, where it is not in doubt, and
        where a process may still be sending it: an `unknown` one may then be accepted, but not released.
        """
        with self._transactions.recording() as connection:
            settlement.settle(connection, chunk, accepted=accepted, provider_id=provider_id, by=by, clock=clock)

    def stops(self) -> tuple[HandStop, ...]:
        """Which campaigns somebody stopped by hand."""
        with self._transactions.reading() as connection:
            return stops.read_stops(connection)

    def stop(self, globs: Sequence[str], *, by: str, clock: Clock) -> None:
        """Stop the campaigns that these globs are about, or all without any, on every machine, until they are resumed.

        No chunk of them is recorded from now on; the answer under way is awaited as ever.
        """
        with self._transactions.recording() as connection:
            stops.stop(connection, globs, by, clock.now())

    def resume(self, globs: Sequence[str]) -> tuple[str, ...]:
        """Let go on what was stopped by these very globs; answer those by which nothing was stopped."""
        with self._transactions.recording() as connection:
            return stops.resume(connection, globs)
