"""`campaign state adopt`: people whom something else has reached, held as reached by a campaign from now on."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation
from runner.cli.desks import build_desk, load, sandbox_option, variables_option
from runner.cli.suggestions import complete_campaigns

if TYPE_CHECKING:
    from runner.audience.recipients import Audience
    from runner.model.config import Campaign, Source
    from runner.model.ledger import Adoption
    from runner.plan.desk import Desk
    from runner.state.open import State

PEOPLE_A_CHUNK = 500
MOST_NAMED = 10
NAME = "adopted"
"""The account under which adoptions stand: they are no request of anybody's key."""


@click.command(short_help="Hold people whom something else has reached as reached by a campaign.")
@click.argument("name", metavar="NAME", shell_complete=complete_campaigns)
@click.argument("texts", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--auto-approve", is_flag=True, help="Record them without asking.")
@variables_option
@sandbox_option
@click.pass_obj
def adopt(
    invocation: Invocation,
    *,
    name: str,
    texts: tuple[str, ...],
    auto_approve: bool,
    variables: tuple[str, ...],
    sandbox: bool,
) -> int:
    """Record the people of each SOURCE as reached under the campaign NAME by something else, a script say.

    From then on the campaign does not reach them. SOURCE is a file or glob in the project, or a source as campaigns
    write it: '{file: data/sent.csv, column: phone}'. It counts first, and asks: only a typed `yes` records. It refuses
    where it is not clear which ledger is the campaign's (`previously`).
    """
    invocation.begin("reading sources")
    from runner.cli.states import open_for_recording
    from runner.plan.desk import read_audience
    from runner.project.sources import parse_source

    project = load(invocation, variables)
    sources = tuple(map(parse_source, texts))
    with open_for_recording(invocation, project, sandbox=sandbox) as state:
        desk = build_desk(invocation, project, state, sandbox=sandbox)
        campaign = _find_with_its_ledger(desk, name)
        with read_audience(_take_all(campaign, sources), desk) as audience:
            invocation.write(_say_what_is_adopted(campaign, audience))
            if audience.rows.invalid:
                invocation.warn(_name_invalid(audience))
            if not audience.rows.pending:
                invocation.tell("there is nobody to adopt")
                return 0
            if not auto_approve:
                _ask(invocation)
            invocation.begin("recording")
            _record(invocation, campaign, audience, state, texts, desk)
    people = audience.rows.pending
    counts = "1 person counts" if people == 1 else f"{people:,} people count"
    invocation.write(f"adopted: {counts} as reached by `{campaign.label}`")
    return 0


def _find_with_its_ledger(desk: Desk, name: str) -> Campaign:
    """The one campaign that is named. Raises ProblemsFound where it is not clear which ledger is its own."""
    from runner.cli.recipients import find_one
    from runner.errors import ProblemsFound
    from runner.plan.formers import judge_names

    campaign = find_one(desk, name)
    unclear = tuple(judge_names(campaign, desk.project, desk.records, desk.formers))
    if unclear:
        raise ProblemsFound(unclear)
    return campaign


def _take_all(campaign: Campaign, sources: tuple[Source, ...]) -> Campaign:
    """The campaign for the people of these sources, whoever may be reached today: what happened has happened.

    Its content is nobody's, since whom the provider refused with ours was reached by something else all the same.
    """
    from dataclasses import replace

    from runner.model.config import Kind

    delivery, content = replace(campaign.delivery, kinds=tuple(Kind)), replace(campaign.content, audio="")
    return replace(campaign, recipients=sources, exclude=(), delivery=delivery, content=content)


def _name_invalid(audience: Audience) -> str:
    """Which rows are nobody who could be recognised: whoever stands behind them will be reached by the campaign."""
    from runner.model.plan import Reason

    invalid = (row for row in audience.read_rows(dropped=True) if row.reason is Reason.INVALID)
    named = [f"{row.file or row.source} row {row.row:,} ({row.why})" for row in islice(invalid, MOST_NAMED)]
    more = audience.rows.invalid - len(named)
    told = ", ".join(named) + (f", and {more:,} more" if more else "")
    return f"warning: nobody is recognised in {told}: mend them first, or the campaign may reach those people again"


def _say_what_is_adopted(campaign: Campaign, audience: Audience) -> str:
    from runner.render.words import render_count

    rows = audience.rows
    held = rows.accepted + rows.unknown + rows.sending
    parts = [
        render_count(rows.listed, "row"),
        f"{rows.invalid:,} invalid",
        f"{rows.duplicate:,} duplicate",
        f"{held:,} held by the campaign already",
        f"{rows.pending:,} to adopt",
    ]
    return f"{campaign.label}: {', '.join(parts)}"


def _ask(invocation: Invocation) -> None:
    """Raise RunnerError unless `yes` is typed."""
    from runner.errors import RunnerError

    invocation.warn("From now on the campaign will not reach them; this can't be taken back.")
    click.echo("Only `yes` records it: ", err=True, nl=False)
    if sys.stdin is None or sys.stdin.readline().strip() != "yes":
        hint = "`--auto-approve` records without asking"
        raise RunnerError("not confirmed: nothing was recorded", hint=hint, code="not-confirmed")


def _record(
    invocation: Invocation, campaign: Campaign, audience: Audience, state: State, texts: Sequence[str], desk: Desk
) -> None:
    from runner.cli.origin import find_origin
    from runner.model.clock import SystemClock
    from runner.model.secret import Secret
    from runner.state.lock import hold_account, this_holder

    clock = SystemClock()
    by = find_origin(invocation, desk.project.root).actor
    lock = hold_account(
        state,
        fingerprint=state.pseudonyms.of_account(NAME, "", Secret("")),
        account=NAME,
        holder=this_holder(clock, "campaign state adopt"),
        wait=timedelta(0),
        clock=clock,
    )
    with lock as held:
        state.ledger.adopt(held, _cut(campaign, audience, state, ", ".join(texts), by), clock.read())


def _cut(campaign: Campaign, audience: Audience, state: State, source: str, by: str) -> Iterator[Adoption]:
    from runner.model.ledger import Adoption
    from runner.plan.content import keep_content

    numbers = audience.keep_pending().numbers
    content = keep_content(campaign.content, state.pseudonyms)
    for start in range(0, len(numbers), PEOPLE_A_CHUNK):
        people = state.pseudonyms.of_numbers(numbers[start : start + PEOPLE_A_CHUNK])
        yield Adoption(
            campaign=campaign.name,
            edition=campaign.edition,
            content=content,
            pseudonyms=people,
            source=source,
            by=by,
        )
