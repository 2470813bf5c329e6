"""Problems as code review shows them beside the line: GitHub's annotations, GitLab's Code Quality report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from runner.errors import Place, Problem, Severity
from runner.numbers import mask_numbers
from runner.render.problems import printable

MOST_OF_A_KIND = 10
"""GitHub shows no more annotations of one severity a step, and drops the others without a word."""
GITLAB_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def render_github(problems: Sequence[Problem], *, folder: str = "") -> str:
    """Problems as GitHub's workflow commands, one a line; `folder` is where the project lies in the repository.

    Where there are more of a severity than GitHub shows, the last one counts those that are left out.
    """
    return "\n".join(line for severity in Severity for line in _annotate(severity, problems, folder))


def _annotate(severity: Severity, problems: Sequence[Problem], folder: str) -> Iterator[str]:
    ours = [problem for problem in problems if problem.severity is severity]
    shown = ours if len(ours) <= MOST_OF_A_KIND else _choose(ours, MOST_OF_A_KIND - 1)
    for problem in shown:
        yield _command(severity, {**_locate(problem.place, folder), "title": problem.code}, _say(problem, "\n"))
    if more := len(ours) - len(shown):
        yield _command(
            severity, {"title": f"and {more:,} more"}, f"and {more:,} more: `campaign validate` tells them all"
        )


def _choose(problems: Sequence[Problem], most: int) -> list[Problem]:
    """As many as may be shown, in their order: the first of each file before the second of any."""
    told: Counter[str | None] = Counter()
    ranks = []
    for at, problem in enumerate(problems):
        path = problem.place.path if problem.place is not None else None
        told[path] += 1
        ranks.append((told[path], at))
    return [problems[at] for at in sorted(at for _, at in sorted(ranks)[:most])]


def _locate(place: Place | None, folder: str) -> dict[str, str]:
    if place is None:
        return {}
    return {
        "file": _place_in(folder, place.path),
        "line": str(place.line),
        "col": str(place.column),
        "endLine": str(place.line),
        "endColumn": str(place.column + place.width),
    }


def _command(severity: Severity, properties: dict[str, str], text: str) -> str:
    """A workflow command: nothing in it can end it, or begin another."""
    told = ",".join(
        f"{name}={_escape(printable(value)).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
    )
    return f"::{severity} {told}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def render_gitlab(problems: Sequence[Problem], *, folder: str = "") -> str:
    """Problems as a Code Quality report; `folder` is where the project lies in the repository.

    A fingerprint stays the same when its problem moves to another line, and no two are alike.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    report = []
    for problem in problems:
        place = problem.place or Place("campaigns.yaml")
        path, text = _place_in(folder, place.path), _say(problem, "; ")
        what = (problem.code, path, text)
        seen[what] += 1
        report.append(
            {
                "description": text,
                "check_name": problem.code,
                "fingerprint": sha256(json.dumps([*what, seen[what]]).encode()).hexdigest(),
                "severity": GITLAB_SEVERITIES[problem.severity],
                "location": {"path": path, "lines": {"begin": place.line}},
            }
        )
    return json.dumps(report, indent=2, ensure_ascii=False)


def _place_in(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _say(problem: Problem, between: str) -> str:
    """The message and what to do, printable, without telephone numbers."""
    told = [problem.message, f"hint: {problem.hint}" if problem.hint else ""]
    return between.join(mask_numbers(printable(text)) for text in told if text)
