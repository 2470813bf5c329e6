"""`campaign completion`: what a shell needs to complete commands, options, campaigns and chunks when Tab is pressed.

A shell asks by running `campaign` with a variable set, at every Tab: so nothing heavy is imported, and files are
looked through for the keys that are needed, not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from runner.cli.context import Invocation

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

GOES_TO = {
    "bash": "save it as ~/.campaign-completion.bash, and add to ~/.bashrc: . ~/.campaign-completion.bash",
    "zsh": "save it as ~/.campaign-completion.zsh, and add to ~/.zshrc, below compinit: . ~/.campaign-completion.zsh",
    "fish": "save it as ~/.config/fish/completions/campaign.fish",
}
_KEY = r"^{}: *(?P<quote>[\"']?)(?P<value>[^\s\"'#]+)(?P=quote) *(?:#.*)?\r?$"
_NAME, _STATE = (re.compile(_KEY.format(key), re.MULTILINE) for key in ("name", "state"))


@click.command(short_help="Print what lets a shell complete commands, campaigns and chunks.")
@click.argument("shell", metavar="|".join(GOES_TO), type=click.Choice(tuple(GOES_TO)))
@click.pass_obj
def completion(invocation: Invocation, *, shell: str) -> int:
    """Print the script that lets your shell complete commands, options, campaigns and chunks, and say where it goes."""
    from click.shell_completion import get_completion_class

    from runner.cli.main import ASKED_BY_SHELL, campaign

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no shell `{shell}`")
    invocation.write(kind(campaign, {}, "campaign", ASKED_BY_SHELL).source())
    invocation.tell(GOES_TO[shell])
    return 0


def answer_shell(invocation: Invocation, group: click.Group) -> int:
    """Print what may stand at the cursor of the shell that asks."""
    from click.shell_completion import get_completion_class

    from runner.cli.main import ASKED_BY_SHELL

    shell, _, step = invocation.environment[ASKED_BY_SHELL].partition("_")
    kind = get_completion_class(shell)
    if kind is None or step != "complete":
        return 1
    invocation.write(kind(group, {"obj": invocation}, "campaign", ASKED_BY_SHELL).complete())
    return 0


def complete_campaigns(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The campaigns whose names begin so, each with its file. A glob is left as it is."""
    from click.shell_completion import CompletionItem

    root = _find_project(ctx)
    if root is None or set(incomplete) & set("*?["):
        return []
    named = sorted(dict(_name_campaigns(root)).items())
    return [CompletionItem(name, help=path) for name, path in named if name.startswith(incomplete)]


def complete_chunks(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The chunks in doubt whose names begin so, of a state that is a file; the newest first."""
    from click.shell_completion import CompletionItem

    from runner.state.glance import list_in_doubt

    root = _find_project(ctx)
    path = None if root is None else _find_state(root, sandbox=bool(ctx.params.get("sandbox")))
    return [
        CompletionItem(found.chunk, help=f"recipients of {found.campaign}: {found.recipients:,}")
        for found in ([] if path is None else list_in_doubt(path))
        if found.chunk.startswith(incomplete)
    ]


def complete_codes(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The problem codes that begin so."""
    from click.shell_completion import CompletionItem

    from runner.cli.explain import list_codes

    return [CompletionItem(code) for code in list_codes() if code.startswith(incomplete)]


def complete_files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Whatever files the shell itself knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _find_project(ctx: click.Context) -> Path | None:
    """The project's folder; None outside of one, where the command itself will say so."""
    from runner.project.folder import ProjectNotFound, find_root

    try:
        return find_root(ctx.obj.directory)
    except (ProjectNotFound, click.UsageError):
        return None


def _name_campaigns(root: Path) -> Iterator[tuple[str, str]]:
    """The name of each campaign and its file: what stands under `name:`, else how the file is called."""
    from runner.project.folder import list_campaigns

    for path in list_campaigns(root):
        if isinstance(path, str):
            named = _NAME.search(_read(root, path))
            yield named["value"] if named else path.rpartition("/")[2].rpartition(".")[0], path


def _find_state(root: Path, *, sandbox: bool) -> Path | None:
    """The file of the state; None where it is on a server, or where `campaigns.yaml` doesn't say it literally."""
    if sandbox:
        return root / ".campaign" / "sandbox.db"
    found = _STATE.search(_read(root, "campaigns.yaml"))
    if found is None:
        return root / ".campaign" / "state.db"
    scheme, slashes, path = found["value"].partition(":///")
    return root / path if scheme == "sqlite" and slashes and "$" not in path else None


def _read(root: Path, path: str) -> str:
    """The text of a file, as far as it can be read: what is wrong with it, `campaign validate` tells."""
    from runner.project.folder import read_file

    content = read_file(root, path)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
