"""Campaigns that look renamed, copied or mistyped: found by their people and their recording, not by their names."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from runner.audience.recipients import Audience
from runner.errors import Problem
from runner.model.config import Campaign
from runner.model.ledger import Hearers
from runner.model.names import parse_label
from runner.plan.desk import Desk
from runner.plan.formers import repeats
from runner.plan.guards import count_people, problem_at

EDITIONS_REST_FOR = timedelta(days=3)
"""How long after one edition of a campaign another one looks like a slip rather than the next one."""

FEW = 20
"""So many people in common, if they are more than 1 % of all, are no chance."""


@dataclass(slots=True)
class Planned:
    """A campaign of this plan that would be sent, and its people."""

    label: str
    numbers: array[int]


@dataclass(slots=True)
class Resemblance:
    """What the campaigns of one plan have in common with the ledger, and with those of the plan that go before them."""

    desk: Desk
    audios: Counter[str]
    planned: dict[str, list[Planned]] = field(default_factory=lambda: defaultdict(list))

    def note_sent(self, campaign: Campaign, audience: Audience) -> None:
        """Remember whom this campaign would reach, where a later one has the same recording."""
        audio = campaign.content.audio
        if self.audios[audio] > 1:
            self.planned[audio].append(Planned(campaign.label, audience.keep_pending().numbers))

    def judge(self, campaign: Campaign, audience: Audience) -> Iterator[Problem]:
        """Whether too many of the campaign's people got its recording under another name, or would in this plan."""
        state = self.desk.state
        hearers = tuple(self._find_hearers(campaign))
        planned = [
            other
            for other in self.planned[campaign.content.audio]
            if not repeats(campaign, parse_label(other.label), self.desk.formers)
        ]
        if not hearers and not planned:
            return
        shared, each = audience.count_shared(
            [state.ledger.read_hearers(other) for other in hearers] if state is not None else [],
            [other.numbers for other in planned],
            state.pseudonyms.sql if state is not None else None,
        )
        people = count_people(audience.rows)
        if shared * 2 >= people or (shared >= FEW and shared * 100 > people):
            most = max(range(len(each)), key=each.__getitem__)
            told = _say_heard(hearers[most]) if most < len(hearers) else _say_planned(planned[most - len(hearers)])
            yield _tell(campaign, shared, people, *told)

    def _find_hearers(self, campaign: Campaign) -> Iterator[Hearers]:
        if self.desk.state is None:
            return
        own = self.desk.identities_of(campaign)
        # Editions that stand under a former name are its own.
        former = {name for (name, _), (now, _) in self.desk.formers.items() if now == campaign.name}
        names = {campaign.name, *former}
        for other in self.desk.state.ledger.find_hearers(campaign.content.audio):
            identity = (other.name, other.edition)
            rested = other.name in names and self.desk.now - other.last_at > EDITIONS_REST_FOR
            if identity not in own and not rested and not repeats(campaign, identity, self.desk.formers):
                yield other


def count_audios(campaigns: Iterable[Campaign]) -> Counter[str]:
    """How many of these campaigns have each recording."""
    return Counter(campaign.content.audio for campaign in campaigns)


def _say_heard(hearers: Hearers) -> tuple[str, str]:
    return hearers.label, f"got this recording already, most of them as `{hearers.label}` on {hearers.last_at:%Y-%m-%d}"


def _say_planned(planned: Planned) -> tuple[str, str]:
    return planned.label, f"would get this recording in this very plan, most of them as `{planned.label}`"


def _tell(campaign: Campaign, shared: int, people: int, label: str, got: str) -> Problem:
    message = f"{shared:,} of the {people:,} people of `{campaign.label}` {got}: it looks renamed, copied or mistyped"
    hint = (
        f"`previously: {label}` where it is that campaign under another name;"
        f" `repeats: [{label}]` where they shall get it again"
    )
    return problem_at(campaign, "message.audio", "same-audio", message, hint)
