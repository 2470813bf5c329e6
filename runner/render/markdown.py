"""Markdown in which free text can do nothing: it becomes plain words or code.

What GitHub and GitLab make of text is theirs to extend (mentions, references, emoji, formulas, addresses), so nothing
is escaped: words of letters and plain numbers stand as they are, and everything else stands in code, where neither of
them looks for anything. https://github.github.com/gfm/ says what code is.
"""

from __future__ import annotations

import re

WORD = re.compile(r"(?<!\S)(?P<before>\(?)`(?P<code>[^`]+)`(?P<mark>(?:['\u2019]s)?\)?[,.;:?]?)(?!\S)|\S+")
PLAIN = re.compile(r"\(?(?:[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*|\d+(?:,\d{3})*(?:\.\d+)?%?)\)?[,.;:?]?|[\u2013\u2014=]")
ENDING = re.compile(r"(?<=[^\s,.;:?])[,.;:?]$")
"""A mark that belongs to the sentence and not to the word before it."""
COMMAND = re.compile(r"##(?=\[|vso)")
"""What some runners of jobs take for a command to themselves, wherever it stands in a line."""


def code(text: str) -> str:
    """One line of text as a code span."""
    inert = COMMAND.sub("# #", text)
    longest = max(map(len, re.findall(r"`+", inert)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if inert.startswith(("`", " ")) or inert.endswith(("`", " ")) or not inert.strip() else ""
    return f"{fence}{pad}{inert or ' '}{pad}{fence}"


def cell(text: str) -> str:
    """One line of text as a code span in a table, where a pipe would end the cell even in code."""
    return code(text.replace("|", "¦"))


def prose(text: str) -> str:
    """One line of free text: plain words as they are, what stands in backticks and all other words as code."""
    told: list[str] = []
    strange: list[str] = []
    for word in WORD.finditer(text):
        if word["code"] is None and not PLAIN.fullmatch(word.group()):
            strange.append(word.group())
            if ENDING.search(word.group()):
                told += _take_strange(strange)
            continue
        told += _take_strange(strange)
        told.append(word.group() if word["code"] is None else word["before"] + code(word["code"]) + word["mark"])
    return " ".join([*told, *_take_strange(strange)])


def _take_strange(words: list[str]) -> list[str]:
    """The words so far that need code, as one span before the mark that ends them; none are left behind."""
    if not words:
        return []
    text = " ".join(words)
    words.clear()
    bare = ENDING.sub("", text)
    return [code(bare) + text[len(bare) :]]
