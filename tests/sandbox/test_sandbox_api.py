"""The sandbox against the provider's page, by a client that knows nothing of ours."""

from __future__ import annotations

import http.client
import json
import threading

import pytest

from runner.errors import RunnerError
from runner.sandbox.record import Record, read_record
from runner.sandbox.server import Sandbox, SandboxCount

MESSAGE = {
    "apiKey": "k-1",
    "tokenAudio": "recording",
    "emailForNotification": "ops@example.fr",
    "phoneNumbers": "0639980001,+33639980002",
}


def call(sandbox, method, path, body=None):
    host = sandbox.base_url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request(method, f"/v1/{path}", body)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def send(sandbox, **changes):
    fields = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not None}
    status, body, headers = call(sandbox, "POST", "campaign/send", json.dumps(fields))
    return status, json.loads(body), headers


@pytest.fixture
def sandbox():
    with Sandbox(requests=1000) as sandbox:
        yield sandbox


def test_a_message_is_taken_and_answered_as_the_page_shows(sandbox):
    status, answer, _ = send(sandbox)
    campaign = answer.pop("campaignId")
    assert status == 200
    assert answer == {
        "success": True,
        "cost": 0.3,
        "currency": "EUR",
        "nbSms": 2,
        "audioFile": {"filename": "recording.wav", "size": "135.8Ko"},
        "detail": {"33": {"nbSms": 2, "cost_unity": 0.15, "cost": 0.3}},
    }
    assert campaign != send(sandbox)[1]["campaignId"]


def test_every_optional_field_of_the_page_is_taken(sandbox):
    optional = {
        "sender": "+33639980099",
        "scheduledDate": "2021-02-02 14:15:00",
        "notifyUrl": "https://hooks.example.fr/vms",
    }
    assert send(sandbox, **optional)[0] == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"apiKey": None}, 10),
        ({"apiKey": ""}, 10),
        ({"apiKey": "invalid-key"}, 10),
        ({"tokenAudio": None}, "TOKEN_AUDIO_REQUIRED"),
        ({"tokenAudio": "missing-1"}, "AUDIO_FILE_NOT_FOUND"),
        ({"tokenAudio": 7}, "AUDIO_FILE_NOT_FOUND"),
        ({"emailForNotification": None}, 400),
        ({"emailForNotification": "ops"}, 400),
        ({"phoneNumbers": None}, "PHONE_NUMBER_REQUIRED"),
        ({"phoneNumbers": ""}, "PHONE_NUMBER_REQUIRED"),
        ({"phoneNumbers": ",".join(["0639980001"] * 501)}, "PHONE_NUMBER_SIZE_ERROR"),
        ({"phoneNumbers": "0639980001,"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "0639980001;0639980002"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": ["0639980001"]}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "639980001"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "33639980001"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "0033639980001"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "+3363998000"}, "DESTINATION_INVALID"),
        ({"phoneNumbers": "+4915112345678"}, "DESTINATION_INVALID"),
        ({"sender": "0199000001"}, "SENDER_INVALID"),
        ({"sender": "Shop"}, "SENDER_INVALID"),
        ({"notifyUrl": "hooks.example.fr"}, "NOTIFY_URL_INVALID"),
        ({"notifyUrl": "http://["}, None),
        ({"scheduledDate": "2021-02-02T14:15"}, 400),
        ({"scheduledDate": "2021-13-02 14:15:00"}, 400),
        ({"scheduledDate": "2021-02-02 14:15:30"}, 400),
    ],
    ids=str,
)
def test_what_the_page_does_not_allow_is_refused_with_its_code(sandbox, changes, code):
    status, answer, _ = send(sandbox, **changes)
    if code is None:
        assert status == 200
    else:
        assert (status, answer["success"], answer["code"]) == (401 if code == 10 else 400, False, code)
        assert sandbox.count().people == 0


@pytest.mark.parametrize(
    "number", ["0639980001", "+33639980001", "+590690000001", "+262692000001", "+508551234", " 0639980001"]
)
def test_french_numbers_are_taken_in_both_spellings(sandbox, number):
    assert send(sandbox, phoneNumbers=number)[0] == 200


def test_500_numbers_are_not_too_many(sandbox):
    status, answer, _ = send(sandbox, phoneNumbers=",".join(f"+3363998{i:04d}" for i in range(500)))
    assert (status, answer["nbSms"], answer["cost"]) == (200, 500, 75.0)


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"apiKey": 1}', "\udcff".encode("utf-8", "surrogateescape")])
def test_a_body_that_is_no_message_is_refused(sandbox, body):
    status, answer, _ = call(sandbox, "POST", "campaign/send", body)
    assert status in {400, 401}
    assert json.loads(answer)["success"] is False


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "campaign/send", 405),
        ("POST", "campaign/sends", 404),
        ("POST", "me/k-1", 405),
        ("GET", "nothing", 404),
        ("GET", "", 404),
        ("DELETE", "campaign/cancel/k-1/1", 404),
        ("PUT", "campaign/send", 501),
    ],
)
def test_other_calls_are_answered_as_such(sandbox, method, path, status):
    assert call(sandbox, method, path, "{}" if method == "POST" else None)[0] == status


def test_a_body_without_length_or_without_end_is_not_read(sandbox):
    host = sandbox.base_url.split("/")[2]
    for length, status in [(None, 411), ("99999999999", 413), ("x", 411)]:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.putrequest("POST", "/v1/campaign/send")
        if length is not None:
            connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_me_and_audios_answer_as_the_page_shows(sandbox):
    _, me, _ = call(sandbox, "GET", "me/k-1")
    _, audios, _ = call(sandbox, "GET", "audios/k-1")
    assert json.loads(me)["credits"] == {"credit": "1000", "currency": "€"}
    assert json.loads(audios)["nb_datas"] == len(json.loads(audios)["datas"]) == 1
    assert set(json.loads(audios)["datas"][0]) == {"name", "token", "size", "duration", "created_at"}
    assert call(sandbox, "GET", "me/invalid")[0] == 401


def test_me_has_a_limit_of_its_own(sandbox):
    assert [call(sandbox, "GET", "me/k-1")[0] for _ in range(6)] == [200] * 5 + [429]
    assert call(sandbox, "GET", "audios/k-1")[0] == 200
    assert send(sandbox)[0] == 200


def test_one_message_too_many_in_the_window_is_answered_429_with_the_time_to_wait():
    with Sandbox(requests=2, per_s=30) as sandbox:
        statuses = [send(sandbox)[0] for _ in range(2)]
        status, answer, headers = send(sandbox)
        assert (statuses, status, answer["success"]) == ([200, 200], 429, False)
        assert 1 <= int(headers["Retry-After"]) <= 30
        assert send(sandbox, apiKey="another")[0] == 200
        assert sandbox.count() == SandboxCount(requests=4, taken=3, limited=1, people=2, twice=2, busiest=3)


def test_the_window_slides_and_what_was_refused_does_not_fill_it():
    with Sandbox(requests=2, per_s=0.5) as sandbox:
        taken = 0
        while taken < 6:
            status, _, headers = send(sandbox)
            taken += status == 200
            assert (status == 429) == ("Retry-After" in headers)
        assert sandbox.count().taken == 6


def test_people_and_people_reached_twice_are_counted_by_recording(sandbox):
    send(sandbox, phoneNumbers="0639980001,0639980002")
    send(sandbox, phoneNumbers="+33639980002", tokenAudio="another")
    assert (sandbox.count().people, sandbox.count().twice) == (2, 0)
    send(sandbox, phoneNumbers="+33639980002,0639980003")
    assert (sandbox.count().people, sandbox.count().twice) == (3, 1)
    send(sandbox, phoneNumbers="0639980004,+33639980004")
    assert (sandbox.count().people, sandbox.count().twice) == (4, 2)


def test_the_record_outlives_its_sandbox_and_is_shared(tmp_path):
    path = tmp_path / "deep" / "record.db"
    with Sandbox(requests=2, record=path) as first, Sandbox(requests=2, record=path) as second:
        assert (send(first)[0], send(second)[0], send(first)[0]) == (200, 200, 429)
    with Sandbox(requests=2, record=path) as third:
        assert send(third)[0] == 429
        assert third.count().requests == 4
    assert read_record(path) == SandboxCount(requests=4, taken=2, limited=2, people=2, twice=2, busiest=4)


def test_the_record_holds_no_number_and_no_key(tmp_path):
    path = tmp_path / "record.db"
    with Sandbox(record=path) as sandbox:
        send(sandbox, apiKey="key-in-no-file")
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for spelled in (b"639980001", b"0639980001", b"key-in-no-file"):
        assert spelled not in written
    assert path.stat().st_mode & 0o077 == 0


def test_many_clients_at_once_are_counted_each(tmp_path):
    path = tmp_path / "record.db"
    with Sandbox(requests=1000, record=path) as sandbox:
        threads = [
            threading.Thread(target=send, args=(sandbox,), kwargs={"phoneNumbers": f"+3363998{i:04d}"})
            for i in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    count = read_record(path)
    assert (count.requests, count.people, count.twice) == (20, 20, 0)


def test_a_record_that_is_none_is_an_error(tmp_path):
    (tmp_path / "text").write_text("no record", encoding="utf-8")
    for name in ("text", "absent"):
        with pytest.raises(RunnerError):
            read_record(tmp_path / name)
    assert not (tmp_path / "absent").exists()


def test_the_busiest_window_is_found_across_its_edges(tmp_path):
    from datetime import UTC, datetime

    from runner.model.clock import Instant

    path = tmp_path / "record.db"
    record = Record(path)
    for moment in (0.0, 50.0, 59.0, 61.0, 109.9, 110.0, 200.0):
        at = Instant(datetime(2026, 11, 24, tzinfo=UTC), moment, "boot")
        record.note_request("campaign/send", "k", at, requests=100, per_s=60)
    record.close()
    assert read_record(path).busiest == 4
    assert read_record(path, per_s=1).busiest == 2


def test_latency_comes_before_every_answer_and_stopping_does_not_wait_for_it():
    met = []

    def wait_for_answer():
        try:
            met.append(send(sandbox))
        except OSError as error:
            met.append(type(error))

    waiting = threading.Thread(target=wait_for_answer)
    with Sandbox(latency_s=3600) as sandbox:
        waiting.start()
        while sandbox.count().requests == 0:
            threading.Event().wait(0.01)
    waiting.join()
    assert met == [http.client.RemoteDisconnected]
