"""`campaign explain`: what a problem code means, from the page that is written about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from runner.cli.completion import complete_codes
from runner.cli.context import Invocation
from runner.cli.desks import choose_format
from runner.errors import Problem, RunnerError, Severity

PAGES = Path(__file__).resolve().parents[1] / "problems"
PLAIN = frozenset({
    "dry-run", "error", "interrupted", "no-such-code", "no-such-command", "no-such-option", "not-confirmed",
    "problems-found", "usage",
})  # fmt: skip
"""Codes whose message says all: nobody needs to be sent to their pages."""
BOLD = "\x1b[1m{}\x1b[0m"
_TITLE = re.compile(r"# (?P<code>[a-z0-9-]+): (?P<title>.+)\n")
_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)
_FILE = re.compile(r"^`(?P<path>[^`\n]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class NoSuchCode(RunnerError):
    """No problem has this code."""

    code = "no-such-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is written about one code. `text` is the whole page; a code that no file causes has no examples."""

    code: str
    title: str
    text: str
    meaning: str
    what_to_do: str
    how_it_comes_about: str | None
    wrong: Mapping[str, str]
    right: Mapping[str, str]


@click.command(short_help="Explain a problem code, with a wrong and a right example.")
@click.argument("code", metavar="CODE", shell_complete=complete_codes)
@choose_format("text", "json")
@click.pass_obj
def explain(invocation: Invocation, *, code: str, output_format: str) -> int:
    """Explain a problem code, the word in brackets of `error[unknown-key]`: what it means and what to do.

    Where a file causes it, a wrong and a right example follow, file by file.
    """
    page = read_page(code)
    if output_format == "json":
        invocation.write(_write_json(page))
    else:
        invocation.write(_embolden(page.text) if invocation.color else page.text)
    return 0


def point_to_pages(invocation: Invocation, problems: Iterable[Problem]) -> None:
    """Say on a terminal, once, which page tells more of these problems: in a log or a pipe nobody could ask for it."""
    codes = list(dict.fromkeys(problem.code for problem in _errors_first(problems) if problem.code not in PLAIN))
    if codes and sys.stderr is not None and sys.stderr.isatty():
        others = ", and so for each code in brackets" if len(codes) > 1 else ""
        invocation.tell(f"`campaign explain {codes[0]}` says more{others}")


def _errors_first(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)


def list_codes() -> list[str]:
    """Every code that has a page, sorted."""
    return sorted(path.stem for path in PAGES.glob("*.md"))


def read_page(code: str) -> Page:
    """The page of this code. Raises NoSuchCode where there is none, with the nearest that there is."""
    codes = list_codes()
    if code not in codes:
        from runner.project.nearest import find_nearest

        nearest = find_nearest(code.lower(), codes)
        hint = f"did you mean `{nearest}`?" if nearest else "a code is the word in brackets, as in `error[unknown-key]`"
        raise NoSuchCode(f"no problem has the code `{code}`", hint=hint)
    return parse_page((PAGES / f"{code}.md").read_text(encoding="utf-8"))


def parse_page(text: str) -> Page:
    """The page that is written in `text`. Raises ValueError where it begins with no title."""
    titled = _TITLE.match(text)
    if titled is None:
        raise ValueError("a page begins with `# CODE: TITLE`")
    meaning, *rest = _HEADING.split(text[titled.end() :])
    parts = dict(zip(rest[::2], rest[1::2], strict=True))
    return Page(
        code=titled["code"],
        title=titled["title"],
        text=text,
        meaning=meaning.strip(),
        what_to_do=parts.get("What to do", "").strip(),
        how_it_comes_about=parts["How it comes about"].strip() if "How it comes about" in parts else None,
        wrong=_read_files(parts.get("Wrong", "")),
        right=_read_files(parts.get("Right", "")),
    )


def _read_files(part: str) -> dict[str, str]:
    return {found["path"]: found["text"] for found in _FILE.finditer(part)}


def _embolden(text: str) -> str:
    return re.sub(r"^#+ .*$", lambda heading: BOLD.format(heading[0].lstrip("# ")), text, flags=re.MULTILINE)


def _write_json(page: Page) -> str:
    from runner.render.documents import FORMAT_VERSION, write_document

    return write_document(
        {
            "format_version": FORMAT_VERSION,
            "code": page.code,
            "title": page.title,
            "meaning": _unfold(page.meaning),
            "what_to_do": _unfold(page.what_to_do),
            "how_it_comes_about": None if page.how_it_comes_about is None else _unfold(page.how_it_comes_about),
            "wrong": _list_files(page.wrong),
            "right": _list_files(page.right),
        }
    )


def _unfold(text: str) -> str:
    """Each paragraph on one line: who shows the document breaks lines where it suits."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _list_files(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"path": path, "text": text} for path, text in files.items()]
