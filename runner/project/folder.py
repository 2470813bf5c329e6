"""The project's folder: where it is, which files of it are campaigns, and their bytes. Nothing outside it is read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.errors import Place, Problem, RunnerError, Severity
from runner.project.layout import CAMPAIGNS_FOLDER, MAX_BYTES, MAX_DEPTH, PASSED_OVER, PROJECT_FILE, is_campaign_name

_MISNAMED = re.compile(r"(?P<stem>.+)\.(?:ya?ml\.txt|ymal|yalm|yaml_|yam)", re.IGNORECASE)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class ProjectNotFound(RunnerError):
    """There is no campaigns.yaml here or in a folder above."""

    code = "no-project"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something under `campaigns/` that can't be read as a campaign, and why."""

    path: str
    problem: Problem


def find_root(start: Path) -> Path:
    """The folder that holds campaigns.yaml: `start` or the nearest above it. Raises ProjectNotFound."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / PROJECT_FILE):
            return candidate
    misspelt = next((name for name in ("campaigns.yml", "campaign.yaml") if (folder / name).is_file()), None)
    hint = f"rename `{misspelt}` to `{PROJECT_FILE}`" if misspelt else "go into the project, or name it with `-C DIR`"
    raise ProjectNotFound(f"no `{PROJECT_FILE}` in {folder} or in a folder above it", hint=hint)


def list_campaigns(root: Path) -> Iterator[str | Unreadable]:
    """The paths of all campaign files, relative to `root` with forward slashes, sorted by folder and name.

    Folders are entered at any depth, but for those that begin with `_` or `.`; links are followed inside the project.
    """
    yield from _list_folder(root, CAMPAIGNS_FOLDER, frozenset())


def _list_folder(root: Path, folder: str, above: frozenset[str]) -> Iterator[str | Unreadable]:
    real = os.path.realpath(root / folder)
    if not _is_inside(real, root):
        yield _refuse(folder, "link-leads-out", f"`{folder}` leads out of the project", "copy it into the project")
        return
    if len(above) > MAX_DEPTH:
        yield _refuse(folder, "nested-too-deeply", f"this folder lies more than {MAX_DEPTH} levels deep")
        return
    if real in above:
        yield _refuse(folder, "link-leads-out", f"`{folder}` leads back into a folder that holds it", "remove the link")
        return
    try:
        with os.scandir(real) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        yield _refuse(folder, "unreadable-file", f"the folder can't be read: {describe_oserror(error)}")
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.name.startswith(PASSED_OVER):
            continue
        if _is_folder(entry):
            yield from _list_folder(root, path, above | {real})
        elif is_campaign_name(entry.name):
            yield path


def find_misnamed(root: Path) -> Iterator[Problem]:
    """Files under `campaigns/` that were meant as campaigns, and that no command sees for the end of their names."""
    for folder, folders, names in os.walk(root / CAMPAIGNS_FOLDER):
        folders[:] = [name for name in folders if not name.startswith(PASSED_OVER)]
        for name in names:
            found = _MISNAMED.fullmatch(name)
            if found is not None and not name.startswith(PASSED_OVER):
                path = (Path(folder).relative_to(root) / name).as_posix()
                message = f"`{path}` is seen by no command: campaigns end in `.yaml` or `.yml`"
                hint = (
                    f"rename it to `{found['stem']}.yaml`; Windows hides the last end of a name until it is told not to"
                )
                yield Problem("misnamed-file", message, Place(path), hint, severity=Severity.WARNING)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def read_file(root: Path, path: str) -> bytes | Problem:
    """The bytes of a regular file at `path`, relative to `root`, or why they can't be read.

    Of a file that is larger than a YAML file may be, one byte too many is read, and no more.
    """
    real = os.path.realpath(root / path)
    if not _is_inside(real, root):
        return Problem(
            "link-leads-out", f"`{path}` is a link that leads out of the project", Place(path), "copy the file"
        )
    try:
        # What is no regular file could hold us for ever, so it is never waited for.
        with os.fdopen(os.open(real, _READ), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(MAX_BYTES + 1)
    except OSError as error:
        return Problem("unreadable-file", f"the file can't be read: {describe_oserror(error)}", Place(path))
    return Problem("not-a-file", f"`{path}` is no regular file", Place(path), "remove it, or rename it")


def describe_oserror(error: OSError) -> str:
    """What the operating system says, as the end of a sentence."""
    return (error.strerror or type(error).__name__).lower()


def _is_inside(real: str, root: Path) -> bool:
    base = os.path.realpath(root)
    return real == base or real.startswith(base.rstrip(os.sep) + os.sep)


def _refuse(path: str, code: str, message: str, hint: str | None = None) -> Unreadable:
    return Unreadable(path, Problem(code, message, Place(path), hint))
