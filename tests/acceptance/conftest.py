"""Whole processes against the sandbox over real HTTP: what a user sees, and what the provider saw."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.cli.main import main
from runner.sandbox.server import Sandbox

KEY = "test-key-4f1d"
PROJECT = """\
version: 1
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
    base_url: ${VOICEPARTNER_URL}
    limits: {requests: 100, per: 1s}
    timeout: 5s
    prices: {mobile: 0.15, currency: EUR}
defaults:
  account: main
  notify: {email: ops@example.fr}
"""
CAMPAIGN = """\
name: recall
message: {audio: 5f2c8e6b}
recipients:
  - {file: data/people.csv}
"""


# The first 10,000 of `numbers`, 06 12 00 XX XX, in any spelling of a text, and as whole numbers in a binary file: as
# SQLite keeps them, in 6 bytes, the largest first, and as C does.
BETWEEN = rb"[^0-9A-Za-z:]{0,3}"
SPELLED = re.compile(BETWEEN.join([*b"6 1 2 0 0".split(), *[rb"\d"] * 4]))
WHOLE = range(33_612_000_000, 33_612_010_000)
BIG = re.compile(b"|".join({re.escape(n.to_bytes(6, "big")[:4]) + b".." for n in WHOLE}), re.DOTALL)
LITTLE = re.compile(b"|".join({b".." + re.escape(n.to_bytes(6, "little")[2:]) for n in WHOLE}), re.DOTALL)


def find_leaks(content: bytes) -> list[bytes]:
    """The API key and the telephone numbers that these bytes hold, in whatever spelling."""
    narrow = content.replace(b"\0", b"")
    leaks = [KEY.encode()] if KEY.encode() in narrow else []
    leaks += SPELLED.findall(narrow)
    for order, pattern in (("big", BIG), ("little", LITTLE)):
        leaks += [found for found in pattern.findall(content) if int.from_bytes(found, order) in WHOLE]
    return leaks


def numbers(count: int, first: int = 0) -> list[str]:
    """Well-formed mobile numbers; they reach loopback alone."""
    return [f"0612{number:06d}" for number in range(first, first + count)]


def people_csv(count: int, first: int = 0) -> str:
    """A file of one column with so many people."""
    return "\n".join(["phone", *numbers(count, first), ""])


@dataclass(frozen=True)
class Ended:
    """What came of a command, and its JSON Lines where it spoke so."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it told, an event a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def report(self) -> dict[str, Any]:
        """The last event of a run."""
        return self.events[-1]


@dataclass
class Place:
    """A project in a folder of its own, and the `campaign` command in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    given: set[Path] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the project, which may hold numbers."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.given.add(path)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The words of a process."""
        return [sys.executable, "-P", "-m", "runner", "-C", str(self.root), *arguments]

    def run(self, *arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        ended = subprocess.run(
            self.command(arguments),
            env={**os.environ, **self.environment, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.said += [ended.stdout, ended.stderr]
        return ended

    def call(self, *arguments: str) -> Ended:
        """Run a command to its end within this process, which spares its start."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            for name in ("stdin", "stdout", "stderr"):
                patch.setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
            code = main(["-C", str(self.root), *arguments])
            out, err = (stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr))
        self.said += [out, err]
        return Ended(code, out, err)

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL, **environment: str) -> subprocess.Popen[str]:
        """Start a command that goes on beside the test."""
        process = subprocess.Popen(
            self.command(arguments),
            env={**os.environ, **self.environment, **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what goes on still."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            self.said += [text for text in process.communicate() if text]

    def find_leaks(self) -> dict[str, list[bytes]]:
        """The key and the numbers in what the commands said and in every file that they made, by where."""
        texts = {f"output {place}": text.encode() for place, text in enumerate(self.said)}
        made = (path for path in self.root.parent.rglob("*") if path.is_file() and path not in self.given)
        texts |= {str(path): path.read_bytes() for path in made}
        return {where: leaks for where, text in texts.items() if (leaks := find_leaks(text))}

    def apply(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Apply without being asked."""
        return self.run("apply", "--auto-approve", *arguments, **environment)

    def plan(self, *arguments: str) -> dict[str, Any]:
        """The plan as its document."""
        document: dict[str, Any] = json.loads(self.run("plan", "--format", "json", *arguments).stdout)
        return document

    def status(self) -> dict[str, Any]:
        """The status as its document."""
        document: dict[str, Any] = json.loads(self.run("status", "--format", "json").stdout)
        return document


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A project with one campaign for the people of `data/people.csv`, who are still to be written.

    When the test is over, nothing that a command said or wrote may hold the key or a number.
    """
    folder = tmp_path / "temporary"
    folder.mkdir()
    made = Place(tmp_path / "project", {"VOICEPARTNER_API_KEY": KEY, "TMPDIR": str(folder)})
    made.write({"campaigns.yaml": PROJECT, "campaigns/recall.yaml": CAMPAIGN})
    yield made
    made.end()
    assert made.find_leaks() == {}


@pytest.fixture
def serve(place: Place, tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """A function that starts a provider on loopback, to which the account then leads; all share one record."""
    with ExitStack() as running:

        def start(**options: Any) -> Sandbox:
            options = {"requests": 10_000, "per_s": 1.0, "record": tmp_path / "record.db", **options}
            sandbox = running.enter_context(Sandbox(**options))
            place.environment["VOICEPARTNER_URL"] = sandbox.base_url
            return sandbox

        yield start
