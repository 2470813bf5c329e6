"""The same on a PostgreSQL server: whatever became of a run or of its link, nobody is reached twice, nobody is lost.

A run is killed at each of its sends and receipts, be they the server's or the provider's, and its link to the server is
cut before and behind each of its messages; then a run that nothing happens to recovers. And a frozen run, whose session
the server has ended and whose chunk an operator has settled, sends nothing when it wakes.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

PEOPLE = 20
TABLES = "campaigns, accounts, stops, recipients"
"""Those that all others point at, but for the state itself, and the one that points at none."""
APPLY = ("apply", "--auto-approve", "--format", "json")
KILL = "signal=KILL"
STEPS = {"sendto": 5, "recvfrom": 11, "connect": 1, "setsockopt": 7, "timer_settime": 1}
"""At which system calls a run is frozen, and every how manyth of them has its turn."""
SHARDS = 2
"""Into so many tests the points of one kind are split, so that workers can share them."""
BEHIND_THE_LOCK = 45
"""A message by which a run knows its account, and with it how long it may wait."""
FAREWELL = 6
"""A run's last messages: it looks whether it holds the lock, in a transaction, gives it back, and ends its session."""
PATIENT = ("--lock-timeout", "20s")
"""The server needs a moment to see that a process was killed."""


class Link:
    """A link of TCP to the server, which is cut at the message that a test names, or only stops to carry anything."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.messages = 0
        self.cut_at: int | None = None
        self.behind = False
        self.silent_from: int | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return int(self._listener.getsockname()[1])

    @property
    def was_cut(self) -> bool:
        """Whether there was such a message."""
        return self.cut_at is not None and self.messages >= self.cut_at

    @property
    def is_silent(self) -> bool:
        """Whether it carries nothing, and does not say so."""
        return self.silent_from is not None and self.messages >= self.silent_from

    def heal(self) -> None:
        """From now on everything is carried."""
        self.end_connections()
        self.messages, self.cut_at, self.silent_from = 0, None, None

    def end_connections(self) -> None:
        """Cut what is open."""
        with self._lock:
            ended, self._open = self._open, []
        for end in ended:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Carry nothing any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.end_connections()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                with self._lock:
                    self._open += [client, server]
                for ends, counted in (((client, server), True), ((server, client), False)):
                    threading.Thread(target=self._carry, args=(*ends, counted), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while message := source.recv(1 << 16):
                if counted:
                    self.messages += 1
                if self.cut_at == self.messages and counted and not self.behind:
                    break
                if not self.is_silent:
                    target.sendall(message)
                if self.cut_at == self.messages and counted:
                    break
        # Of a link that carries nothing, neither end learns that the other one has gone.
        for end in () if self.is_silent else (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def shared(stand, cluster):
    """A stand whose state is in a schema of its own."""
    stand.schema = cluster.new_schema()
    stand.state_url = cluster.url(stand.schema)
    stand.begin()
    assert stand.call("state", "init")[0] == 0
    return stand


@pytest.fixture
def link(shared, cluster) -> Iterator[Link]:
    """The stand's link to the server."""
    made = Link(f"{cluster.folder}/.s.PGSQL.{cluster.port}")
    direct = shared.state_url
    shared.state_url = direct.replace(f"host={cluster.folder}&port={cluster.port}", f"host=127.0.0.1&port={made.port}")
    assert shared.state_url != direct
    yield made
    made.close()


def begin(stand, cluster, **sandbox: object) -> None:
    """Nobody was ever reached."""
    stand.begin(**sandbox)
    # In this role, chunks let themselves be removed.
    emptied = f"SET session_replication_role = replica; TRUNCATE {TABLES} RESTART IDENTITY CASCADE"
    cluster.ask(f"SET search_path = {stand.schema}; {emptied}")


def is_struck(stand, cluster, call: str, failure: str, nth: int) -> bool:
    """Strike a run's n-th such call, hold what is left against the law; False where there is no n-th."""
    begin(stand, cluster)
    code, process = stand.run(*APPLY, inject=f"{call}:{failure}:when={nth}")
    struck = code == -9 or process.was_struck
    assert struck or code == 0, process.output.read_text()
    assert code in {-9, 0, 1, 3}, process.output.read_text()
    if code != -9:
        stand.hold_against_report(process)
    stand.hold_against_law(*PATIENT)
    return struck


def is_cut(stand, cluster, link: Link, nth: int, *, behind: bool) -> bool:
    """Cut a run's link at its n-th message, hold what is left against the law; False where there is no n-th."""
    begin(stand, cluster)
    link.cut_at, link.behind, link.messages = nth, behind, 0
    code, process = stand.run(*APPLY)
    cut = link.was_cut
    link.heal()
    assert code in {0, 1, 3}, process.output.read_text()
    stand.hold_against_report(process)
    stand.hold_against_law(*PATIENT)
    return cut


def is_frozen(stand, cluster, call: str, nth: int) -> bool:
    """Freeze a run behind its n-th such call, end its session, let others do its work, wake it; False: no n-th."""
    stand.timeout = "1s"
    begin(stand, cluster)
    frozen = stand.start(*APPLY)
    frozen.inject(f"{call}:signal=STOP:when={nth}")
    frozen.wake()
    if not frozen.wait_until_stopped():
        return False
    cluster.ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'campaign'")
    code, process = stand.run(*APPLY, *PATIENT)
    assert code in {0, 3}, process.output.read_text()
    stand.settle()
    assert stand.call(*APPLY)[0] == 0
    before = stand.sandbox.count()
    assert (before.people, before.twice) == (PEOPLE, 0)
    assert stand.wake(frozen) in {-9, 0, 1, 3}, frozen.output.read_text()
    assert stand.sandbox.count() == before
    assert stand.read_people()[1]["accepted"] == PEOPLE
    return True


def find_last_words(stand, cluster, link: Link) -> int:
    """Behind how many messages a run has nothing left to say but farewell."""
    stand.timeout = "1s"
    begin(stand, cluster)
    assert stand.run(*APPLY)[0] == 0
    said = link.messages - FAREWELL
    link.heal()
    return said


def is_silenced(stand, cluster, link: Link, nth: int, last_words: int | None = None) -> bool:
    """Let a run's link carry nothing from its n-th message on, hold what is left against the law; False: no n-th.

    Behind its `last_words` a run may end well, since it needs no answer to its farewell.
    """
    stand.timeout = "1s"
    begin(stand, cluster)
    link.silent_from, link.messages = nth, 0
    code, process = stand.run(*APPLY)
    silent = link.is_silent
    assert code in {0, 1, 3}, process.output.read_text()
    told = process.output.read_text()
    # A run that has an answer to record tries again, until no session comes either.
    complains = "has not answered for 0.8 s" in told or "connection timeout expired" in told
    assert not silent or complains or (code == 0 and last_words is not None and nth > last_words)
    stand.hold_against_report(process)
    # The server finds out by its own keepalives, and ends the session.
    link.heal()
    stand.hold_against_law(*PATIENT)
    return silent


def hold_at_every(points: Iterator[int], strike) -> None:
    """Strike at one point after the other, until there is none."""
    assert any(not strike(nth) for nth in points)


@pytest.mark.parametrize("call", ["sendto", "recvfrom"])
def test_nobody_is_twice_and_nobody_lost_at_some_points_where_a_run_dies(shared, cluster, call: str) -> None:
    assert is_struck(shared, cluster, call, KILL, 110)


@pytest.mark.parametrize("behind", [False, True])
def test_nobody_is_twice_and_nobody_lost_at_some_points_where_the_link_is_cut(shared, cluster, link, behind) -> None:
    assert is_cut(shared, cluster, link, 85, behind=behind)


@pytest.mark.parametrize("nth", [65, pytest.param(85, marks=pytest.mark.slow)])
def test_a_run_whose_link_falls_silent_ends_and_nobody_is_twice_or_locked_out(shared, cluster, link, nth) -> None:
    assert is_silenced(shared, cluster, link, nth)


@pytest.mark.slow
def test_a_run_whose_link_falls_silent_before_it_knows_what_is_unknown_does_not_end_well(shared, cluster, link) -> None:
    assert is_silenced(shared, cluster, link, find_last_words(shared, cluster, link))


@pytest.mark.parametrize(("call", "nth"), [("timer_settime", 1), ("connect", 3)])
def test_a_frozen_runner_whose_session_was_ended_sends_nothing_when_it_wakes(shared, cluster, call, nth) -> None:
    assert is_frozen(shared, cluster, call, nth)


@pytest.mark.exhaustive
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("call", ["sendto", "recvfrom"])
def test_nobody_is_twice_and_nobody_lost_wherever_a_run_is_killed(shared, cluster, call: str, shard: int) -> None:
    hold_at_every(count(1 + shard, SHARDS), lambda nth: is_struck(shared, cluster, call, KILL, nth))


@pytest.mark.exhaustive
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("behind", [False, True])
def test_nobody_is_twice_and_nobody_lost_wherever_the_link_is_cut(shared, cluster, link, behind, shard: int) -> None:
    hold_at_every(count(1 + shard, SHARDS), lambda nth: is_cut(shared, cluster, link, nth, behind=behind))


@pytest.mark.exhaustive
@pytest.mark.parametrize("call", STEPS)
def test_a_frozen_runner_sends_nothing_when_it_wakes_wherever_it_was_frozen(shared, cluster, call: str) -> None:
    hold_at_every(count(1, STEPS[call]), lambda nth: is_frozen(shared, cluster, call, nth))


@pytest.mark.exhaustive
def test_nobody_is_twice_and_nobody_lost_whenever_the_link_falls_silent(shared, cluster, link) -> None:
    last_words = find_last_words(shared, cluster, link)
    hold_at_every(count(BEHIND_THE_LOCK, 5), lambda nth: is_silenced(shared, cluster, link, nth, last_words))
