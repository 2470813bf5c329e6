"""Every problem code is documented, and every documented code exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+")

# Words with a hyphen that are no codes: of HTTP, encodings and git, values of our enumerations, the name of a format.
OTHERS = re.compile(
    r"utf-.*|retry-after|x-ratelimit-.*|look-up|ls-files|rev-parse|missing-cell|surplus-cells|campaign-runner-state"
)
FORMATS = {"base-url", "source-url", "time-zone"}


def _written_codes() -> set[str]:
    """The kebab-case words that the rooms write as whole texts: reasons of numbers and faults are no codes."""
    modules = [
        path for path in (ROOT / "runner").rglob("*.py") if path.parent.name != "numbers" and path.name != "faults.py"
    ]
    texts = {
        node.value
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if CODE.fullmatch(text) and not OTHERS.fullmatch(text)} - FORMATS


def _documented_codes() -> set[str]:
    rows = re.findall(
        r"^\| (`.*?`) \|", (ROOT / "docs" / "problems.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return {code for row in rows for code in re.findall(r"`([a-z0-9-]+)`", row)}


def test_every_code_that_is_told_is_documented():
    assert sorted(_written_codes() - _documented_codes()) == []


def test_every_documented_code_can_be_told():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("*.py"))
    assert [code for code in sorted(_documented_codes()) if f'"{code}"' not in source] == []
