"""What happens around the processes: people who edit files and settle chunks, clocks, boots, locks, the provider."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable

from runner.errors import SettlementRefused
from runner.state.filegrip import FileGrip
from simulation.files import CampaignFile
from simulation.process import Process
from simulation.weather import Fate
from simulation.world import World

Happening = Callable[[World], None]

KEYS = ("key-1", "key-2", "key-3")
NUMBERS = range(33639980000, 33639980050)


def happen(world: World, begin_run: Callable[[], None] | None) -> None:
    """One event, drawn by its weight among those that the weather knows."""
    _pass_part_of_a_freeze(world)
    drawn = world.rng.choices(tuple(HAPPENINGS), tuple(HAPPENINGS.values()))[0]
    # Nothing else harms as much while a request is under way that nobody watches.
    if world.left_alone and world.rng.random() < 0.4:
        drawn = take_lock_away
    drawn(world)
    if drawn in BEGINNING and begin_run is not None:
        begin_run()


def _pass_part_of_a_freeze(world: World) -> None:
    """What happens while somebody is frozen happens at any moment of it."""
    waking = [process.wakes_s for process in world.living if process.frozen]
    if waking and world.rng.random() < 0.7:
        # Half of it happens before a request arrives that is under way.
        until_s = min(*waking, world.machine.next_s) if world.rng.random() < 0.5 else min(waking)
        world.machine.advance_to(world.machine.now_s + world.rng.random() * (until_s - world.machine.now_s))


def begin_another_run(_world: World) -> None:
    """Somebody types `apply` again, whatever else is under way."""


def begin_another_way(world: World) -> None:
    """Somebody has a campaign sent by another key, and types `apply` at once."""
    account = world.files.find_account(_choose(world).account)
    others = [key for key in KEYS if key != account.key]
    account.key = world.rng.choice(others)
    world.tell("user", f"edits {account.name}: {account.key}")


def pass_time(world: World) -> None:
    """Nobody does anything for a while."""
    seconds = world.rng.choice((0.5, 3.0, 15.0, 60.0, 1000.0, 1000.0))
    world.tell("world", f"{seconds:g} s pass")
    world.machine.advance(seconds)


def move_clock(world: World) -> None:
    """The wall clock is set."""
    seconds = world.rng.choice((-7200.0, -30.0, -3.0, 3.0, 30.0, 7200.0))
    world.tell("world", f"the wall clock is moved by {seconds:g} s")
    world.machine.move_wall(seconds)


def boot(world: World) -> None:
    """The machine loses its power, and starts again, or its disk goes on in another one."""
    uptime_s = world.rng.choice((0.0, 0.0, 5000.0))
    world.tell("world", "the machine starts again" if uptime_s == 0 else "another machine takes the disk")
    kill_all(world)
    world.machine.start_again(uptime_s)


def kill_one(world: World) -> None:
    """SIGKILL."""
    if world.living:
        process = world.rng.choice(world.living)
        _kill(process)


def tell_one_to_stop(world: World) -> None:
    """SIGTERM."""
    running = [process for process in world.living if process.stop is not None]
    if running:
        process = world.rng.choice(running)
        world.tell("operator", f"tells {process.name} to stop")
        if process.stop is not None:
            process.stop.signalled = True
            process.told_to_stop_s = min(process.told_to_stop_s, world.machine.now_s)


def take_lock_away(world: World) -> None:
    """A process loses its lock without a word: its lock file is removed, or the file system has let go of it."""
    victims = [process for process in world.living if process.locks]
    if not victims:
        return
    process = world.rng.choice(world.left_alone or [p for p in victims if p.frozen] or victims)
    grip = world.rng.choice(list(process.locks.values())).grip
    if not isinstance(grip, FileGrip):
        return
    if world.rng.random() < 0.3:
        world.tell("world", f"the lock file of {process.name} is removed")
        grip.file.unlink(missing_ok=True)
    else:
        world.tell("world", f"the lock of {process.name} is let go")
        # As a file system does that has lost it: whoever holds the descriptor is not told.
        fcntl.flock(grip.descriptor, fcntl.LOCK_UN)


def stop_by_hand(world: World) -> None:
    """The operator stops a campaign or all, or lets them go on, from whatever machine."""
    glob = world.rng.choice(("", "spring", "autumn"))
    if glob in world.stopped:
        world.ledger.resume([glob] if glob else [])
        world.stopped.remove(glob)
        world.tell("operator", f"resumes {glob or 'all'}")
    else:
        world.ledger.stop([glob] if glob else [], by="ops", clock=world.machine)
        world.stopped.append(glob)
        world.tell("operator", f"stops {glob or 'all'}")


def settle_one(world: World) -> None:
    """The operator asks the provider what became of a chunk, and says it; or learns that it is too early."""
    in_doubt = world.laws.read_in_doubt()
    if in_doubt:
        _settle(world, *world.rng.choice(in_doubt))


def edit_people(world: World) -> None:
    """The list of a campaign gains and loses people."""
    campaign = _choose(world)
    newcomers = [number for number in NUMBERS if number not in campaign.people]
    campaign.people += world.rng.sample(newcomers, min(len(newcomers), world.rng.randint(0, 3)))
    if len(campaign.people) > 4 and world.rng.random() < 0.5:
        campaign.people.remove(world.rng.choice(campaign.people))
    world.rng.shuffle(campaign.people)
    world.tell("user", f"edits the list of {campaign.label}: {len(campaign.people)} people")


def edit_exclusions(world: World) -> None:
    """Somebody opts out, or the file of those who did can't be read."""
    if world.rng.random() < 0.2:
        world.files.readable = not world.files.readable
        world.tell("user", f"exclusions can {'' if world.files.readable else 'not '}be read")
        return
    campaign = _choose(world)
    number = world.rng.choice(campaign.people)
    campaign.excluded_at_s.setdefault(number, world.machine.now_s)
    world.tell("user", f"person {number % 1000} opts out of {campaign.label}")


def edit_content(world: World) -> None:
    """A campaign gets another recording, another URL or another edition."""
    campaign, rng = _choose(world), world.rng
    drawn = rng.random()
    if drawn < 0.6:
        campaign.audio = rng.choice(("audio-1", "audio-2", "audio-3"))
    elif drawn < 0.8:
        campaign.url = rng.choice((None, "https://hooks.example.fr/a"))
    else:
        campaign.edition = rng.choice((None, "e2", "e3"))
    campaign.audio_name = rng.choice((None, None, "audio-1.wav"))
    world.tell("user", f"edits {campaign.label}: {campaign.audio}, {campaign.url}")


def edit_delivery(world: World) -> None:
    """A campaign is cut otherwise, or sent by another account."""
    campaign, rng = _choose(world), world.rng
    campaign.chunk_size, campaign.probe = rng.choice((2, 3, 5, 8)), rng.choice((0, 1, 2, 3))
    campaign.account = rng.choice(world.files.accounts).name
    world.tell("user", f"edits {campaign.label}: chunks of {campaign.chunk_size}, sent by {campaign.account}")


def edit_account(world: World) -> None:
    """An account gets a new key, or other limits, those of pacing only while nothing is under way."""
    rng = world.rng
    account = rng.choice(world.files.accounts)
    if rng.random() < 0.5:
        account.key = rng.choice(KEYS)
    account.max_in_doubt = rng.choice((1, 2, 3, 5))
    if not world.living and world.machine.next_s == float("inf"):
        account.requests, account.per_s = rng.choice((1, 2, 3, 5)), rng.choice((2.0, 5.0, 10.0))
        account.timeout_s = rng.choice((3.0, 8.0))
    world.tell("user", f"edits {account.name}: {account.key}, max_in_doubt {account.max_in_doubt}")


def change_provider(world: World) -> None:
    """The provider has an outage of one kind, loses recordings, or finds numbers bad."""
    rng = world.rng
    if rng.random() < 0.6:
        world.fate, seconds = rng.choice(tuple(Fate)), rng.choice((1.0, 10.0, 60.0))
        world.fate_until_s = world.machine.now_s + seconds
        world.tell("provider", f"for {seconds:g} s: {world.fate}")
    elif rng.random() < 0.5:
        world.provider.bad_audios = rng.choice(({}, {"audio-1": False}, {"audio-2": True, "audio-3": False}))
        world.tell("provider", f"refuses {', '.join(world.provider.bad_audios) or 'no recording'}")
    else:
        world.provider.bad_numbers = set(rng.sample(NUMBERS, rng.choice((0, 1, 3, 8))))
        world.tell("provider", f"refuses {sorted(number % 1000 for number in world.provider.bad_numbers)}")


def lose_state(world: World) -> None:
    """The disk is full, or somebody copies the file: nothing can be read or written for a while."""
    seconds = world.rng.choice((0.5, 5.0, 30.0, 90.0))
    world.state_out_until_s = world.machine.now_s + seconds
    world.tell("world", f"the state can't be used for {seconds:g} s")


HAPPENINGS: dict[Happening, int] = {
    begin_another_run: 8,
    begin_another_way: 3,
    pass_time: 8,
    move_clock: 6,
    boot: 2,
    kill_one: 4,
    tell_one_to_stop: 3,
    stop_by_hand: 2,
    take_lock_away: 5,
    settle_one: 10,
    edit_people: 4,
    edit_exclusions: 4,
    edit_content: 3,
    edit_delivery: 3,
    edit_account: 4,
    change_provider: 4,
    lose_state: 2,
}
"""What can happen, by how often it does."""

BEGINNING = frozenset({begin_another_run, begin_another_way, kill_one, take_lock_away})
"""What is followed by another run."""


def kill_all(world: World) -> None:
    """End every process."""
    for process in world.living:
        _kill(process)


def settle_all(world: World) -> None:
    """The operator settles whatever is in doubt, when nobody can be sending it any more."""
    world.machine.advance(2 * max(account.timeout_s for account in world.files.accounts) + 20)
    for chunk in world.laws.read_in_doubt():
        _settle(world, *chunk)


def mend(world: World) -> None:
    """Clock, files and provider become such that everybody can be reached.

    By a clock that was set back, across a boot, a chunk can't be settled as not sent until that clock has caught up.
    """
    world.machine.move_wall(world.machine.furthest_ahead_s - world.machine.wall_ahead_s)
    world.provider.bad_numbers = set(sorted(world.provider.bad_numbers)[:2])
    world.files.readable = True
    for glob in world.stopped:
        world.ledger.resume([glob] if glob else [])
    world.stopped.clear()
    for campaign in world.files.campaigns:
        campaign.audio_name = None
        if campaign.audio in world.provider.bad_audios:
            campaign.audio = "audio-9"


def _choose(world: World) -> CampaignFile:
    return world.rng.choice(world.files.campaigns)


def _kill(process: Process) -> None:
    process.tell("is killed")
    process.doomed = True
    process.place.take_turn()


def _settle(world: World, chunk: str, label: str, numbers: Iterable[int]) -> None:
    """What the provider knows is what the operator says."""
    people = list(numbers)
    accepted = world.provider.has_taken(label, people)
    what = "accepted" if accepted else "not sent"
    if not accepted and world.is_on_its_way([(label, number) for number in people]):
        world.tell("operator", f"can't know yet what becomes of {world.name_chunk(chunk)}")
        return
    try:
        world.ledger.settle(chunk, accepted=accepted, provider_id=None, by="ops", clock=world.machine)
    except SettlementRefused as refused:
        world.tell("operator", f"may not settle {world.name_chunk(chunk)} as {what}: {refused.message}")
        return
    world.tell("operator", f"settles {world.name_chunk(chunk)} as {what}")
    world.counts["settlements"] += 1
    if not accepted:
        world.released += [(label, number) for number in people]
    world.laws.check_people()
