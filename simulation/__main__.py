"""Play histories: `python -m simulation --seeds 1000 --from 0`, or one again, step by step: `--seed N`."""

from __future__ import annotations

import argparse
import sys
import time

from simulation.history import Theatre
from simulation.play import play_on_all_cores, play_seed, play_until_broken


def main() -> int:
    """1 where a law was broken, else 0."""
    arguments = _read_arguments()
    if arguments.seed is not None:
        return _show(arguments.seed)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    began_s = time.monotonic()
    if arguments.until_broken:
        first = play_until_broken(seeds)
        failures = [] if first is None else [first]
    else:
        failures = []
        for failure in play_on_all_cores(seeds):
            failures.append(failure)
            print(f"seed {failure.seed}: {failure.why.splitlines()[-1]}", flush=True)
    if failures:
        print(f"\n{failures[0]}")
        return 1
    took_s = time.monotonic() - began_s
    print(f"{len(seeds):,} histories in {took_s:.0f} s ({len(seeds) / took_s:.0f} a second): no law was broken")
    return 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many histories (1000)")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="the first seed (0)")
    parser.add_argument("--seed", type=int, metavar="N", help="play this one alone, and show it")
    parser.add_argument("--until-broken", action="store_true", help="one after the other, until one breaks a law")
    return parser.parse_args()


def _show(seed: int) -> int:
    with Theatre() as theatre:
        history, failure = play_seed(seed, theatre)
    print(failure or f"{history}\n\nno law was broken")
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main())
