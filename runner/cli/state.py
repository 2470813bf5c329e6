"""`campaign status`, `resolve`, `contacted` and `state`: what the ledger knows, and the hands that may touch it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from runner.cli.adoption import adopt
from runner.cli.byhand import accept, export_state, import_state, unlock
from runner.cli.context import Invocation
from runner.cli.desks import choose_format, load, rehearsals_option, spell_resolve, spell_resume
from runner.cli.suggestions import complete_campaigns, complete_chunks

if TYPE_CHECKING:
    from runner.model.config import Project
    from runner.model.ledger import ChunkRecord
    from runner.model.status import Status
    from runner.numbers import Number


@click.command(short_help="Show what the ledger knows of campaigns and chunks.")
@click.argument("name", required=False, metavar="[NAME]", shell_complete=complete_campaigns)
@choose_format("text", "json", "html")
@rehearsals_option
@click.pass_obj
def status(invocation: Invocation, *, name: str | None, output_format: str, sandbox: bool) -> int:
    """Show people and chunks by status, by campaign and by day, cost against estimate, and the last activity.

    What `campaign stop` stopped comes first, then chunks in doubt, each with the commands that settle it. NAME may be a
    glob (`spring-*`). Exits 3 where a chunk is unknown.
    """
    invocation.begin("reading the ledger")
    from runner.cli.states import open_for_reading
    from runner.cli.statuses import build_status
    from runner.model.clock import SystemClock
    from runner.plan.selection import Selection

    project, selection = load(invocation), Selection((name,) if name else ())
    with open_for_reading(invocation, project, sandbox=sandbox) or nullcontext() as found:
        built = build_status(project, found, selection, SystemClock(), sandbox=sandbox)
    resolve, resume = spell_resolve(invocation, sandbox=sandbox), spell_resume(invocation)
    invocation.write(_render_status_in(output_format, invocation, built, resolve=resolve, resume=resume))
    return 3 if built.unknown else 0


def _render_status_in(output_format: str, invocation: Invocation, built: Status, *, resolve: str, resume: str) -> str:
    from runner.render.documents import status_document, write_document
    from runner.render.language import LANGUAGES
    from runner.render.status import render_status
    from runner.render.status_page import render_status_page

    match output_format:
        case "json":
            return write_document(status_document(built, resolve=resolve, resume=resume))
        case "html":
            return render_status_page(built, LANGUAGES[built.language], resolve=resolve, resume=resume)
        case _:
            return render_status(built, width=invocation.width, color=invocation.color, resolve=resolve, resume=resume)


@click.command(short_help="Settle an unknown chunk.")
@click.argument("chunk", metavar="CHUNK", shell_complete=complete_chunks)
@click.option("--accepted", is_flag=True, help="The provider has it: its people were reached.")
@click.option("--provider-id", metavar="ID", help="The provider's id of it, for the record.")
@click.option("--not-sent", is_flag=True, help="The provider has it not: its people are pending again.")
@rehearsals_option
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
    if provider_id is not None and (provider_id == "ID" or len(provider_id.split()) != 1):
        raise click.UsageError(f"`{provider_id}` is no provider's id: leave --provider-id out where it is not known")
    from runner.numbers import mask_written

    if provider_id is not None and mask_written(provider_id) != provider_id:
        raise click.UsageError("--provider-id is spelled like a telephone number: no state may hold one")
    from runner.cli.states import open_existing
    from runner.errors import SettlementRefused
    from runner.model.clock import SystemClock
    from runner.state.lock import this_holder

    found = open_existing(invocation, load(invocation), sandbox=sandbox)
    if found is None:
        raise SettlementRefused(f"there is no chunk `{chunk}`: nothing was ever recorded", code="no-such-chunk")
    clock = SystemClock()
    holder = this_holder(clock, "campaign resolve")
    with found:
        by = f"{holder.user}@{holder.host}"
        found.ledger.settle(chunk, accepted=accepted, provider_id=provider_id, by=by, clock=clock)
        settled = found.ledger.find_chunk(chunk)
    if settled is not None:
        invocation.tell(_describe_settlement(settled))
    return 0


def _describe_settlement(chunk: ChunkRecord) -> str:
    from runner.model.ledger import ChunkStatus
    from runner.render.words import render_people

    people = render_people(chunk.recipients)
    if chunk.status is ChunkStatus.ACCEPTED:
        return f"chunk {chunk.chunk} is accepted: {people} of {chunk.label} count as reached"
    return f"chunk {chunk.chunk} is {chunk.status}: {people} of {chunk.label} are pending again"


@click.command(short_help="Show every campaign that reached a number.")
@click.argument("number", metavar="NUMBER|-")
@rehearsals_option
@click.pass_obj
def contacted(invocation: Invocation, *, number: str, sandbox: bool) -> int:
    """Show every campaign that reached this number, when, and in which chunk: the answer to an access request.

    With - the number is read from stdin, and so stands in no list of processes and no shell's history.
    """
    invocation.begin("reading the ledger")
    from runner.cli.states import open_for_reading
    from runner.cli.statuses import find_zone
    from runner.numbers import mask_number
    from runner.render.status import render_contacts

    project = load(invocation)
    judged = _judge(_read_stdin() if number == "-" else number, project)
    chunks: tuple[ChunkRecord, ...] = ()
    with open_for_reading(invocation, project, sandbox=sandbox) or nullcontext() as found:
        if found is not None:
            chunks = found.ledger.contacts(found.pseudonyms.of_number(judged.e164))
    text = render_contacts(
        mask_number(judged.e164),
        chunks,
        timezone=find_zone(project),
        width=invocation.width,
        color=invocation.color,
    )
    invocation.write(text)
    return 0


def _read_stdin() -> str:
    """The first line of stdin, which may be closed."""
    return sys.stdin.readline().strip() if sys.stdin is not None else ""


def _judge(text: str, project: Project) -> Number:
    """The number that is asked about, read as in any account's countries. Raises where it is none."""
    from runner.errors import RunnerError
    from runner.numbers import InvalidNumber, judge_number

    countries = dict.fromkeys(country for account in project.accounts.values() for country in account.countries)
    judged = judge_number(text, tuple(countries), fiction=True)
    if isinstance(judged, InvalidNumber):
        raise RunnerError(
            f"that is no number that could have been reached: {judged.phrase}",
            hint="write all of its digits, as it is dialled in its country or after `+33`",
            code="no-number",
        )
    return judged


@click.group(short_help="Make, show, move or mend the state by hand.", subcommand_metavar="COMMAND")
def state() -> None:
    """Make, show, move or mend the state, which remembers whom each campaign has reached."""


@state.command(name="init", short_help="Make a new state on purpose, and print the line that pins it.")
@click.pass_obj
def init_state(invocation: Invocation) -> int:
    """Make a new, empty state with a new id, and print the line of campaigns.yaml that pins it.

    Refused where there is a state. What an older state remembers is not in the new one: people that it reached can be
    reached again.
    """
    from runner.cli.states import create_new

    with create_new(invocation, load(invocation)) as made:
        invocation.write(f"state_id: {made.id}")
    invocation.tell("commit this line in campaigns.yaml: then a lost or other state is refused, never taken for empty")
    return 0


@state.command(name="show", short_help="Show which state it is and what it holds.")
@click.pass_obj
def show_state(invocation: Invocation) -> int:
    """Show the state's id, serial and place, whether it was retired, and how much it holds."""
    from runner.cli.states import open_as_it_is
    from runner.model.clock import spell_moment

    project = load(invocation)
    with open_as_it_is(invocation, project) as found:
        campaigns, retired_at = found.ledger.campaigns(), found.retired_at
        retired = () if retired_at is None else (f"retired: {spell_moment(retired_at)}; another state goes on with it",)
        lines = [
            f"state_id: {found.id}",
            f"pinned: {'yes' if project.state_id is not None else 'no'}",
            f"serial: {found.serial}",
            f"place: {found.home.name}",
            *retired,
            f"campaigns: {len(campaigns):,}",
            f"people held: {sum(sum(record.people.values()) for record in campaigns):,}",
            f"chunks: {sum(sum(record.chunks.values()) for record in campaigns):,}",
            *(f"stopped: {stop.describe()}" for stop in found.ledger.stops()),
        ]
    invocation.write("\n".join(lines))
    return 0


for by_hand in (export_state, import_state, unlock, accept, adopt):
    state.add_command(by_hand)
