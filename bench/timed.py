"""A provider that says yes after a while, and measures at its own end when requests came and were answered."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed."""


class TimedProvider:
    """On loopback. It measures from a request's first byte to the answer's last."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._moments: list[tuple[float, float]] = []
        self._ids = count(1)
        self._server = _Server(("127.0.0.1", 0), self._build_handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Where an account finds it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def elapsed_s(self) -> float:
        """From the first request's arrival to the last answer."""
        return self._moments[-1][1] - self._moments[0][0]

    def find_bound_s(self, requests: int, per_s: float) -> float:
        """The least time in which one sender of one request at a time can have had its answers.

        With the answer time L that was measured here, N requests take floor((N-1)/R)(P+L) + ((N-1) mod R + 1)L.
        """
        answer_s = sum(end - start for start, end in self._moments) / len(self._moments)
        windows, rest = divmod(len(self._moments) - 1, requests)
        return windows * (per_s + answer_s) + (rest + 1) * answer_s

    def forget(self) -> None:
        """Nothing has come yet."""
        self._moments.clear()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _build_handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object, **__: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                """Take the message."""
                arrived = time.perf_counter()
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                threading.Event().wait(provider._latency_s)
                people = asked["phoneNumbers"].count(",") + 1
                said = {
                    "success": True,
                    "campaignId": next(provider._ids),
                    "nbSms": people,
                    "cost": 1,
                    "currency": "EUR",
                }
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                provider._moments.append((arrived, time.perf_counter()))

        return Handler
