"""`campaign plan` and `campaign show`: what `apply` would do, and what a saved plan holds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation, first_exit
from runner.cli.desks import (
    build_desk,
    choose_format,
    exclude_option,
    load,
    open_desk,
    sandbox_option,
    spell_apply,
    variables_option,
)
from runner.cli.suggestions import complete_campaigns, complete_files, complete_plans

if TYPE_CHECKING:
    from runner.model.plan import Plan
    from runner.plan.desk import Desk
    from runner.plan.selection import Selection


@click.command(short_help="Show what `apply` would do; change nothing.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_campaigns)
@exclude_option
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    help="Save the plan, for `campaign apply --plan FILE`.",
    shell_complete=complete_files,
)
@choose_format("text", "json", "markdown", "html")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there is something to send.")
@variables_option
@sandbox_option
@click.pass_obj
def plan(
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    excluded: tuple[str, ...],
    file: str | None,
    output_format: str,
    detailed_exitcode: bool,
    variables: tuple[str, ...],
    sandbox: bool,
) -> int:
    """Show what `campaign apply` would do with these campaigns, or all; change nothing.

    With -o the plan is saved too: `campaign apply --plan FILE` then does that and nothing more. A saved plan belongs to
    a state, which is made where there is none yet. NAME and the NAME of --exclude may be globs (`spring-*`).
    """
    invocation.begin("planning")
    from runner.plan.selection import Selection

    selection = Selection(names, excluded)
    if file is None:
        made = _plan(invocation, selection, variables, sandbox=sandbox)
        step = spell_apply(invocation, names, excluded, variables, sandbox=sandbox)
    else:
        from runner.cli.saved import spell_apply_plan

        made = _plan_and_save(invocation, file, selection, variables, sandbox=sandbox)
        step = spell_apply_plan(invocation, file, sandbox=sandbox)
    write_plan_in(output_format, invocation, made, step)
    if file is not None:
        is_told = output_format == "text" or not made.sending
        invocation.tell(f"saved to {file}" if is_told else f"saved to {file}; next step: {step}")
    return first_exit((1 if made.blocked else 0, 2 if detailed_exitcode and made.sending else 0))


def _plan(invocation: Invocation, selection: Selection, variables: Sequence[str], *, sandbox: bool) -> Plan:
    from runner.plan.build import build_plan

    with open_desk(invocation, variables, sandbox=sandbox) as desk:
        return _warn(invocation, build_plan(desk, selection).plan, desk, sandbox=sandbox)


def _plan_and_save(
    invocation: Invocation, file: str, selection: Selection, variables: tuple[str, ...], *, sandbox: bool
) -> Plan:
    from runner.cli.saved import refuse_numbers, refuse_to_replace, save_plan
    from runner.cli.states import make_where_absent
    from runner.plan.build import build_plan

    refuse_numbers(variables)
    refuse_to_replace(invocation, file)
    project = load(invocation, variables)
    with make_where_absent(invocation, project, sandbox=sandbox) as state:
        # What another run records from here on must count as later than the plan, which may not have seen it.
        mark = state.ledger.mark()
        desk = build_desk(invocation, project, state, sandbox=sandbox)
        planning = build_plan(desk, selection, seal=True)
        planning = replace(planning, plan=_warn(invocation, planning.plan, desk, sandbox=sandbox))
        save_plan(
            invocation, file, planning, project=project, state=state, mark=mark, variables=variables, sandbox=sandbox
        )
    return planning.plan


def _warn(invocation: Invocation, made: Plan, desk: Desk, *, sandbox: bool) -> Plan:
    """The plan with what `apply` would say of its state."""
    from runner.cli.states import warn_of_unpinned

    if sandbox:
        return made
    if desk.state is not None and desk.state.doubt is not None:
        invocation.warn(f"warning: {desk.state.doubt}")
    return replace(made, warnings=(*made.warnings, *warn_of_unpinned(invocation, desk.project)))


def write_plan_in(output_format: str, invocation: Invocation, made: Plan, next_step: str) -> None:
    """Print a plan in one of its formats; `next_step` is the complete command that carries it out."""
    match output_format:
        case "json":
            _write_json(invocation, made)
        case "text":
            _write_text(invocation, made, next_step)
        case _:
            _write_document(output_format, invocation, made, next_step)


def _write_json(invocation: Invocation, made: Plan) -> None:
    from runner.render.documents import plan_document, write_document

    tell_warnings(invocation, made)
    invocation.write(write_document(plan_document(made)))


def tell_warnings(invocation: Invocation, made: Plan) -> None:
    """Say on stderr what a plan's document has no key for: the warnings that are about no campaign."""
    from runner.render.problems import render_problem

    for warning in made.warnings:
        invocation.tell(render_problem(warning, color=invocation.colors(sys.stderr)))


def _write_text(invocation: Invocation, made: Plan, next_step: str) -> None:
    from runner.cli.pages import point_to_pages
    from runner.render.text import render_plan

    invocation.write(render_plan(made, width=invocation.width, color=invocation.color, next_step=next_step))
    point_to_pages(invocation, [*made.warnings, *(problem for each in made.campaigns for problem in each.problems)])


def _write_document(output_format: str, invocation: Invocation, made: Plan, next_step: str) -> None:
    """Markdown or HTML, in the language that the project asks for."""
    from runner.render.language import LANGUAGES
    from runner.render.plan_markdown import render_plan_markdown
    from runner.render.plan_page import render_plan_page

    render = render_plan_markdown if output_format == "markdown" else render_plan_page
    invocation.write(render(made, LANGUAGES[made.language], next_step=next_step))


@click.command(short_help="Show a saved plan again.")
@click.argument("file", metavar="PLANFILE", shell_complete=complete_plans)
@choose_format("text", "json", "markdown", "html")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there is something to send.")
@click.pass_obj
def show(invocation: Invocation, *, file: str, output_format: str, detailed_exitcode: bool) -> int:
    """Show a plan that `campaign plan -o` saved, as it was made.

    It needs no project, state or key: a checksum tells that the file is whole. Whether it was altered by somebody is
    for `campaign apply --plan` to say, which has the key.
    """
    from runner.cli.saved import read_saved, spell_apply_plan

    saved = read_saved(invocation, file).saved
    step = spell_apply_plan(invocation, file, sandbox=saved.sandbox)
    write_plan_in(output_format, invocation, saved.plan, step)
    return first_exit((1 if saved.plan.blocked else 0, 2 if detailed_exitcode and saved.plan.sending else 0))
