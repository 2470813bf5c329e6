"""What the commands cost beside the least that could do the same, in one run: `make bench` writes the page."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

from finding import Finding
from large import measure_large_ledger
from material import draw_people
from planning import (
    FEW_RUNS,
    measure_empty,
    measure_labelled,
    measure_large,
    measure_long,
    measure_million,
    measure_one_of_many,
)
from sending import (
    FEW_CHUNKS,
    PEOPLE,
    ROOT,
    judge_chunk,
    judge_large_ledger,
    measure_chunks,
    measure_memory,
    measure_pacing,
)
from server import Server, serve
from starting import Line, measure_start, measure_validate

PAGE = ROOT / "docs" / "benchmarks.md"

DEFAULTS = (
    ("runs", 5),
    ("files", 1000),
    ("rows", 1_000_000),
    ("long-list", 10_000_000),
    ("chunks", 200),
    ("ledger", 10_000_000),
    ("long-run", 2000),
    ("paced", 40),
)

PAGE_TEXT = """\
# Benchmarks

Written by `make bench`; run it to see your own. What a command costs is set beside the least that could do the same
work, in the same run: whole processes in turns (A B A B …), of which the medians are shown, `ours : theirs = ratio`.
Seconds depend on the machine, ratios hardly do.

{machine}

## Goals

Each is the median of {runs} runs; of {few_runs} where one takes long: the script that asks the library a row, ten
million rows, and pacing with what restarts lose. Memory is told by one run. What is compared was measured in turns.

| what | beside what | found : beside | ratio | at most | met |
| --- | --- | --- | --- | --- | --- |
{goals}

- A list has five columns, a tenth of its rows repeat, in three spellings. The reference counts distinct texts, and it
  judges none. A ledger holds its people in the very campaign that is planned or sent, half of the list's among them.
- The start of a plan is that of a list of ten rows. The script with one regular expression takes any number that begins
  like a French mobile, and knows no ledger. The other one parses each row by the library, and asks it for the type.
- One chunk for the large ledger and one for the empty one take turns, each with its request.
- Memory after a chunk is what is resident in the middle of the run, without the peak of planning.
- The bound is floor((N - 1) / R) (P + L) + ((N - 1) mod R + 1) L for N requests, R of them in P seconds, with the
  answer time L measured at the provider's end: whoever has one request under way at a time can't be faster.
- What a run loses is the time that both runs take together, less that of a run that nobody ended; it was ended while
  it waited for an answer.

## Costs

Processor time is that of all cores; memory is the peak.

| what | beside what | wall | processor | memory |
| --- | --- | --- | --- | --- |
{lines}

- A chunk is a run of many chunks less a run of the same list that ends behind {few}, divided by what lies between:
  start-up and planning are not in it (its memory is that of the longer run). It goes to the sandbox on loopback, whose
  limits are lifted. Both open a connection for each request, so that none is sent on one that the server has closed
  meanwhile. Both write the same rows into the same tables; bare, SQLite in WAL mode with full synchronisation, and on
  PostgreSQL the least that could do the same, a binary COPY and an UPDATE.
"""


def measure_all(folder: Path, server: Server | None, options: argparse.Namespace) -> Iterator[Line | Finding]:
    """Each line of the tables, as soon as it is measured. Where there is no server, its lines are left out."""
    yield from measure_start(folder / "start", options.runs * 3)
    yield from measure_validate(folder / "validate", options.files, options.runs)
    yield from measure_one_of_many(folder / "one-of-many", options.files, options.runs)
    yield from measure_million(folder / "million", options.rows, options.runs)
    yield from measure_labelled(folder / "labelled", options.rows, options.runs)
    yield from measure_empty(folder / "empty", options.rows, options.runs)
    yield from measure_long(folder / "long", options.long_list, options.runs)
    for place in [None] if server is None else [None, server]:
        yield from measure_sending(folder, place, options)
    ledger = folder / "large-SQLite" / "large" / "state.db"
    yield from measure_large(folder / "list", options.rows, options.ledger, ledger, options.runs)
    yield measure_memory(folder, options.long_run)
    yield from measure_pacing(folder, options.paced, min(options.runs, FEW_RUNS))


def measure_sending(folder: Path, server: Server | None, options: argparse.Namespace) -> Iterator[Line | Finding]:
    """The goals of a chunk in one kind of state."""
    name = "SQLite" if server is None else "PostgreSQL"
    costs = measure_chunks(folder / f"chunks-{name}", options.chunks, options.runs, server)
    yield Line(f"`campaign apply`, one chunk of {PEOPLE}, {name}", "bare request and two durable commits", *costs)
    yield from judge_chunk(costs, server)
    reached = draw_people(options.rows)[: options.rows // 2] if server is None else ()
    root = folder / f"large-{name}"
    large = measure_large_ledger(root, options.ledger, reached, options.chunks, options.runs, server)
    yield judge_large_ledger(large, options.ledger, server)


def describe_machine() -> str:
    """What the figures were taken on."""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores."


def main() -> None:
    """Measure, print the table, and write it to the page unless `--no-page` says not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in DEFAULTS:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    parser.add_argument("--no-page", action="store_true", help="print the table only")
    options = parser.parse_args()
    lines: dict[type[Line | Finding], list[str]] = {Line: [], Finding: []}
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
            few_runs=FEW_RUNS,
        )
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
