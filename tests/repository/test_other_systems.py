"""On a system without what POSIX alone has, as on Windows, a project is checked and planned."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Takes away what Windows has not, then runs commands one after the other. `filelock` keeps what it locks files by:
# on Windows it has something else.
WITHOUT_POSIX = """
import contextlib, os, pathlib, signal, socket, sys, time
import filelock
for module in ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[module] = None
MISSING = {
    os: "O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC chown fchmod fork getegid geteuid getgid getuid "
    "killpg major minor mkfifo pread pwrite setsid statvfs uname",
    signal: "SIGALRM SIGHUP SIGKILL SIGQUIT SIGSTOP SIGUSR1 alarm setitimer",
    socket: "AF_UNIX TCP_USER_TIMEOUT",
    time: "CLOCK_BOOTTIME clock_gettime",
}
for holder, names in MISSING.items():
    for name in names.split():
        with contextlib.suppress(AttributeError):
            delattr(holder, name)
from runner.audience import handles
handles.DESCRIPTORS = pathlib.Path("no such folder")
from runner.cli.main import main
for command in sys.argv[1:]:
    code = main(command.split())
    if code:
        sys.exit(code)
"""

FILES = {
    "data/people.csv": "Nom;Téléphone\nHélène;06 39 98 00 01\nZoé;06 39 98 00 02\n".encode("cp1252"),
    "data/more.json": b'[{"phone": "06 39 98 00 03"}]',
    "data/packed.csv.gz": gzip.compress(b"phone\n06 39 98 00 04\n"),
    "lists/rest.j2": b'phone\n{% for row in rows("data/more.json") %}{{ row.phone }}\n{% endfor %}06 39 98 00 05\n',
    "campaigns/recall.yaml": (
        b"message: {audio: 5f2c8e6b}\nrecipients:\n"
        b"  - {file: data/people.csv}\n  - {file: data/more.json}\n  - {file: data/packed.csv.gz}\n"
        b"  - {template: lists/rest.j2}\nexclude:\n  - {numbers: ['06 39 98 00 02']}\n"
    ),
}


@pytest.fixture
def run(project, tmp_path):
    """A function that runs commands so, after which no file of theirs is left behind."""
    root, temporary = project(FILES), tmp_path / "temporary"
    temporary.mkdir()

    def run_without_posix(*commands: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-P", "-W", "error", "-c", WITHOUT_POSIX, *commands]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        return subprocess.run(words, cwd=root, env=environment, capture_output=True, encoding="utf-8", check=False)

    yield run_without_posix
    assert list(temporary.iterdir()) == []


def test_files_are_checked_and_planned_without_posix(run):
    ended = run("validate", "plan --sandbox", "recipients recall --dropped --sandbox", "status --sandbox")
    assert ended.returncode == 0, ended.stderr
    assert "1 campaign and campaigns.yaml are valid" in ended.stdout
    assert "6 rows: 1 duplicate, 1 excluded, 4 pending" in ended.stdout


def test_commands_that_a_shell_asks_for_need_no_posix(run):
    ended = run("--version", "--help", "explain unknown-key", "schema plan", "completion bash")
    assert ended.returncode == 0, ended.stderr
