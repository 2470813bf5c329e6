"""The user's files as they are at a moment of the history, and the project that they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from runner.errors import Place
from runner.model.config import Account, Campaign, Content, Delivery, Limits, Project, Source, SourceKind
from runner.model.secret import Reference

PLACE = Place("campaigns.yaml")
EXCLUSIONS = Source(kind=SourceKind.FILE, place=PLACE, text="no.csv")


@dataclass(slots=True)
class AccountFile:
    """An account; `key` is what its `${…}` stands for."""

    name: str
    key: str
    requests: int
    per_s: float
    timeout_s: float
    max_in_doubt: int


@dataclass(slots=True)
class CampaignFile:
    """A campaign and its list, as numbers; `excluded_at_s` says who opted out, and when."""

    name: str
    account: str
    people: list[int]
    chunk_size: int
    probe: int
    audio: str = "audio-1"
    url: str | None = None
    audio_name: str | None = None
    edition: str | None = None
    priority: int = 0
    excluded_at_s: dict[int, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The campaign's identity."""
        return spell_label(self.name, self.edition)

    @property
    def wanted(self) -> list[int]:
        """Those on the list whom no exclusion holds."""
        return [number for number in self.people if number not in self.excluded_at_s]


@dataclass(slots=True)
class Files:
    """All files; `readable` says whether exclusions can be read."""

    accounts: list[AccountFile]
    campaigns: list[CampaignFile]
    readable: bool = True

    def find_account(self, name: str) -> AccountFile:
        """The account of this name."""
        return next(account for account in self.accounts if account.name == name)

    def find_campaign(self, name: str) -> CampaignFile:
        """The campaign of this name, whatever its edition is now."""
        return next(campaign for campaign in self.campaigns if campaign.name == name)


def spell_label(name: str, edition: str | None) -> str:
    """A campaign and edition in one word."""
    return name if edition is None else f"{name}@{edition}"


def spell_email(name: str, edition: str | None) -> str:
    """The address for notifications, by which the provider of a history knows campaign and edition."""
    return f"{name}.{edition}@example.fr" if edition is not None else f"{name}@example.fr"


def read_email(email: str) -> str:
    """The label that `spell_email` was given."""
    name, _, edition = email.removesuffix("@example.fr").partition(".")
    return spell_label(name, edition or None)


def build_project(files: Files, root: Path) -> Project:
    """The project as the product would load it."""
    accounts = {
        account.name: Account(
            name=account.name,
            place=PLACE,
            api_key=Reference("${KEY}"),
            limits=Limits(requests=account.requests, per=timedelta(seconds=account.per_s)),
            timeout=timedelta(seconds=account.timeout_s),
            max_in_doubt=account.max_in_doubt,
        )
        for account in files.accounts
    }
    campaigns = tuple(map(_build_campaign, files.campaigns))
    return Project(root=root, accounts=accounts, campaigns=campaigns)


def _build_campaign(file: CampaignFile) -> Campaign:
    return Campaign(
        name=file.name,
        edition=file.edition,
        file=f"campaigns/{file.name}.yaml",
        place=PLACE,
        account=file.account,
        content=Content(audio=file.audio, notify_email=spell_email(file.name, file.edition), notify_url=file.url),
        recipients=(),
        exclude=(EXCLUSIONS,),
        audio_name=file.audio_name,
        delivery=Delivery(chunk_size=file.chunk_size, probe=file.probe, priority=file.priority),
    )
