"""Sources that are typed on the command line: a file, or a source as a campaign would write it."""

from __future__ import annotations

from runner.errors import Problem, ProblemsFound
from runner.model.config import Source
from runner.project.build import build_sources
from runner.project.schema import judge
from runner.project.tree import MapValue
from runner.project.yaml import parse_yaml


def parse_source(text: str) -> Source:
    """The source that `text` names: a path or glob of files, or a mapping in YAML (`{query: "select …"}`).

    Raises ProblemsFound with what is wrong with it.
    """
    written = text.strip()
    flow = written if written.startswith("{") else f"{{file: {_quote(written)}}}"
    _, value, problems = parse_yaml(f"recipients: [{flow}]".encode(errors="surrogateescape"), "SOURCE")
    if not isinstance(value, MapValue):
        raise ProblemsFound(tuple(problems))
    problems += judge(value, "campaign")
    if problems:
        raise ProblemsFound(tuple(map(_without_column, problems)))
    return build_sources(value, "recipients", ())[0]


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _without_column(problem: Problem) -> Problem:
    """What was typed has no file in which a place could be looked up."""
    return Problem(problem.code, problem.message, None, problem.hint, None, problem.severity)
