"""Sources, exclusions and the ledger → an audience: every row with one reason, and those who are pending in order."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from duckdb import DuckDBPyConnection

from runner.audience import exclusions
from runner.audience.approved import narrow_people, seal_pending
from runner.audience.engine import bounded_memory, count, open_engine, seal_engine
from runner.audience.judge import judge_rows
from runner.audience.read import ReadSource, create_rows, read_source, select_source, tell_apart, unite_rows
from runner.audience.reasons import (
    PLACE,
    PLACE_BITS,
    REASONS,
    LedgerPeople,
    PseudonymSql,
    build_people,
    count_kinds,
    count_rows,
)
from runner.audience.shared import count_shared
from runner.audience.tables import Means
from runner.audience.warnings import warn_of_pages, warn_of_sources
from runner.errors import Problem, ProblemsFound, RunnerError, Severity, SourceUnreadable
from runner.model.approval import Narrowing
from runner.model.config import Campaign, Kind, Source
from runner.model.plan import Reason, Rows

TABLE = "recipients"
_FETCHED = 65_536
_SPELLED = 500_000


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a row stands: the source as people call it, its file if it has one, and its number there, from 1."""

    source: str
    file: str | None
    row: int


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row and what became of it.

    `number` is the digits of E.164, None where the row is no number; `why` then says why, as an `InvalidNumber` or a
    `Hurt`. `text` is what the source says: the cell, or the start of the row where it can't be read as one.
    """

    source: str
    file: str | None
    row: int
    reason: Reason
    number: int | None
    text: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """Those who are pending, without the engine: 16 bytes a person.

    `numbers` (E.164 digits, unsigned 64 bits) are in the order of their rows.
    """

    numbers: array[int]
    places: array[int]
    sources: Sequence[ReadSource]

    def find_row(self, number: int) -> RowPlace:
        """The first row with this number, in the order of sources and rows. Raises ValueError where there is none."""
        place = self.places[self.numbers.index(number)]
        return _find_place(self.sources, place >> PLACE_BITS, place & ((1 << PLACE_BITS) - 1))


def _find_place(sources: Sequence[ReadSource], source: int, row: int) -> RowPlace:
    read = sources[source]
    file, number = read.find_file(row)
    return RowPlace(read.label, file, number)


class Audience:
    """Who is reached by a campaign and who not. It stays in the engine, and is to be closed.

    `blank_exclusions` counts rows of exclusions whose column is empty, so that they exclude nobody; `exclusion_rows`
    counts all their rows, exclusion by exclusion. `whole` are its rows before it was narrowed.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        sources: Sequence[ReadSource],
        *,
        excluded: exclusions.Excluded,
        warnings: tuple[Problem, ...] = (),
    ) -> None:
        self.whole: Rows = count_rows(connection)
        self.rows = self.whole
        self.pending_by_kind: Mapping[Kind, int] = count_kinds(connection)
        self.blank_exclusions = excluded.blank
        self.exclusion_rows = excluded.rows
        self.warnings = warnings
        self._connection = connection
        self._sources = sources

    @property
    def newcomers(self) -> int:
        """The pending people whom a saved plan leaves out: they wait for another one."""
        return self.whole.pending - self.rows.pending

    def keep_pending(self) -> Pending:
        """The people who are pending, as they are kept when the engine is let go."""
        numbers, places = array("Q"), array("Q")
        pending = f"SELECT number, place FROM people WHERE reason = {REASONS.index(Reason.PENDING)} ORDER BY place"
        with self._connection.cursor() as cursor:
            cursor.execute(pending)
            while rows := cursor.fetchmany(_FETCHED):
                numbers.extend(number for number, _ in rows)
                places.extend(place for _, place in rows)
        return Pending(numbers, places, self._sources)

    def seal_pending(self, pseudonym_sql: PseudonymSql) -> bytes:
        """Those who are pending, as a saved plan holds them: their seals, sorted, one after the other."""
        return seal_pending(self._connection, pseudonym_sql)

    def narrow(self, approved: bytes, pseudonym_sql: PseudonymSql) -> Narrowing:
        """Let it be about the people of a saved plan alone; answer what has become of them.

        `rows` are then the first rows of those people: whoever is in no row any more is counted in the answer.
        """
        self.rows, narrowing = narrow_people(self._connection, approved, pseudonym_sql)
        self.pending_by_kind = count_kinds(self._connection)
        return narrowing

    def count_shared(
        self, held: Sequence[Iterable[bytes]], planned: Sequence[array[int]], pseudonym_sql: PseudonymSql | None
    ) -> tuple[int, tuple[int, ...]]:
        """How many people, pending or reached, are in any of these groups, and in each: `held` by pseudonym first."""
        return count_shared(self._connection, held, planned, pseudonym_sql)

    def spell_pending(self) -> Iterator[str]:
        """The numbers of the people who are pending, page after page, joined by commas."""
        last = count(self._connection, "SELECT max(rowid) FROM people")
        pending = f"SELECT string_agg(number, ',') FROM people WHERE reason = {REASONS.index(Reason.PENDING)}"
        for start in range(0, last + 1, _SPELLED):
            row = self._connection.execute(f"{pending} AND rowid >= {start} AND rowid < {start + _SPELLED}").fetchone()
            if row is not None and row[0] is not None:
                yield row[0]

    def read_rows(self, *, dropped: bool) -> Iterator[JudgedRow]:
        """The rows of those who are pending, or with `dropped` all others, in the order of sources and rows."""
        pending = REASONS.index(Reason.PENDING)
        reason = (
            f"CASE WHEN j.number IS NULL THEN {REASONS.index(Reason.INVALID)}"
            f" WHEN p.number IS NULL THEN {REASONS.index(Reason.DUPLICATE)} ELSE p.reason END"
        )
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"SELECT source, row, {reason} AS verdict, j.number,"
                " coalesce(h.text, r.text, ''), coalesce(h.why, j.why)"
                f" FROM judged AS j JOIN {TABLE} AS r USING (source, row)"
                f" LEFT JOIN {TABLE}_hurt AS h USING (source, row)"
                f" LEFT JOIN people AS p ON p.number = j.number AND p.place = {PLACE}"
                f" WHERE verdict {'<>' if dropped else '='} {pending} ORDER BY source, row"
            )
            while rows := cursor.fetchmany(_FETCHED):
                for source, row, index, number, text, why in rows:
                    place = _find_place(self._sources, source, row)
                    yield JudgedRow(place.source, place.file, place.row, REASONS[index], number, text, why)

    def close(self) -> None:
        """Let go of the engine and of all that is in it."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def build_audience(
    campaign: Campaign,
    *,
    means: Means,
    countries: Sequence[str],
    fiction: bool = False,
    ledger: LedgerPeople | None = None,
) -> Audience:
    """Judge every row of the campaign's sources, and hold them against its exclusions and the ledger.

    `ledger` holds the people of this campaign, where it has any; `fiction` lets the numbers kept for works of fiction
    pass, as in the sandbox.
    Raises ProblemsFound with what is wrong with every source that fails, each at its place.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(closing(open_engine()))
        reading = _Reading(connection, means)
        recipients = reading.read_all(campaign.recipients, TABLE)
        tell_apart(recipients)
        excluding = reading.read_all(campaign.exclude, exclusions.TABLE)
        seal_engine(connection)
        reading.select_all([*recipients, *excluding])
        with _failing_as_problem(campaign):
            excluded = exclusions.judge_exclusions(connection, excluding, countries, fiction=fiction)
            reading.refuse_problems(excluded.problems)
            unite_rows(connection, TABLE, recipients)
            judge = partial(judge_rows, table=TABLE, countries=countries, fiction=fiction)
            build_people(connection, campaign.delivery.kinds, ledger, judge)
            pages = warn_of_pages([*recipients, *excluding])
            warnings = (*warn_of_sources(connection, recipients, campaign.delivery.kinds), *pages, *excluded.problems)
            audience = Audience(connection, recipients, excluded=excluded, warnings=warnings)
        stack.pop_all()
        return audience


def read_excluded(
    campaign: Campaign,
    *,
    means: Means,
    countries: Sequence[str],
    fiction: bool = False,
) -> frozenset[int]:
    """The numbers (E.164 digits) that the campaign's exclusions hold now.

    Raises ProblemsFound, at the exclusions' places, where they can't be trusted to be whole.
    """
    with closing(open_engine()) as connection:
        reading = _Reading(connection, means)
        excluding = reading.read_all(campaign.exclude, exclusions.TABLE)
        seal_engine(connection)
        reading.select_all(excluding)
        with _failing_as_problem(campaign):
            excluded = exclusions.judge_exclusions(connection, excluding, countries, fiction=fiction)
            reading.refuse_problems(excluded.problems)
            numbers = connection.execute(f"SELECT number FROM {exclusions.EXCLUDED}").fetchall()
    return frozenset(number for (number,) in numbers)


class _Reading:
    """The reading of all sources of a campaign, in which one that fails stands in no other's way."""

    def __init__(self, connection: DuckDBPyConnection, means: Means) -> None:
        self._connection = connection
        self._means = means
        self._problems: list[Problem] = []

    def read_all(self, sources: Sequence[Source], table: str) -> list[ReadSource]:
        """Read those that can be read into `table`."""
        create_rows(self._connection, table)
        read = []
        for index, source in enumerate(sources):
            with self._noting(source, table), bounded_memory("this source"):
                read.append(read_source(self._connection, source, index, table=table, means=self._means))
        return read

    def select_all(self, sources: Sequence[ReadSource]) -> None:
        """Select the rows of those that have a `where`."""
        for read in sources:
            with self._noting(read.source, read.table):
                select_source(self._connection, read)

    def refuse_problems(self, others: Sequence[Problem]) -> None:
        """Raise ProblemsFound where a source failed, or one of `others` is an error."""
        found = (*self._problems, *(problem for problem in others if problem.severity is Severity.ERROR))
        if found:
            raise ProblemsFound(found)

    @contextmanager
    def _noting(self, source: Source, table: str) -> Iterator[None]:
        try:
            yield
        except RunnerError as error:
            key = error.key or source.kind
            problem = error.as_problem(source.places.get(key, source.place), source.excerpts.get(key, source.excerpt))
            self._problems.append(exclusions.name_failure(problem) if table == exclusions.TABLE else problem)


@contextmanager
def _failing_as_problem(campaign: Campaign) -> Iterator[None]:
    """What is too much for the engine's memory blocks this campaign, and no other."""
    try:
        with bounded_memory(f"the audience of `{campaign.label}`"):
            yield
    except SourceUnreadable as error:
        raise ProblemsFound((error.as_problem(campaign.place),)) from error
