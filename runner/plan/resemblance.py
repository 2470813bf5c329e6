"""Campaigns that look renamed, copied or mistyped: found by their people and their recording, not by their names."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain

from runner.audience.recipients import Audience
from runner.errors import Problem, Severity
from runner.model.config import Campaign
from runner.model.ledger import Hearers
from runner.model.names import parse_label
from runner.plan.content import list_kept_audios
from runner.plan.desk import Desk
from runner.plan.formers import may_go_on, repeats
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
        """Who of the campaign's people got its recording under another name, or would in this plan.

        Too many of them are an error, a few a word to whoever reviews the plan, and so are those of `repeats`.
        """
        people, formers = count_people(audience.rows), self.desk.formers
        others: list[Hearers | Planned] = [*self._find_hearers(campaign), *self.planned[campaign.content.audio]]
        on_purpose = [other for other in others if repeats(campaign, parse_label(other.label), formers)]
        by_chance = [other for other in others if other not in on_purpose]
        shared, most = self._count_shared(by_chance, audience)
        if shared and most is not None:
            is_refused = shared * 2 >= people or (shared >= FEW and shared * 100 > people)
            yield _tell(campaign, shared, people, most, hint=self._hint(campaign, most), is_refused=is_refused)
        shared, most = self._count_shared(on_purpose, audience)
        if shared and most is not None:
            yield _tell_repeated(campaign, shared, people, most)

    def _count_shared(
        self, others: Sequence[Hearers | Planned], audience: Audience
    ) -> tuple[int, Hearers | Planned | None]:
        """How many people the audience shares with any of these, and with which of them most."""
        state = self.desk.state
        hearers = [other for other in others if isinstance(other, Hearers)]
        planned = [other for other in others if isinstance(other, Planned)]
        if not others:
            return 0, None
        shared, each = audience.count_shared(
            [state.ledger.read_hearers(other) for other in hearers] if state is not None else [],
            [other.numbers for other in planned],
            state.pseudonyms.sql if state is not None else None,
        )
        ordered: list[Hearers | Planned] = [*hearers, *planned]
        most = max(range(len(each)), key=each.__getitem__)
        return shared, ordered[most]

    def _hint(self, campaign: Campaign, other: Hearers | Planned) -> str:
        """What settles it: `previously` too, but where the other campaign has a file still and is another one."""
        desk, again = self.desk, f"`repeats: [{other.label}]` where they shall get it again"
        if not may_go_on(campaign, other.label, desk.project, desk.records, desk.formers):
            return again
        return f"`previously: {other.label}` where it is that campaign under another name; {again}"

    def _find_hearers(self, campaign: Campaign) -> Iterator[Hearers]:
        if self.desk.state is None:
            return
        own = self.desk.identities_of(campaign)
        # Editions that stand under a former name are its own.
        former = {name for (name, _), (now, _) in self.desk.formers.items() if now == campaign.name}
        names = {campaign.name, *former}
        audios = list_kept_audios(campaign.content.audio, self.desk.state.pseudonyms)
        for other in chain.from_iterable(map(self.desk.state.ledger.find_hearers, audios)):
            rested = other.name in names and self.desk.now - other.last_at > EDITIONS_REST_FOR
            if (other.name, other.edition) not in own and not rested:
                yield other


def count_audios(campaigns: Iterable[Campaign]) -> Counter[str]:
    """How many of these campaigns have each recording."""
    return Counter(campaign.content.audio for campaign in campaigns)


def _say_got(other: Hearers | Planned) -> str:
    if isinstance(other, Planned):
        return f"would get this recording in this very plan, most of them as `{other.label}`"
    return f"got this recording already, most of them as `{other.label}` on {other.last_at:%Y-%m-%d}"


def _tell(
    campaign: Campaign, shared: int, people: int, other: Hearers | Planned, *, hint: str, is_refused: bool
) -> Problem:
    message = f"{shared:,} of the {people:,} people of `{campaign.label}` {_say_got(other)}"
    if is_refused:
        message += ": it looks renamed, copied or mistyped"
        return problem_at(campaign, "message.audio", "same-audio", message, hint)
    return _warn(campaign, message, hint)


def _tell_repeated(campaign: Campaign, shared: int, people: int, other: Hearers | Planned) -> Problem:
    message = f"{shared:,} of the {people:,} people of `{campaign.label}` {_say_got(other)}, and shall get it again"
    return _warn(campaign, message, "`repeats` says so; remove it where they shall not")


def _warn(campaign: Campaign, message: str, hint: str) -> Problem:
    return replace(problem_at(campaign, "message.audio", "same-audio", message, hint), severity=Severity.WARNING)
