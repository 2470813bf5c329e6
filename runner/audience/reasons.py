"""Judged rows, exclusions and the ledger → people, each with one reason: joins in the engine, first reason first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from runner.audience.engine import ITEMS, count, cut_bytes
from runner.model.config import Kind
from runner.model.plan import Reason, Rows
from runner.pseudonyms import PSEUDONYM_BYTES

REASONS = tuple(Reason)
KINDS = tuple(Kind)
PLACE_BITS = 40
PLACE = f"((source::BIGINT << {PLACE_BITS}) | row)"
"""A row's place among all rows: its source, and in the lower bits its number in the source."""

PseudonymSql = Callable[[str], tuple[str, dict[str, bytes]]]

ASKED_ABOUT = 2
"""A ledger with so many times more people than there are rows is asked for those of the rows alone."""

_ASKED = 20_000
_HEARD_S = 0.05

# Place and kind in one number, whose lower bits can tell four kinds: two aggregates would take a quarter more time.
_KIND_BITS = 2
_PERSONS = (
    f"(SELECT number, first_row >> {_KIND_BITS} AS place, (first_row & {(1 << _KIND_BITS) - 1})::UTINYINT AS kind"
    f" FROM (SELECT number, min(({PLACE} << {_KIND_BITS}) | kind) AS first_row FROM judged WHERE number IS NOT NULL"
    " GROUP BY number))"
)


@dataclass(frozen=True, slots=True)
class LedgerPeople:
    """A campaign's people in the ledger: about how many there are, and what turns a column of numbers into pseudonyms.

    `read` answers pages of all of them, `find` of those who are among some pseudonyms, which it may ask for more
    than once: each page a reason, and the pseudonyms for whom it is one, joined.
    """

    count: int
    read: Callable[[], Iterable[tuple[Reason, bytes]]]
    find: Callable[[Callable[[], Iterable[Sequence[bytes]]]], Iterable[tuple[Reason, bytes]]]
    pseudonym_sql: PseudonymSql


def build_people(
    connection: DuckDBPyConnection,
    kinds: Sequence[Kind],
    ledger: LedgerPeople | None,
    judge: Callable[[DuckDBPyConnection], None],
) -> None:
    """Make the table `people` (number, place, kind, reason): each number once, where it stands first, and its reason.

    `judge` makes the table `judged` of the rows. A later row of a number is none of its people: it is a duplicate.
    Raises ValueError for people of the ledger who can't be read.
    """
    if ledger is None:
        judge(connection)
        _give_reasons(connection, kinds, _PERSONS, "NULL")
        return
    _ask_ledger(connection, ledger, judge)
    _give_reasons(connection, kinds, "persons LEFT JOIN ledger USING (pseudonym)", "ledger.reason")
    if count(connection, "SELECT count(*) FROM people") > count(connection, "SELECT count(*) FROM persons"):
        # Whoever was settled and sent to again between two pages stands in both. That is rare, so it is found here.
        once = "(SELECT pseudonym, min(reason) AS reason FROM ledger GROUP BY pseudonym) AS ledger"
        _give_reasons(connection, kinds, f"persons LEFT JOIN {once} USING (pseudonym)", "ledger.reason")
    connection.execute("DROP TABLE persons")


def _ask_ledger(
    connection: DuckDBPyConnection, ledger: LedgerPeople, judge: Callable[[DuckDBPyConnection], None]
) -> None:
    """Make the tables `persons`, with their pseudonyms, and `ledger`, with those of them at least whom it holds."""
    is_asked = ledger.count > ASKED_ABOUT * count(connection, "SELECT count(*) FROM recipients")
    with connection.cursor() as aside, ThreadPoolExecutor(max_workers=1) as pool, ExitStack() as at_end:
        # Both take long, and neither needs the other. A state is read by the thread that opened it.
        named = pool.submit(_name_persons, aside, ledger.pseudonym_sql, judge)
        # Whoever gives up would wait for the other to end.
        at_end.callback(_interrupt, aside, named)
        if not is_asked:
            _read_ledger(connection, ledger.read())
        named.result()
    if is_asked:
        _read_ledger(connection, ledger.find(lambda: _fetch_pseudonyms(connection)))


def _interrupt(connection: DuckDBPyConnection, running: Future[None]) -> None:
    """End what runs there, if anything does: what it is told between two statements it forgets, so it is told again."""
    while not running.done():
        connection.interrupt()
        wait([running], timeout=_HEARD_S)


def _name_persons(
    connection: DuckDBPyConnection, pseudonym_sql: PseudonymSql, judge: Callable[[DuckDBPyConnection], None]
) -> None:
    judge(connection)
    pseudonym, parameters = pseudonym_sql("number")
    hashed = f"SELECT *, unhex({pseudonym})::UUID AS pseudonym FROM {_PERSONS}"
    connection.execute(f"CREATE TABLE persons AS {hashed}", parameters)


def _read_ledger(connection: DuckDBPyConnection, pages: Iterable[tuple[Reason, bytes]]) -> None:
    """Make the table `ledger` (pseudonym, reason).

    Raises ValueError for a page that can't be cut: a person who is not recognised would be reached again.
    """
    # As 16 bytes of a fixed width they take a third of a text's room. Out of bytes, unlike digits, it is had at once.
    connection.execute("CREATE TABLE ledger (pseudonym UUID, reason UTINYINT)")
    query = f"INSERT INTO ledger SELECT unhex(item)::UUID, $reason FROM {ITEMS}"
    for reason, people in pages:
        if people:
            connection.execute(query, {"parts": cut_bytes(people, PSEUDONYM_BYTES), "reason": REASONS.index(reason)})


def _fetch_pseudonyms(connection: DuckDBPyConnection) -> Iterator[Sequence[bytes]]:
    """All of them in their order, in which the ledger keeps them too, page after page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pseudonym::BLOB FROM persons ORDER BY pseudonym")
        while rows := cursor.fetchmany(_ASKED):
            yield [pseudonym for (pseudonym,) in rows]


def _give_reasons(connection: DuckDBPyConnection, kinds: Sequence[Kind], persons: str, held: str) -> None:
    """Make the table `people` of `persons`, where the expression `held` is the reason that the ledger has, if any."""
    wanted = ", ".join(str(KINDS.index(kind)) for kind in kinds) or "NULL"
    is_excluded = "FALSE"
    # A join takes its time with nobody, too.
    if count(connection, "SELECT count(*) FROM excluded"):
        persons, is_excluded = f"{persons} LEFT JOIN excluded USING (number)", "excluded.number IS NOT NULL"
    connection.execute(
        f"CREATE OR REPLACE TABLE people AS SELECT number, place, kind, coalesce({held}, CASE"
        f" WHEN kind NOT IN ({wanted}) THEN {REASONS.index(Reason.KIND)}"
        f" WHEN {is_excluded} THEN {REASONS.index(Reason.EXCLUDED)}"
        f" ELSE {REASONS.index(Reason.PENDING)} END)::UTINYINT AS reason FROM {persons}"
    )


def count_rows(connection: DuckDBPyConnection) -> Rows:
    """How many rows there are, and how many each reason took: counted apart, so that the sum says something."""
    counted = connection.execute("SELECT reason, count(*) FROM people GROUP BY reason").fetchall()
    counts = {REASONS[reason].value: rows for reason, rows in counted}
    judged = count(connection, "SELECT count(number) FROM judged")
    return Rows(
        listed=count(connection, "SELECT count(*) FROM recipients"),
        invalid=count(connection, "SELECT count(*) FROM judged WHERE number IS NULL"),
        duplicate=judged - sum(counts.values()),
        **counts,
    )


def count_kinds(connection: DuckDBPyConnection) -> dict[Kind, int]:
    """The people who are pending, by kind of line."""
    pending = f"SELECT kind, count(*) FROM people WHERE reason = {REASONS.index(Reason.PENDING)} GROUP BY kind"
    return {KINDS[kind]: people for kind, people in sorted(connection.execute(pending).fetchall())}
