"""What still waits to be sent: the queue of one campaign, and the accounts with their queues and windows."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runner.audience.recipients import Pending
from runner.model.clock import Instant
from runner.model.config import Campaign
from runner.model.ledger import KeptContent
from runner.model.verdict import Accepted, NotSent, RateLimited, Unknown, Verdict
from runner.plan.build import Planning
from runner.plan.content import keep_content
from runner.plan.desk import Desk, reread_excluded
from runner.plan.estimate import chunk_size
from runner.plan.schedule import find_schedule, is_near, is_over
from runner.sending.chunk import Chunk, Door
from runner.sending.pacing import Window
from runner.sending.parts import Part, Parts

EXCLUSIONS_HOLD_FOR = timedelta(minutes=15)
"""How old what a run knows of the exclusions may be: whoever says no while it goes on is not called hours later."""


@dataclass(slots=True)
class Queue:
    """The people of one campaign that still wait, and what became of the campaign in this run.

    `accepted` says whether this content was accepted before; until it was, requests are probes. `audio_name_heard`
    says whether an answer told before what the provider calls the recording. `reread_excluded`
    answers whom the exclusions hold now. `stopped` is the reason why nothing more of it is sent, `exit_code` what that
    means for the run.
    """

    campaign: Campaign
    plan_id: str
    content: KeptContent
    schedule: datetime | None
    people: Pending
    parts: Parts
    accepted: bool
    audio_name_heard: bool
    reread_excluded: Callable[[], frozenset[int]]
    excluded_read_at: datetime
    stopped: str | None = None
    exit_code: int = 0

    @property
    def label(self) -> str:
        """The campaign's identity in one word."""
        return self.campaign.label

    @property
    def waits(self) -> bool:
        """Whether there is something to send, and nothing that forbids it."""
        return self.stopped is None and self.parts.pending > 0

    def find_closing(self, now: datetime, timezone: str) -> str | None:
        """Why the time for this campaign is over, or None while it is not."""
        if is_over(self.campaign, now, timezone):
            return f"`until` was {self.campaign.until}"
        if self.schedule is not None and is_near(self.schedule, now):
            return f"its schedule, {self.schedule:%Y-%m-%d %H:%M}, comes in less than 5 minutes"
        return None

    def refresh_exclusions(self, now: datetime) -> None:
        """Let those wait no longer who were excluded meanwhile. Raises ProblemsFound where exclusions can't be read."""
        if self.campaign.exclude and abs(now - self.excluded_read_at) >= EXCLUSIONS_HOLD_FOR:
            self.parts.exclude(self.reread_excluded())
            self.excluded_read_at = now

    def judge_audio_name(self, told: str | None) -> str | None:
        """What is wrong with what an answer calls the recording; None where it is what `audio_name` says.

        An answer may keep silent about it once another one told.
        """
        wanted = self.campaign.audio_name
        if wanted is None or told == wanted or (told is None and self.audio_name_heard):
            self.audio_name_heard = self.audio_name_heard or told is not None
            return None
        if told is None:
            return f"the provider does not say what it calls this recording, and audio_name says `{wanted}`"
        return f"the provider calls this recording `{told}`, and audio_name says `{wanted}`"

    def name_row(self, number: int) -> str:
        """Where the number stands, for a report that names rows and never numbers."""
        place = self.people.find_row(number)
        return f"{place.file or place.source} row {place.row}"


@dataclass(slots=True)
class OpenAccount:
    """One account of the run: the door to its provider, its window, and its queues in their order.

    Two names with one API key share the window. `doubtful` says whether the last answer of the account, of any run, is
    not known, as far as this run has heard: then requests are probes. `failures` counts tries to connect in a row,
    `too_many` the answers in a row that said the rate was too high, `too_many_since` the first of them.
    """

    door: Door
    window: Window
    queues: list[Queue]
    doubtful: bool
    failures: int = 0
    too_many: int = 0
    too_many_since_s: float = 0.0
    stopped: str | None = None
    exit_code: int = 0

    @property
    def name(self) -> str:
        """The account's name."""
        return self.door.account.name

    @property
    def next_queue(self) -> Queue | None:
        """The campaign whose turn it is, or None where the account has nothing to send."""
        if self.stopped is not None:
            return None
        return next((queue for queue in self.queues if queue.waits), None)

    def note(self, verdict: Verdict, ended: Instant | None) -> None:
        """Count this outcome: in the window where its request left, and among those that came in a row."""
        if ended is not None:
            self.window.note_end(ended)
        if isinstance(verdict, Accepted | Unknown):
            self.doubtful = isinstance(verdict, Unknown)
        self.failures = self.failures + 1 if isinstance(verdict, NotSent) else 0
        if not isinstance(verdict, RateLimited):
            self.too_many = 0
        elif ended is not None:
            self.too_many += 1
            if self.too_many == 1:
                self.too_many_since_s = ended.boottime_s

    def cut_chunk(self, queue: Queue, most: int) -> tuple[Part, Chunk]:
        """The next people of this queue, at most `most` of them, as the chunk that would be sent."""
        size = chunk_size(queue.campaign, self.door.account)
        probe = queue.campaign.delivery.probe
        probes = probe > 0 and (not queue.accepted or self.doubtful)
        part = queue.parts.take(min(most, size, probe) if probes else min(most, size))
        campaign = queue.campaign
        return part, Chunk(
            campaign=campaign.name,
            edition=campaign.edition,
            label=campaign.label,
            content=campaign.content,
            kept_content=queue.content,
            schedule=queue.schedule,
            numbers=part.numbers,
            probe=probes,
            largest_probe=probe,
            plan_id=queue.plan_id,
        )


def open_accounts(doors: Sequence[Door], planning: Planning, desk: Desk) -> tuple[OpenAccount, ...]:
    """Each door with the queues of the campaigns that are to be sent through it, in the plan's order.

    Doors that share a lock, since they have one key, share the window too, in which the limits of each hold.
    """
    campaigns = {campaign.label: campaign for campaign in desk.project.campaigns}
    shared = defaultdict(list)
    for door in doors:
        shared[door.held.account_id].append(door)
    windows = {account_id: _open_window(sharing) for account_id, sharing in shared.items()}
    accounts = []
    for door in doors:
        queues = [
            _open_queue(campaigns[planned.label], planning, door, desk)
            for planned in planning.plan.sending
            if planned.account == door.account.name
        ]
        doubtful = door.state.ledger.must_probe(door.held)
        accounts.append(OpenAccount(door, windows[door.held.account_id], queues, doubtful))
    return tuple(accounts)


def _open_window(doors: Sequence[Door]) -> Window:
    limits = [door.account.limits for door in doors]
    newest = max(limit.requests for limit in limits)
    return Window(limits, doors[0].state.ledger.departures(doors[0].held, newest=newest), doors[0].clock)


def _open_queue(campaign: Campaign, planning: Planning, door: Door, desk: Desk) -> Queue:
    people = planning.audiences[campaign.label]
    content = keep_content(campaign.content, door.state.pseudonyms)
    record = desk.record_of(campaign)
    return Queue(
        campaign=campaign,
        plan_id=planning.plan.plan_id,
        content=content,
        schedule=find_schedule(campaign, door.account.timezone),
        people=people,
        parts=Parts(people.numbers, _find_refused_before(campaign, content, door)),
        accepted=record is not None and content.digest in record.accepted_contents,
        audio_name_heard=door.state.ledger.heard_audio_name(campaign.name, campaign.edition, content.audio) is not None,
        reread_excluded=lambda: reread_excluded(campaign, desk),
        excluded_read_at=desk.now,
    )


def _find_refused_before(campaign: Campaign, content: KeptContent, door: Door) -> tuple[str, ...]:
    """The numbers refused alone since the last acceptance; three of them were no number's fault, and are forgiven."""
    ledger = door.state.ledger
    refused = ledger.refused_alone(campaign.name, campaign.edition, content.digest)
    if not Parts(array("Q"), refused).find_innocent():
        return refused
    ledger.forgive_refused(door.held, refused)
    return ()
