"""What every test stands on: no way out of this machine, a clean environment, projects in folders of their own.

And a PostgreSQL server of the tests' own, for those that ask for it.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no defect; a failing example is to be repeated from what the log shows.
settings.register_profile("campaign", deadline=None, print_blob=True)
settings.load_profile("campaign")

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
"""Read before the environment is cleaned."""

FOREIGN = ("CAMPAIGN_",)
FOREIGN_NAMES = frozenset({
    "CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "VOICEPARTNER_API_KEY", "STATE_URL",
    # The many processes of the tests would each compile the whole runner again.
    "PYTHONDONTWRITEBYTECODE",
})  # fmt: skip

PROJECT = """\
version: 1
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
defaults:
  account: main
  notify: {email: ops@example.fr}
"""


IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A run within this process keeps signals to its process's end, which here is that of the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class LeftTheMachine(BaseException):
    """A test tried to reach something else than loopback. No handler of ordinary exceptions hides it."""


def _is_loopback(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    # `.invalid` is reserved for names that nobody can have, so a test may look one up in vain.
    if not name or name == "localhost" or name.endswith(".invalid"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise LeftTheMachine(f"{event} to {address[0]}: tests reach loopback alone")
    elif event == "socket.getaddrinfo" and not _is_loopback(arguments[0]):
        raise LeftTheMachine(f"look-up of {arguments[0]}: tests reach loopback alone")


sys.addaudithook(_guard)


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Nothing of the developer's or CI's environment changes what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN) or name in FOREIGN_NAMES or name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """A function that writes files into a folder of their own and answers that folder.

    Without a `campaigns.yaml` among them, it is a project with one account, `main`, and its defaults.
    """

    def write(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "project"
        for name, content in {"campaigns.yaml": PROJECT, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (root / "campaigns").mkdir(exist_ok=True)
        return root

    return write


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
