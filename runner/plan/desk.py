"""What lies on the desk when a campaign is planned: project, ledger, moment; and the audience read from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from runner.audience.reasons import LedgerPeople
from runner.audience.recipients import Audience, build_audience, read_excluded
from runner.audience.tables import Means
from runner.errors import Problem
from runner.hosts import VARIABLE, parse_allowed_hosts
from runner.model.approval import Approval
from runner.model.config import Account, Campaign, Project
from runner.model.ledger import HOLDING, IN_DOUBT, CampaignRecord
from runner.model.names import HandStop, Identity
from runner.plan.content import keep_content
from runner.plan.formers import find_former, join_records
from runner.project.references import resolve
from runner.state.open import State
from runner.templates import build_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that campaigns are planned from.

    `state` is None where nothing was ever recorded; `records` is what its ledger knows, by name and edition, read once.
    `environment` is where references of sources are looked up; templates see the variables in `exposed` alone.
    `sandbox` plans for the embedded sandbox, which alone takes the numbers kept for works of fiction. `approval` is the
    upper bound of a saved plan that is carried out, `formers` the names that campaigns had before, `measures` how much
    there was of people and exclusions when something was last sent. `closed` says by name why accounts can't be used,
    `in_doubt` how many chunks of each are in doubt; `stops` is what somebody stopped by hand.
    """

    project: Project
    state: State | None
    records: Mapping[Identity, CampaignRecord]
    exposed: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    now: datetime
    sandbox: bool = False
    runner_version: str
    stops: tuple[HandStop, ...] = ()
    closed: Mapping[str, Problem] = field(default_factory=dict)
    approval: Approval | None = None
    formers: Mapping[Identity, Identity] = field(default_factory=dict)
    measures: Mapping[str, int] = field(default_factory=dict)
    in_doubt: Mapping[str, int] = field(default_factory=dict)

    def account_of(self, campaign: Campaign) -> Account:
        """The account that this campaign is sent with."""
        return self.project.accounts[campaign.account]

    @property
    def as_of(self) -> datetime:
        """The moment that sources see as now: that of planning, also when a saved plan is carried out."""
        return self.now if self.approval is None else self.approval.planned_at

    def identities_of(self, campaign: Campaign) -> tuple[Identity, ...]:
        """The names under which the ledger knows this campaign: its own, and the one that it had before."""
        own = (campaign.name, campaign.edition)
        former = find_former(campaign, self.project, self.records, self.formers)
        return tuple(identity for identity in (own, former) if identity is not None and identity in self.records)

    def names_of(self, campaign: Campaign) -> tuple[Identity, ...]:
        """Every name and edition that this campaign has and had, its own first."""
        own, known = (campaign.name, campaign.edition), self.identities_of(campaign)
        had = (former for former, now in self.formers.items() if now in (own, *known))
        return tuple(dict.fromkeys((own, *known, *had)))

    def record_of(self, campaign: Campaign) -> CampaignRecord | None:
        """What the ledger knows of this campaign, if anything, under all its names."""
        return join_records(campaign, [self.records[identity] for identity in self.identities_of(campaign)])


def read_records(state: State | None) -> dict[Identity, CampaignRecord]:
    """What the ledger knows of every campaign, by name and edition; empty where nothing was ever recorded."""
    if state is None:
        return {}
    return {(record.campaign, record.edition): record for record in state.ledger.campaigns()}


def count_in_doubt(state: State | None) -> Counter[str]:
    """How many chunks of each account are in doubt."""
    if state is None:
        return Counter()
    return Counter(chunk.account for chunk in state.ledger.chunks(statuses=IN_DOUBT))


def read_audience(campaign: Campaign, desk: Desk) -> Audience:
    """The campaign's recipients, judged and held against the ledger. Raises ProblemsFound where a source fails."""
    return build_audience(
        campaign,
        means=_find_means(campaign, desk),
        countries=desk.account_of(campaign).countries,
        fiction=desk.sandbox,
        ledger=_find_people(campaign, desk),
    )


def reread_excluded(campaign: Campaign, desk: Desk) -> frozenset[int]:
    """The numbers that the campaign's exclusions hold now. Raises ProblemsFound where one of them fails."""
    return read_excluded(
        campaign,
        means=_find_means(campaign, desk),
        countries=desk.account_of(campaign).countries,
        fiction=desk.sandbox,
    )


def _find_means(campaign: Campaign, desk: Desk) -> Means:
    return Means(
        root=desk.project.root,
        context=_build_context(campaign, desk),
        look_up=partial(resolve, environment=desk.environment, root=desk.project.root),
        allowed_hosts=parse_allowed_hosts(desk.environment.get(VARIABLE)),
    )


def _build_context(campaign: Campaign, desk: Desk) -> Mapping[str, object]:
    return build_context(
        vars=campaign.vars,
        env=desk.exposed,
        campaign={"name": campaign.name, "edition": campaign.edition, "account": campaign.account},
        now=desk.as_of.astimezone(ZoneInfo(desk.account_of(campaign).timezone)),
    )


def _find_people(campaign: Campaign, desk: Desk) -> LedgerPeople | None:
    """The people of the campaign in the ledger, under all its names; None where it knows none of them."""
    state, record = desk.state, desk.record_of(campaign)
    if state is None or record is None:
        return None
    identities, digest = desk.identities_of(campaign), keep_content(campaign.content, state.pseudonyms).digest
    ledger = state.ledger
    return LedgerPeople(
        count=sum(record.people.get(status, 0) for status in HOLDING),
        read=lambda: chain.from_iterable(ledger.read_people(*each, digest) for each in identities),
        find=lambda ask: chain.from_iterable(ledger.find_people(*each, digest, ask()) for each in identities),
        pseudonym_sql=state.pseudonyms.sql,
    )
