"""One request over a fresh connection, with one deadline and no second try: an Answer, NotSent or Lost.

What became of a request is decided by one flag of ours, whether its first byte may have left, and never by the class
of an exception: below httpx a failed write is swallowed, and a proxy's failures look like the provider's.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from runner import __version__
from runner.connections.causes import describe_cause
from runner.connections.deadline import Deadline
from runner.errors import HostRefused
from runner.hosts import check_address
from runner.model.clock import Clock, Instant
from runner.model.secret import Secret
from runner.model.verdict import NotSent
from runner.providers.connecting import find_addresses, socket_options
from runner.providers.failures import GivenUp
from runner.providers.frozen import ends_if_frozen
from runner.providers.route import Route, find_route
from runner.trust import trusted_authorities

CONNECT_TIMEOUT_S = 5.0
MOST_BYTES = 1_000_000
"""Of an answer's body, as it comes over the wire; what is longer is no answer of this API."""
SHARE_FOR_WRITING = 0.9
"""Of `timeout`: what can't be written by then is given up a little before the kernel's timer would end the process."""

# Both log addresses and headers when they are asked to.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. Names of headers are in lower case; `ended` is the moment when the answer's head was here."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ended: Instant


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes may have left, and no whole answer came. After `ended` no byte of the request can arrive any more."""

    reason: str
    ended: Instant


PLACED = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    OSError,
    UnicodeError,
    HostRefused,
    GivenUp,
)
"""Whatever an exchange can fail with. Anything else is a defect and must be seen, not be taken for a lost answer."""


def send(
    url: str,
    body: bytes,
    *,
    timeout: timedelta,
    before_first_byte: Callable[[], None],
    clock: Clock,
    proxy: Secret | None,
    allowed_hosts: frozenset[str] | None,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> Answer | Lost | NotSent:
    """POST the JSON `body` to `url`, once.

    `before_first_byte` runs when the connection stands, TLS included, and before any byte of the request is written;
    what it raises ends the exchange with nothing sent, and comes out as it is. `timeout` is that of the whole request,
    from its first byte to the answer's last; a process that is stopped for longer than that after
    `before_first_byte` began is ended by the kernel before it can write. `proxy` serves https alone.
    No reason holds the key, a number or an address.
    """
    exchange = _Exchange(body, timeout, before_first_byte, connect_timeout_s)
    try:
        with exchange:
            route = find_route(url, proxy, allowed_hosts)
            return exchange.carry_out(route, clock)
    except PLACED as error:
        if exchange.recording:
            raise
        if exchange.may_have_left:
            return Lost(_describe_loss(error, exchange, timeout), clock.read())
        return _describe_failure(error, exchange, connect_timeout_s)


class _Exchange:
    """One exchange under way: the gate before its first byte, its deadline, and the timer that ends a frozen process.

    `recording` is true while `before_first_byte` runs, and stays so where it raises.
    """

    def __init__(
        self, body: bytes, timeout: timedelta, before_first_byte: Callable[[], None], connect_timeout_s: float
    ) -> None:
        self.recording = False
        self.may_have_left = False
        self.head_arrived = False
        self._body = body
        self._timeout = timeout
        self._timeout_s = timeout.total_seconds()
        self._before_first_byte = before_first_byte
        self._connect_by = time.monotonic() + connect_timeout_s
        self._answer_by = 0.0
        self._deadline: Deadline | None = None
        self._until_written = ExitStack()
        self._until_over = ExitStack()

    def __enter__(self) -> Self:
        self._until_over.enter_context(self._until_written)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._until_over.close()

    @property
    def late(self) -> bool:
        """Whether a deadline passed."""
        return self._deadline is not None and self._deadline.passed

    def carry_out(self, route: Route, clock: Clock) -> Answer:
        """Connect, pass the gate, send, and take the answer."""
        addresses = find_addresses(route.host, route.port, self._left_to_connect_s())
        transport = httpx.HTTPTransport(
            verify=trusted_authorities(),
            trust_env=False,
            http2=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
            proxy=route.proxy,
            retries=0,
            socket_options=socket_options(self._timeout),
        )
        with transport:
            request = self._build_request(route.url, self._left_to_connect_s() / len(addresses))
            response = transport.handle_request(request)
            ended = clock.read()
            self.head_arrived = True
            body = _read_body(response)
            self._settle()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=body, ended=ended)

    def _build_request(self, url: httpx.URL, connect_timeout_s: float) -> httpx.Request:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Length": str(len(self._body)),
            "Content-Type": "application/json",
            "User-Agent": f"campaign-runner/{__version__}",
        }
        timeouts = httpx.Timeout(self._timeout_s, connect=connect_timeout_s).as_dict()
        extensions = {"timeout": timeouts, "trace": self._follow}
        return httpx.Request("POST", url, headers=headers, content=self._read_through_gate(), extensions=extensions)

    def _read_through_gate(self) -> Iterator[bytes]:
        # The gate was passed long before. Were the event renamed below us, still no body would leave unrecorded.
        self._pass_gate()
        yield self._body

    def _follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take part in the exchange at the events that httpcore documents for its `trace` extension."""
        if event == "connection.connect_tcp.complete":
            self._guard(info["return_value"].get_extra_info("socket"))
        elif event == "http11.send_request_headers.started" and info["request"].method == b"POST":
            self._pass_gate()
        elif event == "http11.receive_response_headers.started" and info["request"].method == b"POST":
            self._note_written()

    def _guard(self, connection: socket.socket) -> None:
        """Put a fresh connection under its deadline, unless it leads where nothing may."""
        try:
            check_address(connection.getpeername()[0])
            self._deadline = self._until_over.enter_context(Deadline(connection, self._connect_by))
        except (HostRefused, OSError):
            connection.close()
            raise

    def _pass_gate(self) -> None:
        """The connection stands: record, and from then on the first byte may have left."""
        if self.may_have_left:
            return
        written_by = time.monotonic() + SHARE_FOR_WRITING * self._timeout_s
        self._end_by(written_by)
        self._until_written.enter_context(ends_if_frozen(self._timeout))
        self.recording = True
        self._before_first_byte()
        self.recording = False
        if self.late or time.monotonic() >= written_by:
            raise GivenUp("recording the chunk took so long that nothing was sent any more")
        if self._deadline is not None and self._deadline.find_end():
            raise GivenUp("the connection was closed before anything was sent")
        self._answer_by = time.monotonic() + self._timeout_s
        self.may_have_left = True

    def _note_written(self) -> None:
        """The request's last byte is the kernel's, or none can be written any more."""
        self._until_written.close()
        self._end_by(self._answer_by)

    def _end_by(self, moment: float) -> None:
        if self._deadline is not None:
            self._deadline.move(moment)

    def _settle(self) -> None:
        """The answer is whole, unless the deadline came first: an end that it made looks like the answer's own."""
        if self._deadline is not None:
            self._deadline.lift()
            if self._deadline.passed:
                raise GivenUp("late")
            self._deadline.let_linger()

    def _left_to_connect_s(self) -> float:
        return max(0.001, self._connect_by - time.monotonic())


def _read_body(response: httpx.Response) -> bytes:
    """The body's bytes as they come over the wire, never decompressed."""
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) > MOST_BYTES:
            raise GivenUp(f"the answer is larger than {MOST_BYTES // 1_000_000} MB")
    return body


def _describe_failure(error: Exception, exchange: _Exchange, connect_timeout_s: float) -> NotSent:
    """Why nothing was sent. What proxies and machines say of themselves is not repeated, only what is known of it."""
    if isinstance(error, HostRefused):
        return NotSent(error.message, final=True)
    if isinstance(error, GivenUp):
        return NotSent(error.reason, final=error.final)
    if exchange.late or isinstance(error, httpx.TimeoutException):
        return NotSent(f"no connection within {connect_timeout_s:g} s")
    if isinstance(error, httpx.ProxyError):
        status = str(error)[:3]
        return NotSent(f"the proxy refused the connection ({status if status.isdecimal() else 'no status'})")
    return NotSent(f"no connection: {describe_cause(error) or 'it was closed before anything was sent'}")


def _describe_loss(error: Exception, exchange: _Exchange, timeout: timedelta) -> str:
    """Why no whole answer came, in words of ours alone: an answer may repeat what it was sent."""
    if exchange.late or isinstance(error, httpx.TimeoutException):
        return f"no whole answer within {timeout.total_seconds():g} s"
    if isinstance(error, GivenUp):
        return error.reason
    if exchange.head_arrived:
        return "the answer was cut off"
    return "the connection ended before a readable answer came"
