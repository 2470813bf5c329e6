"""A PostgreSQL server of the benchmark's own, as it is set up by default: every commit is on its disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Server:
    """A server on a socket in a folder of its own."""

    folder: Path

    def url(self, schema: str) -> str:
        """The state in this schema."""
        return f"postgresql://owner@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def about(self, schema: str) -> str:
        """The same for a bare driver."""
        return f"host={self.folder} user=owner dbname=postgres options=-csearch_path={schema}"

    def clear(self, schema: str) -> None:
        """Nothing is in this schema."""
        import psycopg

        with psycopg.connect(self.about(schema), autocommit=True) as connection:
            connection.execute("SET client_min_messages = error")
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")


@contextmanager
def serve() -> Iterator[Server | None]:
    """A server for as long as the block lasts; None where this machine has no PostgreSQL."""
    programs = _find_programs()
    if programs is None:
        yield None
        return
    # Short, since the path of a socket has little room, and open to the user who runs the server.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    try:
        _run(programs / "initdb", "--auth=trust", "--username=owner", "--encoding=UTF8", f"--pgdata={data}")
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\n")
        _run(programs / "pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={folder}/log")
        try:
            yield Server(folder)
        finally:
            _run(programs / "pg_ctl", "stop", "--wait", "--mode=fast", f"--pgdata={data}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _run(program: Path, *arguments: str) -> None:
    """Run a program of the server, which refuses to be root's."""
    other = "nobody" if os.geteuid() == 0 else None
    command = [str(program), *arguments]
    groups: list[str | int] | None = None if other is None else []
    subprocess.run(command, stdout=subprocess.DEVNULL, cwd="/", check=True, user=other, extra_groups=groups)
