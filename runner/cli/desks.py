"""From what was typed to a desk: the project with its `--var`s, its state, what templates see."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner import __version__
from runner.cli.context import Invocation
from runner.cli.suggestions import complete_campaigns

if TYPE_CHECKING:
    from runner.model.config import Project
    from runner.plan.desk import Desk
    from runner.state.open import State

Command = TypeVar("Command", bound=Callable[..., Any])

exclude_option = click.option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="NAME",
    help="Leave these campaigns out.",
    shell_complete=complete_campaigns,
)
variables_option = click.option(
    "--var", "variables", multiple=True, metavar="K=V", help="Set a declared variable; V is read as YAML."
)
sandbox_option = click.option("--sandbox", is_flag=True, help="Rehearse with the embedded sandbox and its own state.")
rehearsals_option = click.option("--sandbox", is_flag=True, help="Take the state of rehearsals, and not the real one.")


def choose_format(*formats: str) -> Callable[[Command], Command]:
    """The option `--format`, of which the first of `formats` is the default."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print it.",
    )


def load(invocation: Invocation, variables: Sequence[str] = ()) -> Project:
    """The project around the folder of this invocation. Raises ProblemsFound where its file is wrong."""
    from runner.project.load import find_root, load_project

    root = find_root(invocation.directory)
    return load_project(root, runner_version=__version__, variables=parse_variables(variables))


def parse_variables(variables: Sequence[str]) -> dict[str, str]:
    """Each `K=V` by its name; of one given twice the last counts. Raises a usage error where there is no `=`."""
    parsed = {}
    for variable in variables:
        name, equals, value = variable.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"`{variable}` is not of the form K=V", param_hint="--var")
        parsed[name] = value
    return parsed


def build_desk(invocation: Invocation, project: Project, state: State | None, *, sandbox: bool) -> Desk:
    """All that campaigns are planned from, at this moment."""
    from runner.model.clock import SystemClock
    from runner.plan.desk import Desk, count_in_doubt, read_records

    environment = invocation.environment
    return Desk(
        project=project,
        state=state,
        records=read_records(state),
        in_doubt=count_in_doubt(state),
        exposed={name: environment[name] for name in project.expose_env if name in environment},
        environment=environment,
        now=SystemClock().now(),
        sandbox=sandbox,
        runner_version=__version__,
        stops=state.ledger.stops() if state is not None else (),
        formers=state.ledger.formers() if state is not None else {},
        measures=state.ledger.measures() if state is not None else {},
    )


@contextmanager
def open_desk(invocation: Invocation, variables: Sequence[str], *, sandbox: bool) -> Iterator[Desk]:
    """A desk for looking only: the state is read, never made or changed, and closed afterwards."""
    from runner.cli.states import open_for_reading

    project = load(invocation, variables)
    state = open_for_reading(invocation, project, sandbox=sandbox)
    try:
        yield build_desk(invocation, project, state, sandbox=sandbox)
    finally:
        if state is not None:
            state.close()


def spell_apply(
    invocation: Invocation, names: Sequence[str], excluded: Sequence[str], variables: Sequence[str], *, sandbox: bool
) -> str:
    """The complete command that carries out what was planned with these arguments, to be pasted into a shell."""
    return _spell(invocation, "apply", names, excluded, variables, sandbox=sandbox)


def spell_plan(
    invocation: Invocation, names: Sequence[str], excluded: Sequence[str], variables: Sequence[str], *, sandbox: bool
) -> str:
    """The complete command that shows what `apply` would do with these arguments."""
    return _spell(invocation, "plan", names, excluded, variables, sandbox=sandbox)


def _spell(
    invocation: Invocation,
    command: str,
    names: Sequence[str],
    excluded: Sequence[str],
    variables: Sequence[str],
    *,
    sandbox: bool,
) -> str:
    from runner.numbers import mask_numbers

    words = [*invocation.spell_command(), command, *names]
    for glob in excluded:
        words += ["--exclude", glob]
    for variable in variables:
        # What is printed is kept in logs, where no number stands.
        words += ["--var", mask_numbers(variable)]
    return shlex.join([*words, "--sandbox"] if sandbox else words)


def spell_resume(invocation: Invocation) -> str:
    """How the user calls `campaign resume` in this project."""
    return shlex.join([*invocation.spell_command(), "resume"])


def spell_resolve(invocation: Invocation, *, sandbox: bool) -> str:
    """How the user calls `campaign resolve` for the state that this command is about."""
    return shlex.join([*invocation.spell_command(), "resolve", *(["--sandbox"] if sandbox else [])])
