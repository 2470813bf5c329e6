"""One rule of a schema that a value breaks, with what a message about it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.errors import Problem
from runner.project.masking import ACCOUNTS, HEADERS, names_headers, names_secret
from runner.project.tree import ScalarValue, Value


@dataclass(frozen=True, slots=True)
class Misfit:
    """One rule of a schema that a value breaks: the rule's keyword and what it wants, the value, and the way to it.

    `instance` is what was judged: the typed value, or the name of a key of it. `dependent` is the key whose presence
    asks for the rule, if one does.
    """

    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    value: Value
    path: tuple[str | int, ...]
    instance: object
    dependent: str = ""

    @property
    def key(self) -> str:
        """The dotted key: `delivery.kinds`, without the places in lists."""
        return ".".join(step for step in self.path if isinstance(step, str))

    @property
    def subject(self) -> str:
        """What the value is, at the beginning of a sentence."""
        if not self.path:
            return "the file"
        # Where a colon was forgotten, the name of an account or of a header is its secret.
        if self.path[:-1] == (ACCOUNTS,) and isinstance(self.value, ScalarValue) and self.value.value is None:
            return "an account"
        if len(self.path) > 1 and self.path[-2] == HEADERS:
            return f"a header of `{self.key.rpartition('.')[0]}`"
        return f"`{self.key}`" if isinstance(self.path[-1], str) else f"an item of `{self.key}`"

    @property
    def is_secret(self) -> bool:
        """Whether the text may not be quoted."""
        if isinstance(self.value, ScalarValue) and self.path[:1] == (ACCOUNTS,) and len(self.path) <= 2:
            # Where an account should stand, somebody may have written its key alone.
            return True
        return any(isinstance(step, str) and (names_secret(step) or names_headers(step)) for step in self.path)

    @property
    def text(self) -> str:
        """The text of the value as a message quotes it."""
        if isinstance(self.value, ScalarValue) and not self.is_secret:
            return f"`{self.value.brief}`"
        return "what stands there"

    def tell(self, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem at the value."""
        return self.value.problem(code, message, hint)
