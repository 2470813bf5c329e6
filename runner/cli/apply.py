"""`campaign apply`: its words. What they set going is in `runner.cli.carryout`."""

from __future__ import annotations

from datetime import timedelta

import click

from runner.cli.context import Invocation
from runner.cli.desks import choose_format, exclude_option, sandbox_option, variables_option
from runner.cli.durations import DURATION
from runner.cli.suggestions import complete_campaigns, complete_plans


@click.command(short_help="Plan, show, ask, send.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_campaigns)
@exclude_option
@click.option(
    "--plan",
    "file",
    metavar="FILE",
    help="Carry out this saved plan and nothing more; don't ask again.",
    shell_complete=complete_plans,
)
@click.option(
    "--max-age",
    type=DURATION,
    default="7d",
    show_default=True,
    metavar="DURATION",
    help="Refuse a saved plan that is older.",
)
@click.option("--auto-approve", is_flag=True, help="Send without asking.")
@click.option("--limit", type=click.IntRange(min=1), metavar="RECIPIENTS", help="Reach at most so many people now.")
@click.option("--deadline", type=DURATION, metavar="DURATION", help="Start no request later than this (50m).")
@click.option(
    "--lock-timeout",
    type=DURATION,
    default="0s",
    show_default=True,
    metavar="DURATION",
    help="Wait so long for another runner to end.",
)
@choose_format("text", "json")
@click.option("--dry-run", is_flag=True, hidden=True)
@variables_option
@sandbox_option
@click.pass_obj
def apply(
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    excluded: tuple[str, ...],
    file: str | None,
    max_age: timedelta,
    auto_approve: bool,
    limit: int | None,
    deadline: timedelta | None,
    lock_timeout: timedelta,
    output_format: str,
    dry_run: bool,
    variables: tuple[str, ...],
    sandbox: bool,
) -> int:
    """Send what `campaign plan` shows, chunk by chunk, paced to the provider's limit; nobody is reached twice.

    It shows the plan and asks first: only a typed `yes` sends. Stop it with Ctrl-C: the answer under way is awaited,
    and the same command goes on later. NAME and the NAME of --exclude may be globs (`spring-*`).

    With --plan it reaches only people of a plan that `campaign plan -o` saved, with exactly the content that was in it,
    and refuses it where its campaigns changed meanwhile.
    """
    invocation.begin("planning")
    # The rooms that plan and send come in when they are needed: a shell that completes a word asks for none of them.
    from runner.cli.signals import interrupting

    with interrupting():
        from runner.cli.carryout import carry_out
        from runner.cli.orders import refuse_dry_run, take_order
        from runner.model.clock import SystemClock
        from runner.sending.stop import Stop

        if dry_run:
            refuse_dry_run(invocation, names, excluded, variables, file=file, sandbox=sandbox)
        stop = Stop(SystemClock(), limit=limit, deadline=deadline)
        return carry_out(
            invocation,
            take_order(invocation, names, excluded, variables, file=file, max_age=max_age, sandbox=sandbox),
            stop,
            as_json=output_format == "json",
            auto_approve=auto_approve,
            lock_timeout=lock_timeout,
            sandbox=sandbox,
        )
