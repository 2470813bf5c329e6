"""`campaign status`, `resolve`, `contacted` and `state`: what the ledger knows, and the hands that may touch it."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from typing import NamedTuple

import click

from runner import __version__
from runner.cli.context import Invocation
from runner.cli.desks import choose_format, load, sandbox_option
from runner.cli.states import create_new, open_existing, open_for_reading
from runner.errors import RunnerError, SettlementRefused
from runner.model.clock import SystemClock
from runner.model.config import Project
from runner.model.ledger import IN_DOUBT, ChunkRecord, ChunkStatus
from runner.model.status import CampaignStatus, Status
from runner.numbers import InvalidNumber, judge_number, mask_number
from runner.plan.selection import Selection
from runner.render.documents import status_document, write_document
from runner.render.status import render_contacts, render_status
from runner.render.words import render_people
from runner.state.lock import this_holder
from runner.state.open import State


@click.command(short_help="Show what the ledger knows of campaigns and chunks.")
@click.argument("name", required=False, metavar="[NAME]")
@choose_format("text", "json")
@sandbox_option
@click.pass_obj
def status(invocation: Invocation, *, name: str | None, output_format: str, sandbox: bool) -> int:
    """Show people and chunks by status, cost and last activity; chunks in doubt first.

    NAME may be a glob (`spring-*`). Exits 3 where a chunk is unknown.
    """
    project = load(invocation)
    state = open_for_reading(invocation, project, sandbox=sandbox)
    try:
        built = _build_status(project, state, Selection((name,) if name else ()))
    finally:
        if state is not None:
            state.close()
    if output_format == "json":
        invocation.write(write_document(status_document(built)))
    else:
        resolve_command = shlex.join((*invocation.spell_command(), "resolve", *(("--sandbox",) if sandbox else ())))
        text = render_status(built, width=invocation.width, color=invocation.color, resolve=resolve_command)
        invocation.write(text)
    return 3 if built.unknown else 0


def _build_status(project: Project, state: State | None, selection: Selection) -> Status:
    built = Status(created_at=SystemClock().now(), runner_version=__version__, timezone=_find_zone(project))
    campaigns = _read_campaigns(state) if state is not None else ()
    selection.refuse_slips([*project.campaigns, *project.failing, *campaigns])
    if state is None:
        return built
    chunks = [chunk for chunk in state.ledger.chunks() if selection.includes(_Identity(chunk.campaign, chunk.label))]
    doubtful = [chunk for chunk in chunks if chunk.status in IN_DOUBT]
    return replace(
        built,
        state_id=state.id,
        serial=state.serial,
        campaigns=tuple(campaign for campaign in campaigns if selection.includes(campaign)),
        in_doubt=tuple(sorted(doubtful, key=lambda c: (c.status is not ChunkStatus.UNKNOWN, c.recorded_at, c.chunk))),
        counted_fewer=tuple(chunk for chunk in chunks if _is_counted_fewer(chunk)),
    )


class _Identity(NamedTuple):
    name: str
    label: str


def _read_campaigns(state: State) -> tuple[CampaignStatus, ...]:
    """Every campaign of the ledger, the latest activity first."""
    records = sorted(state.ledger.campaigns(), key=lambda record: record.label)
    records.sort(key=lambda record: record.last_activity, reverse=True)
    return tuple(
        CampaignStatus(record=record, cost_unknown=state.ledger.campaign_cost(record.campaign, record.edition)[1])
        for record in records
    )


def _is_counted_fewer(chunk: ChunkRecord) -> bool:
    return chunk.status is ChunkStatus.ACCEPTED and chunk.counted is not None and chunk.counted < chunk.recipients


def _find_zone(project: Project) -> str:
    return next(iter(project.accounts.values())).timezone


@click.command(short_help="Settle an unknown chunk.")
@click.argument("chunk", metavar="CHUNK")
@click.option("--accepted", is_flag=True, help="The provider has it: its people were reached.")
@click.option("--provider-id", metavar="ID", help="The provider's id of it, for the record.")
@click.option("--not-sent", is_flag=True, help="The provider has it not: its people are pending again.")
@sandbox_option
@click.pass_obj
def resolve(
    invocation: Invocation, *, chunk: str, accepted: bool, provider_id: str | None, not_sent: bool, sandbox: bool
) -> int:
    """Settle a chunk whose answer is not known, after a look into the provider's list of campaigns.

    --not-sent is refused until no process can still be sending it.
    """
    if accepted == not_sent:
        raise click.UsageError("say what is true of the chunk: either --accepted or --not-sent")
    if not_sent and provider_id is not None:
        raise click.UsageError("--provider-id goes with --accepted: what was not sent has no id")
    state = open_existing(invocation, load(invocation), sandbox=sandbox)
    if state is None:
        raise SettlementRefused(f"there is no chunk `{chunk}`: nothing was ever recorded", code="no-such-chunk")
    clock = SystemClock()
    holder = this_holder(clock, ("resolve",))
    with state:
        by = f"{holder.user}@{holder.host}"
        state.ledger.settle(chunk, accepted=accepted, provider_id=provider_id, by=by, clock=clock)
        settled = state.ledger.find_chunk(chunk)
    if settled is not None:
        invocation.tell(_describe_settlement(settled))
    return 0


def _describe_settlement(chunk: ChunkRecord) -> str:
    people = render_people(chunk.recipients)
    if chunk.status is ChunkStatus.ACCEPTED:
        return f"chunk {chunk.chunk} is accepted: {people} of {chunk.label} count as reached"
    return f"chunk {chunk.chunk} is {chunk.status}: {people} of {chunk.label} are pending again"


@click.command(short_help="Show every campaign that reached a number.")
@click.argument("number", metavar="NUMBER|-")
@sandbox_option
@click.pass_obj
def contacted(invocation: Invocation, *, number: str, sandbox: bool) -> int:
    """Show every campaign that reached this number, when, and in which chunk: the answer to an access request.

    With - the number is read from stdin, and so stands in no list of processes and no shell's history.
    """
    project = load(invocation)
    countries = tuple(dict.fromkeys(country for account in project.accounts.values() for country in account.countries))
    judged = judge_number(sys.stdin.readline().strip() if number == "-" else number, countries, fiction=True)
    if isinstance(judged, InvalidNumber):
        raise RunnerError(f"that is no number that could have been reached: {judged}", code="no-number")
    state = open_for_reading(invocation, project, sandbox=sandbox)
    chunks: tuple[ChunkRecord, ...] = ()
    if state is not None:
        with state:
            chunks = state.ledger.contacts(state.pseudonyms.of_number(judged.e164))
    text = render_contacts(
        mask_number(judged.e164),
        chunks,
        timezone=_find_zone(project),
        width=invocation.width,
        color=invocation.color,
    )
    invocation.write(text)
    return 0


@click.group(short_help="Make or show the state by hand.", subcommand_metavar="COMMAND")
def state() -> None:
    """Make or show the state, in which the ledger lives."""


@state.command(name="init", short_help="Make a new state on purpose, and print the line that pins it.")
@click.pass_obj
def init_state(invocation: Invocation) -> int:
    """Make a new, empty state with a new id, and print the line of campaigns.yaml that pins it.

    Refused where there is a state. What an older state remembers is not in the new one: people that it reached can be
    reached again.
    """
    with create_new(invocation, load(invocation)) as made:
        invocation.write(f"state_id: {made.id}")
    invocation.tell("commit this line in campaigns.yaml: then a lost or other state is refused, never taken for empty")
    return 0


@state.command(name="show", short_help="Show which state it is and what it holds.")
@click.pass_obj
def show_state(invocation: Invocation) -> int:
    """Show the state's id, serial and place, and how much it holds."""
    project = load(invocation)
    found = open_for_reading(invocation, project, sandbox=False)
    if found is None:
        raise RunnerError(
            "there is no state yet",
            hint="the first `campaign apply` makes one; `campaign state init` makes one to pin",
            code="no-state",
        )
    with found:
        campaigns = found.ledger.campaigns()
        lines = [
            f"state_id: {found.id}",
            f"pinned: {'yes' if project.state_id is not None else 'no'}",
            f"serial: {found.serial}",
            f"place: {found.place}",
            f"campaigns: {len(campaigns):,}",
            f"people held: {sum(sum(record.people.values()) for record in campaigns):,}",
            f"chunks: {sum(sum(record.chunks.values()) for record in campaigns):,}",
        ]
    invocation.write("\n".join(lines))
    return 0
