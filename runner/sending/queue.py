"""What still waits to be sent: the queue of one campaign, and the accounts with their queues and windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runner.audience.recipients import Audience
from runner.model.config import Campaign
from runner.model.ledger import KeptContent
from runner.plan.estimate import chunk_size
from runner.plan.schedule import is_over
from runner.sending.chunk import Chunk, Door
from runner.sending.pacing import Window
from runner.sending.parts import Part, Parts

SCHEDULE_MARGIN = timedelta(minutes=5)
"""A schedule that comes nearer than this is no longer handed to the provider: how late it still takes one is unknown."""


@dataclass(slots=True)
class Queue:
    """The people of one campaign that still wait, and what became of the campaign in this run.

    `accepted` says whether this content was accepted before; until it was, requests are probes. `stopped` is the
    reason why nothing more of it is sent, `exit_code` what that means for the run.
    """

    campaign: Campaign
    content: KeptContent
    schedule: datetime | None
    audience: Audience
    parts: Parts
    accepted: bool
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
        if self.schedule is not None and self.schedule - now < SCHEDULE_MARGIN:
            return f"its schedule, {self.schedule:%Y-%m-%d %H:%M}, comes in less than 5 minutes"
        return None

    def name_row(self, number: int) -> str:
        """Where the number stands, for a report that names rows and never numbers."""
        place = self.audience.find_row(number)
        return f"{place.file or place.source} row {place.row}"


@dataclass(slots=True)
class OpenAccount:
    """One account of the run: the door to its provider, its window, and its queues in their order.

    Two names with one API key share the window. `failures` counts tries to connect in a row, `too_many` the answers in
    a row that said the rate was too high, `too_many_since` the first of them.
    """

    door: Door
    window: Window
    queues: list[Queue]
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

    def cut_chunk(self, queue: Queue, most: int) -> tuple[Part, Chunk]:
        """The next people of this queue, at most `most` of them, as the chunk that would be sent."""
        size = chunk_size(queue.campaign, self.door.account)
        probe = queue.campaign.delivery.probe
        probes = probe > 0 and (not queue.accepted or self.door.state.ledger.must_probe(self.door.held))
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
        )


