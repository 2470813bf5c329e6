"""A process that was stopped or suspended for too long ends when it wakes, before it can write a byte.

Whoever finds its chunk in doubt may have settled it meanwhile. A check of the clock before each write would leave a
gap between the check and the write, so a timer of the kernel does it: it kills even a process that is stopped. A
machine that is paused from outside, whose kernel's clocks stand still, it can't cover.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta


@contextmanager
def ends_if_frozen(timeout: timedelta) -> Iterator[None]:
    """Let the kernel end this process where it is still inside this context after `timeout`, suspension included.

    On Linux by SIGKILL and the clock that counts suspension; on other systems of this family by SIGALRM's default
    action and their timer of real time. Where there is neither (Windows), nothing is armed.
    """
    disarm = _arm(timeout.total_seconds())
    try:
        yield
    finally:
        disarm()


def _arm(seconds: float) -> Callable[[], None]:
    if hasattr(time, "CLOCK_BOOTTIME"):
        # Not every kernel, C library or container that knows the clock has such a timer.
        with suppress(OSError, AttributeError):
            return _arm_boottime(seconds)
    return _arm_alarm(seconds) if hasattr(signal, "setitimer") else _nothing


def _nothing() -> None:
    pass


def _arm_alarm(seconds: float) -> Callable[[], None]:
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL) or signal.SIG_DFL
    signal.setitimer(signal.ITIMER_REAL, seconds)

    def disarm() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    return disarm


class _Event(ctypes.Structure):
    """The C library's `struct sigevent`: send `signo` to the process (notify 0)."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("padding", ctypes.c_char * 48),
    )


class _Times(ctypes.Structure):
    """The C library's `struct itimerspec`: no interval, and the time until the timer fires."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


def _arm_boottime(seconds: float) -> Callable[[], None]:
    library = ctypes.CDLL(None, use_errno=True)
    timer = ctypes.c_void_p()
    event = _Event(signo=signal.SIGKILL)
    _check(library.timer_create(time.CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(timer)))

    def disarm() -> None:
        library.timer_delete(timer)

    times = _Times(value_s=int(seconds), value_ns=max(1, int(seconds % 1 * 1e9)))
    try:
        _check(library.timer_settime(timer, 0, ctypes.byref(times), None))
    except OSError:
        disarm()
        raise
    return disarm


def _check(answered: int) -> None:
    if answered != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
