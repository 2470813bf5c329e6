"""TLS and proxies: whatever fails before the request's first byte sends nothing, and records nothing."""

from __future__ import annotations

import base64
import gc
import select
import selectors
import socket
import threading

import pytest

from runner.model.verdict import NotSent
from runner.providers.http import Answer, Lost
from runner.trust import trusted_authorities

SHORT_S = 0.4


def serve_tls(connection):
    connection.start_tls()
    connection.read_request()
    connection.answer()
    connection.wait_for_end()


def tunnel_to(target):
    """A proxy that takes CONNECT for whatever host, and leads to `target`."""

    def script(connection):
        connection.read_head()
        with socket.create_connection(("127.0.0.1", target.port)) as onward:
            connection.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection.sock, onward)

    return script


def relay(client, target):
    """Pass on what either side says, until one of them has ended.

    One thread does both ways: a connection under TLS must not be read and written at once.
    """
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, target)
        ready.register(target, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                # As large as a record of TLS may be, so that none is left half read where no selector sees it.
                data = key.fileobj.recv(16_384)
                if not data:
                    return
                key.data.sendall(data)


def secure(peer):
    return f"https://127.0.0.1:{peer.port}/v1/campaign/send"


FAR = "https://provider.invalid/v1/campaign/send"


@pytest.mark.usefixtures("trusted_authority")
def test_a_trusted_provider_gets_the_request(listen, post):
    peer = listen(serve_tls)
    assert isinstance(post(secure(peer)), Answer)
    assert b"apiKey" in peer.bytes_received
    assert peer.ended.wait(5)
    assert peer.ending == "end"


def test_a_certificate_of_an_unknown_authority_gets_nothing(listen, post):
    trusted_authorities.cache_clear()
    peer = listen(serve_tls)
    answer = post(secure(peer))
    assert answer == NotSent("no connection: the certificate is not trusted (unable to get local issuer certificate)")
    assert (post.recorded, peer.bytes_received) == (0, b"")


@pytest.mark.usefixtures("trusted_authority")
def test_a_certificate_of_another_host_gets_nothing(listen, post):
    peer = listen(serve_tls)
    answer = post(f"https://127.0.0.2:{peer.port}/v1/campaign/send")
    # Loopback is one machine, but this name is not in the certificate.
    assert isinstance(answer, NotSent)
    assert (post.recorded, peer.bytes_received) == (0, b"")


def test_a_server_without_tls_gets_nothing(listen, post):
    def script(connection):
        connection.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.wait_for_end()

    answer = post(secure(listen(script)))
    assert isinstance(answer, NotSent)
    assert answer.reason.startswith("no connection: TLS failed")
    assert post.recorded == 0


@pytest.mark.parametrize("size", [1, 100])
def test_a_reset_in_the_handshake_sends_nothing(listen, post, size):
    def script(connection):
        connection.read(size)
        connection.reset()

    assert isinstance(post(secure(listen(script))), NotSent)
    assert post.recorded == 0


# CPython's wrap_socket leaves a socket that was reset before it to the collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_reset_before_the_handshake_sends_nothing(listen, post):
    assert isinstance(post(secure(listen(lambda connection: connection.reset()))), NotSent)
    assert post.recorded == 0
    gc.collect()


def test_a_handshake_that_hangs_is_given_up(listen, post):
    answer = post(secure(listen(lambda connection: connection.read(10**6))), connect_timeout=SHORT_S)
    assert answer == NotSent("no connection within 0.4 s")
    assert post.recorded == 0


@pytest.mark.usefixtures("trusted_authority")
def test_a_handshake_that_trickles_is_given_up(listen, post):
    def script(connection):
        connection.write(b"\x16\x03\x03\x3f\xff")
        connection.pester(b"\x00")

    answer = post(secure(listen(script)), connect_timeout=SHORT_S)
    assert answer == NotSent("no connection within 0.4 s")


@pytest.mark.usefixtures("trusted_authority")
@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells that the other side has closed")
@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_connection_that_ends_under_tls_before_the_first_byte_left_sends_nothing(listen, post, end):
    def script(connection):
        connection.start_tls()
        recording.wait(5)
        connection.reset() if end == "reset" else connection.sock.close()
        over.set()

    recording, over = threading.Event(), threading.Event()

    def before():
        recording.set()
        over.wait(5)

    post.before = before
    assert post(secure(listen(script))) == NotSent("the connection was closed before anything was sent")
    assert post.recorded == 1


@pytest.mark.usefixtures("trusted_authority")
def test_a_reset_under_tls_in_the_middle_of_the_request_is_lost(listen, post):
    def script(connection):
        connection.start_tls()
        connection.read(100)
        connection.reset()

    assert isinstance(post(secure(listen(script))), Lost)
    assert post.recorded == 1


@pytest.mark.usefixtures("trusted_authority")
def test_a_trickle_under_tls_is_lost_when_its_time_is_over(listen, post):
    def script(connection):
        connection.start_tls()
        connection.read_request()
        connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        connection.pester(b" ")

    answer = post(secure(listen(script)), timeout=SHORT_S)
    assert isinstance(answer, Lost)
    assert answer.reason == "no whole answer within 0.4 s"


@pytest.mark.usefixtures("trusted_authority")
def test_a_proxy_leads_to_the_provider_and_reads_nothing(listen, post):
    provider = listen(serve_tls)
    proxy = listen(tunnel_to(provider))
    answer = post(FAR, proxy=f"http://user:pass%21@127.0.0.1:{proxy.port}")
    assert isinstance(answer, Answer)
    assert proxy.bytes_received.startswith(b"CONNECT provider.invalid:443 HTTP/1.1\r\n")
    assert base64.b64encode(b"user:pass!") in proxy.bytes_received
    assert b"apiKey" not in proxy.bytes_received
    assert b"roxy-" not in provider.bytes_received


@pytest.mark.usefixtures("trusted_authority")
def test_a_proxy_may_speak_tls_itself(listen, post):
    def script(connection):
        connection.start_tls()
        tunnel_to(provider)(connection)

    provider = listen(serve_tls)
    answer = post(FAR, proxy=f"https://localhost:{listen(script).port}")
    assert isinstance(answer, Answer)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway", "302 Found"])
def test_a_proxy_that_refuses_sends_nothing(listen, post, status):
    def script(connection):
        connection.read_head()
        connection.answer(b"", status)

    answer = post(FAR, proxy=f"http://user:secret-pass@127.0.0.1:{listen(script).port}")
    assert answer == NotSent(f"the proxy refused the connection ({status[:3]})")
    assert post.recorded == 0


def test_a_proxy_that_resets_sends_nothing(listen, post):
    def script(connection):
        connection.read_head()
        connection.reset()

    assert isinstance(post(FAR, proxy=f"http://127.0.0.1:{listen(script).port}"), NotSent)
    assert post.recorded == 0


@pytest.mark.parametrize("drop", [b"", b"HTTP/1.1 102 Processing\r\n\r\n"], ids=["silence", "trickle"])
def test_a_proxy_that_hangs_is_given_up_with_the_time_to_connect(listen, post, drop):
    def script(connection):
        connection.read_head()
        connection.pester(drop) if drop else connection.wait_for_end()

    answer = post(FAR, proxy=f"http://127.0.0.1:{listen(script).port}", connect_timeout=SHORT_S)
    assert answer == NotSent("no connection within 0.4 s")
    assert post.recorded == 0


def test_a_proxy_that_is_not_there_sends_nothing(post):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert post(FAR, proxy=f"http://127.0.0.1:{port}") == NotSent("no connection: connection refused")


@pytest.mark.usefixtures("trusted_authority")
def test_a_proxy_leads_to_this_machine_too_where_nobody_on_the_way_can_read(listen, post):
    proxy = listen(tunnel_to(provider := listen(serve_tls)))
    assert isinstance(post(secure(provider), proxy=f"http://127.0.0.1:{proxy.port}"), Answer)
    assert proxy.connections == 1


def test_plain_http_never_goes_through_a_proxy(listen, post):
    def serve_plain(connection):
        connection.read_request()
        connection.answer()

    proxy = listen(lambda connection: connection.read(1))
    assert isinstance(post(listen(serve_plain), proxy=f"http://127.0.0.1:{proxy.port}"), Answer)
    assert proxy.connections == 0


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "127.0.0.1:3128", "http://", "http://127.0.0.1:port"])
def test_a_proxy_that_can_not_be_used_is_given_up_for_good(post, proxy):
    answer = post(FAR, proxy=proxy)
    assert isinstance(answer, NotSent)
    assert answer.final
    assert proxy not in answer.reason


def test_a_proxy_outside_the_list_of_hosts_is_not_connected_to(listen, post):
    proxy = listen(lambda connection: connection.read(1))
    answer = post(FAR, proxy=f"http://127.0.0.1:{proxy.port}", allowed=frozenset({"provider.invalid"}))
    assert isinstance(answer, NotSent)
    assert answer.final
    assert proxy.connections == 0


@pytest.mark.usefixtures("trusted_authority")
def test_the_keys_of_a_session_are_written_nowhere(listen, post, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert isinstance(post(secure(listen(serve_tls))), Answer)
    assert b"SECRET" not in (tmp_path / "keys").read_bytes()
