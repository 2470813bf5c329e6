"""What may stand at the cursor of a shell that completes a command: campaigns, chunks, codes, files.

A shell asks by running `campaign` at every Tab: so nothing is imported that takes time, pathlib neither, and files are
looked through for the keys that are needed, not judged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_KEY = r"^{}: *(?P<quote>[\"']?)(?P<value>[^\s\"'#]+)(?P=quote) *(?:#.*)?\r?$"
_NAME, _STATE = (re.compile(_KEY.format(key), re.MULTILINE) for key in ("name", "state"))


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

    from runner.cli.pages import list_codes

    return [CompletionItem(code) for code in list_codes() if code.startswith(incomplete)]


def complete_plans(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The files that end as saved plans usually do, where some begin so; else whatever files the shell knows."""
    from click.shell_completion import CompletionItem

    folder, begun = os.path.split(incomplete)
    try:
        listed = sorted(os.listdir(os.path.join(ctx.obj.chdir or "", folder) or "."))
    except OSError:
        listed = []
    plans = [os.path.join(folder, name) for name in listed if name.startswith(begun) and name.endswith(".plan")]
    return [CompletionItem(plan) for plan in plans] or complete_files(ctx, param, incomplete)


def complete_files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Whatever files the shell itself knows."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _find_project(ctx: click.Context) -> str | None:
    """The project's folder; None outside of one, where the command itself will say so."""
    from runner.project.layout import PROJECT_FILE

    folder = os.path.realpath(ctx.obj.chdir or "")
    while not os.path.lexists(os.path.join(folder, PROJECT_FILE)):
        folder, last = os.path.dirname(folder), folder
        if folder == last:
            return None
    return folder


def _name_campaigns(root: str) -> Iterator[tuple[str, str]]:
    """The name of each campaign and its file: what stands under `name:`, else how the file is called."""
    from runner.project.layout import CAMPAIGNS_FOLDER, PASSED_OVER, is_campaign_name

    for folder, below, files in os.walk(os.path.join(root, CAMPAIGNS_FOLDER)):
        below[:] = [name for name in below if not name.startswith(PASSED_OVER)]
        for file in filter(is_campaign_name, files):
            path = os.path.join(folder, file)
            named = _NAME.search(_read(path))
            yield named["value"] if named else os.path.splitext(file)[0], os.path.relpath(path, root)


def _find_state(root: str, *, sandbox: bool) -> str | None:
    """The file of the state; None where it is on a server, or where `campaigns.yaml` doesn't say it literally."""
    from runner.project.layout import PROJECT_FILE

    if sandbox:
        return os.path.join(root, ".campaign", "sandbox.db")
    found = _STATE.search(_read(os.path.join(root, PROJECT_FILE)))
    if found is None:
        return os.path.join(root, ".campaign", "state.db")
    scheme, slashes, path = found["value"].partition(":///")
    return os.path.join(root, path) if scheme == "sqlite" and slashes and "$" not in path else None


def _read(path: str) -> str:
    """The text of a file, as far as it can be read: what is wrong with it, `campaign validate` tells."""
    from runner.project.layout import MAX_BYTES

    try:
        # What is no regular file could hold the shell for ever.
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return ""
