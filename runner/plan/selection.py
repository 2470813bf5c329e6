"""Which campaigns a command is about: NAME globs, and what `--exclude` takes out again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from runner.errors import RunnerError
from runner.model.listing import list_names
from runner.model.names import Named, matches


class NothingSelected(RunnerError):
    """A NAME, or a glob of `--exclude`, matches no campaign: more likely a slip than a wish."""

    code = "no-such-campaign"


@dataclass(frozen=True, slots=True)
class Selection:
    """Globs over names or `name@edition` labels; without any in `names`, every campaign is selected.

    Where `labels` is set, which is what a saved plan does, it is about the campaigns with these very labels alone.
    """

    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    labels: frozenset[str] | None = None

    def includes(self, campaign: Named) -> bool:
        """Whether this campaign is selected."""
        if self.labels is not None:
            return campaign.label in self.labels
        named = not self.names or any(matches(glob, campaign) for glob in self.names)
        return named and not any(matches(glob, campaign) for glob in self.excluded)

    @property
    def is_everything(self) -> bool:
        """Whether nobody chose anything."""
        return not self.names and self.labels is None

    def refuse_slips(self, campaigns: Iterable[Named]) -> None:
        """Raise NothingSelected where a glob matches none of `campaigns`, or all of them are excluded again."""
        known = list(campaigns)
        for glob in (*self.names, *self.excluded):
            if not any(matches(glob, campaign) for campaign in known):
                raise NothingSelected(f"no campaign matches `{glob}`", hint=_nearest(glob, known))
        if (self.names or self.excluded) and not any(self.includes(campaign) for campaign in known):
            raise NothingSelected("every campaign that was named is excluded again", hint="name one that is left")


def _nearest(glob: str, known: list[Named]) -> str:
    names = sorted({campaign.name for campaign in known})
    if not names:
        return "the project has no campaign yet: add a file under `campaigns/`"
    nearest = get_close_matches(glob, names, n=1)
    if nearest:
        return f"did you mean `{nearest[0]}`?"
    return f"the project has {list_names(names)}"
