"""Files read and judged one by one: the project's, and each campaign's with the defaults merged in."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from runner.errors import Place, Problem
from runner.numbers.masking import stands_in_name
from runner.project.folder import Unreadable, list_campaigns, read_file
from runner.project.layout import MAX_PROBLEMS, MORE_PROBLEMS, PROJECT_FILE
from runner.project.merge import merge_campaign
from runner.project.rules import Identity, judge_campaign, judge_project
from runner.project.schema import judge, load_schema
from runner.project.tree import MapValue, ScalarValue, Value
from runner.project.yaml import parse_yaml


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """campaigns.yaml as it was read: its values where there are any, and what is wrong with it."""

    values: MapValue | None
    problems: tuple[Problem, ...]

    @property
    def is_sound(self) -> bool:
        """Whether campaigns can be judged by it."""
        return self.values is not None and not self.problems


@dataclass(slots=True)
class CampaignDraft:
    """A campaign's file as it was read: its identity, its values with the defaults merged in, what is wrong with it.

    `at` is where its name stands, the file's first value where it has none; None where nothing could be read.
    """

    path: str
    name: str
    edition: str | None = None
    at: ScalarValue | MapValue | None = None
    values: MapValue | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        """What no other file may be."""
        return self.name, self.edition


def read_project(root: Path, *, runner_version: str) -> ProjectDraft:
    """campaigns.yaml, judged by its schema and by the rules that reach across its keys."""
    values, problems = _read_values(root, PROJECT_FILE, "project")
    if values is not None:
        problems += judge_project(values, root=root, runner_version=runner_version)
    return ProjectDraft(values, tuple(problems))


def read_campaigns(root: Path, project: ProjectDraft) -> Iterator[CampaignDraft]:
    """Every campaign's file, one after another, so that no more than one need be kept."""
    for found in list_campaigns(root):
        if isinstance(found, Unreadable):
            yield CampaignDraft(found.path, PurePosixPath(found.path).stem, problems=[found.problem])
        else:
            yield _read_campaign(root, found, project)


def _read_campaign(root: Path, path: str, project: ProjectDraft) -> CampaignDraft:
    own, problems = _read_values(root, path, "campaign")
    draft = CampaignDraft(path, PurePosixPath(path).stem, problems=problems)
    if own is None:
        return draft
    _identify(draft, own)
    draft.values = merge_campaign(own, project.values if project.is_sound else None)
    misspelt = any(problem.code == "unknown-key" for problem in problems)
    if project.is_sound and project.values is not None and not misspelt:
        draft.problems += judge_campaign(draft.values, project.values, root=root)
    return draft


def _identify(draft: CampaignDraft, own: MapValue) -> None:
    name, edition = own.find("name"), own.find("edition")
    draft.at = own
    if isinstance(name, ScalarValue):
        draft.name, draft.at = name.text, name
    elif name is None and not _is_name(draft.name):
        message = f"the file's name makes `{draft.name}` the campaign's, which can't be"
        hint = _hint_name(draft.name)
        draft.problems.append(own.problem("invalid-name", message, hint))
    if isinstance(edition, ScalarValue):
        draft.edition = edition.text
    _refuse_numbers(draft, edition)


def _refuse_numbers(draft: CampaignDraft, edition: Value | None) -> None:
    """No name holds a telephone number: plans, logs and the state hold names, and no numbers."""
    for text, at in ((draft.name, draft.at), (draft.edition, edition)):
        if text is not None and at is not None and stands_in_name(text):
            what = "name" if text is draft.name else "edition"
            message = f"a telephone number can't stand in a campaign's {what}: it would stand in every plan and log"
            draft.problems.append(at.problem("invalid-name", message, f"write another {what}, in words"))


def _is_name(text: str) -> bool:
    return re.search(load_schema("campaign")["properties"]["name"]["pattern"], text) is not None


def _hint_name(stem: str) -> str:
    from runner.project.respelling import find_respelling

    spelled = find_respelling(stem, _is_name)
    told = load_schema("campaign")["properties"]["name"]["patternErrorMessage"]
    return f"write `name: {spelled}` in it, or rename the file" if spelled else f"write `name:` in it: {told}"


def _read_values(root: Path, path: str, schema: str) -> tuple[MapValue | None, list[Problem]]:
    data = read_file(root, path)
    if isinstance(data, Problem):
        return None, [data]
    _, value, problems = parse_yaml(data, path)
    if problems and value is None:
        return None, _end_list(problems)
    if value is None or (isinstance(value, ScalarValue) and value.plain and not value.text):
        hint = "write the keys of the campaign, or remove the file" if schema == "campaign" else "write `version: 1`"
        return None, [
            *problems,
            Problem("empty-file", "there is nothing in this file, or nothing but comments", Place(path), hint),
        ]
    problems += judge(value, schema)
    return (value if isinstance(value, MapValue) else None), _end_list(problems)


def _end_list(problems: list[Problem]) -> list[Problem]:
    """The problems of one file, the last of which says so where there are more than are told."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    told = sorted(problems, key=lambda problem: problem.place or Place(""))[:MAX_PROBLEMS]
    message = f"only the first {MAX_PROBLEMS} problems of this file are told"
    hint = "mend these first: what is wrong with the others may be the same"
    last = told[-1]
    return [*told, Problem(MORE_PROBLEMS, message, last.place, hint, last.excerpt)]


@contextmanager
def without_collection() -> Iterator[None]:
    """No search for cycles while thousands of values are made, none of which is part of one."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # What was made lives as long as the command: a later search for cycles need not walk through it.
            gc.freeze()
            gc.enable()
