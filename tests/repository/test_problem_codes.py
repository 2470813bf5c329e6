"""Every problem code has a page, every page is about a code that exists, and the index lists them all.

The codes are read out of the sources: nobody keeps a list of them that could be forgotten.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "problems"
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+")
WORD = re.compile(r"[a-z]+")
TELLING = re.compile(r"Problem|_?problem|problem_within|_?tell|_warn|Fault|TemplateFault")
"""What a problem is made by: the first text that it is given, as it is, is the code."""

# Words with a hyphen that are no codes: of HTTP, encodings and git, values of our enumerations, names of a format and
# of a way to decode.
OTHERS = re.compile(
    r"utf-.*|retry-after|x-ratelimit-.*|look-up|ls-files|rev-parse|missing-cell|surplus-cells|campaign-runner-state"
    r"|campaign-replacements"
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


def _told_words() -> set[str]:
    """The codes of one word: what problems are made with, what is handed over as a code, and what errors have."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "runner").rglob("*.py")]
    texts = {text for tree in trees for node in ast.walk(tree) for text in _find_codes(node)}
    return {text for text in texts if WORD.fullmatch(text)}


def _find_codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments, keywords=keywords):
            given = [each for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            handed = given[:1] if TELLING.fullmatch(name) else []
            named = [keyword.value for keyword in keywords if keyword.arg == "code" and name != "Language"]
            parts = [*handed, *(part for part in named if isinstance(part, ast.Constant | ast.IfExp))]
        case ast.ClassDef(body=body):
            parts = [
                each.value for each in body if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "code"
            ]
        case _:
            parts = []
    for part in parts:
        values = (each.value for each in ast.walk(part) if isinstance(each, ast.Constant))
        yield from (value for value in values if isinstance(value, str))


def _pages() -> dict[str, str]:
    """The title of each page, by its code."""
    first = {path.stem: path.read_text(encoding="utf-8").partition("\n")[0] for path in PAGES.glob("*.md")}
    return {code: line.removeprefix(f"# {code}: ") for code, line in first.items()}


def test_every_code_that_is_told_has_a_page():
    assert sorted(_written_codes() - set(_pages())) == []


def test_every_code_of_one_word_has_a_page_and_every_such_page_is_told():
    assert _told_words() == {code for code in _pages() if WORD.fullmatch(code)}


def test_every_page_is_about_a_code_that_can_be_told():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("*.py"))
    assert [code for code in sorted(_pages()) if f'"{code}"' not in source] == []


def test_the_index_lists_every_page_once_with_its_title():
    index = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(.*)`\]\(\.\./runner/problems/(.*)\.md\) \| (.*) \|$", index, flags=re.MULTILINE)
    assert [code for code, page, _ in rows if code != page] == []
    assert sorted((code, title) for code, _, title in rows) == sorted(_pages().items())
