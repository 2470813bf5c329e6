"""A server that can misbehave on the socket itself, and one request as `apply` would send it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from runner.model.clock import SystemClock
from runner.model.config import Content
from runner.model.secret import Secret
from runner.providers import http, voicepartner
from runner.providers.frozen import ends_if_frozen
from runner.trust import trusted_authorities

CERTIFICATES = Path(__file__).parent / "certificates"
KEY = "key-that-must-stay-secret"
NUMBERS = (33639980001, 33639980002)
PATIENCE_S = 10

ACCEPTANCE = b'{"success": true, "campaignId": "c-1", "cost": 0.30, "currency": "EUR", "nbSms": 2}'

Script = Callable[["Connection"], None]


class Connection:
    """One connection that a client opened, in the hands of a script."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        self.sock = sock
        self.peer = peer
        sock.settimeout(PATIENCE_S)

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            self.peer.received.append(part)
            if not part:
                break
            data += part
        return data

    def read_head(self) -> bytes:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            part = self.sock.recv(1)
            if not part:
                break
            data += part
        self.peer.received.append(data)
        return data

    def read_request(self) -> bytes:
        head = self.read_head()
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return head + self.read(int(length.split(b":")[1]))

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes = ACCEPTANCE, status: str = "200 OK", headers: str = "") -> None:
        self.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_for_end(self) -> None:
        """Wait until the client has gone, and remember how it went."""
        try:
            self.peer.ending = "end" if self.sock.recv(1) == b"" else "bytes"
        except ConnectionError:
            self.peer.ending = "reset"

    def pester(self, data: bytes) -> None:
        """Send this every now and then, until the client has gone."""
        with suppress(OSError):
            while not self.peer.stopping.wait(0.02):
                self.write(data)

    def start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "server.pem")
        self.sock = context.wrap_socket(self.sock, server_side=True)


@dataclass
class Peer:
    """A server on loopback that does to each connection what its script says."""

    script: Script
    listener: socket.socket
    received: list[bytes] = field(default_factory=list)
    connections: int = 0
    ending: str | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    open: list[Connection] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    @property
    def bytes_received(self) -> bytes:
        return b"".join(self.received)

    def serve(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            connection = Connection(sock, self)
            self.open.append(connection)
            thread = threading.Thread(target=self.follow, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def follow(self, connection: Connection) -> None:
        with suppress(OSError):
            self.script(connection)
        connection.sock.close()
        self.ended.set()

    def stop(self) -> None:
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(PATIENCE_S)


@pytest.fixture
def listen() -> Iterator[Callable[[Script], Peer]]:
    """A function that starts a peer with this script."""
    peers: list[Peer] = []

    def start(script: Script, receive_buffer: int | None = None) -> Peer:
        listener = socket.socket()
        if receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        peer = Peer(script, listener)
        peers.append(peer)
        thread = threading.Thread(target=peer.serve)
        peer.threads.append(thread)
        thread.start()
        return peer

    yield start
    for peer in peers:
        peer.stop()


@pytest.fixture(autouse=True)
def patient_timer(monkeypatch) -> None:
    """Deadlines are short here and the machine may be busy: the kernel's timer must not end the tests themselves."""
    monkeypatch.setattr(http, "ends_if_frozen", lambda _: ends_if_frozen(timedelta(seconds=60)))


@pytest.fixture
def trusted_authority(monkeypatch) -> Iterator[None]:
    """The tests' own authority is one of those that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    trusted_authorities.cache_clear()
    yield
    trusted_authorities.cache_clear()


@dataclass
class Post:
    """One request as `apply` sends it, and whether its gate was passed."""

    key: ClassVar[str] = KEY
    numbers: ClassVar[tuple[int, ...]] = NUMBERS
    acceptance: ClassVar[bytes] = ACCEPTANCE
    recorded: int = 0
    before: Callable[[], None] = lambda: None

    def __call__(
        self,
        url: str | Peer,
        *,
        timeout: float = 5.0,
        connect_timeout: float = 5.0,
        proxy: str | None = None,
        allowed: frozenset[str] | None = None,
        body: bytes | None = None,
    ) -> http.Answer | http.Lost | http.NotSent:
        def before_first_byte() -> None:
            self.recorded += 1
            self.before()

        content = Content(audio="recording", notify_email="ops@example.fr")
        return http.send(
            f"http://127.0.0.1:{url.port}/v1/campaign/send" if isinstance(url, Peer) else url,
            body if body is not None else voicepartner.build_body(Secret(KEY), content, None, NUMBERS),
            timeout=timedelta(seconds=timeout),
            before_first_byte=before_first_byte,
            clock=SystemClock(),
            proxy=Secret(proxy) if proxy is not None else None,
            allowed_hosts=allowed,
            connect_timeout_s=connect_timeout,
        )


@pytest.fixture
def post() -> Post:
    """A function that sends one request."""
    return Post()
