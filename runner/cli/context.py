"""What surrounds every command: the folder, the environment, the terminal, and the two channels of output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from itertools import islice
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from runner.cli.life import Sign

NARROWEST, USUAL, WIDEST = 40, 80, 160
PIECES_AT_ONCE = 500
ASKED_BY_SHELL = "_CAMPAIGN_COMPLETE"
"""The variable by which the scripts of `campaign completion` ask: `bash_complete`, say."""


class Invocation:
    """One run of `campaign`: global options, filled in while the command line is read, and what they decide.

    `environment` is the process's own, read here and nowhere else. Results go to stdout by `write`; everything else
    goes to stderr, by `tell` where `--quiet` silences it and by `warn` where nothing does.
    """

    def __init__(self) -> None:
        self.environment: Mapping[str, str] = dict(os.environ)
        self.chdir: str | None = None
        self.no_color = False
        self.quiet = False
        self.verbose = False
        self._sign: Sign | None = None

    @property
    def directory(self) -> Path:
        """The folder in which the command works, absolute. Raises a usage error where `-C` names no folder."""
        from pathlib import Path

        try:
            directory = Path.cwd() / (self.chdir or "")
        except FileNotFoundError as error:
            raise click.UsageError("the folder in which this was started is gone") from error
        if not directory.is_dir():
            raise click.UsageError(f"-C: no folder `{self.chdir}`")
        return directory

    @property
    def is_ci(self) -> bool:
        """Whether a CI job runs this: `CI` counts unless it is empty, `0` or `false`."""
        return self.environment.get("CI", "").strip().lower() not in ("", "0", "false")

    @property
    def color(self) -> bool:
        """Whether results may be coloured."""
        return self.colors(sys.stdout)

    def colors(self, stream: IO[str] | None) -> bool:
        """Whether `stream` may be coloured: `--no-color`, then the usual variables, then whether it is a terminal.

        A stream that was closed before the command began is None.
        """
        if self.no_color or self.environment.get("NO_COLOR"):
            return False
        if any(self.environment.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        return self.environment.get("TERM") != "dumb" and stream is not None and stream.isatty()

    def moves(self, stream: IO[str] | None) -> bool:
        """Whether `stream` can show what moves: it is a terminal that somebody may be watching, and no job's log."""
        is_terminal = stream is not None and stream.isatty()
        return is_terminal and not self.is_ci and self.environment.get("TERM") != "dumb"

    def begin(self, doing: str) -> None:
        """Show on a terminal, from now until a result is printed or `end`, that the command is at this."""
        if self.quiet or not self.moves(sys.stderr):
            return
        if self._sign is None:
            # Imported where there is a terminal to show it: elsewhere it would cost a start without a use.
            from runner.cli.life import Sign

            self._sign = Sign(sys.stderr, doing)
        else:
            self._sign.say(doing)

    def end(self) -> None:
        """Show no more what the command is at: something else is to be seen there."""
        if self._sign is not None:
            self._sign.end()
            self._sign = None

    @property
    def width(self) -> int:
        """The columns to use: `COLUMNS`, else those of the terminal, else 80; between 40 and 160 in any case."""
        columns = self.environment.get("COLUMNS", "")
        if not (columns.isascii() and columns.isdigit()):
            columns = str(_measure_terminal())
        return max(NARROWEST, min(WIDEST, int(columns[:5])))

    def write(self, text: str) -> None:
        """Print a result, whole, on stdout. Raises where it can't be: BrokenPipeError if nobody reads."""
        self.end()
        try:
            click.echo(text, nl=not text.endswith("\n"), color=True)
        except BrokenPipeError:
            _let_go(sys.stdout)
            raise
        except OSError as error:
            _let_go(sys.stdout)
            raise click.FileError("the output", hint=error.strerror) from error

    def write_all(self, pieces: Iterable[str]) -> None:
        """Print a result of many pieces, as they come."""
        rest = iter(pieces)
        while block := "".join(islice(rest, PIECES_AT_ONCE)):
            self.write(block)

    def spell_command(self) -> tuple[str, ...]:
        """How the user calls `campaign` in this project, to be printed in front of a next step."""
        return ("campaign",) if self.chdir is None else ("campaign", "-C", self.chdir)

    def tell(self, text: str) -> None:
        """Say on stderr what is good to know and no result, unless `--quiet`."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Say on stderr what must be read. Where nobody can, the command goes on all the same."""
        try:
            with nullcontext() if self._sign is None else self._sign.hidden():
                click.echo(text, err=True, nl=not text.endswith("\n"), color=True)
        except OSError:
            _let_go(sys.stderr)


def _measure_terminal() -> int:
    try:
        # A terminal that knows no width says nought.
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or USUAL
    except (OSError, ValueError):
        return USUAL


def _let_go(stream: IO[str]) -> None:
    """Let what is left in the stream go nowhere, so that the interpreter's last flush does not fail aloud."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def first_exit(codes: Iterable[int]) -> int:
    """The exit code where several hold: the first of 1, 3, 2, 0."""
    held = set(codes)
    return next((code for code in (1, 3, 2) if code in held), 0)
