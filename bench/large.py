"""Large ledgers, and a chunk in one beside a chunk in an empty one, sent in turns by the very code of a run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

from ledgers import fill_postgresql, fill_sqlite
from server import Server

from runner.errors import Place
from runner.model.clock import SystemClock
from runner.model.config import Account, Content
from runner.model.ledger import KeptContent
from runner.model.secret import Reference, Secret
from runner.sandbox.server import Sandbox
from runner.sending.chunk import Chunk, Door, send_chunk
from runner.state.lock import hold_account, this_holder
from runner.state.open import open_state

PEOPLE = 500
KEY = Secret("a key of the benchmark, long enough for a state")
AUDIO = "5f2c8e6b41d94c6a8f0e3d7b9a125c44"
EMAIL = "ops@example.fr"
FIRST_NUMBERS = count(33_600_000_000, PEOPLE)


def make_reached(folder: Path, strangers: int, numbers: Iterable[int]) -> None:
    """Make the state `state.db` in this folder, whose ledger holds so many strangers and these French numbers."""
    with Sandbox(requests=100_000, per_s=1.0) as sandbox, _open_door(folder, sandbox.base_url, None) as door:
        _time_chunk(door)
        reached = _hide(numbers, door)
    fill_sqlite(folder / "state.db", strangers, reached)


def _hide(numbers: Iterable[int], door: Door) -> Sequence[bytes]:
    """The pseudonyms of these French numbers."""
    return [door.state.pseudonyms.of_number(33_000_000_000 + number) for number in numbers]


def measure_large_ledger(
    root: Path, people: int, reached: Sequence[int], chunks: int, runs: int, server: Server | None
) -> tuple[float, float]:
    """The seconds of a chunk with so many people of its campaign in the ledger, and with nobody: medians of medians.

    In a file, `reached` are among them, which is then `large/state.db` in the folder.
    """
    took: dict[str, list[float]] = {"large": [], "empty": []}
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(requests=100_000, per_s=1.0))
        doors = {name: stack.enter_context(_open_door(root / name, sandbox.base_url, server)) for name in took}
        for door in doors.values():
            _time_chunk(door)
        if server is None:
            fill_sqlite(root / "large/state.db", people - len(reached), _hide(reached, doors["large"]))
        else:
            fill_postgresql(server.about("large"), people)
        for _ in range(runs):
            turns = [{name: _time_chunk(door) for name, door in doors.items()} for _ in range(chunks)]
            for name, medians in took.items():
                medians.append(median(turn[name] for turn in turns))
    return median(took["large"]), median(took["empty"])


@contextmanager
def _open_door(folder: Path, url: str, server: Server | None) -> Iterator[Door]:
    folder.mkdir(parents=True)
    if server is not None:
        server.clear(folder.name)
    clock = SystemClock()
    account = Account(name="main", place=Place("campaigns.yaml"), api_key=Reference("bench"))
    where = "sqlite:///state.db" if server is None else server.url(folder.name)
    with (
        open_state(where, root=folder, key=KEY, pin=None, clock=clock) as state,
        hold_account(
            state,
            fingerprint=bytes(16),
            account=account.name,
            holder=this_holder(clock, "bench"),
            wait=timedelta(0),
            clock=clock,
        ) as held,
    ):
        yield Door(
            account=account,
            base_url=url,
            api_key=Secret("bench"),
            proxy=None,
            allowed_hosts=None,
            held=held,
            state=state,
            clock=clock,
        )


def _time_chunk(door: Door) -> float:
    """The seconds that one chunk takes, for people who were never reached."""
    first = next(FIRST_NUMBERS)
    chunk = Chunk(
        campaign="one-list",
        edition=None,
        plan_id="",
        label="one-list",
        content=Content(audio=AUDIO, notify_email=EMAIL),
        kept_content=KeptContent(audio=AUDIO, notify_email=EMAIL),
        schedule=None,
        numbers=range(first, first + PEOPLE),
        probe=False,
        largest_probe=0,
    )
    began = time.perf_counter()
    send_chunk(chunk, door, lambda _: None, lambda: None)
    return time.perf_counter() - began
