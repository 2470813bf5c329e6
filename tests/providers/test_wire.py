"""One request over real sockets: what left, what came back, and what that is called."""

from __future__ import annotations

import gzip
import json
import logging
import os
import select
import socket
import struct
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import HostRefused, LockLost
from runner.model.clock import SystemClock
from runner.model.secret import Secret
from runner.model.verdict import NotSent
from runner.providers import connecting, http
from runner.providers.http import Answer, Lost
from runner.trust import trusted_authorities

SHORT_S = 0.4


def test_a_whole_answer_comes_back_as_it_was_sent(listen, post):
    def script(connection):
        connection.read_request()
        connection.answer(headers="X-RateLimit-Remaining: 4\r\n")
        connection.wait_for_end()

    peer = listen(script)
    answer = post(peer)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (200, post.acceptance)
    assert answer.headers["x-ratelimit-remaining"] == "4"
    assert post.recorded == 1
    assert peer.ended.wait(5)
    assert peer.ending == "end"


def test_the_request_asks_for_one_plain_answer_on_one_connection(listen, post):
    def script(connection):
        connection.read_request()
        connection.answer()

    peer = listen(script)
    post(peer)
    head, _, body = peer.bytes_received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert lines[0] == "POST /v1/campaign/send HTTP/1.1"
    assert headers["connection"] == "close"
    assert headers["accept-encoding"] == "identity"
    assert headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in headers
    assert json.loads(body)["apiKey"] == post.key
    assert peer.connections == 1


@pytest.mark.skipif(sys.platform != "linux", reason="these options, and this way to read them, are Linux's")
def test_what_the_kernel_holds_of_a_request_dies_with_its_process_and_with_its_timeout(listen, post):
    def script(connection):
        connection.read_request()
        connection.answer()

    def look():
        for name in Path("/proc/self/fd").iterdir():
            # Only sockets: the copy of a pipe that no socket takes over would keep the pipe's reader waiting for ever.
            if name.is_socket():
                with suppress(OSError), socket.socket(fileno=os.dup(int(name.name))) as sock:
                    if sock.getpeername() == ("127.0.0.1", peer.port):
                        linger = sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
                        patience_ms = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                        seen.add((struct.unpack("ii", linger), patience_ms))

    seen = set()
    peer = listen(script)
    post.before = look
    post(peer, timeout=7)
    assert seen == {((1, 0), 7000)}


def test_nothing_is_sent_before_it_is_recorded(listen, post):
    seen = []

    def script(connection):
        connection.sock.settimeout(SHORT_S)
        try:
            seen.append(connection.sock.recv(1))
        except TimeoutError:
            seen.append("nothing")
        quiet.set()
        connection.sock.settimeout(5)
        connection.read_request()
        connection.answer()

    quiet = threading.Event()
    post.before = lambda: quiet.wait(5)
    assert isinstance(post(listen(script)), Answer)
    assert seen == ["nothing"]


@pytest.mark.parametrize(
    "error",
    [
        LockLost("gone"),
        HostRefused("no"),
        OSError(28, "No space left on device"),
        httpx.ReadError("x"),
        httpx.InvalidURL("x"),
        UnicodeError("x"),
        ValueError("x"),
        KeyboardInterrupt(),
        SystemExit(1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_recording_raises_comes_out_as_it_is_and_nothing_is_sent(listen, post, error):
    def fail():
        raise error

    peer = listen(lambda connection: connection.read(1))
    post.before = fail
    with pytest.raises(type(error)) as raised:
        post(peer)
    assert raised.value is error
    assert peer.ended.wait(5)
    assert peer.bytes_received == b""


def test_a_refused_connection_sends_nothing_and_records_nothing(post):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/v1/campaign/send") == NotSent("no connection: connection refused")
    assert post.recorded == 0


def test_a_name_that_nobody_has_sends_nothing(post):
    answer = post("https://provider.invalid/v1/campaign/send", connect_timeout=2)
    assert isinstance(answer, NotSent)
    assert not answer.final
    assert post.recorded == 0


def test_a_look_up_that_hangs_ends_with_the_time_to_connect(post, monkeypatch):
    over = threading.Event()

    def look_up(*_, flags=0, **__):
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    answer = post("https://provider.invalid/v1/campaign/send", connect_timeout=0.1)
    over.set()
    assert answer == NotSent("the provider's name was not looked up within 0.1 s")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0:0:0:0:0:0:0:1"])
def test_an_address_is_not_looked_up_however_it_is_spelled(address, monkeypatch):
    monkeypatch.setattr(threading, "Thread", None)
    assert connecting.find_addresses(address, 443, 1.0) in (["127.0.0.1"], ["::1"])


def test_a_server_that_never_takes_the_connection_is_given_up(post):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        answer = post(f"http://127.0.0.1:{full.getsockname()[1]}/v1/campaign/send", connect_timeout=SHORT_S)
        for sock in waiting:
            sock.close()
    assert answer == NotSent("no connection within 0.4 s")
    assert post.recorded == 0


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells that the other side has closed")
@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_connection_that_ends_before_the_first_byte_left_sends_nothing(listen, post, end):
    connected, over = threading.Event(), threading.Event()

    def script(connection):
        connected.wait(5)
        connection.reset() if end == "reset" else connection.sock.close()
        over.set()

    def wait_for_reset():
        connected.set()
        over.wait(5)

    post.before = wait_for_reset
    assert post(listen(script)) == NotSent("the connection was closed before anything was sent")
    assert post.recorded == 1


def test_a_request_cut_at_any_byte_is_lost(listen, post):
    whole = []

    def measure(connection):
        whole.append(connection.read_request())
        connection.answer()

    def script(connection):
        connection.read(next(sizes))
        connection.reset()

    assert isinstance(post(listen(measure)), Answer)
    every = range(1, len(whole[0]) + 1)
    sizes = iter(every)
    peer = listen(script)
    assert [size for size in every if not isinstance(post(peer), Lost)] == []
    assert post.recorded == 1 + len(every)


def test_an_end_without_an_answer_is_lost(listen, post):
    assert isinstance(post(listen(lambda connection: connection.read_request())), Lost)


def test_silence_is_lost_when_its_time_is_over_and_the_connection_is_reset(listen, post):
    def script(connection):
        connection.read_request()
        connection.wait_for_end()

    peer = listen(script)
    answer = post(peer, timeout=SHORT_S)
    assert isinstance(answer, Lost)
    assert answer.reason == "no whole answer within 0.4 s"
    assert peer.ended.wait(5)
    # What was shut ends; what is closed after that resets whoever still writes, or has not looked until then.
    assert peer.ending in {"end", "reset"}


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
    ids=["interim", "head", "body", "chunks", "body-without-length"],
)
def test_a_trickle_that_never_ends_is_lost_when_its_time_is_over(listen, post, beginning, drop):
    def script(connection):
        connection.read_request()
        connection.write(beginning)
        connection.pester(drop)

    peer = listen(script)
    answer = post(peer, timeout=SHORT_S)
    assert isinstance(answer, Lost)
    assert answer.reason == "no whole answer within 0.4 s"
    assert peer.ended.wait(5)


def test_an_answer_without_length_that_the_deadline_cut_is_no_whole_answer(listen, post):
    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n" + post.acceptance)
        connection.wait_for_end()

    assert isinstance(post(listen(script), timeout=SHORT_S), Lost)


def test_the_time_that_recording_takes_is_not_taken_from_the_answer(listen, post, monkeypatch):
    def script(connection):
        connection.read_request()
        connection.peer.stopping.wait(0.8)  # longer than what is left for writing
        connection.answer()

    monkeypatch.setattr(http, "SHARE_FOR_WRITING", 0.1)
    post.before = lambda: threading.Event().wait(0.5)
    assert isinstance(post(listen(script), timeout=10), Answer)


def test_the_time_to_connect_is_over_when_the_connection_stands(listen, post):
    def script(connection):
        connection.read_request()
        connection.answer()

    post.before = lambda: threading.Event().wait(SHORT_S)
    assert isinstance(post(listen(script), connect_timeout=SHORT_S), Answer)


def test_a_recording_that_leaves_no_time_to_write_sends_nothing(listen, post, monkeypatch):
    monkeypatch.setattr(http, "SHARE_FOR_WRITING", 0.01)
    peer = listen(lambda connection: connection.read(1))
    post.before = lambda: threading.Event().wait(0.2)
    assert isinstance(post(peer, timeout=10), NotSent)
    assert peer.ended.wait(5)
    assert peer.bytes_received == b""


def test_an_answer_that_ends_with_its_connection_is_whole(listen, post):
    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n" + post.acceptance)

    answer = post(listen(script))
    assert isinstance(answer, Answer)
    assert answer.body == post.acceptance


def test_interim_answers_are_no_answer(listen, post):
    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
        connection.answer()

    assert post(listen(script)).status == 200


def test_an_answer_cut_at_any_byte_is_never_whole(listen, post):
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(post.acceptance), post.acceptance)
    sizes = iter(range(len(whole)))

    def script(connection):
        connection.read_request()
        connection.write(whole[: next(sizes)])

    peer = listen(script)
    assert [size for size in range(len(whole)) if not isinstance(post(peer), Lost)] == []


def test_chunks_that_end_too_early_are_lost(listen, post):
    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")

    answer = post(listen(script))
    assert isinstance(answer, Lost)
    assert answer.reason == "the answer was cut off"


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_of_more_than_one_megabyte_is_lost(listen, post, announced):
    body = b" " * 1_000_001

    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\n")
        connection.write(b"Content-Length: %d\r\n\r\n" % len(body) if announced else b"\r\n")
        connection.write(body)
        connection.wait_for_end()

    answer = post(listen(script))
    assert isinstance(answer, Lost)
    assert answer.reason == "the answer is larger than 1 MB"


def test_a_head_without_end_is_lost(listen, post):
    def script(connection):
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000)
        connection.wait_for_end()

    assert isinstance(post(listen(script)), Lost)


def test_an_answer_is_never_decompressed(listen, post):
    packed = gzip.compress(b" " * 10_000_000)

    def script(connection):
        connection.read_request()
        connection.answer(packed, headers="Content-Encoding: gzip\r\n")

    assert post(listen(script)).body == packed


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(listen, post, status):
    def script(connection):
        connection.read_request()
        connection.answer(b"", status, f"Location: http://127.0.0.1:{connection.peer.port}/elsewhere\r\n")

    peer = listen(script)
    assert post(peer).status == int(status[:3])
    assert peer.connections == 1


@pytest.mark.parametrize(
    "line", [b"220 mail.example ESMTP\r\n", b"HTTP/9.9 what\r\n\r\n", b"\x00\xff" * 50 + b"\r\n\r\n"]
)
def test_what_is_no_http_is_lost(listen, post, line):
    def script(connection):
        connection.read_request()
        connection.write(line)

    assert isinstance(post(listen(script)), Lost)


def test_an_answer_that_comes_before_the_request_was_read_is_an_answer(listen, post):
    def script(connection):
        connection.read_head()
        connection.answer(b"", "413 Too Large")
        connection.wait_for_end()

    assert post(listen(script)).status == 413


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
def test_proxies_of_the_environment_are_not_used(listen, post, monkeypatch, name):
    def script(connection):
        connection.read_request()
        connection.answer()

    stray = listen(lambda connection: connection.read(1))
    monkeypatch.setenv(name, f"http://127.0.0.1:{stray.port}")
    assert isinstance(post(listen(script)), Answer)
    assert stray.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.fr/v1/campaign/send",
        "ftp://api.example.fr/v1",
        "https:///v1",
        "https://api.example.fr:port/v1",
        "api.example.fr",
        "https://169.254.169.254/v1",
        "http://2852039166/v1",
        "https://[fe80::1]/v1",
        "https://[::ffff:169.254.169.254]/v1",
        "http://user:password@127.0.0.1:1/v1",
    ],
)
def test_an_address_that_may_not_or_can_not_be_used_is_given_up_for_good(post, url):
    answer = post(url)
    assert isinstance(answer, NotSent)
    assert answer.final
    assert post.recorded == 0


@given(st.text(max_size=40) | st.text(max_size=30).map("https://{}/v1".format), st.text(max_size=30))
def test_no_address_is_too_odd_to_be_refused(url, proxy):
    answer = http.send(
        url,
        b"{}",
        timeout=timedelta(seconds=1),
        before_first_byte=lambda: None,
        clock=SystemClock(),
        proxy=Secret(f"http://{proxy}"),
        allowed_hosts=frozenset(),
    )
    assert isinstance(answer, NotSent)
    assert answer.final


def test_a_host_outside_the_list_is_not_connected_to(listen, post):
    peer = listen(lambda connection: connection.read(1))
    answer = post(peer, allowed=frozenset({"api.voicepartner.fr"}))
    assert isinstance(answer, NotSent)
    assert answer.final
    assert "CAMPAIGN_ALLOW_HOSTS" in answer.reason
    assert peer.connections == 0


def test_a_name_that_resolves_to_a_link_local_address_is_not_connected_to(post, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    answer = post("https://provider.invalid/v1/campaign/send")
    assert isinstance(answer, NotSent)
    assert answer.final


def test_an_address_that_a_name_leads_to_only_when_connected_to_gets_nothing(listen, post, monkeypatch):
    def refuse_the_connected_one(address):
        checked.append(address)
        if len(checked) == 2:
            raise HostRefused("link-local")

    checked = []
    monkeypatch.setattr(http, "check_address", refuse_the_connected_one)
    monkeypatch.setattr(connecting, "check_address", refuse_the_connected_one)
    peer = listen(lambda connection: connection.read(1))
    assert post(peer) == NotSent("link-local", final=True)
    assert peer.ended.wait(5)
    assert (post.recorded, peer.bytes_received) == (0, b"")


HTTPX_EXCEPTIONS = sorted(
    (value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)),
    key=lambda kind: kind.__name__,
)


def _make(kind: type[Exception]) -> Exception:
    match kind:
        case httpx.HTTPStatusError:
            return kind("x", request=None, response=None)
        case httpx.StreamConsumed | httpx.StreamClosed | httpx.ResponseNotRead | httpx.RequestNotRead:
            return kind()
        case _:
            return kind("x")


@pytest.mark.parametrize("kind", HTTPX_EXCEPTIONS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("begun", [False, True], ids=["before", "after"])
def test_every_exception_of_httpx_is_placed_by_whether_the_first_byte_may_have_left(post, monkeypatch, kind, begun):
    def fail(_transport, request):
        if begun:
            request.extensions["trace"]("http11.send_request_headers.started", {"request": request_of_core})
        raise _make(kind)

    request_of_core = type("Request", (), {"method": b"POST"})()
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", fail)
    answer = post("http://127.0.0.1:9/v1/campaign/send")
    assert isinstance(answer, Lost if begun else NotSent)
    assert post.recorded == int(begun)


def test_httpx_has_the_exceptions_that_were_thought_of():
    assert len(HTTPX_EXCEPTIONS) == 28


def test_a_defect_is_not_taken_for_a_lost_answer(post, monkeypatch):
    def fail(_transport, _request):
        raise ZeroDivisionError

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", fail)
    with pytest.raises(ZeroDivisionError):
        post("http://127.0.0.1:9/v1/campaign/send")


def test_no_body_leaves_unrecorded_even_if_the_event_were_renamed(post, monkeypatch):
    def read_alone(_transport, request):
        before = post.recorded
        assert b"".join(request.stream)
        assert (before, post.recorded) == (0, 1)
        raise httpx.ReadError("x")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", read_alone)
    assert isinstance(post("http://127.0.0.1:9/v1/campaign/send"), Lost)


@pytest.mark.parametrize(
    "echo",
    [
        b"HTTP/1.1 %s\r\n\r\n",
        b"%s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n%s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n%s",
    ],
)
def test_no_reason_or_log_repeats_the_key_or_a_number(listen, post, caplog, echo):
    def script(connection):
        connection.write(echo % connection.read_request().partition(b"\r\n\r\n")[2])
        connection.reset()

    caplog.set_level(logging.DEBUG)
    answer = post(listen(script))
    shown = repr(answer.reason if isinstance(answer, Lost) else "") + caplog.text
    assert post.key not in shown
    assert "3998" not in shown


def test_the_client_library_logs_nothing(listen, post, caplog):
    def script(connection):
        connection.read_request()
        connection.answer()

    caplog.set_level(logging.DEBUG)
    post(listen(script))
    assert [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []


def test_one_context_for_tls_is_shared():
    assert trusted_authorities() is trusted_authorities()
