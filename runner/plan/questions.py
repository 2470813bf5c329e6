"""The open questions that block a campaign until somebody answers them: its account, its schedule, its recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from runner.errors import Problem, Severity
from runner.model.config import Account, Campaign
from runner.plan.content import hide_numbers, list_kept_audios
from runner.plan.desk import Desk
from runner.plan.formers import judge_names
from runner.plan.guards import problem_at
from runner.plan.schedule import ScheduleRefused, find_schedule, is_near, refuse_past


def find_open_questions(campaign: Campaign, desk: Desk, *, accepted_before: bool) -> Iterator[Problem]:
    """Every question that keeps this campaign, which has people pending, from being sent.

    `accepted_before` says whether today's content was accepted before.
    """
    if campaign.account in desk.closed:
        yield desk.closed[campaign.account]
    yield from _judge_schedule(campaign, desk.account_of(campaign), desk.now)
    yield from judge_names(campaign, desk.project, desk.records, desk.formers)
    yield from _judge_audio_name(campaign, desk, accepted_before=accepted_before)


def _judge_schedule(campaign: Campaign, account: Account, now: datetime) -> Iterator[Problem]:
    try:
        schedule = find_schedule(campaign, account.timezone)
        refuse_past(schedule, now)
    except ScheduleRefused as refused:
        yield problem_at(campaign, "schedule", refused.code, refused.message, refused.hint or "")
        return
    if schedule is not None and is_near(schedule, now):
        message = f"the schedule `{schedule:%Y-%m-%d %H:%M}` comes in less than 5 minutes: `apply` would send nothing"
        near = problem_at(campaign, "schedule", "schedule-near", message, "set a later `schedule`, or remove it")
        yield replace(near, severity=Severity.WARNING)


def _judge_audio_name(campaign: Campaign, desk: Desk, *, accepted_before: bool) -> Iterator[Problem]:
    wanted = campaign.audio_name
    if wanted is None or desk.state is None:
        return
    ledger, audios = desk.state.ledger, list_kept_audios(campaign.content.audio, desk.state.pseudonyms)
    told = (ledger.heard_audio_name(*each, audio) for each in desk.identities_of(campaign) for audio in audios)
    heard = next(filter(None, told), None)
    if heard == hide_numbers(wanted, desk.state.pseudonyms):
        return
    if heard is not None:
        heard = heard.partition(" #")[0]
        message = f"the provider calls this recording `{heard}`, and audio_name says `{wanted}`"
        hint = "set `message.audio` to the recording that is meant, or `message.audio_name` to what it is called"
    elif accepted_before:
        message = f"the provider has not said what it calls this recording, and audio_name says `{wanted}`"
        hint = "listen to it, then remove `message.audio_name`"
    else:
        return
    yield problem_at(campaign, "message.audio_name", "audio-name-differs", message, hint)
