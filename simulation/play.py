"""Seeds → what broke: one after the other, or on every core."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context

from simulation.history import History, Theatre

BLOCK = 25


@dataclass(frozen=True, slots=True)
class Played:
    """A history that was played: what happened in it how often, the whole of it, and why it broke a law, if it did."""

    seed: int
    counts: Counter[str]
    history: str
    why: str | None

    def __str__(self) -> str:
        if self.why is None:
            return f"{self.history}\n\nno law was broken"
        return f"{self.history}\n\n{self.why}\nplay it again: make simulate SEED={self.seed}"


def play_seed(seed: int, theatre: Theatre) -> Played:
    """Play the history of this seed. Whatever it falls over is why it broke."""
    history, why = History(seed, theatre), None
    try:
        history.play()
    except Exception as error:  # noqa: BLE001
        why = "".join(traceback.format_exception(error))
    return Played(seed, history.world.counts, history.world.render(), why)


def play_seeds(seeds: Iterable[int]) -> Iterator[Played]:
    """Play these seeds, one after the other."""
    with Theatre() as theatre:
        for seed in seeds:
            yield play_seed(seed, theatre)


def play_on_cores(seeds: Sequence[int], cores: int | None) -> Iterator[Played]:
    """The same on so many cores, or on all, in no order."""
    if cores == 1:
        yield from play_seeds(seeds)
        return
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(cores or os.cpu_count(), mp_context=get_context("spawn")))
        stack.callback(pool.shutdown, cancel_futures=True)
        blocks = [seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)]
        for played in pool.map(_play_block, blocks):
            yield from played


def _play_block(seeds: Sequence[int]) -> list[Played]:
    return list(play_seeds(seeds))
