"""Every problem code has a page, every page is about a code that exists, and the index lists them all."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "problems"
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


def _pages() -> dict[str, str]:
    """The title of each page, by its code."""
    first = {path.stem: path.read_text(encoding="utf-8").partition("\n")[0] for path in PAGES.glob("*.md")}
    return {code: line.removeprefix(f"# {code}: ") for code, line in first.items()}


def test_every_code_that_is_told_has_a_page():
    assert sorted(_written_codes() - set(_pages())) == []


def test_every_page_is_about_a_code_that_can_be_told():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("*.py"))
    assert [code for code in sorted(_pages()) if f'"{code}"' not in source] == []


def test_the_index_lists_every_page_once_with_its_title():
    index = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(.*)`\]\(\.\./runner/problems/(.*)\.md\) \| (.*) \|$", index, flags=re.MULTILINE)
    assert [code for code, page, _ in rows if code != page] == []
    assert sorted((code, title) for code, _, title in rows) == sorted(_pages().items())
