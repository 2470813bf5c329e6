"""Whatever a run was doing when it died, or when its disk did: nobody is reached twice, nobody is lost.

A real `apply` makes a state, takes the lock and sends two chunks. At one system call it is killed, or the call fails;
then a run that nothing happens to recovers. The n-th call of each kind has its turn, for n = 1, 2, 3… until a run has
no n-th call any more.
"""

from __future__ import annotations

from itertools import count

import pytest

CALLS = (
    # Whatever changes a file, or puts it on the disk.
    "pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "link", "mkdir",
)  # fmt: skip
WIRE = ("connect", "sendto", "recvfrom")
FAILURES = ("error=EIO", "error=ENOSPC")
WORDS = {"error=EIO": "can't be", "error=ENOSPC": "the disk is full"}
"""What a run says of each."""
KILL = "signal=KILL"
PEOPLE = 20
SHARDS = 4
"""Into so many tests the points of one kind are split, so that workers can share them."""


def is_struck(stand, call: str, failure: str, nth: int, **sandbox: object) -> bool:
    """Strike the n-th such call of a run, hold what is left of it against the law; False where there is no n-th."""
    stand.begin(**sandbox)
    code, process = stand.run("apply", "--auto-approve", "--format", "json", inject=f"{call}:{failure}:when={nth}")
    struck = code == -9 if failure == KILL else process.was_struck
    assert struck or code == 0, process.output.read_text()
    assert code in {-9, 0, 1, 3}, process.output.read_text()
    # What can't be written on stdout can't be read there.
    if code != -9 and call != "write":
        stand.hold_against_report(process)
    stand.hold_against_law()
    return struck


def fails_for_good(stand, call: str, failure: str, nth: int) -> bool:
    """Let a run's disk fail from its n-th such call on, hold what is left against the law; False: no n-th."""
    stand.patience_s = 0.5
    stand.begin()
    code, process = stand.run("apply", "--auto-approve", "--format", "json", inject=f"{call}:{failure}:when={nth}+")
    said = process.output.read_text()
    # An answer whose last sync failed is there when it is recorded again; a power cut would make it unknown.
    ends = {1, 3} if call != "fdatasync" else {0, 1, 3}
    assert code in (ends if process.was_struck else {0}), said
    assert code == 0 or WORDS[failure] in said
    stand.hold_against_report(process)
    stand.hold_against_law()
    return process.was_struck


@pytest.mark.parametrize(
    ("call", "failure", "nth"),
    [("pwrite64", "error=ENOSPC", 90), ("pwrite64", "error=EIO", 110), ("fdatasync", "error=EIO", 18)],
)
def test_a_disk_that_fails_for_good_ends_the_run_with_a_word_at_some_points(stand, call, failure, nth) -> None:
    assert fails_for_good(stand, call, failure, nth)


@pytest.mark.exhaustive
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("failure", FAILURES)
def test_a_disk_that_fails_for_good_ends_the_run_with_a_word_from_whatever_write_on(stand, failure, shard) -> None:
    for nth in count(1 + shard, SHARDS):
        if not fails_for_good(stand, "pwrite64", failure, nth):
            break


@pytest.mark.exhaustive
def test_a_disk_that_syncs_no_more_ends_the_run_with_a_word_from_whatever_sync_on(stand) -> None:
    for nth in count(1):
        if not fails_for_good(stand, "fdatasync", "error=EIO", nth):
            break


@pytest.mark.parametrize(
    ("call", "failure", "nth"),
    [
        ("pwrite64", KILL, 110),
        ("fdatasync", KILL, 20),
        ("sendto", KILL, 1),
        ("recvfrom", KILL, 2),
        ("pwrite64", "error=ENOSPC", 100),
        ("fdatasync", "error=EIO", 16),
    ],
)
def test_nobody_is_twice_and_nobody_lost_at_some_points_of_a_run(stand, call: str, failure: str, nth: int) -> None:
    assert is_struck(stand, call, failure, nth)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("failure", [KILL, *FAILURES])
def test_nobody_is_twice_and_nobody_lost_at_every_write_and_sync(stand, call: str, failure: str, shard: int) -> None:
    for nth in count(1 + shard, SHARDS):
        if not is_struck(stand, call, failure, nth):
            break


@pytest.mark.slow
@pytest.mark.parametrize("call", WIRE)
def test_nobody_is_twice_and_nobody_lost_when_a_run_is_killed_at_any_step_of_a_request(stand, call: str) -> None:
    for nth in count(1):
        if not is_struck(stand, call, KILL, nth):
            break
