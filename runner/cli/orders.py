"""What `apply` is to carry out: campaigns chosen by name, or a saved plan."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import click

from runner.cli.context import Invocation
from runner.cli.desks import load, spell_apply, spell_plan
from runner.cli.saved import PlanFile, read_saved, spell_apply_plan
from runner.errors import RunnerError
from runner.model.approval import Approval
from runner.model.config import Project
from runner.plan.saved import PlanRefused, SavedPlan
from runner.plan.selection import Selection
from runner.state.open import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be carried out: campaigns that were chosen, or a saved plan. `again` is the command that goes on."""

    project: Project
    selection: Selection
    again: str
    plan_file: PlanFile | None = None
    max_age: timedelta = timedelta.max

    @property
    def approval(self) -> Approval | None:
        """The upper bound, where a saved plan sets one."""
        return None if self.plan_file is None else self.plan_file.saved.approval

    @property
    def blocked_before(self) -> int:
        """The campaigns that a saved plan left out, since they were blocked when it was made."""
        return 0 if self.plan_file is None else len(self.plan_file.saved.plan.blocked)

    def refuse_change(self, state: State, now: datetime) -> None:
        """Raise where a saved plan may not be carried out on this state now."""
        if self.plan_file is not None:
            self.plan_file.refuse_stranger(state)
            self.plan_file.refuse_change(self.project, state, now=now, max_age=self.max_age)


def take_order(
    invocation: Invocation,
    names: tuple[str, ...],
    excluded: tuple[str, ...],
    variables: Sequence[str],
    *,
    file: str | None,
    max_age: timedelta,
    sandbox: bool,
) -> Order:
    """The campaigns of these globs as their files and sources are now, or those of the saved plan in `file`."""
    if file is not None:
        _refuse_choice(names, excluded, variables)
        return _follow_plan(invocation, file, max_age, sandbox=sandbox)
    again = spell_apply(invocation, names, excluded, variables, sandbox=sandbox)
    return Order(project=load(invocation, variables), selection=Selection(names, excluded), again=again)


def _follow_plan(invocation: Invocation, file: str, max_age: timedelta, *, sandbox: bool) -> Order:
    plan_file = read_saved(invocation, file)
    saved = plan_file.saved
    _refuse_other_kind(saved, sandbox=sandbox)
    return Order(
        project=load(invocation, saved.variables),
        selection=Selection(labels=frozenset(saved.people)),
        again=spell_apply_plan(invocation, file, sandbox=sandbox),
        plan_file=plan_file,
        max_age=max_age,
    )


def _refuse_choice(names: Sequence[str], excluded: Sequence[str], variables: Sequence[str]) -> None:
    """A saved plan says itself which campaigns it is about, and with which variables."""
    for given, what in ((names, "NAME"), (excluded, "--exclude"), (variables, "--var")):
        if given:
            raise click.UsageError(f"a saved plan takes no {what}: plan anew with it, and save that")


def refuse_dry_run(
    invocation: Invocation,
    names: Sequence[str],
    excluded: Sequence[str],
    variables: Sequence[str],
    *,
    file: str | None,
    sandbox: bool,
) -> NoReturn:
    """Raise with the command that shows what these arguments of `apply` would do: it is another one."""
    if file is not None:
        step = shlex.join([*invocation.spell_command(), "show", file])
        raise RunnerError("a dry run of a saved plan is `campaign show`", hint=f"run `{step}`", code="dry-run")
    step = spell_plan(invocation, names, excluded, variables, sandbox=sandbox)
    raise RunnerError("a dry run is `campaign plan`: it shows, and sends nothing", hint=f"run `{step}`", code="dry-run")


def _refuse_other_kind(saved: SavedPlan, *, sandbox: bool) -> None:
    """Raise PlanRefused where a rehearsal would be sent for real, or the other way."""
    if saved.sandbox and not sandbox:
        message = "this plan was made with --sandbox"
        raise PlanRefused(message, hint="carry it out with --sandbox", code="plan-other-state")
    if sandbox and not saved.sandbox:
        message = "this plan was made for the real accounts, not for the sandbox"
        raise PlanRefused(message, hint="plan with --sandbox to rehearse", code="plan-other-state")
