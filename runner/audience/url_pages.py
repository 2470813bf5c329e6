"""The pages behind an address, fetched in a sealed process: one after the other, each tried again, all bounded."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx

from runner import __version__
from runner.audience.bounds import bound_memory, forbid_writing
from runner.audience.frames import Emit, Kind
from runner.audience.url_answers import Format, Next, cut_items, find_format, find_next
from runner.errors import HostRefused, SourceUnreadable, about_key
from runner.hosts import check_address, check_host, is_loopback
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

    def __post_init__(self) -> None:
        self._ends_at = self.clock.read().boottime_s + self.seconds

    def open_client(self) -> httpx.Client:
        """A client that follows nothing, keeps no cookie and knows no proxy of the environment."""
        transport = httpx.HTTPTransport(verify=trusted_authorities(), trust_env=False, http2=False, retries=0)
        return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)

    def fetch_pages(self, client: httpx.Client, url: str, items: str | None, next_: str | None) -> Iterator[Page]:
        """The pages from `url` on, in their order. `items` and `next_` are paths into their JSON."""
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
                wanted = None if following.address is None else _join(wanted, following.address, name)
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
        self._check(url)
        headers = {"Accept-Encoding": "identity", "User-Agent": f"campaign-runner/{__version__}", **self.headers}
        try:
            request = client.build_request(
                "GET", url, headers=headers, timeout=self._left_s(), extensions={"trace": _check_peer}
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
            if _find_cause(error, ssl.SSLCertVerificationError):
                message = f"{name} has a certificate that is not trusted"
                raise SourceUnreadable(message, hint="check the address and the clock", code="url-failed") from None
            raise _TryAgain("the connection was refused or lost") from None
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise _no_address() from None

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
                raise self._say_late(name)
        self._bytes += len(body)
        return bytes(body)

    def _check(self, url: str) -> None:
        """Raise SourceUnreadable or HostRefused where this address may not be asked."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise _no_address() from None
        if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
            raise _no_address()
        check_host(host, self.allowed_hosts)
        if parts.scheme == "http" and not is_loopback(host):
            message = f"`{label(url)}` is plain http, which everybody on the way could read and change"
            raise SourceUnreadable(message, hint="write `https://`", code="insecure-address")

    def _wait(self, seconds: float, name: str, why: str) -> None:
        if seconds >= self._left_s():
            message = f"{name} can't be had within {self.seconds:g} seconds: {why}"
            raise SourceUnreadable(message, hint="run this again later", code="url-failed")
        self.clock.wait(seconds)

    def _left_s(self) -> float:
        return self._ends_at - self.clock.read().boottime_s

    def _say_late(self, name: str) -> SourceUnreadable:
        message = f"{name} did not come within the {self.seconds:g} seconds that a `url` has in all"
        return SourceUnreadable(message, hint="ask for less, or for larger pages", code="source-too-large")


def label(url: str) -> str:
    """An address as messages call it: without what may be secret in it, be it a user or a parameter."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


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


def _join(url: str, following: str, name: str) -> str:
    """The address of the next page, of the same origin. Raises SourceUnreadable for any other."""
    try:
        joined = urljoin(url, following.strip()).partition("#")[0]
        origins = {_find_origin(url), _find_origin(joined)}
        has_user = urlsplit(joined).username is not None
    except ValueError:
        raise _no_address() from None
    if len(origins) > 1 or has_user:
        message = f"{name} leads to a page of another origin: `{label(joined)}`"
        hint = "a next page has the same scheme, host and port; make a source of each"
        raise SourceUnreadable(message, hint=hint, code="url-failed")
    return joined


def _find_origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _check_peer(event: str, info: Mapping[str, Any]) -> None:
    """Close a fresh connection that leads where nothing may, whatever name it was looked up by."""
    if event == "connection.connect_tcp.complete":
        stream = info["return_value"]
        try:
            check_address(stream.get_extra_info("server_addr")[0])
        except HostRefused:
            stream.close()
            raise


def _find_cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _no_address() -> SourceUnreadable:
    message, hint = (
        "`url` is no http or https address",
        "write the whole address, such as https://crm.example.fr/customers",
    )
    return SourceUnreadable(message, hint=hint, code="invalid-address")
