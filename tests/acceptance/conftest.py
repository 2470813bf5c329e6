"""Whole processes against the sandbox over real HTTP: what a user sees, and what the provider saw."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

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


def numbers(count: int, first: int = 0) -> list[str]:
    """Well-formed mobile numbers; they reach loopback alone."""
    return [f"0612{number:06d}" for number in range(first, first + count)]


def people_csv(count: int, first: int = 0) -> str:
    """A file of one column with so many people."""
    return "\n".join(["phone", *numbers(count, first), ""])


@dataclass
class Place:
    """A project in a folder of its own, and the `campaign` command in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the project."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The words of a process."""
        return [sys.executable, "-P", "-m", "runner", "-C", str(self.root), *arguments]

    def run(self, *arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(arguments),
            env={**os.environ, **self.environment, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command that goes on beside the test."""
        process = subprocess.Popen(
            self.command(arguments),
            env={**os.environ, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

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
    """A project with one campaign for the people of `data/people.csv`, who are still to be written."""
    made = Place(tmp_path / "project", {"VOICEPARTNER_API_KEY": KEY})
    made.write({"campaigns.yaml": PROJECT, "campaigns/recall.yaml": CAMPAIGN})
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


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
