"""Real `apply` processes that are killed, stopped or refused at the system call that a test names, by strace."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runner.cli.main import main
from runner.sandbox.server import Sandbox

REPOSITORY = Path(__file__).resolve().parents[2]
IN_CI = bool(os.environ.get("CI"))
"""Read before the tests' environment is cleaned."""
PEOPLE = 20
PROJECT = """\
version: 1
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
    base_url: ${VOICEPARTNER_URL}
    limits: {requests: 1000, per: 1s}
    timeout: TIMEOUT
    prices: {mobile: 0.15, currency: EUR}
defaults:
  account: main
  notify: {email: ops@example.fr}
"""
SHARED = "state: ${STATE_URL}\nstate_key: ${STATE_KEY}\n"
CAMPAIGN = """\
name: recall
message: {audio: 5f2c8e6b}
delivery: {chunk_size: 10}
recipients:
  - {file: data/people.csv}
"""


@cache
def why_strace_is_missing() -> str | None:
    """Why no process can be traced here, None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (on Debian: apt-get install strace)"
    traced = subprocess.run(
        ["strace", "-f", "-o", os.devnull, "-e", "inject=mkdir:error=EIO", "true"], capture_output=True, check=False
    )
    return None if traced.returncode == 0 else "this system lets no process trace another (ptrace)"


@dataclass
class Process:
    """A forked `campaign` process, which a starter has for its child."""

    id: int
    starter: Starter
    output: Path
    trace: Path
    tracer: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> str:
        """R, S, T and so on: proc(5), stat."""
        return Path(f"/proc/{self.id}/stat").read_text().rsplit(")", 1)[1].split()[0]

    @property
    def has_ended(self) -> bool:
        """Whether it only waits to be waited for."""
        return self.state == "Z"

    def inject(self, what: str) -> None:
        """Let strace do this to it: `CALL:error=EIO:when=3`; it must not have begun yet."""
        self._trace("-e", f"inject={what}", "-e", f"trace={what.partition(':')[0]}")

    def follow(self, calls: str) -> None:
        """Let strace write down these calls with all their bytes; it must not have begun yet."""
        self._trace("-y", "-xx", "-s", "1000000", "-e", "signal=none", "-e", f"trace={calls}")

    def _trace(self, *how: str) -> None:
        command = ["strace", "-f", "-qq", "-o", str(self.trace), "-p", str(self.id), *how]
        self.tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        assert wait_until(lambda: "TracerPid:\t0\n" not in Path(f"/proc/{self.id}/status").read_text())

    def wait_until_stopped(self) -> bool:
        """Wait until what was injected has stopped it, and let strace go; False where it ended instead."""
        assert wait_until(lambda: self.has_ended or self.was_stopped)
        if not self.was_stopped:
            return False
        assert self.tracer is not None
        self.tracer.terminate()
        self.tracer.wait()
        assert wait_until(lambda: self.state in "TZ")
        return True

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.id, signal.SIGCONT)

    def wait(self) -> int:
        """Its exit code, -N after signal N."""
        code = self.starter.order({"wait": self.id})
        if self.tracer is not None:
            self.tracer.wait()
        return code

    @property
    def was_stopped(self) -> bool:
        """Whether it was stopped after it had begun, before which it was stopped too."""
        return "stopped by SIGSTOP" in self.trace.read_text(errors="replace").partition("--- SIGCONT")[2]

    @property
    def was_struck(self) -> bool:
        """Whether what was injected came about."""
        return "(INJECTED)" in self.trace.read_text(errors="replace")


class Starter:
    """The process that forks the others."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).parent / "starter.py")],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: dict[str, Any]) -> int:
        """What answers an order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        """It goes, whoever else may still hold an end of its pipe."""
        self.process.terminate()
        self.process.communicate()


@dataclass
class Stand:
    """A project for 20 people in two chunks, begun anew as often as wanted, and the provider that it leads to."""

    root: Path
    starter: Starter
    timeout: str = "5s"
    state_url: str | None = None
    patience_s: float | None = None
    """How long an answer that can't be recorded is tried to be, where a test has not got a minute."""
    processes: list[Process] = field(default_factory=list)
    sandbox: Sandbox | None = None

    def begin(self, **options: Any) -> Sandbox:
        """No state, a provider that was never asked."""
        self.end()
        shutil.rmtree(self.root, ignore_errors=True)
        numbers = "".join(f"0612{number:06d}\n" for number in range(PEOPLE))
        for name, text in {
            "campaigns.yaml": PROJECT.replace("TIMEOUT", self.timeout) + (SHARED if self.state_url else ""),
            "campaigns/recall.yaml": CAMPAIGN,
            "data/people.csv": f"phone\n{numbers}",
        }.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.serve(**options)

    def serve(self, **options: Any) -> Sandbox:
        """A provider that was never asked."""
        self.sandbox = Sandbox(requests=10_000, per_s=1.0, **options)
        self.sandbox.start()
        return self.sandbox

    def end(self) -> None:
        """Nothing goes on."""
        for process in self.processes:
            if not process.has_ended:
                os.kill(process.id, signal.SIGKILL)
            process.wait()
        self.processes.clear()
        if self.sandbox is not None:
            self.sandbox.stop()
            self.sandbox = None

    @property
    def environment(self) -> dict[str, str]:
        """What the project's references name."""
        assert self.sandbox is not None
        provider = {"VOICEPARTNER_API_KEY": "test-key", "VOICEPARTNER_URL": self.sandbox.base_url}
        return provider | {"STATE_URL": self.state_url or "", "STATE_KEY": "the key of a state that tests alone open"}

    def start(self, *arguments: str) -> Process:
        """A process that has not begun yet."""
        name = self.root.parent / f"process-{len(self.processes)}"
        output, trace = name.with_suffix(".out"), name.with_suffix(".trace")
        trace.write_text("")
        order = {
            "start": ["-C", str(self.root), *arguments],
            "environment": self.environment,
            "output": str(output),
            "patience_s": self.patience_s,
        }
        process = Process(self.starter.order(order), self.starter, output, trace)
        self.processes.append(process)
        assert wait_until(lambda: process.state == "T")
        return process

    def run(self, *arguments: str, inject: str | None = None) -> tuple[int, Process]:
        """A process from its beginning to its end, to which this is done meanwhile."""
        process = self.start(*arguments)
        if inject is not None:
            process.inject(inject)
        process.wake()
        code = process.wait()
        self.processes.remove(process)
        return code, process

    def call(self, *arguments: str) -> tuple[int, str]:
        """A command within the tests' own process: its exit code, and what it said on stdout."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            for name in ("stdin", "stdout", "stderr"):
                patch.setattr(sys, name, io.TextIOWrapper(io.BytesIO()))
            code = main(["-C", str(self.root), *arguments])
            return code, sys.stdout.buffer.getvalue().decode()

    @staticmethod
    def holds_within(seconds: float, holds: Callable[[], bool]) -> bool:
        """Whether it comes to hold within so long."""
        return wait_until(holds, seconds)

    @staticmethod
    def wait_until(holds: Callable[[], bool]) -> None:
        """Wait for it, or fail."""
        assert wait_until(holds), "waited in vain"

    def hold_against_report(self, process: Process) -> None:
        """A run that began ends with its report, whatever happened to it, and no failure of a disk is a defect."""
        lines = process.output.read_text().splitlines()
        events = [json.loads(line)["type"] for line in lines if line.startswith("{")]
        assert "started" not in events or events[-1] == "ended", lines
        assert not any("an error of its own" in line for line in lines), lines

    def hold_against_law(self, *options: str) -> None:
        """A run that nothing happens to recovers: nobody is twice, nobody is lost, and what is not known is said."""
        assert self.sandbox is not None
        code, text = self.call("apply", "--auto-approve", "--format", "json", *options)
        report = json.loads(text.splitlines()[-1])
        assert report["type"] == "ended"
        status, people = self.read_people()
        reached = self.sandbox.count()
        assert reached.twice == 0
        assert people["accepted"] + people["unknown"] == PEOPLE
        assert (people["sending"], report["pending"], report["unknown_people"]) == (0, 0, people["unknown"])
        assert code == status == (3 if people["unknown"] else 0)
        # Who is not in doubt was reached, and whoever was reached is at least in doubt.
        assert people["accepted"] <= reached.people
        assert reached.people >= PEOPLE - people["unknown"]
        assert people["unknown"] <= 10

    def settle(self) -> None:
        """Do as an operator who looks into the provider's list of messages."""
        assert self.sandbox is not None
        for chunk in self.read_chunks():
            if chunk["status"] != "unknown":
                continue
            taken = self.sandbox.count().people > self.read_people()[1]["accepted"]
            known = ["--accepted", "--provider-id", "c-1"] if taken else ["--not-sent"]
            # Refused until a frozen process can't be sending it any more.
            self.wait_until(lambda known=known, chunk=chunk: self.call("resolve", chunk["chunk"], *known)[0] == 0)

    def wake(self, frozen: Process) -> int:
        """Let a frozen process go on, if the kernel has not ended it meanwhile, and await its end."""
        if not frozen.has_ended:
            frozen.wake()
        self.processes.remove(frozen)
        return frozen.wait()

    def read_people(self) -> tuple[int, dict[str, int]]:
        """The exit code of `status`, and the people of the campaign by what became of them."""
        code, text = self.call("status", "--format", "json")
        campaigns = json.loads(text)["campaigns"]
        return code, campaigns[0]["people"] if campaigns else dict.fromkeys(("accepted", "unknown", "sending"), 0)

    def read_chunks(self) -> list[dict[str, Any]]:
        """The chunks of which `status` tells."""
        chunks: list[dict[str, Any]] = json.loads(self.call("status", "--format", "json")[1])["chunks"]
        return chunks


def wait_until(holds: Callable[[], bool], patience_s: float = 60.0) -> bool:
    """Wait for another process, which says nothing when it is so far; answer whether it came to be."""
    moment, deadline_s = threading.Event(), time.monotonic() + patience_s
    while not (held := holds()) and time.monotonic() < deadline_s:
        moment.wait(0.005)
    return held


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """The process that forks the others."""
    missing = why_strace_is_missing()
    if missing is not None:
        # CI proves these things or says that it can't; a developer's machine may lack what they need.
        (pytest.fail if IN_CI else pytest.skip)(missing)
    made = Starter()
    yield made
    made.end()


@pytest.fixture
def stand(tmp_path: Path, starter: Starter) -> Iterator[Stand]:
    """A stand for crashes."""
    made = Stand(tmp_path / "project", starter)
    yield made
    made.end()
