"""`campaign stop` and `resume`: a flag in the state, which every run reads before each chunk, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation
from runner.cli.desks import load
from runner.cli.suggestions import complete_campaigns

if TYPE_CHECKING:
    from runner.model.names import HandStop, Named


@click.command(short_help="Stop campaigns, or all of them, on every machine.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_campaigns)
@click.pass_obj
def stop(invocation: Invocation, *, names: tuple[str, ...]) -> int:
    """Stop campaigns from any machine that has the state: no run starts another request of them.

    Without a NAME, every campaign is stopped. NAME may be a glob (`spring-*`), which also stops what comes under it
    later. `campaign resume` with the same words lets them go on.
    """
    from runner.cli.states import open_for_recording
    from runner.model.clock import SystemClock
    from runner.plan.selection import Selection
    from runner.state.lock import this_holder

    project, clock = load(invocation), SystemClock()
    with open_for_recording(invocation, project, sandbox=False) as state:
        Selection(names).refuse_slips([*project.campaigns, *project.failing, *state.ledger.campaigns()])
        holder = this_holder(clock, "campaign stop")
        state.ledger.stop(names, by=f"{holder.user}@{holder.host}", clock=clock)
        for known in state.ledger.stops():
            invocation.tell(f"{known.describe()}; {known.describe_end()}")
    return 0


@click.command(short_help="Let go on what `stop` has stopped.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_campaigns)
@click.pass_obj
def resume(invocation: Invocation, *, names: tuple[str, ...]) -> int:
    """Let go on what `campaign stop` has stopped with the same words; the next `campaign apply` sends again."""
    from runner.cli.states import open_existing
    from runner.errors import RunnerError

    project = load(invocation)
    state = open_existing(invocation, project, sandbox=False)
    if state is None:
        raise RunnerError("nothing is stopped: nothing was ever recorded", code="not-stopped")
    with state:
        others = state.ledger.resume(names)
        stops = state.ledger.stops()
        campaigns: list[Named] = [*project.campaigns, *project.failing, *state.ledger.campaigns()]
    if others:
        words, verb = ", ".join(f"`{glob}`" for glob in others), "was" if len(others) == 1 else "were"
        known = "; ".join(stop.describe() for stop in stops) or "nothing is"
        message = f"{words} {verb} not stopped by these words" if names else "nobody has stopped all campaigns at once"
        raise RunnerError(message, hint=f"stopped: {known}", code="not-stopped")
    for glob in names or ("",):
        words = f"`{glob}`" if glob else "all campaigns"
        if _is_stopped_too(glob, stops, campaigns):
            invocation.tell(f"the stop of {words} is taken back; what other words stopped stays so")
        else:
            invocation.tell(f"{words} may go on: the next `campaign apply` sends again")
    for stop in stops:
        invocation.tell(f"still stopped: {stop.describe()}; {stop.describe_end()}")
    return 0


def _is_stopped_too(glob: str, stops: Iterable[HandStop], campaigns: Iterable[Named]) -> bool:
    """Whether one of these stops holds a campaign that `glob` is about, which is all of them where it is empty."""
    from runner.model.names import matches

    resumed = [campaign for campaign in campaigns if not glob or matches(glob, campaign)]
    return any(stop.covers(campaign) for stop in stops for campaign in resumed)
