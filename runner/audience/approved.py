"""The people of a saved plan: sealed when it is made, and the only ones who are left when it is carried out."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from runner.audience.engine import ITEMS, count, cut_bytes
from runner.audience.reasons import REASONS, PseudonymSql
from runner.model.approval import SEAL_BYTES, Narrowing
from runner.model.plan import Reason, Rows

_PAGE = 100_000
_REACHED = (Reason.ACCEPTED, Reason.UNKNOWN, Reason.SENDING)
_EXCLUDED = (Reason.KIND, Reason.EXCLUDED, Reason.POLICY)


def seal_pending(connection: DuckDBPyConnection, pseudonym_sql: PseudonymSql) -> bytes:
    """The seals of those who are pending: the first 12 bytes of each pseudonym, sorted, one after the other."""
    seal, parameters = _seal_sql(pseudonym_sql)
    pending = f"SELECT {seal} AS seal FROM people WHERE reason = {REASONS.index(Reason.PENDING)} ORDER BY seal"
    seals = bytearray()
    with connection.cursor() as cursor:
        cursor.execute(pending, parameters)
        while rows := cursor.fetchmany(_PAGE):
            seals += bytes.fromhex("".join(seal for (seal,) in rows))
    return bytes(seals)


def narrow_people(
    connection: DuckDBPyConnection, approved: bytes, pseudonym_sql: PseudonymSql
) -> tuple[Rows, Narrowing]:
    """Let `people` hold only those whose seals are `approved`; answer what became of them, by row and in short."""
    seal, parameters = _seal_sql(pseudonym_sql)
    connection.execute("CREATE TABLE approved (seal VARCHAR)")
    for start in range(0, len(approved), _PAGE * SEAL_BYTES):
        page = approved[start : start + _PAGE * SEAL_BYTES]
        connection.execute(f"INSERT INTO approved SELECT item FROM {ITEMS}", {"parts": cut_bytes(page, SEAL_BYTES)})
    connection.execute(
        f"CREATE TABLE narrowed AS SELECT people.* FROM (SELECT *, {seal} AS seal FROM people) AS people"
        " SEMI JOIN approved USING (seal)",
        parameters,
    )
    pending = f"SELECT count(*) FROM people WHERE reason = {REASONS.index(Reason.PENDING)}"
    pending_before = count(connection, pending)
    connection.execute("DROP TABLE people")
    connection.execute("ALTER TABLE narrowed RENAME TO people")
    counted = connection.execute("SELECT reason, count(*) FROM people GROUP BY reason").fetchall()
    counts = {REASONS[reason]: people for reason, people in counted}
    rows = Rows(listed=sum(counts.values()), **{reason.value: people for reason, people in counts.items()})
    people = len(approved) // SEAL_BYTES
    narrowing = Narrowing(
        approved=people,
        reached=sum(counts.get(reason, 0) for reason in _REACHED),
        refused=counts.get(Reason.REFUSED, 0),
        excluded=sum(counts.get(reason, 0) for reason in _EXCLUDED),
        gone=people - rows.listed,
        newcomers=pending_before - rows.pending,
    )
    return rows, narrowing


def _seal_sql(pseudonym_sql: PseudonymSql) -> tuple[str, dict[str, bytes]]:
    pseudonym, parameters = pseudonym_sql("number")
    return f"left({pseudonym}, {2 * SEAL_BYTES})", parameters
