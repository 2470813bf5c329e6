"""Play histories: `python -m simulation --seeds 1000 --from 0`, or one again, step by step: `--seed N`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from simulation.history import Theatre
from simulation.play import Played, play_on_cores, play_seed

COUNTED = ("runs", "chunks", "kills", "freezes", "races", "strays", "refusals", "unknowns", "settlements")


def main() -> int:
    """1 where a law was broken, else 0."""
    arguments = _read_arguments()
    if arguments.seed is not None:
        return _show(arguments.seed)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    began_s, counts, broken = time.monotonic(), Counter[str](), list[Played]()
    for played in play_on_cores(seeds, arguments.cores):
        counts += played.counts
        if played.why is not None:
            broken.append(played)
            print(f"seed {played.seed}: {played.why.splitlines()[-1]}", flush=True)
            if arguments.until_broken:
                break
    if broken:
        print(f"\n{broken[0]}")
        return 1
    took_s = time.monotonic() - began_s
    print(f"{len(seeds):,} histories in {took_s:.0f} s ({len(seeds) / took_s:.0f} a second): no law was broken")
    print(", ".join(f"{counts[what]:,} {what}" for what in COUNTED))
    return 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many histories (1000)")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="the first seed (0)")
    parser.add_argument("--seed", type=int, metavar="N", help="play this one alone, and show it")
    parser.add_argument("--cores", type=int, metavar="N", help="on how many cores (all)")
    parser.add_argument("--until-broken", action="store_true", help="end with the first that breaks a law")
    return parser.parse_args()


def _show(seed: int) -> int:
    with Theatre() as theatre:
        played = play_seed(seed, theatre)
    print(played)
    return 0 if played.why is None else 1


if __name__ == "__main__":
    sys.exit(main())
