"""What a plan costs beside a bare query and beside scripts: long lists, large ledgers, one campaign of many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from finding import Finding
from large import make_reached
from material import draw_people, make_files, make_list
from measure import Command, measure_interleaved
from sending import CAMPAIGN, KEY, PYTHON, SQLITE
from starting import Line, judge_wall

TEN = 10
FEW_RUNS = 3
MOST_MB = 1430
"""1.5 GB."""

COUNT_DISTINCT = """
import duckdb
duckdb.sql("set enable_progress_bar = false")
duckdb.sql("select count(distinct mobile) from read_csv('data/people.csv', all_varchar=true)").fetchall()
"""
PLAIN_SCRIPT = r"""
import csv, re
mobile = re.compile(r"(?:\+33|0033|0)?([67]\d{8})")
people = set()
with open("data/people.csv", encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        found = mobile.fullmatch(row["mobile"].replace(" ", "").replace(".", "").replace("-", ""))
        if found:
            people.add(found[1])
print(len(people))
"""
LIBRARY_SCRIPT = """
import csv, phonenumbers
people = set()
with open("data/people.csv", encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        try:
            number = phonenumbers.parse(row["mobile"], "FR")
        except phonenumbers.NumberParseException:
            continue
        is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        if is_mobile and phonenumbers.is_valid_number_for_region(number, "FR"):
            people.add(number.national_number)
print(len(people))
"""


def _plan(root: Path, *arguments: str, state: str = SQLITE) -> Command:
    known = {"BENCH_STATE": state, "BENCH_STATE_KEY": KEY, "BENCH_URL": "http://127.0.0.1:9"}
    return Command(arguments=[CAMPAIGN, "plan", *arguments], folder=root, environment=known)


def _script(root: Path, script: str) -> Command:
    return Command(arguments=[PYTHON, "-c", script], folder=root)


def measure_million(root: Path, rows: int, runs: int) -> Iterator[Line | Finding]:
    """The goals of one list: spelled numbers, a tenth of them excluded, half of them reached before."""
    ten = make_list(root / "ten", TEN)
    full = make_list(root / "full", rows, excluded=rows // 10)
    make_reached(full / ".campaign", rows // 2, draw_people(rows)[rows // 2 :])
    ours, bare, start = measure_interleaved([_plan(full), _script(full, COUNT_DISTINCT), _plan(ten)], runs)
    what = f"`campaign plan`, {rows:,} rows, {rows // 10:,} exclusions, a ledger of {rows:,}"
    yield Line(what, "bare `count(distinct)` in DuckDB", ours, bare)
    most_ms = (4 * bare.wall_s + start.wall_s) * 1000
    yield Finding(what, "4 times the bare `count(distinct)`, and its own start", ours.wall_s * 1000, most_ms, "ms", 1)
    costs = measure_interleaved([_plan(full), _script(full, LIBRARY_SCRIPT)], min(runs, FEW_RUNS))
    yield from judge_wall(Line(what, "a script with csv and the library a row", *costs), 0.1)


def measure_empty(root: Path, rows: int, runs: int) -> Iterator[Line]:
    """A list in which one cell of a hundred is empty, as in most that people have, beside one without such cells."""
    clean, empty = make_list(root / "clean", rows), make_list(root / "empty", rows, empty_each=100)
    costs = measure_interleaved([_plan(empty), _plan(clean)], runs)
    yield Line(f"{rows:,} rows, 1 % of the numbers empty", "the same without empty cells", *costs)


def measure_labelled(root: Path, rows: int, runs: int) -> Iterator[Line | Finding]:
    """A list whose numbers all stand behind a text, beside the same list without it."""
    clean = make_list(root / "clean", rows)
    labelled = make_list(root / "labelled", rows, label="Tel: ")
    costs = measure_interleaved([_plan(labelled), _plan(clean)], runs)
    yield from judge_wall(Line(f"{rows:,} rows of `Tel: 06 …`", "the same without `Tel: `", *costs), 3)


def measure_long(root: Path, rows: int, runs: int) -> Iterator[Line | Finding]:
    """A list of ten million rows, beside a bare query, and beside a list of a tenth of them."""
    long, tenth = make_list(root / "long", rows), make_list(root / "tenth", rows // 10)
    commands = [_plan(long), _script(long, COUNT_DISTINCT), _plan(tenth)]
    ours, bare, short = measure_interleaved(commands, min(runs, FEW_RUNS))
    what = f"`campaign plan`, {rows:,} rows"
    yield from judge_wall(Line(what, "bare `count(distinct)` in DuckDB", ours, bare), 3)
    yield Finding(f"its memory at {rows:,} rows", "1.5 GB", ours.peak_mb, MOST_MB, "MB", 1)
    yield Finding(what, f"the same of {rows // 10:,}", ours.wall_s * 1000, short.wall_s * 1000, "ms", 11)
    (long / "data" / "people.csv").unlink()


def measure_large(root: Path, rows: int, people: int, ledger: Path, runs: int) -> Iterator[Line | Finding]:
    """A list of which half was reached before, and a ledger of so many people."""
    folder = make_list(root, rows)
    commands = [_plan(folder, state=f"sqlite:///{ledger}"), _script(folder, PLAIN_SCRIPT)]
    costs = measure_interleaved(commands, runs)
    what = f"`campaign plan`, {rows:,} rows, a ledger of {people:,}"
    yield from judge_wall(Line(what, "a script with csv, one regular expression, a set", *costs), 3.5)


def measure_one_of_many(root: Path, campaigns: int, runs: int) -> Iterator[Line | Finding]:
    """The plan of one NAME among many campaigns, beside a project of that one and the checking of all of them."""
    many, one = make_files(root / "many", campaigns), make_files(root / "one", 1)
    validate = Command(arguments=[CAMPAIGN, "validate"], folder=many)
    ours, alone, checked = measure_interleaved([_plan(many, "campaign-00000"), _plan(one), validate], runs)
    what = f"`campaign plan NAME` in a project of {campaigns:,} campaigns"
    yield Line(what, "`campaign plan` in a project of that one", ours, alone)
    most_ms = (alone.wall_s + 1.2 * checked.wall_s) * 1000
    reference = "that of the one, and 1.2 times `campaign validate` of all"
    yield Finding(what, reference, ours.wall_s * 1000, most_ms, "ms", 1)
