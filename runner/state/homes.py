"""Where a state is kept: a SQLite file or a PostgreSQL server, and what opening one needs of either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from sqlalchemy import Connection

from runner.errors import StateRefused
from runner.model.secret import Secret
from runner.state.transactions import Transactions

Fill = Callable[[Connection], None]
"""What puts tables and rows into a place that is about to be a state, in one transaction."""


class Home(ABC):
    """The place of one state, whether one is there or not. `name` is how messages call it; it holds no password."""

    name: str

    @abstractmethod
    def find(self, *, recording: bool) -> Transactions | None:
        """The state that is there, or None. Raises StateRefused where what is there can't be trusted."""

    @abstractmethod
    def make(self, fill: Fill, find_key: Callable[[], Secret]) -> bool:
        """Make a state, whole or not at all; False where there is one. `find_key` is called before anything is made."""

    @abstractmethod
    def read_key(self) -> Secret:
        """The key that lies beside the state. Raises StateRefused where none does, or none can."""

    @abstractmethod
    def find_key(self) -> Secret | None:
        """The key that a state would have that is made here; None where one would be made with it.

        Raises StateRefused where none can be.
        """

    @abstractmethod
    def find_or_make_key(self) -> Secret:
        """The key for a state that is about to be made, where the project names none."""

    @abstractmethod
    def upgrade(self, transactions: Transactions, version: int, *, recording: bool) -> Transactions:
        """The state of an older `version`, brought up to date: in place for whoever records, else for reading alone."""

    @abstractmethod
    def find_timeline(self, connection: Connection) -> str | None:
        """Which server keeps the state, and which of its histories it tells; None where that can't be told."""

    @abstractmethod
    def find_traces(self) -> str | None:
        """What shows that a state was here, where there is none now; None where nothing does, or nothing can."""

    @abstractmethod
    def find_doubt(self) -> str | None:
        """What can't be told of this place, and would have its state refused if it held; None where all can be."""

    def refuse_foreign(self) -> StateRefused:
        """The refusal of what another program keeps here."""
        hint = "let `state` name a place of its own"
        return StateRefused(f"`{self.name}` is a database of another program", hint=hint, code="state-foreign")
