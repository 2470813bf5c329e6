"""What the commands cost beside the least that could do the same, in one run: `make bench` writes the page."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from large import measure_large_ledger
from material import make_files, make_list
from measure import Command, Cost, measure_interleaved
from sending import (
    CAMPAIGN,
    FEW_CHUNKS,
    KEY,
    PEOPLE,
    PYTHON,
    ROOT,
    Finding,
    judge_chunk,
    judge_large_ledger,
    measure_chunks,
    measure_memory,
    measure_pacing,
)
from server import Server, serve

PAGE = ROOT / "docs" / "benchmarks.md"

DEFAULTS = (
    ("runs", 5),
    ("files", 1000),
    ("rows", 1_000_000),
    ("chunks", 200),
    ("ledger", 10_000_000),
    ("long", 2000),
)

YAML_LOOP = """
import pathlib, yaml
files = [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in pathlib.Path("campaigns").iterdir()]
"""
COUNT_DISTINCT = """
import duckdb
duckdb.sql("select count(distinct mobile) from read_csv('data/people.csv', all_varchar=true)").fetchall()
"""
PAGE_TEXT = """\
# Benchmarks

Written by `make bench`; run it to see your own. What a command costs is set beside the least that could do the same
work, in the same run: whole processes in turns (A B A B …), of which the medians are shown, `ours : theirs = ratio`.
Seconds depend on the machine, ratios hardly do. Processor time is that of all cores; memory is the peak.

{machine}

| what | beside what | wall | processor | memory |
| --- | --- | --- | --- | --- |
{lines}

- The list has five columns, a tenth of it repeats, in three spellings; the reference counts distinct texts, and it
  judges none.
- A chunk is a run of many chunks less a run of {few}, divided by what lies between: start-up and planning are not in
  it (its memory is that of the longer run). It goes to the sandbox on loopback, whose limits are lifted. Each of our
  chunks opens a connection of its own, so that none is sent on one that the server has closed meanwhile; the bare
  request keeps one open. On PostgreSQL, the least that could do the same is a binary COPY and an UPDATE.

## Goals

Each is the median of {runs} runs, but for memory, which one run tells; what is compared was measured in turns.

| what | beside what | found : beside | ratio | at most |
| --- | --- | --- | --- | --- |
{goals}

- The large ledger holds its people in the very campaign that is sent, spread over all pages. One chunk for it and one
  for the empty ledger take turns, each with its request.
- Memory is what is resident in the middle of the run, without the peak of planning.
- The bound is floor((N - 1) / R) (P + L) + ((N - 1) mod R + 1) L for N requests, R of them in P seconds, with the
  answer time L measured at the provider's end: whoever has one request under way at a time can't be faster.
- What a run loses is the time that both runs take together, less that of a run that nobody ended; it was ended while
  it waited for an answer.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: a command, and the reference that it is set beside."""

    what: str
    reference: str
    ours: Cost
    theirs: Cost

    def render(self) -> str:
        """The row in Markdown, each measure with its ratio."""
        ours, theirs = self.ours, self.theirs
        cells = [
            self.what,
            self.reference,
            _compare(ours.wall_s * 1000, theirs.wall_s * 1000, "ms"),
            _compare(ours.cpu_s * 1000, theirs.cpu_s * 1000, "ms"),
            _compare(ours.peak_mb, theirs.peak_mb, "MB"),
        ]
        return f"| {' | '.join(cells)} |"


def _compare(ours: float, theirs: float, unit: str) -> str:
    return f"{ours:,.{_digits(ours)}f} : {theirs:,.{_digits(theirs)}f} {unit} = **{ours / theirs:.2f}**"


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1


def measure_start(root: Path, runs: int) -> Line:
    """The time until `campaign` can do anything at all."""
    commands = [
        Command(arguments=words, folder=root) for words in ([CAMPAIGN, "--version"], [PYTHON, "-c", "import click"])
    ]
    return Line("`campaign --version`", "`import click`", *measure_interleaved(commands, runs))


def measure_validate(root: Path, files: int, runs: int) -> Line:
    """The checking of a project of many files, or of one."""
    make_files(root, files)
    least, reference = (
        (YAML_LOOP, "`yaml.load` of the same, by libyaml")
        if files > 1
        else ("import click, yaml", "`import click, yaml`")
    )
    commands = [Command(arguments=words, folder=root) for words in ([CAMPAIGN, "validate"], [PYTHON, "-c", least])]
    return Line(
        f"`campaign validate`, {files:,} file{'s' * (files > 1)}", reference, *measure_interleaved(commands, runs)
    )


def measure_plan(root: Path, rows: int, runs: int) -> Line:
    """A first plan of one long list."""
    make_list(root, rows)
    state = {"BENCH_STATE": "sqlite:///.campaign/state.db", "BENCH_STATE_KEY": KEY}
    commands = [
        Command(arguments=words, folder=root, environment=state)
        for words in ([CAMPAIGN, "plan"], [PYTHON, "-c", COUNT_DISTINCT])
    ]
    return Line(
        f"`campaign plan`, {rows:,} rows", "bare `count(distinct)` in DuckDB", *measure_interleaved(commands, runs)
    )


def measure_all(folder: Path, server: Server | None, options: argparse.Namespace) -> Iterator[Line | Finding]:
    """Each line of the tables, as soon as it is measured. Where there is no server, its lines are left out."""
    yield measure_start(folder, options.runs * 3)
    yield measure_validate(folder / "one", 1, options.runs * 3)
    yield measure_validate(folder / "many", options.files, options.runs)
    yield measure_plan(folder / "list", options.rows, options.runs)
    places = [None] if server is None else [None, server]
    for place in places:
        name = "SQLite" if place is None else "PostgreSQL"
        costs = measure_chunks(folder / f"chunks-{name}", options.chunks, options.runs, place)
        yield Line(f"`campaign apply`, one chunk of {PEOPLE}, {name}", "bare request and two durable commits", *costs)
        yield from judge_chunk(costs, place)
        large = measure_large_ledger(folder / f"large-{name}", options.ledger, options.chunks, options.runs, place)
        yield judge_large_ledger(large, options.ledger, place)
    yield measure_memory(folder, options.long)
    yield from measure_pacing(folder, options.runs)


def describe_machine() -> str:
    """What the figures were taken on."""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores."


def main() -> None:
    """Measure, print the table, and write it to the page unless `--no-page` says not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in DEFAULTS:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--no-page", action="store_true", help="print the table only")
    options = parser.parse_args()
    lines: dict[type, list[str]] = {Line: [], Finding: []}
    with tempfile.TemporaryDirectory(prefix="campaign-bench-") as folder, serve() as server:
        if server is None:
            print("no PostgreSQL on this machine: its lines are left out", flush=True)
        for line in measure_all(Path(folder), server, options):
            lines[type(line)].append(line.render())
            print(line.render(), flush=True)
    if not options.no_page:
        text = PAGE_TEXT.format(
            machine=describe_machine(),
            lines="\n".join(lines[Line]),
            goals="\n".join(lines[Finding]),
            few=FEW_CHUNKS,
            runs=options.runs,
        )
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
