"""The example campaigns, from files to the sandbox and back, as a user would do it: `make demo`.

It ends with what the sandbox itself counted, and fails when anybody was reached twice or was not reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from runner.sandbox.server import read_record

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / ".campaign" / "sandbox-record.db"
# `-P`: a folder of the reader's that holds a `runner.py` is not what is meant.
CAMPAIGN = [sys.executable, "-P", "-m", "runner"]


def forget_rehearsals() -> None:
    """Start from a rehearsal that reached nobody; the state that remembers real people is another one."""
    for path in (ROOT / ".campaign").glob("sandbox*"):
        path.unlink()


def show(*arguments: str) -> None:
    """Run one command as it would be typed, and stop where it fails."""
    print(f"\n$ campaign {' '.join(arguments)}", flush=True)
    subprocess.run([*CAMPAIGN, *arguments], check=True)


def count_pending() -> int:
    """The people that a plan would reach."""
    answer = subprocess.run([*CAMPAIGN, "plan", "--sandbox", "--format", "json"], check=True, stdout=subprocess.PIPE)
    recipients: int = json.loads(answer.stdout)["summary"]["recipients"]
    return recipients


def main() -> int:
    """Validate, plan, apply, plan again, apply again; then compare with the sandbox's own record."""
    os.chdir(ROOT)
    forget_rehearsals()
    show("validate")
    show("plan", "--sandbox")
    planned = count_pending()
    show("apply", "--sandbox", "--auto-approve")
    show("plan", "--sandbox")
    left = count_pending()
    show("apply", "--sandbox", "--auto-approve")
    count = read_record(RECORD)
    print("\nThe sandbox's own record, which outlives the commands above:")
    print(f"  requests              {count.requests}")
    print(f"  people reached        {count.people}")
    print(f"  people reached twice  {count.twice}", flush=True)
    if (count.people, count.twice, left) != (planned, 0, 0):
        print(f"demo: planned were {planned} people, and after sending {left} were still pending", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `{' '.join(error.cmd[4:])}` ended with exit code {error.returncode}")
