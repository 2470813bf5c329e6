"""The pages behind an address, fetched in a sealed process: one after the other, each tried again, all bounded."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from runner import __version__
from runner.audience.bounds import bound_memory, forbid_writing
from runner.audience.frames import Emit, Kind
from runner.audience.url_addresses import check_url, join_next, label, no_address
from runner.audience.url_answers import Format, Next, cut_items, find_format, find_next
from runner.connections.causes import describe_cause, is_lasting
from runner.connections.deadline import Deadline
from runner.errors import HostRefused, SourceUnreadable, about_key
from runner.hosts import check_address
from runner.model.clock import Clock, SystemClock
from runner.trust import trusted_authorities

MOST_PAGES = 1_000
MOST_BYTES = 1 << 30
MOST_TRIES = 5
_FIRST_WAIT_S = 0.25
_FRAME_BYTES = 1 << 20

# Both log addresses and headers when they are asked to.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


def fetch_all(request: Mapping[str, Any], emit: Emit) -> None:
    """Fetch the request's pages and send them. Raises SourceUnreadable, and HostRefused for a host that is closed."""
    forbid_writing()
    bound_memory()
    allowed = request["allowed_hosts"]
    _refuse_headers(request["headers"])
    fetching = Fetching(
        headers=request["headers"],
        allowed_hosts=None if allowed is None else frozenset(allowed),
        clock=SystemClock(),
        seconds=request["seconds"],
    )
    with fetching.open_client() as client:
        for page in fetching.fetch_pages(client, request["url"], request["items"], request["next"]):
            about = {"name": page.name, "format": page.format.value, "lacks_next": page.lacks_next}
            emit(Kind.PAGE, json.dumps(about).encode())
            for start in range(0, len(page.body), _FRAME_BYTES):
                emit(Kind.BYTES, page.body[start : start + _FRAME_BYTES])


def _refuse_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            message = f"the value of the header `{name}` has a character that no header may have"
            raise SourceUnreadable(message, hint="check the variable or file that it stands for", code="url-failed")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what messages call it, how it is written, and the bytes with its rows.

    `lacks_next` says that nothing stands there where the next page's address was said to be, not even null.
    """

    name: str
    format: Format
    body: bytes
    lacks_next: bool = False


class _TryAgain(Exception):
    """This try failed, and another may not; `wait_s` is what the server asked for, if it did."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s


@dataclass(slots=True)
class Fetching:
    """The fetching of one source's pages, within so many `seconds` in all."""

    headers: Mapping[str, str]
    allowed_hosts: frozenset[str] | None
    clock: Clock
    seconds: float
    _bytes: int = field(init=False, default=0)
    _ends_at: float = field(init=False)
    _deadline: Deadline | None = field(init=False, default=None)
    _until_over: ExitStack = field(init=False, default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._ends_at = self.clock.read().boottime_s + self.seconds

    def open_client(self) -> httpx.Client:
        """A client that follows nothing, keeps no cookie and knows no proxy of the environment."""
        transport = httpx.HTTPTransport(verify=trusted_authorities(), trust_env=False, http2=False, retries=0)
        return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)

    def fetch_pages(self, client: httpx.Client, url: str, items: str | None, next_: str | None) -> Iterator[Page]:
        """The pages from `url` on, in their order. `items` and `next_` are paths into their JSON."""
        with self._until_over:
            yield from self._follow_pages(client, url, items, next_)

    def _follow_pages(self, client: httpx.Client, url: str, items: str | None, next_: str | None) -> Iterator[Page]:
        seen: set[str] = set()
        wanted: str | None = url
        while wanted is not None:
            if len(seen) == MOST_PAGES:
                message = f"`{label(url)}` has more than {MOST_PAGES:,} pages"
                raise SourceUnreadable(message, hint="let each page have more rows", code="source-too-large")
            seen.add(wanted)
            name = f"page {len(seen)} of {label(url)}" if next_ is not None else label(url)
            body, content_type = self._fetch_page(client, wanted, name)
            format_ = find_format(content_type, urlsplit(wanted).path, body)
            with about_key("next"):
                following = find_next(body, next_, format_, name) if next_ is not None else Next(None, is_said=True)
            with about_key("items"):
                cut = cut_items(body, items, format_, name)
            yield Page(name, format_, cut, lacks_next=not following.is_said)
            with about_key("next"):
                wanted = None if following.address is None else join_next(wanted, following.address, name)
            if wanted in seen:
                message = f"{name} leads to a page that was fetched already: its pages would never end"
                raise SourceUnreadable(message, hint="check `next`", code="url-failed")

    def _fetch_page(self, client: httpx.Client, url: str, name: str) -> tuple[bytes, str]:
        """The body and the Content-Type of a page, tried again where that can help."""
        why = ""
        for tried in range(MOST_TRIES):
            try:
                return self._try_page(client, url, name)
            except _TryAgain as again:
                why = again.why
                wait_s = again.wait_s if again.wait_s is not None else _FIRST_WAIT_S * 2**tried
                if tried + 1 < MOST_TRIES:
                    self._wait(wait_s, name, why)
        message = f"{name} was tried {MOST_TRIES} times: {why}"
        raise SourceUnreadable(message, hint="check the server, then run this again", code="url-failed")

    def _try_page(self, client: httpx.Client, url: str, name: str) -> tuple[bytes, str]:
        check_url(url, self.allowed_hosts)
        headers = {"Accept-Encoding": "identity", "User-Agent": f"campaign-runner/{__version__}", **self.headers}
        try:
            request = client.build_request(
                "GET", url, headers=headers, timeout=self._left_s(), extensions={"trace": self._guard}
            )
            response = client.send(request, stream=True)
            try:
                _judge_status(response, name)
                return self._read_body(response, name), response.headers.get("Content-Type", "")
            finally:
                response.close()
        except httpx.TimeoutException:
            raise self._say_late(name) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if self._is_late():
                raise self._say_late(name) from None
            raise _judge_failure(error, name) from None
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise no_address() from None

    def _guard(self, event: str, info: Mapping[str, Any]) -> None:
        """Put a fresh connection under the deadline of all pages, unless it leads where nothing may."""
        if event != "connection.connect_tcp.complete":
            return
        stream = info["return_value"]
        try:
            check_address(stream.get_extra_info("server_addr")[0])
        except HostRefused:
            stream.close()
            raise
        # One connection at a time: where there is a new one, the one before is gone.
        self._until_over.close()
        deadline = Deadline(stream.get_extra_info("socket"), time.monotonic() + self._left_s())
        self._deadline = self._until_over.enter_context(deadline)

    def _read_body(self, response: httpx.Response, name: str) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
            message = f"{name} answers compressed, which was not asked for"
            raise SourceUnreadable(message, hint="let the server send it as it is", code="url-failed")
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if self._bytes + len(body) > MOST_BYTES:
                message = f"`{label(str(response.url))}` gives more than {MOST_BYTES >> 30} GB"
                raise SourceUnreadable(message, hint="ask for fewer rows or columns", code="source-too-large")
            if self._left_s() <= 0:
                break
        # An end that the deadline made looks like the body's own.
        if self._is_late():
            raise self._say_late(name)
        self._bytes += len(body)
        return bytes(body)

    def _wait(self, seconds: float, name: str, why: str) -> None:
        if seconds >= self._left_s():
            message = f"{name} can't be had within {self.seconds:g} seconds: {why}"
            raise SourceUnreadable(message, hint="run this again later", code="url-failed")
        self.clock.wait(seconds)

    def _left_s(self) -> float:
        return self._ends_at - self.clock.read().boottime_s

    def _is_late(self) -> bool:
        return self._left_s() <= 0 or (self._deadline is not None and self._deadline.passed)

    def _say_late(self, name: str) -> SourceUnreadable:
        message = f"{name} did not come within the {self.seconds:g} seconds that a `url` has in all"
        return SourceUnreadable(message, hint="ask for less, or for larger pages", code="source-too-slow")


def _judge_status(response: httpx.Response, name: str) -> None:
    status = response.status_code
    if status == 200:
        return
    said = f"{name} answers {status}"
    if status == 429 or status >= 500:
        raise _TryAgain(said.removeprefix(f"{name} "), _read_retry_after(response.headers.get("Retry-After")))
    if 300 <= status < 400:
        message, hint = f"{said}, a redirect, which is not followed", "write the address that it leads to"
        raise SourceUnreadable(message, hint=hint, code="url-failed")
    hint = "check the address, and what `headers` say" if status in {401, 403} else "check the address"
    raise SourceUnreadable(said, hint=hint, code="url-failed")


def _read_retry_after(text: str | None) -> float | None:
    """The seconds that a server asks to wait (RFC 9110, 10.2.3: a number of them, or a moment)."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - SystemClock().now()).total_seconds())


def _judge_failure(error: Exception, name: str) -> SourceUnreadable | _TryAgain:
    """What a connection that failed means for its page: the end, where another try can't help."""
    why = describe_cause(error) or "the connection ended before a whole answer came"
    if not is_lasting(error):
        return _TryAgain(why)
    hint = "check how the host is spelled, and for a certificate the clock and who issued it"
    return SourceUnreadable(f"{name} can't be had: {why}", hint=hint, code="url-failed")
