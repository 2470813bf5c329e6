"""A runner that was stopped, lost its lock meanwhile, and is woken: it sends nothing.

A real `apply` is stopped (SIGSTOP) behind one of its system calls. The file of its lock is removed, another run takes
the account, finds the chunk under way and makes it unknown; an operator settles it, and a third run sends the rest.
Then the first one is woken. Where it was stopped in a transaction of its own, nobody else can record, and once woken it
goes on as if nothing had been.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count

import pytest

PEOPLE = 20
STEPS = {
    # System calls of a run from its lock to its last answer, and every how manyth of them has its turn: of the writes
    # between two syncs, one will do.
    "flock": 1,
    "pwrite64": 4,
    "fdatasync": 1,
    "connect": 1,
    "setsockopt": 1,
    "timer_create": 1,
    "timer_settime": 1,
    "sendto": 1,
    "recvfrom": 1,
    "timer_delete": 1,
}


def can_record(stand) -> bool:
    """Whether the frozen process keeps nobody from writing the state."""
    with closing(sqlite3.connect(stand.root / ".campaign/state.db", timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
    return True


def is_frozen(stand, call: str, nth: int, *, leave_rest: bool = False) -> bool:
    """Freeze a run behind its n-th such call, let others do its work, wake it; False where there is no n-th."""
    stand.timeout = "1s"
    provider = stand.begin()
    assert stand.call("state", "init")[0] == 0
    frozen = stand.start("apply", "--auto-approve", "--format", "json")
    frozen.inject(f"{call}:signal=STOP:when={nth}")
    frozen.wake()
    if not frozen.wait_until_stopped():
        return False
    if not stand.holds_within(3.0, lambda: frozen.has_ended or can_record(stand)):
        assert stand.wake(frozen) == 0
    else:
        take_over(stand, send=not leave_rest)
        before = provider.count()
        assert before.people == PEOPLE or leave_rest
        assert stand.wake(frozen) in {-9, 0, 1, 3}, frozen.output.read_text()
        assert provider.count().requests == before.requests
    if leave_rest:
        assert stand.call("apply", "--auto-approve")[0] == 0
    assert (provider.count().people, provider.count().twice) == (PEOPLE, 0)
    assert stand.read_people()[1]["accepted"] == PEOPLE
    return True


def take_over(stand, *, send: bool) -> None:
    """Take the frozen runner's lock away and settle what it was sending; send the rest too, or have nobody say yes."""
    for lock in (stand.root / ".campaign").glob("state.?*.lock"):
        lock.unlink()
    yes = ["--auto-approve"] if send else []
    code, process = stand.run("apply", *yes)
    assert code in ({0, 3} if send else {1}), process.output.read_text()
    stand.settle()
    if send:
        code, process = stand.run("apply", *yes)
        assert code == 0, process.output.read_text()


@pytest.mark.parametrize(
    ("call", "nth", "leave_rest"),
    [("timer_settime", 1, False), ("sendto", 1, True), ("recvfrom", 1, False), ("recvfrom", 1, True)],
)
def test_a_runner_that_was_frozen_and_lost_its_lock_sends_nothing_when_it_wakes(
    stand, call: str, nth: int, leave_rest: bool
) -> None:
    assert is_frozen(stand, call, nth, leave_rest=leave_rest)


@pytest.mark.slow
@pytest.mark.parametrize("call", STEPS)
def test_a_runner_sends_nothing_when_it_wakes_wherever_it_was_frozen(stand, call: str) -> None:
    points = 0
    for nth in count(1, STEPS[call]):
        if not is_frozen(stand, call, nth):
            break
        points += 1
    assert points
