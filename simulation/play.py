"""Seeds → what broke: one after the other, or on every core."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from simulation.history import History, Theatre

BLOCK = 25


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed whose history broke a law, or fell over: why, and the whole history."""

    seed: int
    why: str
    history: str

    def __str__(self) -> str:
        return f"{self.history}\n\n{self.why}\nplay it again: python -m simulation --seed {self.seed}"


def play_seed(seed: int, theatre: Theatre) -> tuple[str, Failure | None]:
    """The history of this seed as text, and what broke."""
    history = History(seed, theatre)
    try:
        history.play()
    except Exception as error:  # noqa: BLE001
        why = "".join(traceback.format_exception(error))
        return history.world.render(), Failure(seed, why, history.world.render())
    return history.world.render(), None


def play_seeds(seeds: Iterable[int]) -> Iterator[Failure]:
    """Those of the seeds that broke something, one after the other."""
    with Theatre() as theatre:
        for seed in seeds:
            _, failure = play_seed(seed, theatre)
            if failure is not None:
                yield failure


def play_on_all_cores(seeds: Sequence[int]) -> Iterator[Failure]:
    """The same on every core, in no order."""
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")))
        stack.callback(pool.shutdown, cancel_futures=True)
        blocks = [seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)]
        for failures in pool.map(_play_block, blocks):
            yield from failures


def play_until_broken(seeds: Iterable[int]) -> Failure | None:
    """The first of the seeds that broke something."""
    return next(islice(play_seeds(seeds), 1), None)


def _play_block(seeds: Sequence[int]) -> list[Failure]:
    return list(play_seeds(seeds))
