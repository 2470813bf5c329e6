"""A moment of the ledger, and which plans were carried out since."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from runner.errors import StateRefused
from runner.model.approval import Mark, Overtaking
from runner.model.ledger import HOLDING
from runner.state.tables import campaigns, chunks, runs
from runner.state.tables import state as state_table

OLDER = "put back the newer copy: this one forgot people, whom `campaign state adopt` can name where it is lost"


def read_mark(connection: Connection) -> Mark:
    """The moment that it is now."""
    serial = connection.execute(select(state_table.c.serial)).scalar_one()
    last = connection.execute(select(chunks.c.name).order_by(chunks.c.id.desc()).limit(1)).scalar()
    return Mark(serial=serial, last_chunk=last)


def find_overtaking(
    connection: Connection, mark: Mark, plan_id: str, labels: Collection[str]
) -> tuple[Overtaking, ...]:
    """For each of these campaigns the first chunk since `mark` that another plan than this one sent.

    Raises StateRefused where this is an older copy of the state that was marked.
    """
    since = _find_place(connection, mark)
    label = campaigns.c.name + func.coalesce("@" + campaigns.c.edition, "")
    query = (
        select(label.label("label"), chunks.c.plan_id, chunks.c.recorded_at, runs.c.user, runs.c.host)
        .join(campaigns, chunks.c.campaign_id == campaigns.c.id)
        .join(runs, chunks.c.run_id == runs.c.id)
        .where(chunks.c.id > since, chunks.c.status.in_(sorted(HOLDING)), ~chunks.c.adopted)
        .where(chunks.c.plan_id.is_distinct_from(plan_id))
        .order_by(chunks.c.id)
    )
    first: dict[str, Overtaking] = {}
    for row in connection.execute(query):
        if row.label in labels and row.label not in first:
            first[row.label] = Overtaking(
                label=row.label, plan_id=row.plan_id, who=f"{row.user}@{row.host}", at=row.recorded_at
            )
    return tuple(first.values())


def _find_place(connection: Connection, mark: Mark) -> int:
    """Where the marked chunk stands among all, 0 before the first."""
    now = read_mark(connection)
    place = 0
    if mark.last_chunk is not None:
        place = connection.execute(select(chunks.c.id).where(chunks.c.name == mark.last_chunk)).scalar() or 0
    if now.serial < mark.serial or (mark.last_chunk is not None and place == 0):
        lacks = f"chunk {mark.last_chunk}" if mark.last_chunk is not None else "what was recorded"
        message = f"the state is an older copy of the one that the plan was made on: {lacks}, known then, is not in it"
        raise StateRefused(message, hint=OLDER, code="plan-state-older")
    return place
