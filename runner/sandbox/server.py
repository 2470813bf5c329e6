"""The sandbox itself: an HTTP server on loopback that answers as the provider's page says."""

from __future__ import annotations

import json
import math
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from runner.model.clock import SystemClock
from runner.sandbox.api import Answer, Message, dump, is_key, limit, list_audios, read_message, refuse, show_credit
from runner.sandbox.exchange import Exchange
from runner.sandbox.faults import Fault, parse_fault
from runner.sandbox.record import SEND, Record, SandboxCount, read_record

__all__ = ["Sandbox", "SandboxCount", "read_record"]

LARGEST_BODY = 1_000_000
READS = {"me": (5, show_credit), "audios": (360, list_audios)}
"""The calls that only read, each with its limit a minute and its answer."""
STOP_POLL_S = 0.05
PATIENCE_S = 5.0


Connection = socket.socket | tuple[bytes, socket.socket]


class Sandbox:
    """The stand-in for the provider, on a port of loopback that the system chooses where `port` is 0.

    It takes `requests` messages in any sliding `per_s` seconds a key, waits `latency_s` before each answer, and does
    wrong what `faults` say (FaultUnknown is raised where one is not known). What it counts lasts in the file `record`
    if there is one, which several sandboxes may share. Each audio and number may be used but for those that `api`
    names. A context manager; `start` and `stop` do the same.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        requests: int = 5,
        per_s: float = 60.0,
        latency_s: float = 0.0,
        faults: Sequence[str] = (),
        record: Path | None = None,
    ) -> None:
        parsed = tuple(parse_fault(fault) for fault in faults)
        self._per_s = per_s
        self._record = Record(record)
        self._server = _Server(port, self._record, requests=requests, per_s=per_s, latency_s=latency_s, faults=parsed)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_S,), name="sandbox", daemon=True
        )

    @property
    def base_url(self) -> str:
        """Where an account finds it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def start(self) -> None:
        """Serve, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more: answers under way are cut, and every thread has ended when this returns."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.cut_connections()
        self._server.server_close()
        self._thread.join()
        self._record.close()

    def count(self) -> SandboxCount:
        """What has been counted so far, over all sandboxes that share the record."""
        return self._record.count(self._per_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    """The listening socket, what all its exchanges share, and the connections that are open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, record: Record, *, requests: int, per_s: float, latency_s: float, faults: tuple[Fault, ...]
    ) -> None:
        self.record = record
        self.requests = requests
        self.per_s = per_s
        self.latency_s = latency_s
        self.faults = faults
        self.clock = SystemClock()
        self.stopping = threading.Event()
        self._messages = 0
        self._open: set[Connection] = set()
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)

    def count_message(self) -> int:
        """The number of this message among those of this server, from 1."""
        with self._changed:
            self._messages += 1
            return self._messages

    def cut_connections(self) -> None:
        """End every open connection, and wait until their threads have let go of them."""
        with self._changed:
            for connection in self._open:
                if isinstance(connection, socket.socket):
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, PATIENCE_S)

    def process_request(self, request: Connection, client_address: object) -> None:
        """Serve a connection in a thread of its own, and remember it while it is open."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Connection) -> None:
        """Close a connection, in peace unless it was reset, and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Connection, client_address: object) -> None:
        """A client that goes away is no error of the sandbox."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """The requests of one connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "CampaignSandbox"
    sys_version = ""
    timeout = 120
    # An answer leaves in two pieces; else the second waits for the client to confirm the first, 40 ms on Linux.
    disable_nagle_algorithm = True

    def log_message(self, *_: object, **__: object) -> None:
        """Say nothing: the path of some calls holds the key."""

    def do_GET(self) -> None:
        """Answer a call that only reads."""
        call, _, key = self.path.removeprefix("/v1/").partition("/")
        if call not in READS or not self.path.startswith("/v1/"):
            self._answer(self._refuse_path())
            return
        requests, answer = READS[call]
        wait_s = self.server.record.note_request(
            call, key, self.server.clock.read(), requests=requests, per_s=60.0
        ).wait_s
        if wait_s is not None:
            self._answer(limit(), wait_s)
        else:
            self._answer(answer() if is_key(key) else refuse(10, "not authorised"))

    def do_DELETE(self) -> None:
        """Nothing can be deleted here."""
        self._answer(self._refuse_path())

    def do_POST(self) -> None:
        """Take a message, or refuse it."""
        body = self._read_body()
        if body is None:
            return
        if self.path != f"/v1/{SEND}":
            self._answer(self._refuse_path())
            return
        server, fields = self.server, _parse(body)
        key = str(fields.get("apiKey")) if isinstance(fields, dict) else ""
        nth = server.count_message()
        at = server.clock.read()
        arrival = server.record.note_request(SEND, key, at, requests=server.requests, per_s=server.per_s)
        if server.stopping.wait(server.latency_s):
            self.close_connection = True
        elif arrival.wait_s is not None:
            self._answer(limit(), arrival.wait_s)
        elif isinstance(message := read_message(fields), Message):
            self._carry_out(Exchange(self, message, arrival, server.record, server.stopping), nth)
        else:
            self._answer(message)

    def _carry_out(self, exchange: Exchange, nth: int) -> None:
        numbers = exchange.message.numbers
        fault = next((fault for fault in self.server.faults if fault.strikes(nth, numbers)), None)
        if fault is not None:
            fault.strike(exchange)
        else:
            exchange.answer(exchange.take())

    def _read_body(self) -> bytes | None:
        """The request's body, or None where it was refused unread."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._answer(Answer(413 if length.isdecimal() else 411, {"success": False, "code": 400}))
            return None
        return self.rfile.read(int(length))

    def _refuse_path(self) -> Answer:
        known = self.path == f"/v1/{SEND}" or self.path.removeprefix("/v1/").partition("/")[0] in READS
        return Answer(405 if known else 404, {"message": "no such call"})

    def _answer(self, answer: Answer, wait_s: float | None = None) -> None:
        body = dump(answer)
        self.send_response(answer.status)
        if wait_s is not None:
            self.send_header("Retry-After", str(math.ceil(wait_s)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
