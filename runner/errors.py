"""What went wrong, as values: a problem of a file, or an error that ends a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a problem forbids something (error) or only deserves a word (warning)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a key or value stands in a file of the project.

    `path` is relative to the project, with forward slashes; `line` and `column` count from 1, in characters;
    `width` is the number of characters that a caret underlines.
    """

    path: str
    line: int = 1
    column: int = 1
    width: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, told where it stands and with what to do about it.

    `code` is kebab-case, stable and documented. `excerpt` is the source line at `place`, in which secrets are
    masked already; telephone numbers are masked by whoever prints it.
    """

    code: str
    message: str
    place: Place | None = None
    hint: str | None = None
    excerpt: str | None = None
    severity: Severity = Severity.ERROR


class RunnerError(Exception):
    """The base of every error that a user can meet: a message, perhaps a hint, and the exit code of the command.

    `key` is the key of a source that it is about, where that is another than the one that says its kind.
    """

    code = "error"
    exit_code = 1
    key: str | None = None

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def as_problem(self, place: Place | None = None, excerpt: str | None = None) -> Problem:
        """This error as a problem, at `place` where it concerns something that a file says."""
        return Problem(self.code, self.message, place, self.hint, excerpt)


@contextmanager
def about_key(key: str) -> Iterator[None]:
    """What goes wrong inside is about this key of a source, unless it says another."""
    try:
        yield
    except RunnerError as error:
        error.key = error.key or key
        raise


class ProblemsFound(RunnerError):
    """The project's files have problems, all of which are told at once."""

    code = "problems-found"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} found")
        self.problems = problems


class SourceUnreadable(RunnerError):
    """A source of rows can't be read: the campaigns that it serves stop."""

    code = "source-unreadable"


class ReferenceUnresolved(RunnerError):
    """A `${NAME}` or `${file:PATH}` names nothing that is there."""

    code = "unresolved-reference"


class HostRefused(RunnerError):
    """A host may not be connected to."""

    code = "host-refused"


class StateRefused(RunnerError):
    """The state is missing, another one, damaged, newer than this release or in a place that can't keep it."""

    code = "state-refused"


class StateKeyWrong(StateRefused):
    """The state was made with another key: its pseudonyms would match nobody, and everybody would be reached again."""

    code = "state-key-wrong"


class StateUnavailable(RunnerError):
    """The state can't be read or written just now (locked, disk full, I/O error): nothing of it is known to stand.

    An answer that could not be recorded must be recorded again, for as long as it takes.
    """

    code = "state-unavailable"


class AccountLocked(RunnerError):
    """Another runner holds the account's lock."""

    code = "account-locked"


class LockLost(RunnerError):
    """This runner no longer holds the account's lock, so it may record nothing more."""

    code = "lock-lost"


class TooManyInDoubt(RunnerError):
    """As many chunks as the account's `max_in_doubt` wait for their settlement: nothing more may be recorded."""

    code = "too-many-in-doubt"
    exit_code = 3


class CampaignStoppedByHand(RunnerError):
    """Somebody stopped this campaign, or all of them: nothing more of it may be recorded until it is resumed."""

    code = "stopped-by-hand"
    exit_code = 2


class ProbeNeeded(Exception):
    """The account's last answer is not known, and a chunk is larger than a probe: it was not recorded, nor sent."""


class AlreadyHeld(RunnerError):
    """The ledger holds one of these recipients already: recording the chunk would reach somebody twice."""

    code = "already-held"


class AlreadySettled(RunnerError):
    """An answer came for a chunk that an operator had settled the other way meanwhile."""

    code = "already-settled"


class SettlementRefused(RunnerError):
    """A chunk can't be settled: there is none of this name, it is not in doubt, or a process may be sending it."""

    code = "settlement-refused"
