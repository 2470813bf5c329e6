"""Whom an audience has in common with others: people of the ledger, by pseudonym, and of other audiences, by number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from duckdb import DuckDBPyConnection

from runner.audience.engine import ITEMS, count, cut_bytes
from runner.audience.reasons import REASONS, PseudonymSql
from runner.model.plan import Reason
from runner.pseudonyms import PSEUDONYM_BYTES

_PAGE = 100_000
_PEOPLE = ", ".join(
    str(REASONS.index(reason)) for reason in (Reason.PENDING, Reason.ACCEPTED, Reason.UNKNOWN, Reason.SENDING)
)


def count_shared(
    connection: DuckDBPyConnection,
    held: Sequence[Iterable[bytes]],
    planned: Sequence[array[int]],
    pseudonym_sql: PseudonymSql | None,
) -> tuple[int, tuple[int, ...]]:
    """How many of those who are pending or reached are in any of the groups, and how many are in each.

    `held` are groups of the ledger, in pages of joined pseudonyms; `planned`, which follow them, are numbers.
    `pseudonym_sql` is needed where there are any of the ledger.
    """
    connection.execute("CREATE TABLE shared (number BIGINT, member UINTEGER)")
    if held and pseudonym_sql is not None:
        _note_held(connection, held, pseudonym_sql)
    for member, numbers in enumerate(planned, start=len(held)):
        _note_planned(connection, numbers, member)
    everybody = count(connection, "SELECT count(DISTINCT number) FROM shared")
    counted = connection.execute("SELECT member, count(DISTINCT number) FROM shared GROUP BY member").fetchall()
    connection.execute("DROP TABLE shared")
    by_member = dict(counted)
    return everybody, tuple(by_member.get(member, 0) for member in range(len(held) + len(planned)))


def _note_held(connection: DuckDBPyConnection, held: Sequence[Iterable[bytes]], pseudonym_sql: PseudonymSql) -> None:
    pseudonym, parameters = pseudonym_sql("number")
    connection.execute(
        f"CREATE TABLE own AS SELECT number, {pseudonym} AS pseudonym FROM people WHERE reason IN ({_PEOPLE})",
        parameters,
    )
    for member, pages in enumerate(held):
        for page in filter(None, pages):
            connection.execute(
                "INSERT INTO shared SELECT number, $member FROM own"
                f" SEMI JOIN (SELECT item AS pseudonym FROM {ITEMS}) USING (pseudonym)",
                {"member": member, "parts": cut_bytes(page, PSEUDONYM_BYTES)},
            )
    connection.execute("DROP TABLE own")


def _note_planned(connection: DuckDBPyConnection, numbers: array[int], member: int) -> None:
    for start in range(0, len(numbers), _PAGE):
        connection.execute(
            f"INSERT INTO shared SELECT number, $member FROM people"
            f" SEMI JOIN (SELECT unnest($numbers::BIGINT[]) AS number) USING (number) WHERE reason IN ({_PEOPLE})",
            {"member": member, "numbers": numbers[start : start + _PAGE].tolist()},
        )
