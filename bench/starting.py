"""What it takes until a command can do anything, and to check the files of a project, beside the least that could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from finding import Finding, spell
from material import make_files
from measure import Command, Cost, measure_interleaved
from sending import CAMPAIGN, PYTHON, ROOT

CHECK_JSONSCHEMA = str(Path(PYTHON).parent / "check-jsonschema")
SCHEMA = str(ROOT / "runner" / "schemas" / "campaign.schema.json")
TYPED = {"_CAMPAIGN_COMPLETE": "bash_complete", "COMP_WORDS": "campaign plan camp", "COMP_CWORD": "2"}

YAML_LOOP = """
import pathlib, yaml
files = [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in pathlib.Path("campaigns").iterdir()]
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table of costs: a command, and the reference that it is set beside."""

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
    return f"{spell(ours)} : {spell(theirs)} {unit} = **{ours / theirs:.2f}**"


def judge_wall(line: Line, goal: float) -> Iterator[Line | Finding]:
    """The line, and the goal that its wall time has."""
    yield line
    ours, theirs = line.ours.wall_s * 1000, line.theirs.wall_s * 1000
    yield Finding(line.what, line.reference, ours, theirs, "ms", goal)


def measure_start(root: Path, runs: int) -> Iterator[Line | Finding]:
    """The time until `campaign` can do anything at all."""
    make_files(root, 1)
    asked: list[tuple[str, list[str], Mapping[str, str]]] = [
        ("`campaign --version`", [CAMPAIGN, "--version"], {}),
        ("`campaign --help`", [CAMPAIGN, "--help"], {}),
        ("completing a campaign's name", [CAMPAIGN], TYPED),
    ]
    commands = [Command(arguments=words, folder=root, environment=known) for _, words, known in asked]
    least = Command(arguments=[PYTHON, "-c", "import click"], folder=root)
    *ours, theirs = measure_interleaved([*commands, least], runs)
    for (what, _, _), cost in zip(asked, ours, strict=True):
        yield from judge_wall(Line(what, "`import click`", cost, theirs), 1.3)


def measure_validate(root: Path, files: int, runs: int) -> Iterator[Line | Finding]:
    """The checking of a project of one file, and of one of many."""
    one, many = make_files(root / "one", 1), make_files(root / "many", files)
    commands = [
        Command(arguments=words, folder=one) for words in ([CAMPAIGN, "validate"], [PYTHON, "-c", "import click, yaml"])
    ]
    costs = measure_interleaved(commands, runs * 3)
    yield from judge_wall(Line("`campaign validate`, 1 file", "`import click, yaml`", *costs), 2.6)
    listed = sorted(str(path) for path in (many / "campaigns").iterdir())
    commands = [
        Command(arguments=words, folder=many)
        for words in (
            [CAMPAIGN, "validate"],
            [CHECK_JSONSCHEMA, "--schemafile", SCHEMA, *listed],
            [PYTHON, "-c", YAML_LOOP],
        )
    ]
    ours, checked, loaded = measure_interleaved(commands, runs)
    what = f"`campaign validate`, {files:,} files"
    yield from judge_wall(Line(what, "check-jsonschema on the same", ours, checked), 0.2)
    yield Line(what, "`yaml.load` of the same, by libyaml", ours, loaded)
