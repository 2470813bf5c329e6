"""Which campaigns a NAME of the command line is about, and which of them somebody has stopped by such a NAME."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol

from runner.model.clock import spell_moment

Identity = tuple[str, str | None]
"""A campaign's name and edition."""


def parse_label(label: str) -> Identity:
    """The identity that `name` or `name@edition` spells."""
    name, _, edition = label.partition("@")
    return name, edition or None


def spell_label(name: str, edition: str | None) -> str:
    """The identity in one word: `name`, or `name@edition`."""
    return name if edition is None else f"{name}@{edition}"


class Named(Protocol):
    """Anything that bears a campaign's identity."""

    @property
    def name(self) -> str:
        """The campaign's name."""
        ...

    @property
    def label(self) -> str:
        """The name, with the edition where there is one: `name@edition`."""
        ...


def matches(glob: str, campaign: Named) -> bool:
    """By name; by label too where the glob names an edition, so that `*-12` is about names that end so alone."""
    if glob in (campaign.name, campaign.label) or fnmatchcase(campaign.name, glob):
        return True
    return "@" in glob and fnmatchcase(campaign.label, glob)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandStop:
    """Somebody stopped the campaigns that `glob` is about, or all of them where it is empty, until they are resumed."""

    glob: str
    by: str
    at: datetime

    def covers(self, campaign: Named) -> bool:
        """Whether this campaign is stopped by it."""
        return not self.glob or matches(self.glob, campaign)

    def describe(self) -> str:
        """What was stopped, by whom and when."""
        what = f"`{self.glob}` was" if self.glob else "all campaigns were"
        return f"{what} stopped by {self.by} at {spell_moment(self.at)}"

    def describe_end(self) -> str:
        """What ends it: "`campaign resume` lets them go on"."""
        return f"`{self.resume}` lets {'it' if self.glob else 'them'} go on"

    @property
    def resume(self) -> str:
        """The command that ends it."""
        return self.spell_resume("campaign resume")

    def spell_resume(self, command: str) -> str:
        """The command that ends it; `command` is how the user calls `campaign resume`."""
        return f"{command} '{self.glob}'" if self.glob else command
