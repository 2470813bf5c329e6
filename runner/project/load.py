"""From a folder to a Project: files read and judged, defaults merged, good campaigns kept apart from failing ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.errors import Place, ProblemsFound, RunnerError
from runner.model.config import Account, Campaign, FailingCampaign, Project
from runner.model.listing import list_names
from runner.project.build import build_account, build_campaign, build_reference, given
from runner.project.check import sort_problems
from runner.project.drafts import CampaignDraft, read_campaigns, read_project, without_collection
from runner.project.folder import find_root
from runner.project.nearest import find_nearest
from runner.project.rules import find_same_identity, list_withheld, name_account
from runner.project.schema import type_value
from runner.project.tree import ListValue, MapValue, Value, to_plain
from runner.project.yaml import parse_yaml

__all__ = ["VariableRefused", "find_root", "load_project"]


class VariableRefused(RunnerError):
    """A `--var` names no variable that the project or one of its campaigns declares, or its value is no YAML."""

    code = "unknown-variable"


def load_project(root: Path, *, runner_version: str, variables: Mapping[str, str] = {}) -> Project:
    """The project in `root`, with each of `variables` (a declared name, a value as YAML) laid over those declared.

    A campaign's file that has problems becomes a FailingCampaign. Raises ProblemsFound, with the problems of all
    files, where campaigns.yaml itself has some, and VariableRefused.
    """
    typed = {name: _type_variable(name, text) for name, text in variables.items()}
    with without_collection():
        project = read_project(root, runner_version=runner_version)
        drafts = list(read_campaigns(root, project))
        same = find_same_identity((draft.identity, draft.at) for draft in drafts if draft.at is not None)
        for draft in drafts:
            draft.problems += same.get(draft.path, ())
        if project.values is None or project.problems:
            raise ProblemsFound(sort_problems([*project.problems, *(p for draft in drafts for p in draft.problems)]))
        _refuse_undeclared(typed, project.values, drafts)
        return _Building(root, project.values, typed).build(drafts)


@dataclass(slots=True)
class _Building:
    """A Project under construction from sound values of campaigns.yaml."""

    root: Path
    values: MapValue
    variables: Mapping[str, object]

    def build(self, drafts: list[CampaignDraft]) -> Project:
        """The whole project."""
        accounts = self._build_accounts()
        withheld = list_withheld(self.values)
        campaigns = [self._build_campaign(draft, withheld) for draft in drafts if not draft.problems]
        return Project(
            root=self.root,
            accounts=accounts,
            campaigns=tuple(campaigns),
            failing=tuple(_build_failing(draft) for draft in drafts if draft.problems),
            expose_env=self._list("expose_env"),
            **given(
                state=build_reference(self.values, "state"),
                state_id=self._say("state_id"),
                state_key=build_reference(self.values, "state_key"),
                language=self._say("language"),
            ),
        )

    def _build_accounts(self) -> dict[str, Account]:
        accounts = self.values.find("accounts")
        held = accounts if isinstance(accounts, MapValue) else self.values
        return {
            name: build_account(name, values, held.keys[name])
            for name, values in held.values.items()
            if isinstance(values, MapValue)
        }

    def _build_campaign(self, draft: CampaignDraft, withheld: tuple[str, ...]) -> Campaign:
        values = draft.values or self.values
        declared = _declared(values)
        return build_campaign(
            values,
            name=draft.name,
            edition=draft.edition,
            file=draft.path,
            place=draft.at.place if draft.at is not None else Place(draft.path),
            account=name_account(values, self.values) or "",
            variables={name: value for name, value in self.variables.items() if name in declared},
            withheld=withheld,
        )

    def _say(self, name: str) -> str | None:
        found = self.values.find(name)
        return None if found is None else str(found.value)

    def _list(self, name: str) -> tuple[str, ...]:
        found = self.values.find(name)
        return tuple(str(to_plain(item)) for item in found.items) if isinstance(found, ListValue) else ()


def _build_failing(draft: CampaignDraft) -> FailingCampaign:
    return FailingCampaign(
        name=draft.name, edition=draft.edition, file=draft.path, problems=sort_problems(draft.problems)
    )


def _declared(values: Value | None) -> set[str]:
    variables = values.find("vars") if isinstance(values, MapValue) else None
    return set(variables.values) if isinstance(variables, MapValue) else set()


def _refuse_undeclared(variables: Mapping[str, object], project: MapValue, drafts: list[CampaignDraft]) -> None:
    declared = _declared(project).union(*(_declared(draft.values) for draft in drafts))
    for name in variables:
        if name not in declared:
            nearest = find_nearest(name, sorted(declared))
            known = list_names(sorted(declared))
            hint = f"did you mean `{nearest}`?" if nearest else f"declared: {known}" if known else None
            message = f"--var: no `vars` of the project or of a campaign declares `{name}`"
            raise VariableRefused(message, hint=hint or "declare it under `vars:` in campaigns.yaml")


def _type_variable(name: str, text: str) -> object:
    _, value, problems = parse_yaml(text.encode(errors="surrogateescape"), f"--var {name}")
    if value is not None:
        problems += type_value(value)
    if problems:
        raise VariableRefused(f"--var {name}: {problems[0].message}", hint=problems[0].hint, code=problems[0].code)
    return None if value is None else to_plain(value)
