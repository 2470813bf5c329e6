"""All that is wrong with a project's files, told at once: nothing but files is read, and no file is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import Place, Problem, RunnerError
from runner.project.drafts import read_campaigns, read_project, without_collection
from runner.project.folder import find_misnamed
from runner.project.layout import CAMPAIGNS_FOLDER, MORE_PROBLEMS, PROJECT_FILE, is_campaign_name
from runner.project.rules import find_same_identity


class NoCampaignFile(RunnerError):
    """A file that was named is not one of the project's."""

    code = "not-in-project"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: problems sorted by file and place, how many files were judged, how many of them campaigns.

    `known_campaigns` counts the campaigns of the whole project, also where some of its files alone were judged. Where
    campaigns.yaml is not sound, campaigns were not held against its defaults and accounts.
    """

    problems: tuple[Problem, ...]
    files: int
    campaigns: int
    known_campaigns: int
    is_project_sound: bool = True


def check_project(root: Path, files: Sequence[Path] | None = None, *, runner_version: str) -> Checked:
    """Every problem of campaigns.yaml and of all campaigns, or of `files` alone, held against all of them.

    Raises NoCampaignFile for one of `files` that is none of the project's.
    """
    wanted = None if files is None else {_name_file(root, file) for file in files}
    with without_collection():
        project = read_project(root, runner_version=runner_version)
        problems, paths, identities = list(project.problems), [PROJECT_FILE], []
        for draft in read_campaigns(root, project):
            problems += draft.problems
            paths.append(draft.path)
            if draft.at is not None:
                identities.append((draft.identity, draft.at))
        for found in find_same_identity(identities).values():
            problems += found
        problems += find_misnamed(root)
    judged = [path for path in paths if wanted is None or path in wanted]
    told = sort_problems(problem for problem in problems if wanted is None or _place(problem).path in wanted)
    campaigns = sum(path != PROJECT_FILE for path in judged)
    return Checked(told, len(judged), campaigns, len(paths) - 1, project.is_sound)


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, place and code; one that several campaigns have in common stands there once."""

    def rank(problem: Problem) -> tuple[Place, bool, str, str]:
        return _place(problem), problem.code == MORE_PROBLEMS, problem.code, problem.message

    return tuple(sorted(dict.fromkeys(problems), key=rank))


def _place(problem: Problem) -> Place:
    return problem.place or Place("")


def _name_file(root: Path, file: Path) -> str:
    """The path of a file as problems name it. Raises NoCampaignFile."""
    absolute = Path(os.path.normpath(file.absolute()))
    if not absolute.is_relative_to(root):
        absolute = absolute.parent.resolve() / absolute.name
    if not os.path.lexists(absolute):
        raise NoCampaignFile(f"there is no file `{file}`", hint="name files of this project, or none for all of them")
    if not absolute.is_relative_to(root):
        raise NoCampaignFile(f"`{file}` lies outside the project in {root}", hint="name another project by `-C DIR`")
    path = absolute.relative_to(root).as_posix()
    if path != PROJECT_FILE and not _is_campaign(path):
        hint = "campaigns are the `.yaml` and `.yml` files under `campaigns/` that don't begin with `_` or `.`"
        raise NoCampaignFile(f"`{path}` is no campaign", hint=hint)
    return path


def _is_campaign(path: str) -> bool:
    folder, *below = path.split("/")
    hidden = any(part.startswith(("_", ".")) for part in below)
    return folder == CAMPAIGNS_FOLDER and not hidden and is_campaign_name(below[-1] if below else "")
