"""`campaign sandbox`: serve the stand-in for the provider's API until a signal comes."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation
from runner.cli.durations import DURATION
from runner.errors import RunnerError
from runner.sandbox.faults import FAULTS
from runner.sandbox.server import Sandbox

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class PortTaken(RunnerError):
    """Something else listens there, or may not be listened to."""

    code = "port-taken"


HELP = """Serve the stand-in for the provider's API on this machine: real HTTP, and nobody is reached.

Prints the address for an account's `base_url`, serves until it is interrupted, then prints what it counted. Any key is
taken but those that begin with `invalid`, any recording but those that begin with `missing`.

Faults are written as KIND (each request), KIND@3 (the third one) or KIND@3-5:
"""


def _describe() -> str:
    width = max(len(kind) for kind in FAULTS)
    return "\n".join([HELP, "\b", *(f"{kind:{width}}  {fault.text}" for kind, fault in FAULTS.items())])


def _complete_faults(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(kind, help=fault.text) for kind, fault in FAULTS.items() if kind.startswith(incomplete)]


PORT_HELP = "Listen there; 0, the default, lets the system choose."
REQUESTS_HELP = "Messages that a key may send in any sliding --per; 5 by default."


@click.command(help=_describe())
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help=PORT_HELP)
@click.option("--requests", type=click.IntRange(1), default=5, metavar="N", help=REQUESTS_HELP)
@click.option("--per", type=DURATION, default="60s", metavar="DURATION", help="As in 60s, the default.")
@click.option("--latency", type=click.FloatRange(0, 3600), default=0.0, metavar="S", help="Wait before each answer.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND...",
    help="Do this wrong, and that.",
    shell_complete=_complete_faults,
)
@click.argument("more_faults", nargs=-1, metavar="", shell_complete=_complete_faults)
@click.pass_obj
def sandbox(
    invocation: Invocation,
    *,
    port: int,
    requests: int,
    per: timedelta,
    latency: float,
    faults: Sequence[str],
    more_faults: Sequence[str],
) -> int:
    """Serve until a signal comes, then print what was counted."""
    if more_faults and not faults:
        raise click.UsageError(f"unexpected argument `{more_faults[0]}`")
    served = _open(port, requests, per, latency, [*faults, *more_faults])
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with served:
        invocation.write(served.base_url)
        invocation.tell("serving; Ctrl-C ends it")
        stopped.wait()
        count = served.count()
    invocation.write(
        f"requests              {count.requests}\n"
        f"people reached        {count.people}\n"
        f"people reached twice  {count.twice}"
    )
    return 0


def _open(port: int, requests: int, per: timedelta, latency: float, faults: Sequence[str]) -> Sandbox:
    try:
        return Sandbox(port=port, requests=requests, per_s=per.total_seconds(), latency_s=latency, faults=faults)
    except OSError as error:
        why = (error.strerror or "no reason given").lower()
        hint = "choose another with --port, or leave it out"
        raise PortTaken(f"port {port} can't be listened to: {why}", hint=hint) from error
