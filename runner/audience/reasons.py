"""Judged rows, exclusions and the ledger → people, each with one reason: joins in the engine, first reason first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.engine import count
from runner.model.config import Kind
from runner.model.plan import Reason, Rows

REASONS = tuple(Reason)
KINDS = tuple(Kind)
PLACE_BITS = 40
PLACE = f"((source::BIGINT << {PLACE_BITS}) | row)"
"""A row's place among all rows: its source, and in the lower bits its number in the source."""

_REASONS_BY_LETTER = {"A": Reason.ACCEPTED, "U": Reason.UNKNOWN, "S": Reason.SENDING, "R": Reason.REFUSED}

PseudonymSql = Callable[[str], tuple[str, dict[str, bytes]]]


def read_ledger(connection: DuckDBPyConnection, pages: Iterable[str]) -> None:
    """Make the table `ledger` (pseudonym, reason) of pages, which are items joined by commas.

    An item is 32 hexadecimal digits and a letter. Whoever stands there twice has the reason that comes first. Raises
    ValueError for an item that can't be read: a person who is not recognised would be reached again.
    """
    reasons = " ".join(f"WHEN '{letter}' THEN {REASONS.index(reason)}" for letter, reason in _REASONS_BY_LETTER.items())
    reason = f"CASE WHEN length(item) = 33 THEN CASE right(item, 1) {reasons} END END"
    connection.execute("CREATE TABLE held (pseudonym BLOB, reason UTINYINT)")
    items = "(SELECT unnest(string_split($page, ',')) AS item)"
    try:
        for page in pages:
            query = f"INSERT INTO held SELECT unhex(left(item, 32)), {reason} FROM {items}"
            connection.execute(query, {"page": page})
    except duckdb.InvalidInputException as error:
        raise ValueError("a person of the ledger can't be read") from error
    broken = count(connection, "SELECT count(*) FROM held WHERE reason IS NULL")
    if broken:
        raise ValueError(f"{broken} people of the ledger can't be read")
    connection.execute("CREATE TABLE ledger AS SELECT pseudonym, min(reason) AS reason FROM held GROUP BY pseudonym")
    connection.execute("DROP TABLE held")


def build_people(connection: DuckDBPyConnection, kinds: Sequence[Kind], pseudonym_sql: PseudonymSql | None) -> None:
    """Make the table `people` (number, place, kind, reason): each number once, where it stands first, and its reason.

    `pseudonym_sql` is asked for where there is a `ledger` to be held against. A later row of a number is none of its
    people: it is a duplicate.
    """
    pseudonym, parameters = pseudonym_sql("number") if pseudonym_sql is not None else ("NULL::BLOB", {})
    wanted = ", ".join(str(KINDS.index(kind)) for kind in kinds) or "NULL"
    ledger = "LEFT JOIN ledger USING (pseudonym)" if pseudonym_sql is not None else ""
    held = "ledger.reason" if pseudonym_sql is not None else "NULL"
    connection.execute(
        f"CREATE TABLE people AS SELECT number, place, kind, coalesce({held}, CASE"
        f" WHEN kind NOT IN ({wanted}) THEN {REASONS.index(Reason.KIND)}"
        f" WHEN excluded.number IS NOT NULL THEN {REASONS.index(Reason.EXCLUDED)}"
        f" ELSE {REASONS.index(Reason.PENDING)} END)::UTINYINT AS reason"
        f" FROM (SELECT *, {pseudonym} AS pseudonym FROM ("
        f"SELECT number, min({PLACE}) AS place, any_value(kind) AS kind FROM judged WHERE number IS NOT NULL"
        f" GROUP BY number)) {ledger} LEFT JOIN excluded USING (number)",
        parameters,
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
