"""Proof that the simulation sees: each line that keeps people safe is broken in turn, and a history must notice.

`python -m simulation.mutants` writes docs/mutants.md; with words, it tries only the mutants whose name holds one, and
writes nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from simulation.safety import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("runner", "simulation")
PAGE = ROOT / "docs" / "mutants.md"
SEEDS = 10_000

HEAD = f"""# Mutants

`make mutants` makes this page: it breaks each of these lines of the product in turn, in a copy, and plays histories one
after the other from seed 0, at most {SEEDS:,} of them, until one breaks a law. That shows that the line is needed, and
that the histories would show its absence. `simulation/safety.py` holds the lines and what becomes of each.

Which seed notices changes with the code: `make simulate SEED=` shows a history without its mutant.

| broken | so is the promise | file | noticed by | histories | the law that was broken |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which seed noticed a mutant, and by which law; None where none did."""

    mutant: Mutant
    seed: int | None
    law: str

    def __str__(self) -> str:
        return f"{self.mutant.name:<40} {self._spell_seed():<12} {self.law}"

    def render_row(self) -> str:
        """The row of the page."""
        histories = SEEDS if self.seed is None else self.seed + 1
        mutant = self.mutant
        cells = mutant.name, mutant.keeps, f"`{mutant.file}`", self._spell_seed(), f"{histories:,}", self.law
        return f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |\n"

    def _spell_seed(self) -> str:
        return "none: it lives" if self.seed is None else f"seed {self.seed}"


def main() -> int:
    """1 where a mutant lived, else 0."""
    words = sys.argv[1:]
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    verdicts = []
    for verdict in judge(chosen):
        print(verdict, flush=True)
        verdicts.append(verdict)
    if not words:
        PAGE.write_text(HEAD + "".join(verdict.render_row() for verdict in verdicts), encoding="utf-8")
    living = [verdict.mutant.name for verdict in verdicts if verdict.seed is None]
    if living:
        print(f"{len(living)} of {len(verdicts)} mutants live: {', '.join(living)}", file=sys.stderr)
        return 1
    return 0


def judge(mutants: Sequence[Mutant]) -> Iterator[Verdict]:
    """Each of the mutants, as many at a time as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(_judge_one, mutants)


def _judge_one(mutant: Mutant) -> Verdict:
    with TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        # The sources alone, so that nothing that others use is ever broken. What lies where Python is started comes
        # before what is installed.
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        file = tree / mutant.file
        file.write_text(mutant.breaks(file.read_text(encoding="utf-8")), encoding="utf-8")
        played = subprocess.run(
            [sys.executable, "-m", "simulation", "--until-broken", "--seeds", str(SEEDS), "--cores", "1"],
            cwd=tree,
            check=False,
            capture_output=True,
            text=True,
        )
    found = re.search(r"SEED=(\d+)", played.stdout)
    if found is None:
        return Verdict(mutant, None, played.stderr.strip()[-300:])
    errors = re.findall(r"^(?:\w+\.)*(\w+(?:Broken|Error)): (.*)$", played.stdout, re.MULTILINE)
    kind, law = errors[-1] if errors else ("", played.stdout[-200:])
    return Verdict(mutant, int(found[1]), law if kind == "LawBroken" else f"{kind}: {law}")


if __name__ == "__main__":
    sys.exit(main())
