"""`campaign completion`, and the answer to the shells that it taught to ask."""

from __future__ import annotations

import click

from runner.cli.context import ASKED_BY_SHELL, Invocation

GOES_TO = {
    "bash": "save it as ~/.campaign-completion.bash, and add to ~/.bashrc: . ~/.campaign-completion.bash",
    "zsh": "save it as ~/.campaign-completion.zsh, and add to ~/.zshrc, below compinit: . ~/.campaign-completion.zsh",
    "fish": "save it as ~/.config/fish/completions/campaign.fish",
}


@click.command(short_help="Print what lets a shell complete commands, campaigns and chunks.")
@click.argument("shell", metavar="|".join(GOES_TO), type=click.Choice(tuple(GOES_TO)))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> int:
    """Print the script that lets your shell complete commands, options, campaigns and chunks, and say where it goes."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no shell `{shell}`")
    invocation: Invocation = ctx.obj
    invocation.write(kind(ctx.find_root().command, {}, "campaign", ASKED_BY_SHELL).source())
    invocation.tell(GOES_TO[shell])
    return 0


def answer_shell(invocation: Invocation, group: click.Group) -> int:
    """Print what may stand at the cursor of the shell that asks."""
    from click.shell_completion import get_completion_class

    shell, _, step = invocation.environment[ASKED_BY_SHELL].partition("_")
    kind = get_completion_class(shell)
    if kind is None or step != "complete":
        return 1
    invocation.write(kind(group, {"obj": invocation}, "campaign", ASKED_BY_SHELL).complete())
    return 0
