"""What the sandbox does wrong when it is told to."""

from __future__ import annotations

import gzip
import http.client
import json

import pytest

from runner.errors import RunnerError
from runner.sandbox.faults import FAULTS, Fault, parse_fault
from runner.sandbox.server import Sandbox

MESSAGE = {
    "apiKey": "k-1",
    "tokenAudio": "recording",
    "emailForNotification": "ops@example.fr",
    "phoneNumbers": "0639980001,+33639980002",
}
SHORT_S = 0.3


def send(sandbox, timeout=10.0):
    """Status, body and headers of the answer, or the exception that came instead."""
    connection = http.client.HTTPConnection(sandbox.base_url.split("/")[2], timeout=timeout)
    try:
        connection.request("POST", "/v1/campaign/send", json.dumps(MESSAGE))
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    except (OSError, http.client.HTTPException) as error:
        return type(error), b"", {}
    finally:
        connection.close()


def meet(fault, timeout=10.0):
    """What a client meets under this fault, and how many people were reached."""
    with Sandbox(faults=[fault]) as sandbox:
        answer = send(sandbox, timeout)
        return *answer, sandbox.count().people


@pytest.mark.parametrize(("fault", "people"), [("reset", 0), ("reset-taken", 2)])
def test_a_reset_comes_instead_of_an_answer(fault, people):
    kind, _, _, reached = meet(fault)
    assert issubclass(kind, ConnectionResetError)
    assert reached == people


@pytest.mark.parametrize(("fault", "people"), [("timeout", 0), ("timeout-taken", 2), ("trickle", 2), ("interim", 2)])
def test_no_whole_answer_comes_in_time(fault, people):
    with Sandbox(faults=[fault]) as sandbox:
        if fault in {"trickle", "interim"}:
            connection = http.client.HTTPConnection(sandbox.base_url.split("/")[2], timeout=10)
            connection.request("POST", "/v1/campaign/send", json.dumps(MESSAGE))
            drops = connection.sock.recv(10_000) + connection.sock.recv(10_000)
            assert drops
            connection.close()
        else:
            assert send(sandbox, SHORT_S)[0] is TimeoutError
        assert sandbox.count().people == people


@pytest.mark.parametrize(
    ("fault", "status", "people"),
    [
        ("500", 500, 0),
        ("500-taken", 500, 2),
        ("not-found", 404, 0),
        ("redirect", 307, 0),
        ("429", 429, 0),
        ("429-bare", 429, 0),
        ("partial", 200, 2),
        ("other-audio", 200, 2),
        ("no-id", 200, 2),
        ("refuse-taken", 200, 2),
        ("garbage", 200, 2),
        ("gzip", 200, 2),
        ("oversized", 200, 2),
        ("refuse-number", 400, 0),
        ("refuse", 400, 0),
        ("audio-not-found", 400, 0),
        ("sender-refused", 400, 0),
        ("no-credit", 400, 0),
        ("wrong-key", 401, 0),
    ],
)
def test_an_answer_has_the_status_of_its_fault_and_reaches_whom_it_says(fault, status, people):
    met, _, _, reached = meet(fault)
    assert (met, reached) == (status, people)


def test_a_truncated_answer_announces_more_than_it_sends():
    kind, _, _, people = meet("truncated")
    assert kind is http.client.IncompleteRead
    assert people == 2


def test_answers_under_a_fault_say_what_the_fault_is_about():
    assert json.loads(meet("partial")[1])["nbSms"] == 1
    assert json.loads(meet("other-audio")[1])["audioFile"]["filename"] == "another.wav"
    assert json.loads(meet("no-id")[1]) == {"success": True}
    assert json.loads(meet("refuse-taken")[1]).items() >= {"success": False, "nbSms": 2}.items()
    assert json.loads(gzip.decompress(meet("gzip")[1]))["success"] is True
    assert len(meet("oversized")[1]) > 2_000_000
    assert meet("429")[2]["Retry-After"] == "1"
    assert meet("429:30")[2]["Retry-After"] == "30"
    assert "Retry-After" not in meet("429-bare")[2]
    assert meet("redirect")[2]["Location"] == "/v1/campaign/send"


def test_a_fault_strikes_the_requests_that_it_names_and_no_other():
    with Sandbox(requests=100, faults=["500@2", "no-credit@4-5"]) as sandbox:
        assert [send(sandbox)[0] for _ in range(6)] == [200, 500, 200, 400, 400, 200]


def test_a_refused_number_refuses_each_request_that_holds_it():
    with Sandbox(faults=["refuse-number:0639980002"]) as sandbox:
        assert send(sandbox)[0] == 400
    with Sandbox(faults=["refuse-number:+33639980003"]) as sandbox:
        assert send(sandbox)[0] == 200


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset", Fault(kind="reset")),
        (" reset@3 ", Fault(kind="reset", first=3, last=3)),
        ("500@3-5", Fault(kind="500", first=3, last=5)),
        ("429:20@1", Fault(kind="429", value="20", first=1, last=1)),
        ("refuse-number:+33639980001", Fault(kind="refuse-number", value="+33639980001")),
    ],
)
def test_a_fault_is_written_as_kind_value_and_requests(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rest",
        "reset@0",
        "reset@",
        "reset@a",
        "reset@3-",
        "reset@3-1",
        "reset:1",
        "429:soon",
        "refuse-number:12",
        "Reset",
    ],
)
def test_what_is_no_fault_is_an_error_that_says_what_is(text):
    with pytest.raises(RunnerError) as unknown:
        parse_fault(text)
    assert unknown.value.hint


def test_a_near_name_is_suggested():
    with pytest.raises(RunnerError, match="no fault `rest`") as unknown:
        parse_fault("rest")
    assert unknown.value.hint == "did you mean `reset`?"


def test_a_sandbox_with_hanging_clients_stops_at_once():
    with Sandbox(faults=["timeout"]) as sandbox:
        connection = http.client.HTTPConnection(sandbox.base_url.split("/")[2], timeout=10)
        connection.request("POST", "/v1/campaign/send", json.dumps(MESSAGE))
        idle = http.client.HTTPConnection(sandbox.base_url.split("/")[2], timeout=10)
        idle.connect()
    connection.close()
    idle.close()


def test_every_fault_says_what_it_does():
    assert all(kind.text for kind in FAULTS.values())
