"""The mistakes that people make most, one a file in `mistakes/`, with the exact text that the command prints.

What stands behind the last `===` is that text. `pytest tests/cli/test_mistakes.py --snapshot-update` writes it
anew, for a reader of the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

COMMANDS = {"validate": ("validate",), "plan": ("plan", "--sandbox"), "plan-for-real": ("plan",)}
MISTAKES = sorted(Path(__file__).with_name("mistakes").glob("*/*.case"))
FILE, PRINTED = "=== FILE ", "=== PRINTED\n"


def _read_files(text: str) -> dict[str, bytes]:
    """The files of a mistake. Behind a name may stand an encoding that is not UTF-8, as in `data/a.csv in cp1252`."""
    files = {}
    for part in text.partition(PRINTED)[0].split(FILE)[1:]:
        head, _, content = part.partition("\n")
        name, _, encoding = head.partition(" in ")
        files[name] = content.encode(encoding or "utf-8")
    return files


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mistake_is_told_by_exactly_this_text(path, campaign, project, request, monkeypatch):
    monkeypatch.setattr("runner.cli.project.__version__", "1.2.3")
    text = path.read_bytes().decode()
    ended = campaign(*COMMANDS[path.parent.name], cwd=project(_read_files(text)))
    printed = ended.stdout + ended.stderr
    assert "error[unexpected]" not in printed
    if request.config.option.update_snapshots:
        path.write_bytes(f"{text.partition(PRINTED)[0]}{PRINTED}{printed}".encode())
        return
    assert printed == text.partition(PRINTED)[2]


def test_the_hundred_most_likely_mistakes_are_there():
    assert len(MISTAKES) > 100
