"""A history from its seed: what there is at first, whose turn it is, and the calm in which all must be reached."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from datetime import timedelta
from random import Random
from typing import Self

from runner.state import lock, settlement
from simulation import events
from simulation.apply import begin
from simulation.books import Books, LawBroken, spell
from simulation.events import NUMBERS
from simulation.files import AccountFile, CampaignFile, Files, build_project
from simulation.laws import Laws
from simulation.machine import Machine
from simulation.process import Process
from simulation.provider import Provider
from simulation.stage import STATE, Place, Stage
from simulation.weather import Weather, draw_weather
from simulation.world import World

TURNS = 90
RUNS = 5
MOST_TURNS = 20_000
CALM_RUNS = 3
ASKING = (settlement, lock)
"""The modules that ask the machine whether a process is gone."""


class History:
    """One history on a stage."""

    def __init__(self, seed: int, theatre: Theatre) -> None:
        rng = Random(seed)
        machine, provider = Machine(), Provider()
        files = draw_files(rng)
        provider.bad_numbers = set(rng.sample(NUMBERS, rng.choice((0, 0, 1, 2, 6))))
        provider.bad_audios = {} if rng.random() < 0.6 else {"audio-2": True, "audio-3": False}
        theatre.forget()
        laws = Laws(theatre.books, provider, machine)
        self.world = World(
            rng=rng,
            weather=draw_weather(rng),
            files=files,
            machine=machine,
            provider=provider,
            laws=laws,
            ledger=theatre.stage.state.ledger,
            pseudonyms=theatre.pseudonyms,
        )
        show_processes(self.world)
        self._theatre = theatre
        self._runs_left = rng.randint(1, RUNS)

    def play(self) -> None:
        """Play it to its end. Raises LawBroken where a law does not hold, and what a process fell over."""
        try:
            for _ in range(TURNS):
                if not self.world.living and not self._runs_left:
                    break
                self._take_turn()
            self._come_to_rest()
            self._reach_everybody()
        finally:
            self._end_all()

    def _take_turn(self) -> None:
        world, rng = self.world, self.world.rng
        if not world.living:
            if rng.random() < 0.5:
                self._begin_run()
            else:
                events.happen(world, self._begin_run if self._runs_left else None)
        elif rng.random() < self._find_chance_of_event():
            events.happen(world, self._begin_run if self._runs_left else None)
        else:
            self._go_on()

    def _find_chance_of_event(self) -> float:
        """Whoever is frozen leaves others time, above all where its request is under way meanwhile."""
        if self.world.left_alone:
            return 0.7
        return self.world.weather.event * (1.5 if any(p.frozen for p in self.world.living) else 1.0)

    def _go_on(self) -> None:
        """Let one of those go on who may; where nobody may, time passes until somebody may."""
        world = self.world
        ready = [process for process in world.living if process.wakes_s <= world.machine.now_s]
        if not ready:
            world.machine.advance_to(min(process.wakes_s for process in world.living))
            ready = [process for process in world.living if process.wakes_s <= world.machine.now_s]
        world.rng.choice(ready).place.take_turn()
        if world.broken is not None:
            raise world.broken

    def _begin_run(self) -> None:
        place = next((place for place in self._theatre.stage.places if place.free), None)
        if place is None:
            return
        self._runs_left -= 1
        world, rng = self.world, self.world.rng
        names = [campaign.name for campaign in world.files.campaigns]
        selected = names if rng.random() < 0.7 else [rng.choice(names)]
        limit = rng.randint(1, 12) if rng.random() < 0.25 else None
        self._start(place, selected, limit, timedelta(seconds=rng.choice((0, 0, 3))))

    def _start(self, place: Place, selected: Iterable[str], limit: int | None, patience: timedelta) -> None:
        world = self.world
        process = Process(
            number=len(world.processes) + 1,
            world=world,
            place=place,
            project=build_project(world.files, self._theatre.stage.root),
            keys={account.name: account.key for account in world.files.accounts},
            selected=frozenset(selected),
            limit=limit,
            patience=patience,
        )
        world.processes.append(process)
        world.counts["runs"] += 1
        process.tell(f"begins with {', '.join(sorted(selected))}" + (f", --limit {limit}" if limit else ""))
        place.begin(begin(process))

    def _come_to_rest(self) -> None:
        """No more trouble; who is under way is ended, or goes on to its end."""
        world = self.world
        world.weather = Weather()
        world.state_out_until_s = world.fate_until_s = world.machine.now_s
        world.tell("world", "from here on nothing goes wrong")
        if world.rng.random() < 0.5:
            events.kill_all(world)
        self._run_to_the_end()

    def _reach_everybody(self) -> None:
        """Whatever happened: once all doubt is settled, everybody who is left is reached, and nobody twice.

        One run does that, but for those whom it forgives a refusal that was no number's fault: they are the next one's.
        """
        world = self.world
        events.mend(world)
        missed: list[str] = []
        for _ in range(CALM_RUNS):
            events.settle_all(world)
            self._start(self._theatre.stage.places[0], [c.name for c in world.files.campaigns], None, timedelta())
            self._run_to_the_end()
            world.laws.check_people()
            missed = [person for campaign in world.files.campaigns for person in self._find_missed(campaign)]
            if not missed:
                return
        raise LawBroken(f"{missed[0]} was never reached")

    def _find_missed(self, campaign: CampaignFile) -> list[str]:
        world, label = self.world, campaign.label
        content = label, campaign.audio, campaign.url
        refused = {number for *of, number in world.laws.read_refused() if tuple(of) == content}
        reached = {number for of, number in world.provider.taken if of == label}
        return [spell((label, number)) for number in campaign.wanted if number not in reached | refused]

    def _run_to_the_end(self) -> None:
        for _ in range(MOST_TURNS):
            if not self.world.living:
                return
            self._go_on()
        raise LawBroken(f"a run goes on and on: {MOST_TURNS} turns without trouble did not end it")

    def _end_all(self) -> None:
        """Leave no process behind on the stage, whatever broke."""
        events.kill_all(self.world)
        for process in self.world.living:
            process.place.take_turn()


def show_processes(world: World) -> None:
    """Let the product see the processes of this history in place of the machine's.

    The table of processes is the one thing of a machine that nobody can hand to it.
    """
    for module in ASKING:
        vars(module).update(is_provably_gone=world.is_gone)


class Theatre:
    """What histories share, one after the other: the stage, the laws' books, the pseudonyms of everybody."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.pseudonyms = {number: self.stage.state.pseudonyms.of_number(number) for number in NUMBERS}
        numbers = {pseudonym: number for number, pseudonym in self.pseudonyms.items()}
        self.books = Books(self.stage.root / STATE, numbers)

    def __enter__(self) -> Self:
        self.stage.__enter__()
        # What was loaded by now stays, and to look through it for garbage again and again costs a fifth of a history.
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        self._told_by_machine = [(module, module.is_provably_gone) for module in ASKING]
        return self

    def __exit__(self, *_: object) -> None:
        for module, told in self._told_by_machine:
            vars(module).update(is_provably_gone=told)
        self.stage.__exit__()
        self.books.close()

    def forget(self) -> None:
        """Make the state one in which nothing was ever recorded."""
        self.books.forget()
        for path in self.stage.root.glob("*.lock"):
            path.unlink()


def draw_files(rng: Random) -> Files:
    """One or two accounts, one or two campaigns, few people in small chunks."""
    accounts = [_draw_account(rng, "main", "key-1")]
    if rng.random() < 0.4:
        accounts.append(_draw_account(rng, "reserve", rng.choice(("key-1", "key-2"))))
    campaigns = [_draw_campaign(rng, "spring", accounts)]
    if rng.random() < 0.4:
        campaigns.append(_draw_campaign(rng, "autumn", accounts))
    return Files(accounts=accounts, campaigns=campaigns)


def _draw_account(rng: Random, name: str, key: str) -> AccountFile:
    return AccountFile(
        name=name,
        key=key,
        requests=rng.choice((1, 2, 3, 5)),
        per_s=rng.choice((2.0, 5.0, 10.0)),
        timeout_s=rng.choice((3.0, 8.0)),
        max_in_doubt=rng.choice((1, 2, 3, 5)),
    )


def _draw_campaign(rng: Random, name: str, accounts: Sequence[AccountFile]) -> CampaignFile:
    return CampaignFile(
        name=name,
        account=rng.choice(accounts).name,
        people=rng.sample(NUMBERS, rng.randint(4, 16)),
        chunk_size=rng.choice((2, 3, 5, 8)),
        probe=rng.choice((0, 1, 2, 3)),
        audio=rng.choice(("audio-1", "audio-1", "audio-2", "audio-3")),
        priority=rng.choice((0, 1)),
    )
