"""What sending costs: a chunk, a chunk in a large ledger, memory over a long run, and what pacing and restarts lose."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from finding import Finding
from material import UNLIMITED, make_list
from measure import Command, Cost, measure_interleaved
from server import Server
from timed import TimedProvider

from runner.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CAMPAIGN = str(Path(PYTHON).parent / "campaign")
FEW_CHUNKS = 10
PEOPLE = 500
SQLITE = "sqlite:///.campaign/state.db"
KEY = "a key of the benchmark, long enough for a state"
LIMITED = "{requests: 5, per: 2s}"
REQUESTS, PER_S, TIMEOUT_S, LATENCY_S = 5, 2.0, 5.0, 0.1


@dataclass(frozen=True, slots=True)
class Project:
    """A project with one list, and the state and the provider that it leads to."""

    root: Path
    state: str
    url: str
    server: Server | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What its references name."""
        return {
            "VOICEPARTNER_API_KEY": "bench",
            "BENCH_URL": self.url,
            "BENCH_STATE": self.state,
            "BENCH_STATE_KEY": KEY,
            "CI": "",
        }

    def forget(self) -> None:
        """Nobody was ever reached."""
        shutil.rmtree(self.root / ".campaign", ignore_errors=True)
        if self.server is not None:
            self.server.clear(self.root.name)

    def apply(self, *, limit: int | None = None) -> Command:
        """A whole run, or one that plans as much and ends behind so many people."""
        limited = [] if limit is None else ["--limit", str(limit)]
        return Command(
            arguments=[CAMPAIGN, "--quiet", "apply", "--auto-approve", *limited],
            folder=self.root,
            environment=self.environment,
            prepare=self.forget,
            ends_with=0 if limit is None else 2,
        )

    @contextmanager
    def follow(self) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
        """A run that tells what it does, and its kinds of events as they come."""
        process = subprocess.Popen(
            [CAMPAIGN, "apply", "--auto-approve", "--format", "json"],
            cwd=self.root,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            if process.stdout is None:
                raise SystemExit("bench: a run without an output")
            yield process, (str(json.loads(line)["type"]) for line in process.stdout)


def _open_project(
    folder: Path, url: str, server: Server | None, *, rows: int, limits: str = UNLIMITED, chunk_size: int = PEOPLE
) -> Project:
    make_list(folder, rows, limits=limits, chunk_size=chunk_size)
    project = Project(folder, SQLITE if server is None else server.url(folder.name), url, server)
    project.forget()
    return project


def _name(server: Server | None) -> str:
    return "SQLite" if server is None else "PostgreSQL"


def _rows(chunks: int) -> int:
    # A tenth of the rows are repeats.
    return chunks * PEOPLE * 10 // 9


def measure_chunks(root: Path, chunks: int, runs: int, server: Server | None) -> tuple[Cost, Cost]:
    """One chunk of an `apply`, the mean of many, and the least that could do the same."""
    few, many = FEW_CHUNKS, FEW_CHUNKS + chunks
    with Sandbox(requests=100_000, per_s=1.0) as sandbox:
        project = _open_project(root / "apply", sandbox.base_url, server, rows=_rows(many))
        commands = [
            project.apply(limit=few * PEOPLE),
            _bare(root, few, sandbox.base_url, server),
            project.apply(),
            _bare(root, many, sandbox.base_url, server),
        ]
        ours_few, theirs_few, ours_many, theirs_many = measure_interleaved(commands, runs)
    return _per_chunk(ours_few, ours_many, chunks), _per_chunk(theirs_few, theirs_many, chunks)


def _per_chunk(few: Cost, many: Cost, chunks: int) -> Cost:
    return Cost((many.wall_s - few.wall_s) / chunks, (many.cpu_s - few.cpu_s) / chunks, many.peak_mb)


def _bare(root: Path, chunks: int, url: str, server: Server | None) -> Command:
    database = root / f"bare{chunks}"

    def forget() -> None:
        if server is not None:
            server.clear(database.name)
        for path in root.glob(f"{database.name}*"):
            path.unlink()

    ledger = str(database) if server is None else server.about(database.name)
    script = str(ROOT / "bench" / "bare_chunk.py")
    return Command(arguments=[PYTHON, script, url, str(chunks), ledger], folder=root, prepare=forget)


def judge_chunk(costs: tuple[Cost, Cost], server: Server | None) -> Iterator[Finding]:
    """The two goals of a chunk."""
    ours, theirs = costs
    what = f"one chunk of {PEOPLE} on {_name(server)}"
    yield Finding(what, "bare request and two durable commits", ours.wall_s * 1000, theirs.wall_s * 1000, "ms", 1.5)
    yield Finding(f"its processor time on {_name(server)}", "10 ms", ours.cpu_s * 1000, 10, "ms", 1)


def judge_large_ledger(seconds: tuple[float, float], people: int, server: Server | None) -> Finding:
    """The goal of a chunk in a large ledger."""
    large, empty = (value * 1000 for value in seconds)
    what = f"one chunk with {people:,} people in the ledger, {_name(server)}"
    return Finding(what, "the same with an empty ledger", large, empty, "ms", 2)


def measure_memory(root: Path, chunks: int) -> Finding:
    """The memory of a run behind its last chunk but a few, and behind its tenth."""
    found: dict[int, float] = {}
    with Sandbox(requests=100_000, per_s=1.0) as sandbox:
        project = _open_project(root / "memory", sandbox.base_url, None, rows=_rows(chunks + FEW_CHUNKS))
        with project.follow() as (process, events):
            answered = 0
            for event in events:
                answered += event == "answered"
                if event == "answered" and answered in (FEW_CHUNKS, chunks):
                    found[answered] = _read_memory_mb(process.pid)
    late, early = found[chunks], found[FEW_CHUNKS]
    return Finding(f"memory after chunk {chunks:,}", f"after chunk {FEW_CHUNKS}", late, early, "MB", 1.1)


def _read_memory_mb(pid: int) -> float:
    # The second figure is what is resident, in pages (proc(5), statm).
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def measure_pacing(root: Path, paced: int, runs: int) -> Iterator[Finding]:
    """How long `paced` requests take under a limit, beside the least that any sender can take; and what restarts lose.

    A run that is ended is so while it waits for an answer, behind a third of its requests.
    """
    calm: list[tuple[float, float]] = []
    starts: list[float] = []
    clean: list[float] = []
    killed: list[float] = []
    with closing(TimedProvider(LATENCY_S)) as provider:
        rows = paced * 10 * 10 // 9 + 1
        project = _open_project(root / "paced", provider.base_url, None, rows=rows, limits=LIMITED, chunk_size=10)
        for _ in range(runs):
            project.forget()
            provider.forget()
            whole_s, start_s = _time_run(project)
            calm.append((provider.elapsed_s, provider.find_bound_s(REQUESTS, PER_S)))
            starts.append(start_s)
            for signal_, losses in ((signal.SIGTERM, clean), (signal.SIGKILL, killed)):
                project.forget()
                losses.append(_time_interrupted(project, signal_, paced // 3) - whole_s)
    found, bound = (median(pair[place] for pair in calm) for place in (0, 1))
    limit = f"{REQUESTS} in {PER_S:g} s"
    yield Finding(f"{paced} requests under a limit of {limit}", "the bound", found, bound, "s", 1.02)
    what = "what a run loses that is ended by SIGTERM and started again"
    yield Finding(what, "its start and 1 s", max(median(clean), 0), median(starts) + 1, "s", 1)
    what = "what a run loses that is killed and started again"
    yield Finding(what, "`per`, `timeout` and 1 s", max(median(killed), 0), PER_S + TIMEOUT_S + 1, "s", 1)


def _time_run(project: Project) -> tuple[float, float]:
    """How long a run takes, and how long until it begins to send."""
    began, started = time.perf_counter(), 0.0
    with project.follow() as (_, events):
        for event in events:
            started = started or (time.perf_counter() if event == "requesting" else 0.0)
    return time.perf_counter() - began, started - began


def _time_interrupted(project: Project, how: signal.Signals, behind: int) -> float:
    """How long it takes when the run is ended behind so many requests, while it waits for the answer."""
    began, asked = time.perf_counter(), 0
    with project.follow() as (process, events):
        for event in events:
            asked += event == "requesting"
            if event == "requesting" and asked == behind:
                # Until its first byte has left, nothing is lost by a kill.
                threading.Event().wait(LATENCY_S / 2)
                process.send_signal(how)
    _time_run(project)
    return time.perf_counter() - began
