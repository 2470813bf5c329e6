"""`campaign init`: a project that validates, and plans in the sandbox, at once; with `--ci` its pipeline too."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from runner import __version__
from runner.cli.context import Invocation
from runner.errors import RunnerError
from runner.project.folder import describe_oserror
from runner.project.layout import PROJECT_FILE
from runner.project.schema import read_schema
from runner.render.page import Page

SCAFFOLD = Path(__file__).resolve().parents[1] / "scaffold"
OWN_STATE_FILE = ".campaign/state.db"
PROJECT_FILES = {
    PROJECT_FILE: "project/campaigns.yaml",
    "campaigns/example.yaml": "project/example.yaml",
    "data/example.csv": "project/example.csv",
    "data/example-opt-outs.csv": "project/example-opt-outs.csv",
}
PIPELINES: Mapping[str, Mapping[str, str]] = {
    "github": {
        ".github/workflows/campaigns.yml": "github/campaigns.yml",
        ".github/campaigns/fetch-data.sh": "fetch-data.sh",
        ".github/campaigns/judge.sh": "github/judge.sh",
    },
    "gitlab": {
        ".gitlab-ci.yml": "gitlab/gitlab-ci.yml",
        ".gitlab/campaigns.yml": "gitlab/campaign.yml",
        ".gitlab/campaigns/fetch-data.sh": "fetch-data.sh",
    },
}
"""The files of each platform's pipeline, by where they lie in the repository."""
PINNED = """\
# The state that this project belongs to: what remembers whom each campaign reached. It lies in .campaign/ on this
# machine, which must be kept and copied: where it is lost, everything is refused and nobody is reached twice.
state_id: {id}"""
SHARED = """\
# The state remembers whom each campaign reached: a PostgreSQL database that every job shares. Make it with
# `campaign state init` once, and put the line that it prints here: a job that finds another state is then refused.
state: ${STATE_URL} # postgresql://USER:PASSWORD@HOST/DATABASE
state_key: ${CAMPAIGN_STATE_KEY} # at least 32 characters, such as `openssl rand -hex 32` makes; it can't be changed
# state_id:"""
SET_UP = {
    "github": "the head of .github/workflows/campaigns.yml says which secrets and environments it needs",
    "gitlab": "the head of .gitlab-ci.yml says which variables and environments it needs",
}


class AlreadyThere(RunnerError):
    """Files that `init` would write are there."""

    code = "already-there"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file to be written: its path as messages name it, where it lies, and its text."""

    name: str
    path: Path
    text: str


@click.command(short_help="Write a project that plans in the sandbox at once.")
@click.argument("directory", required=False, default=".", metavar="[DIR]")
@click.option("--ci", type=click.Choice(tuple(PIPELINES)), help="Write a pipeline too, and ask for a shared state.")
@click.pass_obj
def init(invocation: Invocation, *, directory: str, ci: str | None) -> int:
    """Write a project into DIR, or here: campaigns.yaml, an example campaign, schemas for editors, .gitignore.

    No file is ever overwritten: where one of them is there, nothing is written. With --ci the pipeline plans in pull
    requests and sends what is merged, with a state that all jobs share; without, the state is made on this machine.
    """
    root = (invocation.directory / directory).resolve()
    drafts = list(_draft(root, ci))
    _refuse_what_is_there(root, drafts)
    try:
        _write(root, drafts, ci)
    except OSError as error:
        message = f"the project can't be written to `{directory}`: {describe_oserror(error)}"
        raise RunnerError(message, hint="name a folder that can be written", code="file-error") from error
    invocation.write(_say_what_is_next(invocation, directory, drafts, ci))
    return 0


def _draft(root: Path, ci: str | None) -> Iterator[Draft]:
    """Every file of the project, and of its pipeline, which lies at the root of the repository around it."""
    for name, source in {**PROJECT_FILES, **_find_ignoring(root)}.items():
        yield Draft(name, root / name, _read(source))
    for schema in ("project", "campaign"):
        name = f"schemas/{schema}.schema.json"
        yield Draft(name, root / name, read_schema(schema))
    if ci is not None:
        repository = _find_repository(root)
        for name, source in PIPELINES[ci].items():
            path = repository / name
            told = Path(os.path.relpath(path, root)).as_posix()
            yield Draft(told, path, _read(source, root.relative_to(repository).as_posix()))


def _find_ignoring(root: Path) -> Mapping[str, str]:
    """The file that keeps personal data out of git: beside them where the folder has a `.gitignore` of its own."""
    if (root / ".gitignore").is_file():
        return {"data/.gitignore": "project/data-gitignore"}
    return {".gitignore": "project/gitignore"}


def _find_repository(root: Path) -> Path:
    """The nearest folder upwards that git knows, where platforms look for pipelines; the project's own without one."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _read(source: str, folder: str = ".") -> str:
    """A file of the scaffold, for a project that lies in `folder` of its repository."""
    major, minor = __version__.split(".")[:2]
    said = {
        "@REQUIRES@": f">={major}.{minor},<{int(major) + 1}",
        "@VERSION@": __version__,
        "@FOLDER@": json.dumps(folder, ensure_ascii=False)[1:-1],
        "@PREFIX@": "" if folder == "." else json.dumps(f"{folder}/", ensure_ascii=False)[1:-1],
    }
    text = (SCAFFOLD / source).read_text(encoding="utf-8")
    for word, value in said.items():
        text = text.replace(word, value)
    return text


def _refuse_what_is_there(root: Path, drafts: list[Draft]) -> None:
    """Raise where anything stands in the way of a file, so that a project is written whole or not at all."""
    if root.exists() and not root.is_dir():
        raise AlreadyThere(f"`{root.name}` is no folder", hint="name another folder")
    found = [draft.name for draft in drafts if os.path.lexists(draft.path)]
    if os.path.lexists(root / OWN_STATE_FILE):
        found.append(OWN_STATE_FILE)
    if found:
        verb = "is" if len(found) == 1 else "are"
        raise AlreadyThere(
            f"{', '.join(f'`{name}`' for name in found)} {verb} there already, so nothing was written",
            hint="name another folder, or move what is there away",
        )


def _write(root: Path, drafts: list[Draft], ci: str | None) -> None:
    root.mkdir(parents=True, exist_ok=True)
    state = SHARED if ci is not None else PINNED.format(id=_make_state(root))
    for draft in drafts:
        draft.path.parent.mkdir(parents=True, exist_ok=True)
        with draft.path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(draft.text.replace("@STATE@", state))


def _make_state(root: Path) -> str:
    """A new state on this machine; its id."""
    from runner.model.clock import SystemClock
    from runner.state.open import create_state

    with create_state(f"sqlite:///{OWN_STATE_FILE}", root=root, key=None, pin=None, clock=SystemClock()) as made:
        return made.id


def _say_what_is_next(invocation: Invocation, directory: str, drafts: list[Draft], ci: str | None) -> str:
    folder = Path(invocation.chdir or "") / directory
    command = ["campaign"] if str(folder) == "." else ["campaign", "-C", str(folder)]
    page = Page(width=invocation.width, color=False)
    page.write(f"made a project in `{folder}`:")
    for draft in drafts:
        page.keep(draft.name, indent=2)
    if ci is None:
        page.write(f"{OWN_STATE_FILE} (the state; keep a copy of its folder)", indent=2, hang=2)
    page.skip()
    page.write("Next steps:")
    for step in ("validate", "plan --sandbox", "apply --sandbox"):
        page.keep(f"{shlex.join(command)} {step}", indent=2)
    if ci is not None:
        page.skip()
        page.write(f"Before anything is merged: {SET_UP[ci]}.")
        page.write("Then, once, with STATE_URL and CAMPAIGN_STATE_KEY set, make the shared state, and commit its line:")
        page.keep(f"{shlex.join(command)} state init", indent=2)
    return page.text
