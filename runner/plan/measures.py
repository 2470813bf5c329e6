"""What is measured of a campaign when it is sent, so that the next plan can tell that a list grew or shrank."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from runner.audience.recipients import Audience
from runner.errors import Problem
from runner.model.config import Campaign, Source
from runner.model.names import Identity
from runner.plan.guards import count_people


def count_planned(audience: Audience) -> int:
    """The people that the campaign has, but for those whom a saved plan leaves out."""
    return count_people(audience.whole) - audience.newcomers


def find_last_people(names: Iterable[Identity], last: Mapping[str, int]) -> int | None:
    """How many people a campaign had when it was last sent, in any edition, by the first of its names that tells."""
    subjects = (_name_people(name) for name, _ in names)
    return next((last[subject] for subject in subjects if subject in last), None)


def measure(campaign: Campaign, audience: Audience, last: Mapping[str, int]) -> dict[str, int]:
    """How many people the campaign has, and how many rows each of its exclusions.

    Where it does not mind that an exclusion shrinks, fewer rows are no new measure: another campaign may mind.
    """
    measured = {
        _name_rows(source): rows
        for source, rows in zip(campaign.exclude, audience.exclusion_rows, strict=True)
        if source.max_shrink is not None or rows > last.get(_name_rows(source), 0)
    }
    return {_name_people(campaign.name): count_planned(audience), **measured}


def judge_shrinking(campaign: Campaign, exclusion_rows: Sequence[int], last: Mapping[str, int]) -> Iterator[Problem]:
    """Every exclusion that lost more of its rows than it may: whom the lost ones protected is not known."""
    for source, rows in zip(campaign.exclude, exclusion_rows, strict=True):
        before = last.get(_name_rows(source), 0)
        if source.max_shrink is not None and before - rows > source.max_shrink * before:
            share = f"{(100 * source.max_shrink).normalize():f}%"
            message = (
                f"the exclusion `{source.text or 'numbers'}` has {rows:,} rows, and had {before:,} when something was"
                f" last sent; max_shrink is {share}"
            )
            hint = "put the missing rows back; if so few are meant, raise `max_shrink` for one run"
            yield Problem("exclusion-shrunk", message, source.place, hint, source.excerpt)


def _name_people(name: str) -> str:
    return f"people {name}"


def _name_rows(source: Source) -> str:
    """Under what the rows of this exclusion are measured: whatever campaign it serves, it is the same list."""
    said = [source.kind.value, source.text, source.column, source.where, source.items, list(source.numbers)]
    return f"rows {sha256(json.dumps(said).encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
