"""Saved plans on disk: written by `plan -o`, shown by `show`, read and held against today by `apply --plan`."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import click

from runner.cli.context import Invocation
from runner.cli.origin import find_author
from runner.errors import ProblemsFound, RunnerError
from runner.model.approval import Mark
from runner.model.config import Project
from runner.numbers import mask_numbers
from runner.plan.approval import find_refusals, refuse_other_state, say_all
from runner.plan.build import Planning
from runner.plan.saved import PlanRefused, SavedPlan, begins_as_plan, check_signature, read_plan, write_plan
from runner.project.layout import PROJECT_FILE
from runner.state.folders import OWN_FOLDER
from runner.state.open import State

MOST_BYTES = 4 << 30
"""Far more than a plan of every French number has."""
MOST_FIRST_LINE = 64
"""Bytes in which the line ends that names a plan's format."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A saved plan as it lies on disk, with the name that the user gave it."""

    name: str
    content: bytes
    saved: SavedPlan

    def refuse_stranger(self, state: State) -> None:
        """Raise PlanRefused where it was made on another state, or signed with another key."""
        refuse_other_state(self.saved, state.id)
        check_signature(self.content, self.name, state.pseudonyms)

    def tell_lost(self) -> PlanRefused:
        """That the state on which it was made is nowhere to be seen."""
        message = f"the plan was made on state {self.saved.plan.state_id}, and there is no state here"
        hint = "put that state back, or set the `state` that names it: a new one would know nobody"
        return PlanRefused(message, hint=hint, code="plan-other-state")

    def refuse_change(self, project: Project, state: State, *, now: datetime, max_age: timedelta) -> None:
        """Raise ProblemsFound with every reason why it may not be carried out now."""
        refusals = find_refusals(
            self.saved,
            project,
            state,
            now=now,
            max_age=max_age,
            find_author=lambda file: find_author(project.root, file, self.saved.plan.created_at),
        )
        found = tuple(refusals)
        if found:
            raise ProblemsFound(found)


def spell_apply_plan(invocation: Invocation, file: str, *, sandbox: bool) -> str:
    """The complete command that carries a saved plan out."""
    words = [*invocation.spell_command(), "apply", "--plan", file]
    return shlex.join([*words, "--sandbox"] if sandbox else words)


def refuse_numbers(variables: Sequence[str]) -> None:
    """Raise PlanRefused where a saved plan would hold a telephone number, since a `--var` does."""
    if any(mask_numbers(variable) != variable for variable in variables):
        message = "a `--var` holds what could be a telephone number, and a saved plan holds none"
        raise PlanRefused(message, hint="put the number into a file that a source reads", code="plan-holds-number")


def refuse_to_replace(invocation: Invocation, file: str) -> None:
    """Raise PlanRefused where a plan saved as `file` would lie beside a ledger, or in place of what is no plan.

    A link is judged by what it leads to. Raises a usage error for `-`, which other programs take for the output.
    """
    if file == "-":
        raise click.BadParameter("`-` names no file; `-o /dev/stdout` prints the saved plan", param_hint="-o")
    named = Path(os.path.normpath(invocation.directory / file))
    path = Path(os.path.realpath(invocation.directory / file))
    if _find_own_stream(path) is not None:
        return
    if any(map(_is_own_folder, (*named.parents, *path.parents))):
        why = f"leads into a `{OWN_FOLDER}` folder, where the ledger lies"
    elif _holds_something_else(path, file):
        why = "is there already and no saved plan: what it holds would be lost"
    else:
        return
    raise PlanRefused(f"`{file}` {why}", hint="name another file: `-o plan.out`", code="plan-file-taken")


def _is_own_folder(folder: Path) -> bool:
    return folder.name.casefold() == OWN_FOLDER and (folder.parent / PROJECT_FILE).is_file()


def _find_own_stream(path: Path) -> BinaryIO | None:
    """The output of this very command, where that is meant by `path`."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            if os.path.samestat(path.stat(), os.fstat(stream.fileno())):
                return stream.buffer
    return None


def _holds_something_else(path: Path, name: str) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            beginning = stream.read(MOST_FIRST_LINE)
    except OSError as error:
        raise _tell_unwritten(name, error) from error
    return beginning != b"" and not begins_as_plan(beginning)


def save_plan(
    invocation: Invocation,
    file: str,
    planning: Planning,
    *,
    project: Project,
    state: State,
    mark: Mark,
    variables: tuple[str, ...],
    sandbox: bool,
) -> None:
    """Write the plan to `file`, whole or not at all; a device or a pipe gets it as it comes.

    `mark` is the state's moment before the planning began.
    """
    campaigns = tuple(campaign for campaign in project.campaigns if campaign.label in planning.seals)
    saved = SavedPlan(
        plan=planning.plan,
        mark=mark,
        variables=variables,
        sandbox=sandbox,
        language=project.language,
        said=say_all(project, campaigns, state.pseudonyms),
        people=planning.seals,
    )
    content = write_plan(saved, state.pseudonyms)
    # Once more: the state may have been made there since, or another program has written.
    refuse_to_replace(invocation, file)
    _write(invocation.directory / file, file, content)


def read_saved(invocation: Invocation, file: str) -> PlanFile:
    """The saved plan in `file`. Raises PlanRefused where it is none that this release can read."""
    path = invocation.directory / file
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PlanRefused(f"`{file}` is too large for a saved plan", code="plan-unreadable")
        content = path.read_bytes()
    except OSError as error:
        message = f"the saved plan `{file}` can't be read: {(error.strerror or 'an error').lower()}"
        raise PlanRefused(message, hint="`campaign plan -o FILE` writes one", code="plan-unreadable") from error
    return PlanFile(file, content, read_plan(content, file))


def _write(path: Path, name: str, content: bytes) -> None:
    own = _find_own_stream(path)
    try:
        if own is not None:
            own.write(content)
            own.flush()
        elif path.exists() and not path.is_file():
            # A file that takes a device's place would be met by every other program, too.
            path.write_bytes(content)
        else:
            _write_whole(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise _tell_unwritten(name, error) from error


def _tell_unwritten(name: str, error: OSError) -> RunnerError:
    message = f"the plan can't be written to `{name}`: {(error.strerror or 'an error').lower()}"
    return RunnerError(message, hint="name a file in a folder that can be written", code="file-error")


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
