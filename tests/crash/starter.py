"""Starts `campaign` processes by forking one that has imported everything, which spares each the second of its start.

Each line on stdin is one order in JSON. {"start": ARGUMENTS, "environment": {…}, "output": FILE, "patience_s": null} is
answered with the id of a process that has stopped itself before its first step, {"wait": ID} with its exit code, -N
after signal N.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import runner.cli.apply
import runner.cli.carryout
import runner.cli.main
import runner.cli.state
import runner.sending.chunk


def main() -> None:
    """Carry out orders until there are no more."""
    for line in sys.stdin:
        sys.stdout.write(f"{carry_out(json.loads(line))}\n")
        sys.stdout.flush()


def carry_out(order: Mapping[str, Any]) -> int:
    """One order, and what answers it."""
    if "wait" in order:
        return os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
    return os.fork() or become(order)


def become(order: Mapping[str, Any]) -> int:
    """Be the process that was asked for, and never return."""
    os.kill(os.getpid(), signal.SIGSTOP)
    os.environ.update(order["environment"])
    if order["patience_s"] is not None:
        runner.sending.chunk.PATIENCE_TO_RECORD_S = order["patience_s"]
    with Path(os.devnull).open(encoding="utf-8") as nothing, Path(order["output"]).open("w", encoding="utf-8") as said:
        sys.stdin, sys.stdout, sys.stderr = nothing, said, said
        code = runner.cli.main.main(order["start"])
        said.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
