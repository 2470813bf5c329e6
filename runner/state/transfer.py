"""A state as a file of JSON Lines, and back: from SQLite to PostgreSQL, and the other way."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, final

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from runner.errors import StateKeyWrong, StateRefused
from runner.model.clock import Clock
from runner.model.ledger import HOLDING, ChunkStatus
from runner.model.secret import Secret
from runner.pseudonyms import Pseudonyms
from runner.state.chunks import find_sender
from runner.state.dialects import insert_people
from runner.state.holders import describe_holder
from runner.state.homes import Home
from runner.state.open import State, find_home, open_state
from runner.state.people import cut_people, join_people, read_joined
from runner.state.settlement import may_settle_not_sent
from runner.state.tables import (
    Amount,
    Moment,
    accounts,
    campaigns,
    chunks,
    contents,
    formers,
    measures,
    recipients,
    refused,
    runs,
    stops,
)
from runner.state.tables import state as state_table
from runner.state.versions import VERSION, create_tables

FORMAT = "state of campaign-runner"
FORMAT_VERSION = 1
TABLES = (accounts, runs, campaigns, contents, chunks, refused, stops, formers, measures)
"""In this order each row finds those that it points at. The people of `recipients` come by chunk."""

PEOPLE_AT_ONCE = 1_000_000
"""Whom an export brings together by their chunks: each time takes a look at everybody, and memory for so many."""
PEOPLE_BY_CHUNK = (
    join_people(recipients.c.pseudonym, people=true())
    .add_columns(recipients.c.campaign_id, recipients.c.chunk_id)
    # What no chunk holds is missed here, and the counts tell.
    .join(chunks, (recipients.c.chunk_id == chunks.c.id) & (recipients.c.campaign_id == chunks.c.campaign_id))
    .where(recipients.c.chunk_id.between(bindparam("first"), bindparam("last")))
    .group_by(recipients.c.chunk_id, recipients.c.campaign_id)
    .order_by(recipients.c.chunk_id, recipients.c.campaign_id)
)

NUMBERED = (accounts, runs, campaigns, contents, chunks, formers)
"""Tables whose next row gets the next number."""


@final
@dataclass(frozen=True, slots=True)
class Header:
    """The first line of an export: which state it is, and that of its key which recognises the key."""

    state_id: str
    serial: int
    check_value: bytes
    created_at: datetime
    retired: bool


def retire(state: State, clock: Clock) -> None:
    """Let the state send no more. Raises StateRefused while a chunk of it may still be under way."""
    with state.transactions.recording() as connection:
        sending = select(chunks.c.name).where(chunks.c.status == ChunkStatus.SENDING)
        for name in connection.execute(sending).scalars().all():
            sender = find_sender(connection, name)
            if sender is not None and not may_settle_not_sent(sender, clock.read()):
                message = f"chunk {name} may still be under way: {describe_holder(sender.holder)} recorded it"
                raise StateRefused(message, hint="let that run end, then retire the state", code="state-in-use")
        retired = update(state_table).where(state_table.c.retired_at.is_(None))
        connection.execute(retired.values(retired_at=clock.now()))


def export_state(state: State) -> Iterator[str]:
    """The whole state, a line a row, with the check of its key and without the key; one moment of it."""
    counts: Counter[str] = Counter()
    with state.transactions.reading() as connection:
        row = connection.execute(select(state_table)).one()
        yield _write_line(
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "state_id": row.state_id,
                "serial": row.serial,
                "check_value": row.check_value.hex(),
                "created_at": row.created_at.isoformat(),
                "retired": row.retired_at is not None,
            }
        )
        for table in TABLES:
            for kept in connection.execute(select(table).order_by(*table.primary_key)).mappings():
                counts[table.name] += 1
                yield _write_line({"table": table.name, "row": {c.name: _pack(kept[c.name]) for c in table.c}})
        for first, last in _group_chunks(connection):
            for row in connection.execute(PEOPLE_BY_CHUNK, {"first": first, "last": last}):
                people = [pseudonym.hex() for pseudonym in cut_people(read_joined(row, "people"))]
                counts[recipients.name] += len(people)
                yield _write_line({"campaign_id": row.campaign_id, "chunk_id": row.chunk_id, "people": people})
        if connection.execute(select(func.count()).select_from(recipients)).scalar_one() != counts[recipients.name]:
            message = "the state is damaged: it holds people whose chunk is not there, or is another campaign's"
            raise StateRefused(message, hint="put back a copy from before", code="state-damaged")
    yield _write_line({"end": dict(counts)})


def _group_chunks(connection: Connection) -> Iterator[tuple[int, int]]:
    """The first and the last of chunks that hold PEOPLE_AT_ONCE people together, or a chunk more; all chunks so."""
    group, people = list[int](), 0
    for chunk in connection.execute(select(chunks.c.id, chunks.c.status, chunks.c.recipients).order_by(chunks.c.id)):
        group.append(chunk.id)
        people += chunk.recipients if chunk.status in HOLDING else 0
        if people >= PEOPLE_AT_ONCE:
            yield group[0], group[-1]
            group, people = [], 0
    if group:
        yield group[0], group[-1]


def import_state(
    lines: Iterator[str], *, url: str, root: Path, key: Secret | None, pin: str | None, clock: Clock
) -> State:
    """Fill an empty state, or make one, with what an export holds.

    It keeps the id of an export that was retired; else it has an id of its own, since the other state goes on. Raises
    StateRefused where there is more than an empty state, where the key is another, and where lines are missing.
    """
    header, home = _read_header(lines), find_home(url, root)
    find_key = home.read_key if key is None else lambda: key
    if Pseudonyms(find_key()).check_value != header.check_value:
        message = "the export was made with another key: by this one, everybody would count as not reached"
        raise StateKeyWrong(message, hint="set `state_key` to its key, or put its key file beside the new state first")
    found = home.find(recording=True)
    state_id = header.state_id if header.retired else secrets.token_hex(16)
    if found is None:
        _refuse_pin(pin, state_id)
        home.make(partial(_fill, home=home, header=header, state_id=state_id, lines=lines), find_key)
    else:
        found.close()
        with open_state(url, root=root, key=key, pin=None, clock=clock) as empty:
            state_id = state_id if header.retired else empty.id
            _refuse_pin(pin, state_id)
            with empty.transactions.recording() as connection:
                _clear(connection, home)
                _fill_rows(connection, home=home, header=header, state_id=state_id, lines=lines)
    return open_state(url, root=root, key=key, pin=state_id, clock=clock)


def _refuse_pin(pin: str | None, state_id: str) -> None:
    if pin not in (None, state_id):
        message = f"`state_id` pins state {pin}, and the imported one would not be it"
        hint = "export with `--retire` to keep the id; or take the pin out, and pin the new id that the import prints"
        raise StateRefused(message, hint=hint, code="state-other")


def _clear(connection: Connection, home: Home) -> None:
    """Raise StateRefused where the state holds anything; what an idle run left in it goes."""
    if connection.execute(select(func.count()).select_from(campaigns)).scalar_one():
        message = f"`{home.name}` is not empty: an import would mix two ledgers"
        raise StateRefused(message, hint="import into an empty place", code="state-exists")
    for table in (stops, measures, runs, accounts, state_table):
        connection.execute(delete(table))


def _fill(connection: Connection, *, home: Home, header: Header, state_id: str, lines: Iterator[str]) -> None:
    create_tables(connection)
    _fill_rows(connection, home=home, header=header, state_id=state_id, lines=lines)


def _fill_rows(connection: Connection, *, home: Home, header: Header, state_id: str, lines: Iterator[str]) -> None:
    connection.execute(
        insert(state_table).values(
            singleton=1,
            version=VERSION,
            state_id=state_id,
            serial=header.serial,
            check_value=header.check_value,
            created_at=header.created_at,
            timeline=home.find_timeline(connection),
        )
    )
    try:
        _insert_lines(connection, lines)
    except (KeyError, TypeError, ValueError, AttributeError, IntegrityError) as error:
        raise _refuse_export(f"a line of it can't be read ({type(error).__name__})") from error
    if connection.dialect.name == "postgresql":
        for table in NUMBERED:
            counter = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(counter, func.max(table.c.id))))


def _insert_lines(connection: Connection, lines: Iterator[str]) -> None:
    tables, counts, campaign_of = {table.name: table for table in TABLES}, Counter[str](), dict[int, int]()
    for line in lines:
        read: Mapping[str, Any] = json.loads(line)
        if "end" in read:
            if Counter(read["end"]) != counts:
                raise _refuse_export("rows are missing")
            return
        if "people" in read:
            if campaign_of[read["chunk_id"]] != read["campaign_id"]:
                raise _refuse_export("people of another campaign's chunk")
            people = [bytes.fromhex(digits) for digits in read["people"]]
            counts[recipients.name] += len(people)
            if people:
                insert_people(connection, read["campaign_id"], read["chunk_id"], people)
        else:
            table: Table = tables[read["table"]]
            counts[table.name] += 1
            values = {name: _unpack(table.c[name], value) for name, value in read["row"].items()}
            connection.execute(insert(table).values(values))
            if table is chunks:
                campaign_of[read["row"]["id"]] = read["row"]["campaign_id"]
    raise _refuse_export("its end is missing")


def _read_header(lines: Iterator[str]) -> Header:
    try:
        read = json.loads(next(lines, ""))
        if read["format"] != FORMAT:
            raise _refuse_export("its first line is another one's")
        if read["format_version"] > FORMAT_VERSION:
            message = "the export was made by a newer release"
            raise StateRefused(message, hint="use that release, or a later one", code="state-newer")
        return Header(
            state_id=read["state_id"],
            serial=read["serial"],
            check_value=bytes.fromhex(read["check_value"]),
            created_at=datetime.fromisoformat(read["created_at"]),
            retired=read["retired"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _refuse_export("its first line can't be read") from error


def _refuse_export(why: str) -> StateRefused:
    hint = "nothing was imported; export again with `campaign state export`"
    return StateRefused(f"this is no whole export of a state: {why}", hint=hint, code="export-damaged")


def _write_line(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _pack(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _unpack(column: Column[Any], value: object) -> object:
    if value is None:
        return None
    parsers: Mapping[type, Callable[[str], object]] = {LargeBinary: bytes.fromhex, Moment: datetime.fromisoformat}
    parse = next((parse for kind, parse in parsers.items() if isinstance(column.type, kind)), None)
    if isinstance(column.type, Amount):
        return column.type.process_result_value(str(value), None)
    return value if parse is None else parse(str(value))
