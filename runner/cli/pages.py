"""The pages that are written about problem codes: which there are, what one says, and who is sent to them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.cli.context import Invocation
from runner.errors import Problem, RunnerError, Severity

PAGES = Path(__file__).resolve().parents[1] / "problems"
PLAIN = frozenset({
    "dry-run", "error", "interrupted", "no-such-code", "no-such-command", "no-such-option", "not-confirmed",
    "problems-found", "usage",
})  # fmt: skip
"""Codes whose message says all: nobody needs to be sent to their pages."""
_TITLE = re.compile(r"# (?P<code>[a-z0-9-]+): (?P<title>.+)\n")
_BRACKETS = re.compile(r"(?:error|warning)\[(.*)\]")
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
    # As it stands in a message that was copied.
    code = _BRACKETS.sub(r"\1", code)
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
