"""What every kind of source yields: tables, of which the engine loads the cells that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from duckdb import DuckDBPyConnection

from runner.audience.load import load_rows
from runner.audience.rows import Wanted
from runner.audience.shape import Shape, read_shape
from runner.audience.text import Text
from runner.errors import SourceUnreadable
from runner.model.config import Source
from runner.model.secret import Reference, Secret

LookUp = Callable[[Reference], Secret]
"""What finds the text that a reference stands for. It raises ReferenceUnresolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What sources are read with.

    `context` is what templates see, `look_up` finds what a reference stands for, and `allowed_hosts` are the only ones
    that may be connected to, None for all.
    """

    root: Path
    context: Mapping[str, object]
    look_up: LookUp
    allowed_hosts: frozenset[str] | None = None


class Table(Protocol):
    """Rows under columns. `name` is what messages call it; `file` the path where its rows stand, if that is a file."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def file(self) -> str | None:
        """The path of the file where its rows stand, if they stand in one."""

    @property
    def shape(self) -> Shape:
        """How wide it is, and what its columns are called."""

    def load(self, connection: DuckDBPyConnection, wanted: Wanted) -> str:
        """Bring its rows into the engine; answer a relation (place, text, hurt, w0, w1, …), as `load_rows` does."""

    def close(self) -> None:
        """Let go of the files behind it."""


Reader = Callable[[Source, Means, DuckDBPyConnection], Generator[Table]]
"""What reads one kind of source: its tables, one after another, each of which the caller closes before the next."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table in a text."""

    text: Text
    shape: Shape
    file: str | None

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.text.name

    def load(self, connection: DuckDBPyConnection, wanted: Wanted) -> str:
        """Bring its rows into the engine."""
        return load_rows(connection, self.text, self.shape, wanted)

    def close(self) -> None:
        """Let go of its file."""
        self.text.close()


def find_text_table(text: Text, file: str | None, *, allow_empty: bool) -> TextTable | None:
    """The table in a text, which is closed where there is none; None where nothing is in it, and may be.

    Raises SourceUnreadable where it is no table.
    """
    try:
        shape = read_shape(text)
        if shape is not None:
            return TextTable(text, shape, file)
    except SourceUnreadable:
        text.close()
        raise
    text.close()
    if allow_empty:
        return None
    message = f"`{text.name}` is empty: it has no header and no row"
    raise SourceUnreadable(message, hint="export it again", code="source-empty")
