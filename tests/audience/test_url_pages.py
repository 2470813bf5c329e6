"""Pages of an address: every row of every page or an error that says why not, and nothing asked but what may be."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.audience import url_pages
from runner.audience.url_answers import Format, cut_items, find_format
from runner.audience.url_pages import Fetching
from runner.errors import HostRefused, SourceUnreadable
from runner.model.clock import Instant, SystemClock


@dataclass
class StandingClock:
    """A clock that moves only when it is waited for, and keeps how long each wait was."""

    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=sum(self.waits))

    def read(self) -> Instant:
        return Instant(self.now(), sum(self.waits), "boot")

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass
class Server:
    """Answers each path by what was put there: `(status, headers, body)`, one after the other, the last for ever.

    A body of None ends the connection in the middle of the answer.
    """

    base: str = ""
    answers: dict[str, list[tuple[int, dict[str, str], bytes | None]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: object, status: int = 200, **headers: str) -> None:
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"Content_Type": "application/json", **headers}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(path, []).append((status, named, body))


@pytest.fixture
def server() -> Iterator[Server]:
    scripted = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            scripted.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            waiting = scripted.answers.get(self.path) or [(404, {}, b"")]
            status, headers, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(1000 if body is None else len(body)))
            self.end_headers()
            self.wfile.write(b"half" if body is None else body)
            self.close_connection = body is None

        def log_message(self, *_arguments: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scripted.base = f"http://127.0.0.1:{running.server_port}"
    yield scripted
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def tls_port() -> Iterator[int]:
    """The port of a server whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parents[1] / "providers/certificates/server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def shake_hands() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def fetch(server, clock) -> Callable[..., list[url_pages.Page]]:
    def fetch(path: str, items: str | None = None, next_: str | None = None, allowed=None, base=None, **headers: str):
        fetching = Fetching(headers=headers, allowed_hosts=allowed, clock=clock, seconds=60)
        with fetching.open_client() as client:
            return list(fetching.fetch_pages(client, (base or server.base) + path, items, next_))

    return fetch


def refuse(fetch, *arguments, **words) -> SourceUnreadable:
    with pytest.raises(SourceUnreadable) as refused:
        fetch(*arguments, **words)
    return refused.value


def test_pages_come_in_their_order_with_the_rows_of_each(server, fetch):
    server.put("/a", {"data": {"items": [{"phone": "1"}]}, "links": {"next": "/a?page=2"}})
    server.put("/a?page=2", {"data": {"items": [{"phone": "2"}]}, "links": {"next": "?page=3"}})
    server.put("/a?page=3", {"data": {"items": []}, "links": {"next": None}})
    pages = fetch("/a", "data.items", "links.next")
    assert [json.loads(page.body) for page in pages] == [[{"phone": "1"}], [{"phone": "2"}], []]
    assert [page.name.partition(" of ")[0] for page in pages] == ["page 1", "page 2", "page 3"]


@pytest.mark.parametrize("last", [{}, {"next": None}, {"next": ""}, {"links": []}])
def test_a_page_without_a_next_one_is_the_last(server, fetch, last):
    server.put("/a", {"items": [1], **last})
    assert len(fetch("/a", "items", "links.next" if "links" in last else "next")) == 1


def test_a_misspelled_next_is_an_error_since_all_other_pages_would_be_lost(server, fetch):
    server.put("/a", {"items": [1], "links": {"next": "/b"}})
    assert refuse(fetch, "/a", "items", "link.next").hint == "did you mean `links`?"
    assert refuse(fetch, "/a", "items", "links.nex").hint == "did you mean `next`?"


def test_pages_that_lead_back_are_found(server, fetch):
    server.put("/a", {"items": [1], "next": "/b"})
    server.put("/b", {"items": [1], "next": "/a#other"})
    assert "never end" in refuse(fetch, "/a", "items", "next").message
    assert len(server.asked) == 2


def test_a_thousand_pages_are_the_most(server, fetch, monkeypatch):
    monkeypatch.setattr(url_pages, "MOST_PAGES", 3)
    for page in range(4):
        server.put(f"/{page}", {"items": [1], "next": f"/{page + 1}"})
    server.put("/4", {"items": []})
    assert "more than 3 pages" in refuse(fetch, "/0", "items", "next").message


@pytest.mark.parametrize(
    "following",
    [
        "http://127.0.0.2:{port}/b",
        "http://localhost:{port}/b",
        "https://127.0.0.1:{port}/b",
        "http://127.0.0.1:1/b",
        "http://127.0.0.1/b",
        "//example.com/b",
        "//127.0.0.1:{port}@example.com/b",
        "http://user:word@127.0.0.1:{port}/b",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/b",
        "http://[::1]:{port}/b",
        "http://[/b",
        "http://169.254.169.254/b",
    ],
)
def test_a_next_page_of_another_origin_is_never_asked_for(server, fetch, following):
    port = server.base.rpartition(":")[2]
    server.put("/a", {"items": [1], "next": following.replace("{port}", port)})
    server.put("/b", {"items": [1]})
    error = refuse(fetch, "/a", "items", "next")
    assert "word" not in error.message
    assert [path for path, _ in server.asked] == ["/a"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server, fetch, status):
    server.put("/a", b"", status, Location="/b")
    assert "redirect" in refuse(fetch, "/a").message
    assert [path for path, _ in server.asked] == ["/a"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_can_pass_is_tried_again(server, fetch, clock, status):
    server.put("/a", b"", status)
    server.put("/a", b"", status, Retry_After="7")
    server.put("/a", ["0612345678"])
    assert json.loads(fetch("/a")[0].body) == ["0612345678"]
    assert clock.waits == [0.25, 7.0]


def test_a_lost_connection_is_tried_again_and_no_half_page_is_taken(server, fetch):
    server.put("/a", None)
    server.put("/a", ["whole"])
    assert fetch("/a")[0].body == b'["whole"]'


def test_five_tries_are_the_most(server, fetch):
    server.put("/a", b"", 500)
    error = refuse(fetch, "/a")
    assert "was tried 5 times: answers 500" in error.message
    assert len(server.asked) == 5


@pytest.mark.parametrize("after", ["3600", "99999999999999999999", "Wed, 25 Nov 2999 00:00:00 GMT"])
def test_a_server_that_asks_for_more_than_is_left_ends_it(server, fetch, after):
    server.put("/a", b"", 429, Retry_After=after)
    assert "within 60 seconds" in refuse(fetch, "/a").message
    assert len(server.asked) == 1


@pytest.mark.parametrize("after", ["soon", "-5", "1.5", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_none(server, fetch, after):
    server.put("/a", b"", 503, Retry_After=after)
    server.put("/a", [])
    assert len(fetch("/a")) == 1


@pytest.mark.parametrize("status", [201, 204, 206, 400, 401, 403, 404, 410])
def test_any_other_answer_is_an_error_at_once(server, fetch, status):
    server.put("/a", b"", status)
    assert f"answers {status}" in refuse(fetch, "/a").message
    assert len(server.asked) == 1


def test_nobody_there_is_told_after_five_tries(fetch, clock):
    assert "was tried 5 times: connection refused" in refuse(fetch, "/a", base="http://127.0.0.1:1").message
    assert len(clock.waits) == 4


def test_a_server_without_tls_is_told_from_one_that_is_not_there(server, fetch):
    base = server.base.replace("http:", "https:")
    assert "TLS failed" in refuse(fetch, "/a", base=base).message


def test_a_certificate_that_is_not_trusted_is_an_error_at_once(server, fetch, clock, tls_port):
    error = refuse(fetch, "/a", base=f"https://localhost:{tls_port}")
    assert error.message.startswith(f"https://localhost:{tls_port}/a can't be had: the certificate is not trusted")
    assert clock.waits == []


@pytest.mark.parametrize(
    ("number", "says", "waits"),
    [
        (socket.EAI_NONAME, "the name is not known", 0),
        (socket.EAI_AGAIN, "the name could not be looked up", 4),
        (socket.EAI_FAIL, "the name could not be looked up", 4),
        (socket.EAI_MEMORY, "the name could not be looked up", 4),
    ],
)
def test_a_name_that_nobody_knows_is_an_error_at_once_and_a_resolver_that_fails_is_asked_again(
    fetch, clock, monkeypatch, number, says, waits
):
    def look_up(*_arguments: object, **_words: object) -> None:
        raise socket.gaierror(number, "says the resolver")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert says in refuse(fetch, "/a", base="https://crm.invalid").message
    assert len(clock.waits) == waits


@pytest.mark.parametrize(
    "endless", [b"HTTP/1.1 102 Processing\r\n\r\n", b"X-a: b\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n"]
)
def test_bytes_that_come_now_and_then_hold_nobody_beyond_the_bound(endless):
    """A server that would answer in the end, and only after the bound."""
    listening = socket.create_server(("127.0.0.1", 0))
    enough = threading.Event()

    def trickle() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"" if endless.startswith(b"HTTP") else b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                connection.sendall(endless)
                enough.wait(0.02)
            connection.sendall(b"Content-Length: 0\r\n\r\n")

    thread = threading.Thread(target=trickle)
    thread.start()
    fetching = Fetching(headers={}, allowed_hosts=None, clock=SystemClock(), seconds=0.2)
    with listening, fetching.open_client() as client, pytest.raises(SourceUnreadable) as refused:
        list(fetching.fetch_pages(client, f"http://127.0.0.1:{listening.getsockname()[1]}/a", None, None))
    enough.set()
    thread.join()
    assert refused.value.code == "source-too-slow"
    assert "within the 0.2 seconds that a `url` has in all" in refused.value.message


def test_headers_are_sent_and_named_in_no_message(server, fetch):
    server.put("/a", b"", 401)
    error = refuse(fetch, "/a?key=parameter-secret", Authorization="Bearer header-secret")
    assert server.asked[0][1]["authorization"] == "Bearer header-secret"
    assert "secret" not in f"{error.message}{error.hint}"


def test_a_proxy_of_the_environment_is_not_used(server, fetch, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.put("/a", [])
    assert len(fetch("/a")) == 1


def test_no_cookie_is_kept(server, fetch):
    server.put("/a", {"items": [], "next": "/b"}, Set_Cookie="session=1")
    server.put("/b", {"items": []})
    fetch("/a", "items", "next")
    assert "cookie" not in server.asked[0][1]


@pytest.mark.parametrize("base", ["http://example.com", "http://192.168.1.1", "http://0.0.0.0"])
def test_plain_http_is_for_this_machine_alone(fetch, base):
    assert refuse(fetch, "/a", base=base).code == "insecure-address"


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xA9FEA9FE", "[fe80::1]", "[::ffff:169.254.169.254]"]
)
def test_a_link_local_address_is_never_asked(fetch, host):
    with pytest.raises(HostRefused):
        fetch("/a", base=f"https://{host}")


def test_only_allowed_hosts_are_asked(server, fetch):
    server.put("/a", [])
    with pytest.raises(HostRefused):
        fetch("/a", allowed=frozenset({"example.com"}))
    assert server.asked == []
    assert len(fetch("/a", allowed=frozenset({"127.0.0.1"}))) == 1


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://127.0.0.1/a", "http://", "http://user:word@127.0.0.1/a", "http://[/", "http://h:x/"]
)
def test_what_is_no_address_is_an_error(fetch, url):
    error = refuse(fetch, "", base=url or "/")
    assert error.code == "invalid-address"
    assert "word" not in error.message


def test_a_gigabyte_is_the_most(server, fetch, monkeypatch):
    monkeypatch.setattr(url_pages, "MOST_BYTES", 30)
    server.put("/a", {"items": ["0123456789"], "next": "/b"})
    assert refuse(fetch, "/a", "items", "next").code == "source-too-large"


def test_an_answer_that_comes_compressed_is_refused(server, fetch):
    server.put("/a", b"\x1f\x8b", Content_Encoding="gzip")
    assert "compressed" in refuse(fetch, "/a").message


@pytest.mark.parametrize(
    ("content_type", "path", "body", "expected"),
    [
        ("application/json; charset=utf-8", "/x.csv", b"", Format.JSON),
        ("application/vnd.api+json", "/x", b"", Format.JSON),
        ("application/x-ndjson", "/x", b"", Format.JSON_LINES),
        ("TEXT/CSV", "/x.json", b"", Format.CSV),
        ("application/octet-stream", "/x.jsonl", b"", Format.JSON_LINES),
        ("text/plain", "/x.tsv", b"{}", Format.CSV),
        ("", "/x", b" \n[1]", Format.JSON),
        ("", "/x", b"\xef\xbb\xbf[1]", Format.JSON),
        ("", "/x", b'{"a": 1}\n{"a": 2}\n', Format.JSON_LINES),
        ("", "/x", b'{"a": 1}\n', Format.JSON),
        ("", "/x", b'{\n"a": 1}\n', Format.JSON),
        ("", "/x", b"phone\n06", Format.CSV),
        ("", "/x", b"", Format.CSV),
    ],
)
def test_a_page_is_known_by_its_type_else_its_path_else_its_start(content_type, path, body, expected):
    assert find_format(content_type, path, body) is expected


@pytest.mark.parametrize(
    ("page", "items", "says"),
    [
        ({"data": {"item": []}}, "data.items", "has no `data.items`"),
        ({"data": []}, "data.items", "has no `data.items`"),
        ({"data": {"items": {}}}, "data.items", "leads to an object"),
        ({"data": None}, "data", "leads to nothing"),
        ({"data": 1}, "data", "leads to a number"),
        ({"data": []}, None, "is an object, and not a list"),
        ([], "data", "has no `data`"),
    ],
)
def test_items_that_lead_to_no_list_are_an_error(server, fetch, page, items, says):
    server.put("/a", page)
    assert says in refuse(fetch, "/a", items).message


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"items": [1,]}', b"\xff", b"[" * 100_000, b'{"items": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_is_an_error_that_says_where(server, fetch, body):
    server.put("/a", body, Content_Type="application/json")
    refuse(fetch, "/a", "items")


def test_items_and_next_have_no_meaning_in_csv(server, fetch):
    server.put("/a", b"phone\n06", Content_Type="text/csv")
    assert "`items` leads nowhere" in refuse(fetch, "/a", "items").message
    assert "`next` leads nowhere" in refuse(fetch, "/a", None, "next").message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(
    before=st.dictionaries(st.text(max_size=4), values, max_size=3),
    rows=st.lists(values, max_size=5),
    indent=st.sampled_from([None, 0, 2]),
    escapes=st.booleans(),
)
def test_the_rows_that_are_cut_out_of_a_page_are_those_that_stand_in_it(before, rows, indent, escapes):
    inner = {**before, "items": rows}
    page = json.dumps({**before, "data": inner, "z": before}, indent=indent, ensure_ascii=escapes).encode()
    assert json.loads(cut_items(page, "data.items", Format.JSON, "the page")) == rows


def test_numbers_keep_every_digit_that_is_written():
    page = b'{"items": [ 6.12E+08, 0.10, 123456789012345678901234567890 ]}'
    assert cut_items(page, "items", Format.JSON, "p") == b"[ 6.12E+08, 0.10, 123456789012345678901234567890 ]"


def test_of_two_keys_alike_both_readings_take_the_last():
    page = b'{"items": [1], "items": [2]}'
    assert cut_items(page, "items", Format.JSON, "p") == b"[2]"


@given(body=st.binary(max_size=60), content_type=st.sampled_from(["", "application/json", "text/csv"]))
def test_any_bytes_are_a_page_or_an_error(body, content_type):
    format_ = find_format(content_type, "/", body)
    with pytest.raises(SourceUnreadable):
        cut_items(body, "items", format_, "the page")
