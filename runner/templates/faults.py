"""What is wrong with a template: before it is rendered, a fault at its place; while it is, an error."""

from __future__ import annotations

from dataclasses import dataclass

from runner.errors import RunnerError


class TemplateFailed(RunnerError):
    """A template can't be rendered: an unknown name, a fault of its syntax, or more work than is allowed."""

    code = "template-failed"


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """What is wrong with a template before it is rendered.

    `offset` counts characters from its start; `width` says how many are meant, None for all that follow.
    """

    code: str
    message: str
    offset: int = 0
    width: int | None = None


def shorten(text: str) -> str:
    """A text as a message quotes it: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def lower_start(text: str) -> str:
    """`text` as the rest of a sentence: without a capital at its start or a full stop at its end."""
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")
