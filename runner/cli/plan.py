"""`campaign plan` and `campaign recipients`: what `apply` would do, and whom it would reach."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation, first_exit
from runner.cli.desks import choose_format, open_desk, sandbox_option, spell_apply, variables_option

if TYPE_CHECKING:
    from runner.audience.recipients import Audience
    from runner.model.config import Campaign
    from runner.model.plan import Plan
    from runner.plan.desk import Desk


@click.command(short_help="Show what `apply` would do; change nothing.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--exclude", "excluded", multiple=True, metavar="NAME", help="Leave these campaigns out.")
@choose_format("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there is something to send.")
@variables_option
@sandbox_option
@click.pass_obj
def plan(
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    excluded: tuple[str, ...],
    output_format: str,
    detailed_exitcode: bool,
    variables: tuple[str, ...],
    sandbox: bool,
) -> int:
    """Show what `campaign apply` would do with these campaigns, or all; change nothing.

    NAME and the NAME of --exclude may be globs (`spring-*`).
    """
    from runner.cli.states import warn_of_unpinned
    from runner.plan.build import build_plan
    from runner.plan.selection import Selection

    with open_desk(invocation, variables, sandbox=sandbox) as desk:
        made = build_plan(desk, Selection(names, excluded)).plan
        if not sandbox:
            made = replace(made, warnings=(*made.warnings, *warn_of_unpinned(invocation, desk.project)))
    if output_format == "json":
        _write_json(invocation, made)
    else:
        step = spell_apply(invocation, names, excluded, variables, sandbox=sandbox)
        _write_text(invocation, made, step)
    return first_exit((1 if made.blocked else 0, 2 if detailed_exitcode and made.sending else 0))


def _write_json(invocation: Invocation, made: Plan) -> None:
    """The document on stdout; warnings, for which it has no key, on stderr."""
    from runner.render.documents import plan_document, write_document
    from runner.render.problems import render_problem

    for warning in made.warnings:
        invocation.tell(render_problem(warning, color=invocation.colors(sys.stderr)))
    invocation.write(write_document(plan_document(made)))


def _write_text(invocation: Invocation, made: Plan, next_step: str) -> None:
    from runner.render.text import render_plan

    invocation.write(render_plan(made, width=invocation.width, color=invocation.color, next_step=next_step))


@click.command(short_help="Show who would be reached and who not, and why.")
@click.argument("name", metavar="NAME")
@click.option("--dropped", is_flag=True, help="Show the rows that would not be reached, and why.")
@click.option("--show", "reveal", is_flag=True, help="Show whole numbers; refused under CI.")
@choose_format("text", "json", "csv")
@variables_option
@sandbox_option
@click.pass_obj
def recipients(
    invocation: Invocation,
    *,
    name: str,
    dropped: bool,
    reveal: bool,
    output_format: str,
    variables: tuple[str, ...],
    sandbox: bool,
) -> int:
    """Show whom a campaign would reach, row by row; with --dropped whom it would not, and why."""
    from runner.errors import RunnerError
    from runner.plan.desk import read_audience

    if reveal and invocation.is_ci:
        raise RunnerError(
            "`--show` is refused under `CI`: logs of jobs are read by many and kept for long",
            hint="leave `--show` out, or run the command on a machine of your own",
            code="show-refused",
        )
    with open_desk(invocation, variables, sandbox=sandbox) as desk:
        campaign = _find_one(desk, name)
        with read_audience(campaign, desk) as audience:
            pieces = _render_audience(
                invocation, campaign, audience, dropped=dropped, reveal=reveal, output_format=output_format
            )
            invocation.write_all(pieces)
    return 0


def _find_one(desk: Desk, glob: str) -> Campaign:
    """The one campaign that is named. Raises what is wrong with its file, where that is all that is known of it."""
    from runner.errors import ProblemsFound
    from runner.plan.selection import NothingSelected, Selection

    project, selection = desk.project, Selection((glob,))
    selection.refuse_slips([*project.campaigns, *project.failing])
    found = [campaign for campaign in project.campaigns if selection.includes(campaign)]
    failing = [campaign for campaign in project.failing if selection.includes(campaign)]
    if len(found) + len(failing) > 1:
        labels = ", ".join(f"`{label}`" for label in [*(c.label for c in found), *(c.label for c in failing)])
        raise NothingSelected(f"`{glob}` is more than one campaign: {labels}", hint="name one of them")
    if failing:
        raise ProblemsFound(failing[0].problems)
    return found[0]


def _render_audience(
    invocation: Invocation, campaign: Campaign, audience: Audience, *, dropped: bool, reveal: bool, output_format: str
) -> Iterator[str]:
    from runner.render.recipients import render_csv, render_json, render_text

    shown = audience.read_rows(dropped=dropped)
    if output_format == "csv":
        return render_csv(shown, reveal=reveal)
    if output_format == "json":
        return render_json(campaign.name, campaign.edition, audience.rows, shown, reveal=reveal)
    return render_text(
        campaign.label, audience.rows, shown, reveal=reveal, width=invocation.width, color=invocation.color
    )
