"""One exchange that the sandbox has under way: what it may do with the message, and with the wire."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event

from runner.sandbox.api import Answer, Message, accept, dump
from runner.sandbox.record import Arrival, Record


class Exchange:
    """A request whose message the provider would take, and the connection on which its answer is awaited."""

    def __init__(
        self, handler: BaseHTTPRequestHandler, message: Message, arrival: Arrival, record: Record, stopping: Event
    ) -> None:
        self.message = message
        self._handler = handler
        self._arrival = arrival
        self._record = record
        self._stopping = stopping

    def take(self, *, filename: str | None = None) -> Answer:
        """Reach the message's people, and give the answer that says so."""
        self._record.note_reached(self._arrival, self.message.audio, self.message.numbers)
        return accept(self.message, filename=filename)

    def answer(self, answer: Answer) -> None:
        """Send a JSON answer as it should be."""
        self.send(answer.status, dump(answer), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: Mapping[str, str], *, length: int | None = None) -> None:
        """Send an answer with this body, announced as `length` bytes where that is not true."""
        self._handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) if length is None else length)}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def write(self, data: bytes) -> None:
        """Send these bytes and nothing around them."""
        self._handler.wfile.write(data)
        self.hang_up_after()

    def hang_up_after(self) -> None:
        """The connection serves no other request."""
        self._handler.close_connection = True

    def pause(self, seconds: float) -> bool:
        """Wait; whether the sandbox goes on serving after that."""
        return not self._stopping.wait(seconds)

    def wait_for_client(self) -> None:
        """Stay silent until the client goes away, or the sandbox stops."""
        self.hang_up_after()
        with suppress(OSError):
            self._handler.connection.settimeout(None)
            self._handler.rfile.read(1)

    def reset(self) -> None:
        """End the connection by a reset, at once."""
        self.hang_up_after()
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
