"""Made-up projects to measure with. Their numbers are drawn at random: nothing but loopback hears of them."""

from __future__ import annotations

import random
from pathlib import Path

PROJECT = """\
version: 1
state: ${BENCH_STATE}
state_key: ${BENCH_STATE_KEY}
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
    base_url: ${BENCH_URL}
    limits: LIMITS
    prices: {mobile: 0.05}
    timeout: 5s
defaults:
  account: main
  notify: {email: ops@example.fr}
"""

CAMPAIGN = """\
name: campaign-{number:05}
edition: "2026-12"
description: One of many
message:
  audio: 5f2c8e6b41d94c6a8f0e3d7b9a125c44
  sender: "+33639980000"
recipients:
  - file: "data/customers-{{{{ vars.region }}}}.csv"
    column: mobile
    where: "consent = 'yes'"
exclude:
  - {{file: data/complaints.csv}}
delivery: {{chunk_size: 500, probe: 10, kinds: [mobile], priority: 0}}
guards: {{max_recipients: 20000, max_cost: 3000, max_invalid: 5%}}
vars: {{region: lyon}}
"""

UNLIMITED = "{requests: 100000, per: 1s}"

ONE_LIST = """\
name: one-list
message: {audio: 5f2c8e6b41d94c6a8f0e3d7b9a125c44}
recipients:
  - {file: data/people.csv, column: mobile}
delivery: {chunk_size: SIZE}
"""
EXCLUDE = "exclude: [{file: data/complaints.csv}]\n"


def _write_project(root: Path, limits: str = UNLIMITED) -> None:
    for folder in ("campaigns", "data"):
        (root / folder).mkdir(parents=True)
    (root / "campaigns.yaml").write_text(PROJECT.replace("LIMITS", limits), encoding="utf-8")


def make_files(root: Path, count: int) -> Path:
    """A project of `count` campaign files of twenty lines, all on one short list."""
    _write_project(root)
    for number in range(count):
        (root / "campaigns" / f"{number:05}.yaml").write_text(CAMPAIGN.format(number=number), encoding="utf-8")
    (root / "data" / "customers-lyon.csv").write_text("mobile,consent\n06 10 00 00 01,yes\n", encoding="utf-8")
    (root / "data" / "complaints.csv").write_text("mobile\n06 10 00 00 02\n", encoding="utf-8")
    return root


def draw_people(rows: int) -> list[int]:
    """The national numbers of a list of so many rows, of which a tenth will be repeats."""
    return random.Random(1).sample(range(610_000_000, 636_000_000), rows - rows // 10)


def make_list(
    root: Path,
    rows: int,
    *,
    limits: str = UNLIMITED,
    chunk_size: int = 500,
    label: str = "",
    excluded: int = 0,
    empty_each: int = 0,
) -> Path:
    """A project of one campaign on one CSV of five columns: a tenth of its rows are repeats, spellings are mixed.

    Every number stands behind `label`; the first `excluded` of the people have complained; one cell of `empty_each`
    is empty.
    """
    _write_project(root, limits)
    one_list = ONE_LIST.replace("SIZE", str(chunk_size)) + EXCLUDE * bool(excluded)
    (root / "campaigns" / "one-list.yaml").write_text(one_list, encoding="utf-8")
    numbers = draw_people(rows)
    complaints = "".join(f"0{number}\n" for number in numbers[:excluded])
    (root / "data" / "complaints.csv").write_text(f"mobile\n{complaints}", encoding="utf-8")
    numbers += random.Random(2).choices(numbers, k=rows // 10)
    with (root / "data" / "people.csv").open("w", encoding="utf-8") as file:
        file.write("id,name,mobile,city,consent\n")
        for row, number in enumerate(numbers):
            cell = "" if empty_each and row % empty_each == 0 else label + _spell(number, row)
            file.write(f"{row},Camille Martin {row},{cell},Lyon,yes\n")
    return root


def _spell(number: int, row: int) -> str:
    text = f"0{number}"
    if row % 2:
        return " ".join(text[at : at + 2] for at in range(0, 10, 2))
    return text if row % 3 else f"+33{number}"
