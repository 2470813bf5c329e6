"""`campaign state export`, `import`, `unlock` and `accept`: the state moved, freed and believed by hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from runner.cli.context import Invocation
from runner.cli.desks import load

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="export", short_help="Write the whole state to a file.")
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
@click.option("--retire", is_flag=True, help="Let this state send no more: the one that imports it goes on.")
@click.pass_obj
def export_state(invocation: Invocation, *, file: str, retire: bool) -> int:
    """Write everything that the state holds to a new FILE of JSON Lines, for `campaign state import`.

    It holds pseudonyms and no number; the key is not in it. With --retire the imported state keeps the id, and this
    one sends no more.
    """
    invocation.begin("writing what the state holds")
    from runner.cli.states import open_as_it_is
    from runner.model.clock import SystemClock
    from runner.state import transfer

    with open_as_it_is(invocation, load(invocation)) as found:
        with _create_whole(invocation.directory / file) as written:
            if retire:
                transfer.retire(found, SystemClock())
            for line in transfer.export_state(found):
                written.write(line)
        invocation.tell(f"state {found.id} is in {file}" + (", and was retired: import it now" if retire else ""))
    return 0


@click.command(name="import", short_help="Fill an empty state with an export.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="FILE")
@click.pass_obj
def import_state(invocation: Invocation, *, file: str) -> int:
    """Fill the empty state that campaigns.yaml names, or make it, with what FILE holds, and print its id.

    The key must be the one that the export was made with. The id stays the same only where the other state was
    retired with `campaign state export --retire`.
    """
    invocation.begin("filling the state")
    from runner.cli.states import fill_new

    with (
        (invocation.directory / file).open(encoding="utf-8") as lines,
        fill_new(invocation, load(invocation), iter(lines)) as filled,
    ):
        invocation.write(f"state_id: {filled.id}")
    return 0


@click.command(short_help="Say who holds an account, and end that session of PostgreSQL.")
@click.pass_obj
def unlock(invocation: Invocation) -> int:
    """Show who holds the accounts of this state. A session of PostgreSQL is ended after a typed `yes`.

    Beside SQLite a lock goes with its process, which only its machine can end.
    """
    from runner.cli.states import open_as_it_is
    from runner.errors import AccountLocked, RunnerError
    from runner.state.lock import describe_holder, find_holders

    with open_as_it_is(invocation, load(invocation)) as found:
        held = find_holders(found)
        for _, holder in held:
            invocation.write(f"held by {describe_holder(holder)}")
        if not held:
            invocation.tell("no account is held: there is nothing to unlock")
            return 0
        if found.is_sqlite:
            raise AccountLocked("a lock beside SQLite goes with its process alone", hint="end that process")
        click.echo("Only `yes` ends these sessions, after which their runs record nothing more: ", err=True, nl=False)
        if sys.stdin is None or sys.stdin.readline().strip() != "yes":
            raise RunnerError("not confirmed: nothing was unlocked", code="not-confirmed")
        for fingerprint, _ in held:
            found.transactions.end_holder(found.id, fingerprint)
    invocation.tell("unlocked: what was under way becomes unknown with the next `campaign apply`")
    return 0


@click.command(short_help="Take an older copy, or a server that took another's place, for the truth.")
@click.pass_obj
def accept(invocation: Invocation) -> int:
    """Take the state as its server tells it now for the truth, after a failover or a restore.

    What was recorded last may be missing from it, and whoever was reached by that would be reached again: compare
    `campaign state show` and the provider's list of campaigns first.
    """
    from runner.cli.states import open_as_it_is

    with open_as_it_is(invocation, load(invocation)) as found:
        if found.accept():
            invocation.tell(f"state {found.id} is accepted as it is, at serial {found.serial}")
        else:
            invocation.tell("there is nothing to accept: the state is the one that was known")
            invocation.tell("a saved plan that knows a newer copy of it stays refused: put that back, or plan anew")
    return 0


@contextmanager
def _create_whole(path: Path) -> Iterator[TextIO]:
    """A new file for its owner alone, on the disk when the block ends, and gone where the block fails.

    Raises a usage error where there is one: an export is never half another.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.FileError(str(path), hint=error.strerror) from error
    with ExitStack() as until_whole:
        # What is left of it would stand in the way of the same command, once that can go on.
        until_whole.callback(path.unlink, missing_ok=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            yield written
            written.flush()
            os.fsync(written.fileno())
        until_whole.pop_all()
