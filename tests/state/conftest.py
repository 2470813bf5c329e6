"""A state of its own for each test, a clock that stands until it is moved, and processes beside ours.

What every state promises is tested on a SQLite file and on a PostgreSQL server of the tests' own, by `desk` and
`open_again`; what only one of them can promise is marked so, by its `kind`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from runner.model.clock import Instant
from runner.model.ledger import Acceptance, Holder, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.state.lock import Held, hold_account, this_holder
from runner.state.open import State, open_state

ROOT = Path(__file__).resolve().parents[2]
SQLITE = "sqlite:///.campaign/state.db"
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
KEY = Secret("the key of a state that tests alone open")
FINGERPRINT = b"f" * 16


@dataclass
class StandingClock:
    """A clock that moves only when it is told to, or waited for."""

    wall: datetime = datetime(2026, 11, 24, 10, tzinfo=UTC)
    boottime_s: float = 1000.0
    boot_id: str = "this-boot"

    def now(self) -> datetime:
        return self.wall

    def read(self) -> Instant:
        return Instant(self.wall, self.boottime_s, self.boot_id)

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.boottime_s += seconds


def person(number: int) -> bytes:
    """The pseudonym of somebody."""
    return sha256(str(number).encode()).digest()[:16]


def content(audio: str = "audio-1", **other: object) -> KeptContent:
    return KeptContent(**{"audio": audio, "notify_email": "ops@example.fr", **other})


def new_chunk(*people: int, name: str = "recall", edition: str | None = None, **other: object) -> NewChunk:
    values = {"content": content(), "probe": False, "timeout": timedelta(seconds=30), **other}
    return NewChunk(campaign=name, edition=edition, pseudonyms=tuple(map(person, people)), **values)


@dataclass
class Desk:
    """One state, one account's lock on it, and short ways to record."""

    state: State
    clock: StandingClock
    stack: ExitStack
    held: Held = field(init=False)

    OTHER_FINGERPRINT = b"o" * 16
    person = staticmethod(person)
    content = staticmethod(content)
    new_chunk = staticmethod(new_chunk)

    def __post_init__(self) -> None:
        self.held = self.stack.enter_context(self.hold())

    @property
    def ledger(self):
        return self.state.ledger

    def hold(self, account: str = "main", fingerprint: bytes = FINGERPRINT, holder: Holder | None = None):
        holder = holder or this_holder(self.clock, "campaign apply")
        return hold_account(
            self.state, fingerprint=fingerprint, account=account, holder=holder, wait=timedelta(0), clock=self.clock
        )

    def take_over(self) -> Held:
        """Give the lock back, and take it again as the next run does; the old hold is answered, to misbehave with."""
        old = self.held
        self.stack.close()
        self.held = self.stack.enter_context(self.hold())
        return old

    def record(self, *people: int, held: Held | None = None, max_in_doubt: int = 5, **chunk: object) -> str:
        new = new_chunk(*people, **chunk)
        return self.ledger.record_sending(held or self.held, new, self.clock.read(), max_in_doubt=max_in_doubt)

    def accept(self, chunk: str, held: Held | None = None, **told: object) -> None:
        acceptance = Acceptance(**{"provider_id": "p1", **told})
        self.ledger.record_accepted(held or self.held, chunk, acceptance, self.clock.read())

    def reject(self, chunk: str, held: Held | None = None, reason: str = "no") -> None:
        self.ledger.record_rejected(held or self.held, chunk, reason, self.clock.read())

    def doubt(self, chunk: str, held: Held | None = None, *, ended: bool = True) -> None:
        self.ledger.record_unknown(held or self.held, chunk, "lost", self.clock.read() if ended else None)

    def settle(self, chunk: str, *, accepted: bool, provider_id: str | None = None) -> None:
        by, clock = "ops@host", self.clock
        self.ledger.settle(chunk, accepted=accepted, provider_id=provider_id, by=by, clock=clock)

    def people(self, name: str = "recall", edition: str | None = None, audio: str = "audio-1") -> dict[int, str]:
        """What the ledger says of each of the people 0 to 99 that it names."""
        known = {person(n).hex().upper(): n for n in range(100)}
        pages = self.ledger.read_people(name, edition, content(audio).digest)
        return {known[item[:32]]: item[32:] for page in pages for item in page.split(",")}


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Path:
    """A project with a state in which nothing was ever recorded: copied for each test, which is faster than made."""
    root = tmp_path_factory.mktemp("made-once")
    open_state(SQLITE, root=root, key=KEY, pin=None, clock=StandingClock()).close()
    return root


class Cluster:
    """A PostgreSQL server of the tests' own, in a folder of its own, on a socket that only this machine sees.

    Its settings are the fast ones: what a test loses here, it loses by a process's death and never by a power cut.
    """

    FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60")

    def __init__(self, folder: Path, programs: Path, port: int = 5432) -> None:
        self.folder, self.programs, self.port = folder, programs, port
        self.data = folder / "data"

    def make(self) -> None:
        self.run("initdb", "--auth=trust", "--username=owner", "--encoding=UTF8", "--no-sync", f"--pgdata={self.data}")
        settings = [*self.FAST, "listen_addresses=''", f"unix_socket_directories='{self.folder}'", f"port={self.port}"]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("".join(f"{setting.replace('=', ' = ', 1)}\n" for setting in settings))
        self.start()

    def start(self) -> None:
        self.run("pg_ctl", "start", "--wait", "--silent", f"--pgdata={self.data}", f"--log={self.folder}/log")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}", f"--pgdata={self.data}")

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of the server, which refuses to be root's."""
        other = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder, check=False, **other
        )
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")

    def url(self, schema: str = "public", user: str = "owner", **settings: str) -> str:
        options = "".join(f"%20-c{name}%3D{value}" for name, value in settings.items())
        query = f"host={self.folder}&port={self.port}&options=-csearch_path%3D{schema}{options}"
        return f"postgresql://{user}@/postgres?{query}"

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """What the server answers to a statement, by a connection beside everything else."""
        import psycopg

        about = f"host={self.folder} port={self.port} user=owner dbname=postgres"
        with psycopg.connect(about, autocommit=True) as connection:
            answered = connection.execute(statement, values or None)
            return answered.fetchall() if answered.description else []

    def new_schema(self) -> str:
        schema = f"s{secrets.token_hex(6)}"
        self.ask(f"CREATE SCHEMA {schema}")
        return schema


def find_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs on this machine."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: int(bin_.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def new_cluster() -> Iterator[Callable[[], Cluster]]:
    """A function that makes and starts a server; every one ends with the tests."""
    programs = find_programs()
    if programs is None:
        missing = "no PostgreSQL on this machine: initdb is neither in PATH nor under /usr/lib/postgresql"
        if IN_CI:
            pytest.fail(missing)
        pytest.skip(missing)
    with ExitStack() as stack:

        def make(fill: Callable[[Cluster], None] = Cluster.make) -> Cluster:
            # Short, since the path of a socket has little room, and open to the user who runs the server.
            folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.chmod(0o755)
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody", "nogroup")
            cluster = Cluster(folder, programs)
            stack.callback(_end, cluster)
            fill(cluster)
            return cluster

        yield make


def _end(cluster: Cluster) -> None:
    if (cluster.data / "postmaster.pid").exists():
        cluster.stop()


@pytest.fixture(scope="session")
def cluster(new_cluster) -> Cluster:
    """The server that tests share; who stops or hurts one makes another."""
    return new_cluster()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request) -> str:
    """What keeps the test's state."""
    return request.param


@pytest.fixture
def url(request, kind) -> str:
    """Where the test's state is."""
    if kind == "sqlite":
        return SQLITE
    cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.new_schema())


@pytest.fixture
def open_again(kind, url, tmp_path, clock, made_once) -> Iterator[Callable[[], State]]:
    """A function that opens the test's state, and makes it where it is gone."""
    if kind == "sqlite":
        shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    with ExitStack() as stack:
        make = partial(open_state, url, root=tmp_path, key=KEY, pin=None, clock=clock)
        yield lambda: stack.enter_context(make())


@pytest.fixture
def desk(open_again, clock) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(open_again(), clock, stack)


@pytest.fixture
def start(tmp_path, url) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """A function that runs Python text as a process of its own, in the test's folder; what still runs at the end dies.

    The text sees `root`, `url`, `key`, `clock` and the names of the state's room.
    """
    head = f"""
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from runner.errors import *
from runner.model.clock import SystemClock
from runner.model.ledger import *
from runner.model.secret import Secret
from runner.state.lock import *
from runner.state.open import *
root, url, key, clock = Path({str(tmp_path)!r}), {url!r}, Secret({KEY.open()!r}), SystemClock()
def tell(*words): print(*words, flush=True)
"""
    with ExitStack() as stack:

        def run(text: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", head + text],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run
