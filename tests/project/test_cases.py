"""Broken files and the exact text of their problems, one case a file in `cases/`.

`UPDATE_CASES=1 python -m pytest tests/project/test_cases.py` writes the text anew, for a reader of the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.project.check import check_project
from runner.render.problems import render_problems

CASES = sorted(Path(__file__).with_name("cases").glob("*.case"))
FILE, PROBLEMS = "=== FILE ", "=== PROBLEMS\n"


def _read_files(text: str) -> dict[str, str]:
    parts = text.partition(PROBLEMS)[0].split(FILE)[1:]
    return {name: content for name, _, content in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_file_is_told_by_exactly_this_text(case, project):
    text = case.read_bytes().decode()
    root = project(_read_files(text))
    problems = check_project(root, runner_version="1.2.3").problems
    told = render_problems(problems) + "\n" if problems else "none\n"
    if os.environ.get("UPDATE_CASES"):
        case.write_bytes(f"{text.partition(PROBLEMS)[0]}{PROBLEMS}{told}".encode())
    assert told == text.partition(PROBLEMS)[2]


def test_there_are_cases():
    assert len(CASES) > 80
