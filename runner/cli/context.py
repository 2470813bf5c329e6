"""What surrounds every command: the folder, the environment, the terminal, and the two channels of output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

NARROWEST = 80
WIDEST = 160
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

    @property
    def width(self) -> int:
        """The columns to use: `COLUMNS`, else those of the terminal, else 80; between 80 and 160 in any case."""
        columns = self.environment.get("COLUMNS", "")
        if not (columns.isascii() and columns.isdigit()):
            columns = str(_measure_terminal())
        return max(NARROWEST, min(WIDEST, int(columns[:5])))

    def write(self, text: str) -> None:
        """Print a result, whole, on stdout. Raises where it can't be: BrokenPipeError if nobody reads."""
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
            click.echo(text, err=True, nl=not text.endswith("\n"), color=True)
        except OSError:
            _let_go(sys.stderr)


def _measure_terminal() -> int:
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except (OSError, ValueError):
        return NARROWEST


def _let_go(stream: IO[str]) -> None:
    """Let what is left in the stream go nowhere, so that the interpreter's last flush does not fail aloud."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def first_exit(codes: Iterable[int]) -> int:
    """The exit code where several hold: the first of 1, 3, 2, 0."""
    held = set(codes)
    return next((code for code in (1, 3, 2) if code in held), 0)
