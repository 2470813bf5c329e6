"""Sources written as a campaign's file would say them, and what came of their rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runner.audience.recipients import build_audience
from runner.audience.tables import Means
from runner.errors import Place, ProblemsFound
from runner.model.config import Campaign, Content, Source, SourceKind
from runner.model.secret import Reference, Secret

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=ZoneInfo("Europe/Paris"))
CONTEXT = {"vars": {"region": "lyon", "least": 3}, "env": {}, "campaign": {"name": "c"}, "today": date(2026, 11, 25)}


def _make_source(words: Mapping[str, Any], line: int) -> Source:
    place = Place("campaigns/c.yaml", line, 5)
    numbers = tuple(words.get("numbers", ()))
    kind = next(kind for kind in SourceKind if kind in words)
    return Source(
        kind=kind,
        place=place,
        numbers=numbers,
        text="" if numbers else words[kind],
        database=Reference(words["database"]) if "database" in words else None,
        headers={name: Reference(text) for name, text in words.get("headers", {}).items()},
        items=words.get("items"),
        next=words.get("next"),
        column=words.get("column"),
        where=words.get("where"),
        allow_empty=words.get("allow_empty", False),
        ignore_invalid=words.get("on_invalid") == "ignore",
        excerpt=f"  - the source of line {line}",
    )


@pytest.fixture(scope="session")
def context() -> Mapping[str, Any]:
    """What Jinja sees."""
    return {**CONTEXT, "now": NOW}


@pytest.fixture(scope="session")
def make_source() -> Callable[..., Source]:
    """A source from a mapping, as it stands in a line of the campaign's file."""
    return _make_source


@pytest.fixture(scope="session")
def build() -> Callable[..., Any]:
    """Build an audience from sources as mappings (`{"file": "x.csv"}`); lines of recipients start at 10, of exclusions
    at 50."""

    def build(root: Path, recipients: Sequence[Mapping[str, Any]], exclude: Sequence[Mapping[str, Any]] = (), **words):
        campaign = Campaign(
            name="c",
            edition=None,
            file="campaigns/c.yaml",
            place=Place("campaigns/c.yaml"),
            account="main",
            content=Content(audio="a", notify_email="ops@example.fr"),
            recipients=tuple(_make_source(source, 10 + n) for n, source in enumerate(recipients)),
            exclude=tuple(_make_source(source, 50 + n) for n, source in enumerate(exclude)),
            **{key: words.pop(key) for key in ("delivery",) if key in words},
        )
        sees = words.pop("context", {**CONTEXT, "now": NOW})
        look_up = words.pop("look_up", lambda reference: Secret(reference.text))
        means = Means(root=root, context=sees, look_up=look_up, allowed_hosts=words.pop("allowed_hosts", None))
        return build_audience(campaign, means=means, **{"countries": ("FR",), "fiction": True, **words})

    return build


@pytest.fixture(scope="session")
def judge(build) -> Callable[..., Any]:
    """What became of every row of sources over some files: `(row, reason, text)`, those that are pending last."""

    def judge(files: Mapping[str, str | bytes], recipients=None, exclude=(), **words):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), files)
            sources = recipients or [{"file": next(iter(files))}]
            with build(Path(folder), sources, exclude, **words) as audience:
                rows = [*audience.read_rows(dropped=True), *audience.read_rows(dropped=False)]
                assert audience.rows.listed == len(rows)
                return sorted((row.row, row.reason.value, row.text) for row in rows)

    return judge


@pytest.fixture(scope="session")
def refuse(build) -> Callable[..., Any]:
    """The problems of sources over some files, of which there must be some."""

    def refuse(files: Mapping[str, str | bytes], recipients=None, exclude=(), **words):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), files)
            with (
                pytest.raises(ProblemsFound) as found,
                build(Path(folder), recipients or [{"file": next(iter(files))}], exclude, **words),
            ):
                pass
            return found.value.problems

    return refuse


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
