"""What a chunk becomes on the wire."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from runner.model.config import Content
from runner.model.secret import Secret
from runner.providers.voicepartner import build_body

KEY = Secret("key-that-must-stay-secret")
NUMBERS = [33639980001, 33639980002, 590690000001]


def build(schedule=None, **content):
    fields = {"audio": "recording", "notify_email": "ops@example.fr", **content}
    return json.loads(build_body(KEY, Content(**fields), schedule, NUMBERS))


def test_what_is_required_is_there_and_nothing_else():
    assert build() == {
        "apiKey": "key-that-must-stay-secret",
        "tokenAudio": "recording",
        "emailForNotification": "ops@example.fr",
        "phoneNumbers": "+33639980001,+33639980002,+590690000001",
    }


def test_what_is_optional_comes_when_the_campaign_says_so():
    schedule = datetime(2026, 12, 1, 9, 5, tzinfo=ZoneInfo("Europe/Paris"))
    body = build(schedule, sender="+33639980099", notify_url="https://hooks.example.fr/vms")
    assert body["sender"] == "+33639980099"
    assert body["notifyUrl"] == "https://hooks.example.fr/vms"
    assert body["scheduledDate"] == "2026-12-01 09:05:00"


def test_text_of_any_alphabet_stays_what_it_was():
    assert build(audio='é"\\\u2028😀')["tokenAudio"] == 'é"\\\u2028😀'
