"""A campaign under a new name: its ledger goes on under that one, and remembers the former."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from runner.errors import AlreadyHeld
from runner.model.ledger import IN_DOUBT, NewChunk
from runner.model.names import Identity
from runner.state.people import find_campaign_id
from runner.state.tables import campaigns, chunks, contents, formers, recipients, refused, runs

RENAMED = (
    select(formers.c.campaign_id)
    .where(
        formers.c.name == bindparam("campaign"),
        formers.c.edition.is_not_distinct_from(bindparam("edition")),
        formers.c.last_run >= bindparam("run_id"),
    )
    .limit(1)
)


def read_formers(connection: Connection) -> dict[Identity, Identity]:
    """Every name that a campaign had, and the one that it has."""
    now = (campaigns.c.name.label("now"), campaigns.c.edition.label("now_edition"))
    query = select(formers.c.name, formers.c.edition, *now).join(campaigns, formers.c.campaign_id == campaigns.c.id)
    query = query.order_by(formers.c.id)
    return {(row.name, row.edition): (row.now, row.now_edition) for row in connection.execute(query)}


def rename(connection: Connection, former: Identity, name: Identity) -> bool:
    """Let the ledger of `former` go on under `name`; False where it knows nothing of that name, or must wait.

    What it holds under the new name already is joined to it: whoever is held by one of them is held by the whole. That
    waits while somebody whom both hold is in doubt: who is released from one chunk is held by the other one still.
    """
    former_id = find_campaign_id(connection, *former)
    if former_id is None:
        return False
    campaign_id = find_campaign_id(connection, *name)
    if campaign_id is None:
        campaign_id = former_id
        renamed = update(campaigns).where(campaigns.c.id == former_id)
        connection.execute(renamed.values(name=name[0], edition=name[1]))
    elif _share_doubt(connection, former_id, campaign_id):
        return False
    else:
        _join(connection, former_id, campaign_id)
    last_run = connection.execute(select(func.coalesce(func.max(runs.c.id), 0))).scalar_one()
    named = {"name": former[0], "edition": former[1]}
    connection.execute(insert(formers).values(campaign_id=campaign_id, last_run=last_run, **named))
    return True


def refuse_renamed(connection: Connection, chunk: NewChunk, campaign_id: int) -> None:
    """Raise AlreadyHeld: the campaign of this chunk was renamed, and is `campaign_id`, since this run began.

    The people that it holds stand under the new name, so that nothing here would keep them from being reached again.
    """
    renamed = connection.execute(select(campaigns.c.name).where(campaigns.c.id == campaign_id)).scalar_one()
    message = f"`{chunk.label}` was renamed while this run went on: its ledger goes on under `{renamed}`"
    raise AlreadyHeld(message, hint="apply again, with the files of today")


def _share_doubt(connection: Connection, former_id: int, campaign_id: int) -> bool:
    """Whether somebody is held by both campaigns, and in doubt in one of them."""
    ours, theirs = recipients.alias(), recipients.alias()
    our_chunk, their_chunk = chunks.alias(), chunks.alias()
    doubtful = our_chunk.c.status.in_(sorted(IN_DOUBT)) | their_chunk.c.status.in_(sorted(IN_DOUBT))
    shared = (
        select(ours.c.pseudonym)
        .join(theirs, ours.c.pseudonym == theirs.c.pseudonym)
        .join(our_chunk, ours.c.chunk_id == our_chunk.c.id)
        .join(their_chunk, theirs.c.chunk_id == their_chunk.c.id)
        .where(ours.c.campaign_id == former_id, theirs.c.campaign_id == campaign_id, doubtful)
    )
    return connection.execute(shared.limit(1)).first() is not None


def _join(connection: Connection, former_id: int, campaign_id: int) -> None:
    _join_contents(connection, former_id, campaign_id)
    other = recipients.alias()
    held_by_both = exists().where(other.c.campaign_id == campaign_id, other.c.pseudonym == recipients.c.pseudonym)
    connection.execute(delete(recipients).where(recipients.c.campaign_id == former_id, held_by_both))
    for table in (recipients, chunks, formers):
        connection.execute(update(table).where(table.c.campaign_id == former_id).values(campaign_id=campaign_id))
    connection.execute(delete(campaigns).where(campaigns.c.id == former_id))


def _join_contents(connection: Connection, former_id: int, campaign_id: int) -> None:
    kept = contents.alias()
    same = select(contents.c.id, kept.c.id.label("same")).join_from(
        contents, kept, (kept.c.campaign_id == campaign_id) & (kept.c.digest == contents.c.digest)
    )
    for row in connection.execute(same.where(contents.c.campaign_id == former_id)).all():
        other = refused.alias()
        refused_by_both = exists().where(other.c.content_id == row.same, other.c.pseudonym == refused.c.pseudonym)
        connection.execute(delete(refused).where(refused.c.content_id == row.id, refused_by_both))
        for table in (refused, chunks):
            connection.execute(update(table).where(table.c.content_id == row.id).values(content_id=row.same))
        connection.execute(delete(contents).where(contents.c.id == row.id))
    connection.execute(update(contents).where(contents.c.campaign_id == former_id).values(campaign_id=campaign_id))
