"""One deadline for everything that happens on a connection.

A client's own timeouts begin anew with each read, so one byte now and then, or interim answers without end, would
hold it for ever. And a read that waits can't be ended from within: somebody else has to shut its connection.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

LINGER_DEFAULT = struct.pack("ii", 0, 0)


class Deadline:
    """Shuts a connection when its time is over, whatever its owner waits for. Moments are those of time.monotonic.

    It keeps a second descriptor of the connection, so that it never meets another file under a number used again, and
    the connection is closed when this context is left.
    """

    def __init__(self, connection: socket.socket, ends_at: float) -> None:
        self._connection = connection.dup()
        self._ends_at = ends_at
        self._changed = threading.Condition()
        self._lifted = False
        self._passed = False
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.lift()
        self._connection.close()

    @property
    def passed(self) -> bool:
        """Whether the time was over before the deadline was lifted."""
        return self._passed

    def find_end(self) -> bool:
        """Whether the other side is known to have closed the connection, or to have reset it. Only Linux tells."""
        if not hasattr(select, "POLLRDHUP"):
            return False
        # Not by a look at what came: under TLS that is something even from whoever has gone.
        ending = select.poll()
        ending.register(self._connection, select.POLLRDHUP)
        return bool(ending.poll(0))

    def move(self, ends_at: float) -> None:
        """From now on the time is over at another moment; what is over stays so."""
        with self._changed:
            # Whoever watches looks again when the earlier moment comes, so it is not woken to hear of a later one.
            if ends_at < self._ends_at:
                self._changed.notify()
            self._ends_at = ends_at

    def lift(self) -> None:
        """No deadline holds any more."""
        with self._changed:
            self._lifted = True
            self._changed.notify()

    def let_linger(self) -> None:
        """All is said: the connection may close in peace, its last bytes delivered."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_DEFAULT)

    def _watch(self) -> None:
        with self._changed:
            while not self._lifted:
                left_s = self._ends_at - time.monotonic()
                if left_s <= 0:
                    self._passed = True
                    with suppress(OSError):
                        self._connection.shutdown(socket.SHUT_RDWR)
                    return
                self._changed.wait(left_s)
