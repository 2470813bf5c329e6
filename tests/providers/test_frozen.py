"""A process that was stopped for too long never writes: proved with real processes, stopped by a real signal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SENDER = """
import os, signal, sys, time
from datetime import timedelta
from runner.model.clock import SystemClock
from runner.providers import frozen, http

url, timeout, size = sys.argv[1], timedelta(seconds=float(sys.argv[2])), int(sys.argv[3])
if "without-boottime" in sys.argv:
    del time.CLOCK_BOOTTIME

def before_first_byte():
    if "stop" in sys.argv:
        os.kill(os.getpid(), signal.SIGSTOP)

answer = http.send(url, b"x" * size, timeout=timeout, before_first_byte=before_first_byte, clock=SystemClock(),
                   proxy=None, allowed_hosts=None)
sys.stdout.write(type(answer).__name__)
"""


@contextmanager
def start_sender(peer, *arguments, timeout: float, size: int = 100) -> Iterator[subprocess.Popen[str]]:
    url = f"http://127.0.0.1:{peer.port}/v1/campaign/send"
    command = [sys.executable, "-c", SENDER, url, str(timeout), str(size), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    assert os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code == os.CLD_STOPPED


def has_pending(process: subprocess.Popen[str], number: int) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    pending = next(line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending, 16) & (1 << (number - 1)))


linux = pytest.mark.skipif(sys.platform != "linux", reason="the timer and what is read of it are Linux's")


@linux
def test_a_process_stopped_after_recording_for_longer_than_its_timeout_sends_nothing(listen):
    peer = listen(lambda connection: connection.read(1))
    with start_sender(peer, "stop", timeout=1) as process:
        wait_until_stopped(process)
        # The kernel ends it where it stands: it needs not even wake for that.
        assert process.wait(15) == -signal.SIGKILL
    assert peer.ended.wait(5)
    assert peer.bytes_received == b""


@linux
def test_where_the_better_timer_is_missing_it_ends_when_it_wakes(listen):
    peer = listen(lambda connection: connection.read(1))
    with start_sender(peer, "stop", "without-boottime", timeout=1) as process:
        wait_until_stopped(process)
        for _ in range(200):
            if has_pending(process, signal.SIGALRM):
                break
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGCONT)
        assert process.wait(30) == -signal.SIGALRM
    assert peer.ended.wait(5)
    assert peer.bytes_received == b""


@linux
def test_a_process_stopped_for_a_moment_goes_on(listen):
    def script(connection):
        connection.read_request()
        connection.answer()

    peer = listen(script)
    with start_sender(peer, "stop", timeout=30) as process:
        wait_until_stopped(process)
        process.send_signal(signal.SIGCONT)
        assert process.wait(30) == 0
        assert process.stdout.read() == "Answer"


@linux
def test_a_process_stopped_while_it_awaits_its_answer_lives_to_record_it(listen):
    def script(connection):
        connection.read_request()
        threading.Event().wait(0.3)  # for the sender to know that its last byte has left
        process.send_signal(signal.SIGSTOP)
        wait_until_stopped(process)
        threading.Event().wait(1.5)  # longer than the timeout
        connection.answer()
        process.send_signal(signal.SIGCONT)

    peer = listen(script)
    with start_sender(peer, timeout=1) as process:
        assert process.wait(30) == 0
        assert process.stdout.read() in {"Answer", "Lost"}


@linux
def test_what_a_dead_process_left_in_the_kernel_does_not_arrive_later(listen):
    size = 60_000

    def script(connection):
        while len(connection.sock.recv(1_000, socket.MSG_PEEK)) < 1_000:
            threading.Event().wait(0.01)
        threading.Event().wait(0.3)  # for the whole body to be the kernel's
        process.kill()
        process.wait()
        connection.read(2 * size)

    peer = listen(script, receive_buffer=2_048)
    with start_sender(peer, timeout=30, size=size) as process:
        assert peer.ended.wait(20)
    assert len(peer.bytes_received) < size


@linux
def test_what_a_stopped_process_left_in_the_kernel_does_not_arrive_after_its_timeout(listen):
    size, timeout_s = 60_000, 1.0

    def script(connection):
        while len(connection.sock.recv(1_000, socket.MSG_PEEK)) < 1_000:
            threading.Event().wait(0.01)
        threading.Event().wait(0.3)  # for the whole body to be the kernel's
        process.send_signal(signal.SIGSTOP)
        wait_until_stopped(process)
        threading.Event().wait(4 * timeout_s)
        connection.read(2 * size)

    peer = listen(script, receive_buffer=2_048)
    with start_sender(peer, timeout=timeout_s, size=size) as process:
        assert peer.ended.wait(20)
        process.send_signal(signal.SIGCONT)
        assert process.wait(20) in {0, -signal.SIGKILL}
    assert len(peer.bytes_received) < size


def test_an_upload_that_is_too_slow_is_lost_and_kills_nobody(listen):
    peer = listen(lambda connection: connection.peer.stopping.wait(30))
    with start_sender(peer, timeout=3, size=20_000_000) as process:
        assert process.wait(30) == 0
        assert process.stdout.read() == "Lost"
