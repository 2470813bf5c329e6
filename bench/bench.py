"""What the commands cost beside the least that could do the same, in one run: `make bench` writes the page."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from material import make_files, make_list
from measure import Command, Cost, measure_interleaved

from runner.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PYTHON = sys.executable
CAMPAIGN = str(Path(PYTHON).parent / "campaign")
FEW_CHUNKS = 10
PEOPLE_PER_CHUNK = 500

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
  request keeps one open.
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
    commands = [Command(arguments=words, folder=root) for words in ([CAMPAIGN, "plan"], [PYTHON, "-c", COUNT_DISTINCT])]
    return Line(
        f"`campaign plan`, {rows:,} rows", "bare `count(distinct)` in DuckDB", *measure_interleaved(commands, runs)
    )


def measure_chunks(root: Path, chunks: int, runs: int) -> Line:
    """One chunk of an `apply`, the mean of many."""
    few, many = FEW_CHUNKS, FEW_CHUNKS + chunks
    with Sandbox(requests=100_000, per_s=1.0) as sandbox:
        commands = [
            command
            for count in (few, many)
            for command in (_apply(root, count, sandbox.base_url), _bare(root, count, sandbox.base_url))
        ]
        ours_few, theirs_few, ours_many, theirs_many = measure_interleaved(commands, runs)
    return Line(
        f"`campaign apply`, one chunk of {PEOPLE_PER_CHUNK}",
        "bare request and two durable commits",
        _per_chunk(ours_few, ours_many, chunks),
        _per_chunk(theirs_few, theirs_many, chunks),
    )


def _per_chunk(few: Cost, many: Cost, chunks: int) -> Cost:
    return Cost((many.wall_s - few.wall_s) / chunks, (many.cpu_s - few.cpu_s) / chunks, many.peak_mb)


def _apply(root: Path, chunks: int, url: str) -> Command:
    project = root / f"apply-{chunks}"
    # A tenth of the rows are repeats.
    make_list(project, chunks * PEOPLE_PER_CHUNK * 10 // 9)
    return Command(
        arguments=[CAMPAIGN, "--quiet", "apply", "--auto-approve"],
        folder=project,
        environment={"VOICEPARTNER_API_KEY": "bench", "BENCH_URL": url, "CI": ""},
        prepare=lambda: shutil.rmtree(project / ".campaign", ignore_errors=True),
    )


def _bare(root: Path, chunks: int, url: str) -> Command:
    database = root / f"bare-{chunks}.db"

    def forget() -> None:
        for path in root.glob(f"{database.name}*"):
            path.unlink()

    script = str(ROOT / "bench" / "bare_chunk.py")
    return Command(arguments=[PYTHON, script, url, str(chunks), str(database)], folder=root, prepare=forget)


def measure_all(folder: Path, options: argparse.Namespace) -> Iterator[Line]:
    """Each line of the table, as soon as it is measured."""
    yield measure_start(folder, options.runs * 3)
    yield measure_validate(folder / "one", 1, options.runs * 3)
    yield measure_validate(folder / "many", options.files, options.runs)
    yield measure_plan(folder / "list", options.rows, options.runs)
    yield measure_chunks(folder / "chunks", options.chunks, options.runs)


def describe_machine() -> str:
    """What the figures were taken on."""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores."


def main() -> None:
    """Measure, print the table, and write it to the page unless `--no-page` says not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("runs", 5), ("files", 1000), ("rows", 1_000_000), ("chunks", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--no-page", action="store_true", help="print the table only")
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="campaign-bench-") as folder:
        for line in measure_all(Path(folder), options):
            lines.append(line.render())
            print(lines[-1], flush=True)
    if not options.no_page:
        text = PAGE_TEXT.format(machine=describe_machine(), lines="\n".join(lines), few=FEW_CHUNKS)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
