"""Exchanges that were recorded from the sandbox, replayed through the code that sends."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from runner.model.clock import SystemClock
from runner.model.config import Content
from runner.model.secret import Secret
from runner.model.verdict import Accepted, AccountRefused, ChunkRefused, ContentRefused, RateLimited, Unknown
from runner.providers import http, voicepartner

FOLDER = Path(__file__).resolve().parents[2] / "cassettes"
CASSETTES = sorted(FOLDER.glob("*.yaml"))
NUMBERS = (33639980001, 33639980002)
VERDICTS = {
    "accepted": Accepted,
    "accepted-in-part": Accepted,
    "audio-not-found": ContentRefused,
    "failed": Unknown,
    "limited": RateLimited,
    "no-credit": AccountRefused,
    "not-found": AccountRefused,
    "number-refused": ChunkRefused,
    "success-without-campaign": Unknown,
    "wrong-key": AccountRefused,
}


def replay(name, numbers=NUMBERS):
    key = Secret("invalid-cassette-key" if name == "wrong-key" else "cassette-key")
    content = Content(audio="recording", notify_email="ops@example.fr")
    player = vcr.VCR(match_on=["method", "path", "body"], record_mode="none")
    with player.use_cassette(str(FOLDER / f"{name}.yaml")):
        return http.send(
            "http://127.0.0.1:9/v1/campaign/send",
            voicepartner.build_body(key, content, None, numbers),
            timeout=timedelta(seconds=30),
            before_first_byte=lambda: None,
            clock=SystemClock(),
            proxy=None,
            allowed_hosts=None,
        )


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_a_recorded_answer_is_judged_as_the_table_says(cassette):
    answer = replay(cassette.stem)
    assert isinstance(voicepartner.judge_answer(answer, ()), VERDICTS[cassette.stem])


def test_every_verdict_has_its_cassette():
    assert {path.stem for path in CASSETTES} == set(VERDICTS)


def test_a_request_that_was_not_recorded_is_a_loud_error_and_no_unknown_chunk():
    with pytest.raises(CannotOverwriteExistingCassetteException):
        replay("accepted", numbers=(33639980003,))


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_says_where_it_comes_from_and_holds_no_key_but_the_made_up_one(cassette):
    text = cassette.read_text(encoding="utf-8")
    assert text.startswith("# Recorded from the embedded sandbox")
    assert set(re.findall(r'"apiKey": "([^"]*)"', text)) <= {"cassette-key", "invalid-cassette-key"}
    assert set(re.findall(r"\+\d+", text)) == {"+33639980001", "+33639980002"}
    assert "http://127.0.0.1" in text
