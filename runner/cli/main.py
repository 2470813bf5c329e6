"""The `campaign` group: its commands, which are imported when they run, its options, and the one error boundary."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import IO, TYPE_CHECKING

import click

from runner import __version__
from runner.cli.context import ASKED_BY_SHELL, Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("runner.cli.init", "Write a project that plans in the sandbox at once."),
    "validate": ("runner.cli.project", "Check the project's files; touch nothing else."),
    "plan": ("runner.cli.plan", "Show what `apply` would do; change nothing."),
    "show": ("runner.cli.plan", "Show a saved plan again."),
    "apply": ("runner.cli.apply", "Plan, show, ask, send."),
    "recipients": ("runner.cli.recipients", "Show who would be reached and who not, and why."),
    "status": ("runner.cli.state", "Show what the ledger knows of campaigns and chunks."),
    "resolve": ("runner.cli.state", "Settle an unknown chunk."),
    "stop": ("runner.cli.stopping", "Stop campaigns, or all of them, on every machine."),
    "resume": ("runner.cli.stopping", "Let go on what `stop` has stopped."),
    "contacted": ("runner.cli.state", "Show every campaign that reached a number."),
    "state": ("runner.cli.state", "Make, show, move or mend the state by hand."),
    "explain": ("runner.cli.explain", "Explain a problem code, with a wrong and a right example."),
    "completion": ("runner.cli.completion", "Print what lets a shell complete commands, campaigns and chunks."),
    "sandbox": ("runner.cli.sandbox", "Serve the stand-in for the provider's API on this machine."),
    "schema": ("runner.cli.project", "Print a JSON Schema."),
}
"""Each command's module and what `campaign --help` says of it, so that help imports none of them."""

EXIT_CODES: Mapping[str, str] = {
    "0": "Done.",
    "1": "An error, wrong usage included, or a campaign is blocked: nothing was lost, the message says what to do.",
    "2": "There is still something to send: `apply` stopped on purpose, or `plan --detailed-exitcode`.",
    "3": "A chunk is unknown and needs `campaign resolve`.",
}
"""What each exit code means, whatever the command; where several hold, it is the first of 1, 3, 2, 0."""

VARIABLES: Mapping[str, str] = {
    "CAMPAIGN_ALLOW_HOSTS": "The only hosts that may be connected to, with commas between them.",
    "CI": "A CI job runs this: whole numbers are never shown, and a SQLite state must be pinned.",
    "NO_COLOR": "No colours; FORCE_COLOR and CLICOLOR_FORCE ask for them, TERM=dumb for none.",
    "COLUMNS": "The width of the output, between 40 and 160.",
}
"""The variables of the environment that every command heeds; the files of a project name others by `${NAME}`."""

HELP_WIDTH = 100
GLOBAL_OPTIONS_STAND_HERE_TOO = "Global options (-C DIR, --no-color, -q, -v) may stand here too: see `campaign --help`."


class Deferred(click.Command):
    """A command of which name and one line are known: its module is imported when it runs."""

    def __init__(self, name: str, module: str, line: str) -> None:
        super().__init__(name, short_help=line)
        self._module = module

    def load(self) -> click.Command:
        """The command itself, which takes the global options too."""
        command: click.Command = getattr(import_module(self._module), self.name or "")
        return take_global_options(command)


class Commands(click.Group):
    """A group of deferred commands: its help imports none of them, and lists them in the order of their table."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands' names, as they were given."""
        return list(self.commands)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command itself, imported now; None where there is none of this name."""
        known = self.commands.get(name)
        return known.load() if isinstance(known, Deferred) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands and options that begin so; none of the commands is imported for it."""
        from click.shell_completion import CompletionItem

        begun = [name for name in self.commands if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=self.commands[name].short_help) for name in begun]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their one line each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, known.short_help or "") for name, known in self.commands.items()])

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What holds for every command: the exit codes, and the variables of the environment."""
        for title, table in (("Exit codes", EXIT_CODES), ("Environment", VARIABLES)):
            with formatter.section(title):
                formatter.write_dl(list(table.items()))


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value and param.name:
        setattr(ctx.obj, param.name, value)


def _complete_folders(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def _show_version(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        invocation: Invocation = ctx.obj
        invocation.write(_describe_version() if invocation.verbose else f"campaign {__version__}")
        ctx.exit()


def _describe_version() -> str:
    import platform
    import sqlite3
    from importlib.metadata import version

    parts = [(name, version(name)) for name in ("duckdb", "phonenumberslite", "httpx", "SQLAlchemy", "click")]
    lines = [
        f"campaign {__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {number}" for name, number in parts),
        platform.platform(),
    ]
    return "\n".join(lines)


def _global_options(*, hidden: bool) -> list[click.Parameter]:
    """The global options, for the group and, hidden from its help, for each command."""

    def option(*names: str, text: str, flag: bool = True, eager: bool = True) -> click.Option:
        return click.Option(
            names,
            is_flag=flag or None,
            is_eager=eager,
            expose_value=False,
            callback=_keep if eager else _show_version,
            help=text,
            hidden=hidden,
            metavar=None if flag else "DIR",
            shell_complete=None if flag else _complete_folders,
        )

    return [
        option("-C", "--chdir", text="Work in this folder.", flag=False),
        option("--no-color", text="Print no colours (as NO_COLOR does)."),
        option("-q", "--quiet", text="Print results and errors only."),
        option("-v", "--verbose", text="Print more; with --version, what a report of a defect needs."),
        option("--version", text="Show the version and exit.", eager=False),
    ]


def take_global_options(command: click.Command) -> click.Command:
    """Let `command`, and the commands of a group, take the global options as well; once, however often it is asked."""
    if command.epilog != GLOBAL_OPTIONS_STAND_HERE_TOO:
        command.params.extend(_global_options(hidden=True))
        command.epilog = GLOBAL_OPTIONS_STAND_HERE_TOO
        if isinstance(command, click.Group):
            for child in command.commands.values():
                take_global_options(child)
    return command


campaign = Commands(
    name="campaign",
    commands={name: Deferred(name, module, line) for name, (module, line) in COMMANDS.items()},
    help="Plan recorded voice messages like infrastructure, and send each exactly once.",
    params=_global_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[OPTIONS]",
    subcommand_metavar="COMMAND [ARGS]...",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `campaign` with these arguments (those of the process by default) and answer with its exit code.

    The one error boundary: whatever happens becomes text on stderr and 0, 1, 2 or 3.
    """
    _speak_utf8(sys.stdin, sys.stdout, sys.stderr)
    invocation = Invocation()
    try:
        if ASKED_BY_SHELL in invocation.environment:
            from runner.cli.completion import answer_shell

            return answer_shell(invocation, campaign)
        return _run(invocation, sys.argv[1:] if arguments is None else list(arguments))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: whatever happens is told as text
        from runner.cli.boundary import tell_failure

        return tell_failure(error, invocation)
    finally:
        invocation.end()


def _run(invocation: Invocation, arguments: list[str]) -> int:
    try:
        width = min(invocation.width, HELP_WIDTH)
        with campaign.make_context("campaign", arguments, obj=invocation, terminal_width=width) as ctx:
            code = campaign.invoke(ctx)
    except click.exceptions.Exit as done:
        return done.exit_code
    return code if isinstance(code, int) else 0


def _speak_utf8(*streams: IO[str]) -> None:
    """Read and write UTF-8 whatever the locale; what is no text is shown as an escape, never a failure."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace" if stream is not sys.stdin else "surrogateescape")
