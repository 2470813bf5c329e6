"""One runner per account, by a lock that dies with its holder; who holds it, and whether that still lives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import lock_descriptor

from runner.errors import AccountLocked, StateUnavailable
from runner.model.clock import SystemClock
from runner.state.lock import hold_account, is_provably_gone, this_holder

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

HOLD = """
with open_state(url, root=root, key=key, pin=None, clock=clock) as state:
    holder = this_holder(clock, "campaign apply spring-*")
    wait = timedelta(seconds=30)
    with hold_account(state, fingerprint=b"f" * 16, account="main", holder=holder, wait=wait, clock=clock) as held:
        tell("held", held.epoch)
        sys.stdin.readline()
"""


def hold(state, *, wait: float = 0, fingerprint: bytes = b"f" * 16, clock=None):
    clock = clock or SystemClock()
    holder = this_holder(clock, "campaign apply")
    return hold_account(
        state, fingerprint=fingerprint, account="main", holder=holder, wait=timedelta(seconds=wait), clock=clock
    )


def test_who_waits_in_vain_learns_who_holds_the_lock(start, open_again):
    process = start(HOLD)
    assert process.stdout.readline() == "held 1\n"
    with pytest.raises(AccountLocked) as locked, hold(open_again()):
        pass
    holder = this_holder(SystemClock(), "")
    for part in (
        "`main`",
        f"`{holder.user}`",
        f"`{holder.host}`",
        f"process {process.pid}",
        "`campaign apply spring-*`",
    ):
        assert part in locked.value.message
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", locked.value.message)
    assert "--lock-timeout" in locked.value.hint


def test_a_lock_dies_with_its_holder(start, open_again):
    process = start(HOLD)
    process.stdout.readline()
    process.kill()
    process.wait()
    with hold(open_again()) as held:
        assert held.epoch == 2


def test_who_waits_gets_the_lock_when_it_is_given_back(start, open_again):
    state = open_again()
    with hold(state):
        process = start("tell('starting')\n" + HOLD)
        process.stdout.readline()
    assert process.stdout.readline() == "held 2\n"


def test_a_process_that_this_one_started_does_not_inherit_the_lock(open_again):
    state = open_again()
    with hold(state):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    # The kernel lets go of the child's copy when that begins its own program, a moment after it was started.
    with child, hold(state, wait=30):
        child.communicate(b"\n")


def test_waiting_lasts_as_long_as_it_may_and_no_longer(open_again, clock):
    state = open_again()
    with hold(state), pytest.raises(AccountLocked), hold(state, wait=50.5, clock=clock):
        pass
    assert clock.boottime_s == pytest.approx(1050.5)


def test_each_taking_raises_the_epoch_of_that_account_alone(open_again):
    state = open_again()
    epochs = []
    for fingerprint in (b"f" * 16, b"f" * 16, b"o" * 16, b"f" * 16):
        with hold(state, fingerprint=fingerprint) as held:
            epochs.append(held.epoch)
    assert epochs == [1, 2, 1, 3]


def test_two_accounts_are_held_side_by_side(open_again):
    state = open_again()
    with hold(state) as first, hold(state, fingerprint=b"o" * 16) as second:
        assert first.account_id != second.account_id


@on_sqlite
def test_the_lock_file_stays_and_is_its_owners_alone(open_again):
    state = open_again()
    with hold(state) as held:
        pass
    assert held.grip.file.exists()
    assert held.grip.file.stat().st_mode & 0o777 == 0o600
    assert held.grip.file.parent == state.home.path.parent


@on_sqlite
def test_a_new_lock_file_is_locked_by_its_name_when_the_old_one_was_removed(open_again):
    state = open_again()
    with hold(state) as lost:
        lost.grip.file.unlink()
        with hold(state) as held:
            assert held.grip.identity != lost.grip.identity
            assert held.epoch == lost.epoch + 1


@on_sqlite
def test_a_lock_that_cannot_be_made_is_told_as_text(open_again):
    state = open_again()
    with hold(state) as held:
        pass
    held.grip.file.unlink()
    held.grip.file.mkdir()
    with pytest.raises(StateUnavailable), hold(state):
        pass


@on_sqlite
def test_a_holder_that_has_not_told_its_name_yet_is_not_mistaken_for_the_last_one(start, open_again):
    process = start(HOLD)
    process.stdout.readline()
    process.kill()
    process.wait()
    state = open_again()
    descriptor = os.open(state.home.path.with_suffix(f".{(b'f' * 16).hex()}.lock"), os.O_RDWR)
    try:
        assert lock_descriptor(descriptor, blocking=False)
        with pytest.raises(AccountLocked, match="has just started"), hold(state):
            pass
    finally:
        os.close(descriptor)


def test_a_lock_is_given_back_when_its_block_fails(open_again):
    state = open_again()
    with pytest.raises(ZeroDivisionError), hold(state):
        raise ZeroDivisionError
    with hold(state):
        pass


# Who lives


def test_this_process_lives():
    assert not is_provably_gone(this_holder(SystemClock(), "campaign apply"))


@on_sqlite
def test_a_process_that_has_ended_is_gone(start):
    process = start("tell(this_holder(clock, '').process_started); sys.stdin.readline()")
    started = process.stdout.readline().strip()
    holder = replace(this_holder(SystemClock(), ""), pid=process.pid, process_started=started)
    assert not is_provably_gone(holder)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_provably_gone(holder), "a process that nobody has waited for runs no more"
    process.wait()
    assert is_provably_gone(holder)


def test_a_reused_pid_is_no_life():
    holder = this_holder(SystemClock(), "")
    assert is_provably_gone(replace(holder, process_started="1"))
    assert not is_provably_gone(replace(holder, process_started="unknown"))


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"boot_id": "another-boot"},
        {"boot_id": "unknown"},
        {"pid_namespace": "pid:[1]"},
        {"pid_namespace": "unknown"},
    ],
)
def test_of_another_boot_machine_or_container_nothing_is_proved(elsewhere):
    nobody = 2**22
    assert is_provably_gone(replace(this_holder(SystemClock(), ""), pid=nobody))
    assert not is_provably_gone(replace(this_holder(SystemClock(), ""), pid=nobody, **elsewhere))


def test_a_holder_of_a_name_with_blanks_and_parentheses_is_read(tmp_path):
    """The kernel quotes no name in /proc/PID/stat."""
    link = tmp_path / "a) R 1 (b"
    link.symlink_to(sys.executable)
    root = os.fspath(Path(__file__).parents[2])
    text = "from runner.model.clock import SystemClock as C; from runner.state.lock import *; h = this_holder(C(), '')"
    code = f"{text}; print(h.process_started.isdigit(), is_provably_gone(h))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    told = subprocess.run([link, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert told.stdout == "True False\n"


def test_threads_are_named_by_their_process():
    found = []
    thread = threading.Thread(target=lambda: found.append(this_holder(SystemClock(), "")))
    thread.start()
    thread.join()
    assert found[0].pid == os.getpid()
    assert not is_provably_gone(found[0])
