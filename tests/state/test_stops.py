"""Campaigns that somebody stopped by hand: nothing more of them is recorded, by whatever run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.errors import CampaignStoppedByHand
from runner.model.clock import spell_moment


def stop(desk, *globs: str) -> None:
    desk.ledger.stop(globs, by="ops@host", clock=desk.clock)


def test_a_stopped_campaign_records_no_chunk_and_the_others_do(desk):
    stop(desk, "recall")
    with pytest.raises(CampaignStoppedByHand) as stopped:
        desk.record(1)
    assert stopped.value.exit_code == 2
    assert f"ops@host at {spell_moment(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))}" in stopped.value.message
    assert "campaign resume 'recall'" in stopped.value.hint
    assert desk.ledger.chunks() == ()
    desk.record(1, name="other")


def test_the_answer_under_way_is_still_recorded(desk):
    chunk = desk.record(1)
    stop(desk)
    desk.accept(chunk)
    assert desk.people() == {1: "A"}


@pytest.mark.parametrize(
    ("glob", "stopped"),
    [("re*", {"recall", "recall@2"}), ("recall@2", {"recall@2"}), ("*@2", {"recall@2", "other@2"}), ("nobody", set())],
)
def test_a_stop_is_about_names_and_labels_as_every_name_is(desk, glob, stopped):
    stop(desk, glob)
    refused = set()
    for name, edition in (("recall", None), ("recall", "2"), ("other", "2")):
        try:
            desk.record(1, name=name, edition=edition)
        except CampaignStoppedByHand:
            refused.add(name if edition is None else f"{name}@{edition}")
    assert refused == stopped


def test_without_a_name_everything_is_stopped_until_that_is_resumed(desk):
    stop(desk)
    stop(desk, "recall")
    assert desk.ledger.resume(["recall"]) == ()
    with pytest.raises(CampaignStoppedByHand, match="all campaigns were stopped"):
        desk.record(1)
    assert desk.ledger.resume([]) == ()
    desk.record(1)


def test_what_is_stopped_again_keeps_who_stopped_it_first(desk):
    stop(desk, "recall")
    first = desk.ledger.stops()
    desk.clock.wait(60)
    desk.ledger.stop(["recall", "recall"], by="another", clock=desk.clock)
    assert desk.ledger.stops() == first


def test_only_the_same_words_resume(desk):
    stop(desk, "re*")
    assert desk.ledger.resume(["recall"]) == ("recall",)
    assert desk.ledger.resume([]) == ("",)
    with pytest.raises(CampaignStoppedByHand):
        desk.record(1)
