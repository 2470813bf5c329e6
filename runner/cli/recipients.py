"""`campaign recipients`: whom a campaign would reach, row by row, and whom not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation
from runner.cli.desks import choose_format, open_desk, sandbox_option, variables_option
from runner.cli.suggestions import complete_campaigns

if TYPE_CHECKING:
    from runner.audience.recipients import Audience
    from runner.errors import Problem
    from runner.model.config import Campaign
    from runner.model.plan import CampaignPlan
    from runner.plan.desk import Desk


@click.command(short_help="Show who would be reached and who not, and why.")
@click.argument("name", metavar="NAME", shell_complete=complete_campaigns)
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
    """Show whom a campaign would reach, row by row; with --dropped whom it would not, and why.

    It says so where nobody is reached for now: the campaign is blocked, by a guard say, or paused, or over.
    """
    invocation.begin("reading sources")
    from runner.errors import RunnerError

    if reveal and invocation.is_ci:
        raise RunnerError(
            "`--show` is refused under `CI`: logs of jobs are read by many and kept for long",
            hint="leave `--show` out, or run the command on a machine of your own",
            code="show-refused",
        )
    with open_desk(invocation, variables, sandbox=sandbox) as desk:
        campaign = find_one(desk, name)
        audience, planned = _judge_audience(campaign, desk)
        with audience:
            pieces = _render_audience(
                invocation, planned, audience, dropped=dropped, reveal=reveal, output_format=output_format
            )
            invocation.write_all(pieces)
    return 0


def _judge_audience(campaign: Campaign, desk: Desk) -> tuple[Audience, CampaignPlan]:
    """Who is reached by the campaign and who not, and what would be done with it, planned alone.

    Raises ProblemsFound where a source fails.
    """
    from runner.errors import ProblemsFound
    from runner.model.plan import Action
    from runner.plan.campaign import plan_campaign
    from runner.plan.desk import read_audience
    from runner.plan.resemblance import Resemblance, count_audios

    planned, audience = plan_campaign(campaign, desk, Resemblance(desk, count_audios([campaign])))
    if audience is not None:
        return audience, planned
    if planned.action is Action.BLOCKED:
        raise ProblemsFound(planned.problems)
    return read_audience(campaign, desk), planned


def find_one(desk: Desk, glob: str) -> Campaign:
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
    invocation: Invocation,
    planned: CampaignPlan,
    audience: Audience,
    *,
    dropped: bool,
    reveal: bool,
    output_format: str,
) -> Iterator[str]:
    """The rows in one of their formats. Where that has no room for why nobody is reached for now, stderr has."""
    from runner.render.recipients import render_csv, render_json, render_text

    blocked = _find_blocking(planned)
    if output_format != "text":
        _tell_what_hinders(invocation, planned, blocked)
    shown = audience.read_rows(dropped=dropped)
    if output_format == "csv":
        return render_csv(shown, reveal=reveal)
    if output_format == "json":
        return render_json(planned.name, planned.edition, audience.rows, shown, reveal=reveal)
    return render_text(
        planned.label,
        audience.rows,
        shown,
        blocked=blocked,
        note=planned.note,
        reveal=reveal,
        width=invocation.width,
        color=invocation.color,
    )


def _find_blocking(planned: CampaignPlan) -> list[Problem]:
    from runner.errors import Severity
    from runner.model.plan import Action

    if planned.action is not Action.BLOCKED:
        return []
    return [problem for problem in planned.problems if problem.severity is Severity.ERROR]


def _tell_what_hinders(invocation: Invocation, planned: CampaignPlan, blocked: Sequence[Problem]) -> None:
    """Say on stderr why nobody is reached for now, where that is so."""
    from runner.render.problems import render_problems
    from runner.render.words import say_note

    if blocked:
        invocation.tell(render_problems(blocked, color=invocation.colors(sys.stderr)))
    if planned.note is not None:
        invocation.tell(f"{planned.label} reaches nobody for now: {say_note(planned.note)}")
