"""URL → state: made where it may be, opened where it is the right one, refused where neither holds."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, final

from sqlalchemy import Connection, insert, select, update

from runner.errors import StateKeyWrong, StateRefused
from runner.model.clock import Clock, spell_moment
from runner.model.secret import Secret
from runner.pseudonyms import Pseudonyms
from runner.state.files import StateFile
from runner.state.homes import Home
from runner.state.ledger import Ledger
from runner.state.places import find_path, names_server
from runner.state.tables import state as state_table
from runner.state.timelines import spell_timeline
from runner.state.transactions import Transactions
from runner.state.versions import VERSION, create_tables, find_version

MAKE_ANEW = "put it back; or make a new one on purpose with `campaign state init`, to which nobody has been reached yet"


class _Identity(NamedTuple):
    """What says which state it is, in whatever version."""

    version: int
    state_id: str
    check_value: bytes


@final
class State:
    """The ledger, and what makes it this one: its id, its serial and the key of its pseudonyms."""

    def __init__(self, home: Home, transactions: Transactions, pseudonyms: Pseudonyms, state_id: str) -> None:
        self.home = home
        self.transactions = transactions
        self.pseudonyms = pseudonyms
        self.id = state_id
        self.ledger = Ledger(transactions)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return isinstance(self.home, StateFile)

    @property
    def serial(self) -> int:
        """How often a chunk was recorded in this state, as it is now: of two copies, the newer one has the higher."""
        with self.transactions.reading() as connection:
            serial: int = connection.execute(select(state_table.c.serial)).scalar_one()
            return serial

    @property
    def retired_at(self) -> datetime | None:
        """Since when another state goes on with this ledger; None where none does."""
        with self.transactions.reading() as connection:
            retired_at: datetime | None = connection.execute(select(state_table.c.retired_at)).scalar_one()
            return retired_at

    @property
    def risk(self) -> str | None:
        """What may lose or betray what was recorded, and can't be mended from here; None where nothing is known to."""
        return self.transactions.find_risk()

    @property
    def doubt(self) -> str | None:
        """What can't be told of its place, and would have it refused if it held; None where all can be."""
        return self.home.find_doubt()

    def limit_waits(self, timeout: timedelta) -> None:
        """Let no wait for others last as long as a request of this `timeout` may."""
        self.transactions.limit_waits(timeout)

    def accept(self) -> bool:
        """Take what the server tells now for the truth; False where it is what was accepted before."""
        with self.transactions.recording() as connection:
            timeline = self.home.find_timeline(connection)
            differs = connection.execute(select(state_table.c.timeline)).scalar() != timeline
            connection.execute(update(state_table).values(timeline=timeline))
        return differs

    def close(self) -> None:
        """Let go of the state."""
        self.transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def find_home(url: str, root: Path) -> Home:
    """Where this URL keeps its state. Raises StateRefused where it names no such place."""
    if names_server(url):
        from runner.state.servers import StateServer

        return StateServer(url)
    return StateFile(find_path(url, root))


def find_state(
    url: str, *, root: Path, key: Secret | None, pin: str | None, rehearsal: bool = False, as_it_is: bool = False
) -> State | None:
    """The state for whoever only reads: nothing is made and nothing changed. None where there is none, and no pin.

    Raises StateRefused where the pinned state isn't there or is another one, where it can't be trusted, and where none
    could be made for want of a key. With `as_it_is`, one that was retired or whose server changed its history is no
    such state. The state of a `rehearsal` remembers nobody real, and may be lost without a word.
    """
    home = find_home(url, root)
    transactions = home.find(recording=False)
    if transactions is None:
        _refuse_missing(home, pin, rehearsal=rehearsal)
        _refuse_unfit_key(home, key)
        return None
    return _open(home, transactions, key, pin, recording=False, as_it_is=as_it_is)


def open_state(
    url: str,
    *,
    root: Path,
    key: Secret | None,
    pin: str | None,
    clock: Clock,
    rehearsal: bool = False,
    as_it_is: bool = False,
) -> State:
    """The state for whoever records; made where there is none, unless one is pinned.

    Raises StateRefused where the pinned state isn't there or is another one, and where it can't be trusted; of which
    `rehearsal` and `as_it_is` forgive what they do in `find_state`.
    """
    home = find_home(url, root)
    transactions = home.find(recording=True)
    if transactions is None:
        _refuse_missing(home, pin, rehearsal=rehearsal)
        _make(home, key, clock)
        transactions = _find_made(home)
    return _open(home, transactions, key, pin, recording=True, as_it_is=as_it_is)


def create_state(url: str, *, root: Path, key: Secret | None, pin: str | None, clock: Clock) -> State:
    """A new state, under a new id, whatever id is pinned. Raises StateRefused where there is one already."""
    home = find_home(url, root)
    if not _make(home, key, clock):
        pinned = "" if pin is None else f", and `state_id` pins state {pin}"
        hint = "to begin anew, after which nobody counts as reached, move it away first, with its key"
        raise StateRefused(f"`{home.name}` is there already{pinned}", hint=hint, code="state-exists")
    return _open(home, _find_made(home), key, None, recording=True, as_it_is=False)


def _refuse_missing(home: Home, pin: str | None, *, rehearsal: bool) -> None:
    if pin is not None:
        message = f"`state_id` pins state {pin}, and there is none at `{home.name}`"
        raise StateRefused(message, hint=MAKE_ANEW, code="state-missing")
    traces = None if rehearsal else home.find_traces()
    if traces is not None:
        message = f"`{home.name}` is gone, and `{traces}` shows that it was used: whom it remembers is not known"
        raise StateRefused(message, hint=MAKE_ANEW, code="state-missing")


def _refuse_unfit_key(home: Home, key: Secret | None) -> None:
    """Raise StateRefused where no state could be made, so that a plan says what a run would say."""
    found = home.find_key() if key is None else key
    if found is not None:
        Pseudonyms(found)


def _find_made(home: Home) -> Transactions:
    made = home.find(recording=True)
    if made is None:
        raise StateRefused(f"`{home.name}` was made, and is gone again", hint=MAKE_ANEW, code="state-missing")
    return made


def _make(home: Home, key: Secret | None, clock: Clock) -> bool:
    """Make a state; False where there is one, also one that another process has just made."""
    find_key = home.find_or_make_key if key is None else lambda: key
    return home.make(partial(_fill, home=home, find_key=find_key, clock=clock), find_key)


def _fill(connection: Connection, *, home: Home, find_key: Callable[[], Secret], clock: Clock) -> None:
    create_tables(connection)
    connection.execute(
        insert(state_table).values(
            singleton=1,
            version=VERSION,
            state_id=secrets.token_hex(16),
            serial=0,
            check_value=Pseudonyms(find_key()).check_value,
            created_at=clock.now(),
            timeline=home.find_timeline(connection),
        )
    )


def _open(
    home: Home, transactions: Transactions, key: Secret | None, pin: str | None, *, recording: bool, as_it_is: bool
) -> State:
    """The state that is there. Raises StateRefused where it is another than the pinned one, or another key's."""
    with ExitStack() as until_refused:
        until_refused.callback(transactions.close)
        found = _read_identity(home, transactions)
        if pin is not None and found.state_id != pin:
            message = f"`state_id` pins state {pin}, and `{home.name}` is state {found.state_id}"
            raise StateRefused(message, hint=f"put back state {pin}, or pin the one that is meant", code="state-other")
        pseudonyms = _hash_by(key if key is not None else home.read_key(), home)
        if pseudonyms.check_value != found.check_value:
            raise _tell_wrong_key(home, key)
        if found.version < VERSION:
            transactions = home.upgrade(transactions, found.version, recording=recording)
            until_refused.callback(transactions.close)
        if not as_it_is:
            _refuse_past(home, transactions)
        until_refused.pop_all()
    return State(home, transactions, pseudonyms, found.state_id)


def _read_identity(home: Home, transactions: Transactions) -> _Identity:
    with transactions.reading() as connection:
        version = find_version(connection)
        if version > VERSION:
            message = f"`{home.name}` was made by a newer release (its version is {version}, this one knows {VERSION})"
            raise StateRefused(message, hint="use that release, or a later one", code="state-newer")
        found = connection.execute(select(state_table.c.state_id, state_table.c.check_value)).one()
        return _Identity(version, found.state_id, found.check_value)


def _refuse_past(home: Home, transactions: Transactions) -> None:
    """Raise StateRefused where another state goes on with this ledger, or where this may be an older copy of it."""
    with transactions.reading() as connection:
        row = connection.execute(select(state_table.c.timeline, state_table.c.retired_at)).one()
        timeline = home.find_timeline(connection)
    if row.retired_at is not None:
        message = f"`{home.name}` was retired at {spell_moment(row.retired_at)}: another state goes on with it"
        raise StateRefused(message, hint="let `state` name the one that it was moved to", code="state-retired")
    if timeline != row.timeline:
        message = (
            f"the server of `{home.name}` tells another history than when the state was last accepted"
            f" (then: {spell_timeline(row.timeline)}; now: {spell_timeline(timeline)}): a standby or an older copy"
            " may have taken its place, and what was recorded last may be missing"
        )
        hint = "compare `campaign state show` with what was sent; then `campaign state accept` takes it as the truth"
        raise StateRefused(message, hint=hint, code="state-history")


def _hash_by(key: Secret, home: Home) -> Pseudonyms:
    """The pseudonyms of a state that is there: what is wrong with its key, no new key mends."""
    try:
        return Pseudonyms(key)
    except StateRefused as short:
        hint = f"put back the key that `{home.name}` was made with: no other one ever fits it"
        raise StateRefused(short.message, hint=hint, code=short.code) from short


def _tell_wrong_key(home: Home, key: Secret | None) -> StateKeyWrong:
    message = f"`{home.name}` was made with another key: by this one, everybody would count as not reached"
    if key is None:
        return StateKeyWrong(message, hint="put back the key that lay beside it, or set its `state_key`")
    return StateKeyWrong(message, hint="set `state_key` to the key it was made with, or remove it if there was none")
