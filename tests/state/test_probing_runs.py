"""A run beside another one of its account's name: what the ledger says of probes holds for both."""

from __future__ import annotations

import json
from array import array

import pytest

from runner.audience.recipients import Pending
from runner.errors import Place
from runner.model.config import Account, Campaign, Content, Delivery
from runner.model.events import Ending, Requesting
from runner.model.secret import Reference, Secret
from runner.plan.content import keep_content
from runner.providers.http import Answer
from runner.sending.chunk import Door
from runner.sending.pacing import Window
from runner.sending.parts import Parts
from runner.sending.queue import OpenAccount, Queue
from runner.sending.run import Run
from runner.sending.stop import Stop

PEOPLE = [33612000000 + n for n in range(8)]


@pytest.fixture
def campaign() -> Campaign:
    return Campaign(
        name="recall",
        edition=None,
        file="campaigns/recall.yaml",
        place=Place("campaigns/recall.yaml"),
        account="main",
        content=Content(audio="5f2c", notify_email="ops@example.fr"),
        recipients=(),
        delivery=Delivery(probe=2),
    )


def test_an_unknown_of_another_run_makes_the_next_request_a_probe_and_loses_nobody(desk, campaign):
    sent, told = [], []

    def post(_url, body, *, before_first_byte, clock, **_how):
        before_first_byte()
        sent.append(len(json.loads(body)["phoneNumbers"].split(",")))
        return Answer(status=200, headers={}, body=b'{"success": true, "campaignId": "1"}', ended=clock.read())

    account = Account(name="main", place=campaign.place, api_key=Reference("${KEY}"))
    door = Door(
        account=account,
        base_url="https://api.example.fr/v1",
        api_key=Secret("a key of this test"),
        proxy=None,
        allowed_hosts=None,
        held=desk.held,
        state=desk.state,
        clock=desk.clock,
        post=post,
    )
    queue = Queue(
        campaign=campaign,
        plan_id="0" * 32,
        content=keep_content(campaign.content, desk.state.pseudonyms),
        schedule=None,
        people=Pending(array("Q", PEOPLE), array("Q", range(len(PEOPLE))), ()),
        parts=Parts(array("Q", PEOPLE)),
        accepted=True,
        audio_name_heard=False,
        reread_excluded=frozenset,
        excluded_read_at=desk.clock.now(),
    )
    window = Window([account.limits], (), desk.clock)
    opened = OpenAccount(door, window, [queue], desk.ledger.must_probe(desk.held))
    with desk.hold("main", desk.OTHER_FINGERPRINT) as other:
        desk.doubt(desk.record(1, name="another", held=other), held=other)
    ending = Run([opened], clock=desk.clock, stop=Stop(desk.clock), tell=told.append).carry_out()
    assert (ending, sent, queue.parts.pending) == (Ending.DONE, [2, 6], 0)
    assert [event.recipients for event in told if isinstance(event, Requesting)] == [8, 2, 6]
    assert desk.ledger.find_campaign("recall", None).people["accepted"] == len(PEOPLE)
