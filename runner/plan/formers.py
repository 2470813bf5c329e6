"""Campaigns under a new name: which ledger goes on under it, and what is wrong with what `previously` names."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

from runner.errors import Problem, Severity
from runner.model.config import Campaign, FailingCampaign, Project
from runner.model.ledger import CampaignRecord
from runner.model.names import Identity, parse_label, spell_label
from runner.plan.guards import problem_at
from runner.plan.selection import Selection
from runner.state.open import State

UNKNOWN = {"previously": "previously-unknown", "repeats": "repeats-unknown"}

Formers = Mapping[Identity, Identity]
"""Every name that a campaign had, and the one that its ledger has now."""

Number = TypeVar("Number", int, Decimal)


def find_former(campaign: Campaign, project: Project, known: Container[Identity], formers: Formers) -> Identity | None:
    """The identity among `known` whose ledger goes on under this campaign, if any.

    One that has a file still is no former one, and where a ledger went on under this campaign already, no other one
    does: the same word would then mean an earlier edition.
    """
    candidates = _list_candidates(campaign)
    if any(formers.get(identity) == _identify(campaign) for identity in candidates):
        return None
    found = [ledger for ledger in _find_ledgers(campaign, formers, known) if ledger in known]
    files = _list_identities(project) if found else frozenset()
    return next((identity for identity in found if identity not in files), None)


def rename_formers(project: Project, selection: Selection, state: State) -> Iterator[str]:
    """Let the ledger go on under the new names, for ever; say which did."""
    known = {(record.campaign, record.edition) for record in state.ledger.campaigns()}
    formers = state.ledger.formers()
    for campaign in filter(selection.includes, project.campaigns):
        former = find_former(campaign, project, known, formers)
        if former is None or any(_find_misuse(campaign, project, known, formers)):
            continue
        if state.ledger.rename(former, _identify(campaign)):
            yield f"the ledger of `{campaign.previously}` goes on under `{campaign.label}`"


def judge_names(
    campaign: Campaign, project: Project, records: Collection[Identity], formers: Formers
) -> Iterator[Problem]:
    """What is wrong with the names of a campaign: its own, and those that `previously` and `repeats` name."""
    yield from _find_misuse(campaign, project, records, formers)
    yield from _find_return(campaign, project, records, formers)
    labels = _list_labels(project, (*records, *formers))
    candidates = _list_candidates(campaign)
    if candidates and not any(label in labels for label in (spell_label(*identity) for identity in candidates)):
        yield _tell_unknown(campaign, "previously", campaign.previously or "", labels)
    for label in campaign.repeats:
        if not any(label in (known, known.partition("@")[0]) for known in labels):
            yield _tell_unknown(campaign, "repeats", label, labels)


def warn_of_rival(campaign: Campaign, project: Project) -> Iterator[Problem]:
    """What will block a campaign once it has people pending: another one claims the same former name."""
    yield from (replace(problem, severity=Severity.WARNING) for problem in _find_rival(campaign, project))


def may_go_on(
    campaign: Campaign, former: str, project: Project, records: Collection[Identity], formers: Formers
) -> bool:
    """Whether `previously` could name this label: a ledger goes on under no other name while its file is there."""
    return not any(_find_misuse(replace(campaign, previously=former), project, records, formers))


def repeats(campaign: Campaign, other: Identity, formers: Formers) -> bool:
    """Whether the campaign's people may get again what this other one, under any name that it had, has sent them."""
    names = [other, *(former for former, now in formers.items() if now == other)]
    return any(label in (name, spell_label(name, edition)) for label in campaign.repeats for name, edition in names)


def join_records(campaign: Campaign, records: list[CampaignRecord]) -> CampaignRecord | None:
    """What the ledger knows of one campaign under several names, as one; the earliest content is the first."""
    if not records:
        return None
    first = min(records, key=lambda record: record.first_activity)
    newest = max(records, key=lambda record: record.last_activity)
    return replace(
        first,
        campaign=campaign.name,
        edition=campaign.edition,
        account=newest.account,
        people=_add_up((record.people for record in records), 0),
        chunks=_add_up((record.chunks for record in records), 0),
        costs=_add_up((record.costs for record in records), Decimal(0)),
        last_activity=newest.last_activity,
        accepted_contents=frozenset().union(*(record.accepted_contents for record in records)),
    )


def _add_up(counts: Iterable[Mapping[str, Number]], nothing: Number) -> dict[str, Number]:
    total: dict[str, Number] = {}
    for each in counts:
        for name, number in each.items():
            total[name] = total.get(name, nothing) + number
    return total


def _list_candidates(campaign: Campaign) -> list[Identity]:
    """The identities that `previously` may mean: without an edition, the one with this campaign's first."""
    if campaign.previously is None:
        return []
    name, edition = parse_label(campaign.previously)
    candidates = [(name, edition)] if edition is not None else [(name, campaign.edition), (name, None)]
    return [identity for identity in candidates if identity != (campaign.name, campaign.edition)]


def _find_ledgers(campaign: Campaign, formers: Formers, known: Container[Identity]) -> list[Identity]:
    """Where the ledgers are that `previously` may mean: that of a name which the ledger left stands under its heir's.

    An heir of the campaign's own name is an earlier edition of it, whose people a new one may reach again.
    """
    candidates = _list_candidates(campaign)
    heirs = [identity if identity in known else formers.get(identity, identity) for identity in candidates]
    return [identity if heir[0] == campaign.name else heir for identity, heir in zip(candidates, heirs, strict=True)]


def _identify(campaign: Campaign) -> Identity:
    return campaign.name, campaign.edition


def _list_identities(project: Project) -> frozenset[Identity]:
    return frozenset((other.name, other.edition) for other in _list_files(project))


def _list_files(project: Project) -> list[Campaign | FailingCampaign]:
    return [*project.campaigns, *project.failing]


def _find_misuse(
    campaign: Campaign, project: Project, known: Container[Identity], formers: Formers
) -> Iterator[Problem]:
    candidates = _list_candidates(campaign)
    if campaign.previously is not None and not candidates:
        message = f"`{campaign.previously}` is this very campaign"
        yield problem_at(campaign, "previously", "previously-in-use", message, "remove `previously`")
    meant = {*candidates, *_find_ledgers(campaign, formers, known)} - {_identify(campaign)}
    named = [other for other in _list_files(project) if (other.name, other.edition) in meant]
    if named:
        message = f"`{named[0].label}` is the campaign of {named[0].file}: its ledger can't go on under another name"
        hint = "remove that file, or name it in `repeats` where its people shall get the same recording again"
        yield problem_at(campaign, "previously", "previously-in-use", message, hint)
    yield from _find_rival(campaign, project)


def _find_rival(campaign: Campaign, project: Project) -> Iterator[Problem]:
    """Another campaign that claims the same former name."""
    others = (other for other in project.campaigns if other.label != campaign.label)
    rival = next((other for other in others if other.previously == campaign.previously), None)
    if _list_candidates(campaign) and rival is not None:
        message = f"{rival.file} was called `{campaign.previously}` too, it says: a ledger goes on under one name"
        yield problem_at(campaign, "previously", "previously-twice", message, "remove it from one of them")


def _find_return(
    campaign: Campaign, project: Project, known: Container[Identity], formers: Formers
) -> Iterator[Problem]:
    """A name that came back, from an older copy of the files mostly: its people are held under the later name."""
    own = _identify(campaign)
    heir = formers.get(own)
    if heir is None or own in known or heir in _list_identities(project):
        return
    if heir not in _find_ledgers(campaign, formers, known) and not repeats(campaign, heir, formers):
        label = spell_label(*heir)
        message = f"the ledger of `{campaign.label}` went on under `{label}`, which is in no file: by its old name"
        message += " everybody whom it reached would be reached again"
        hint = f"`previously: {label}` takes the ledger back; `repeats: [{label}]` begins anew, on purpose"
        yield Problem("renamed-before", message, campaign.place, hint)


def _tell_unknown(campaign: Campaign, key: str, label: str, known: Sequence[str]) -> Problem:
    nearest = get_close_matches(label, known, n=1)
    hint = f"did you mean `{nearest[0]}`?" if nearest else "`campaign status` lists the campaigns that the ledger knows"
    message = f"`{key}` names `{label}`, and neither the ledger nor any file knows a campaign of this name"
    return problem_at(campaign, key, UNKNOWN[key], message, hint)


def _list_labels(project: Project, identities: Iterable[Identity]) -> list[str]:
    """Every label that means something: of files, of the ledger, of names that it remembers."""
    labels = {campaign.label for campaign in _list_files(project)}
    labels |= {spell_label(*identity) for identity in identities}
    return sorted(labels)
