"""What a template sees, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from runner.model.listing import list_names

NAMES = ("vars", "env", "campaign", "today", "now")
"""The names that a template knows."""


class Named(dict[str, Any]):
    """A map that knows under which name templates see it, so that a message can say where a key is missing."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.name = name


def build_context(
    *, vars: Mapping[str, Any], env: Mapping[str, str], campaign: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What templates of one campaign see: `now` is aware, in the account's time zone; `today` is its day.

    `campaign` holds `name`, `edition` and `account`; `env` the exposed variables that are set.
    """
    return {
        "vars": Named("vars", vars),
        "env": Named("env", env),
        "campaign": Named("campaign", campaign),
        "today": now.date(),
        "now": now,
    }


def describe_unknown(holder: str | None, name: str, known: Iterable[str]) -> str:
    """A sentence that says that `name` is unknown, as a part of `holder` where there is one, and the nearest known."""
    names = sorted(map(str, known))
    nearest = get_close_matches(name, names, n=1)
    if holder is None:
        told = f"templates know no `{name}`"
        rest = f"did you mean `{nearest[0]}`?" if nearest else f"they see {', '.join(f'`{each}`' for each in NAMES)}"
        return f"{told}: {rest}"
    told = f"`{holder}` has no `{name}`"
    if nearest:
        return f"{told}: did you mean `{holder}.{nearest[0]}`?"
    if holder == "env":
        return f"{told}: list it under `expose_env` in campaigns.yaml, and set it in the environment"
    return f"{told}: it has {list_names(names)}" if names else f"{told}: it is empty"
