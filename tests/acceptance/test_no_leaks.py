"""No telephone number and no key in any file or output: what is looked for after every test of this folder is found.

The fixture `place` looks through all that its commands said and wrote. Here it is shown that it would see a leak, and
commands that fail in many ways are looked through too.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]
KEY = "test-key-4f1d"
SPELLINGS = [
    "0612000042",
    "06 12 00 00 42",
    "06.12.00.00.42",
    "+33612000042",
    "+33 6 12 00 00 42",
    "+33 (0)6-12-00-00-42",
    "0033612000042",
    "33612000042",
    "6\N{NO-BREAK SPACE}12\N{NARROW NO-BREAK SPACE}00\N{NO-BREAK SPACE}00\N{NO-BREAK SPACE}42",
    f"?apiKey={KEY}&",
]


def people_csv(count: int) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in range(count)), ""])


def project_with(place, old: str, new: str) -> dict[str, str]:
    return {"campaigns.yaml": (place.root / "campaigns.yaml").read_text().replace(old, new)}


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_leak_is_found_in_every_spelling(place, spelled: str, encoding: str) -> None:
    leak = place.root / ".campaign/leak"
    leak.parent.mkdir()
    leak.write_bytes(f"chunk \x00\x07 {spelled} ended".encode(encoding))
    assert list(place.find_leaks()) == [str(leak)]
    leak.unlink()


@pytest.mark.parametrize("kept", ["INTEGER", "TEXT"])
def test_a_leak_is_found_in_a_database(place, kept: str) -> None:
    leak = place.root / ".campaign/leak.db"
    leak.parent.mkdir()
    with closing(sqlite3.connect(leak)) as connection, connection:
        connection.execute(f"CREATE TABLE leaks (number {kept})")
        connection.execute("INSERT INTO leaks VALUES (33612000042)")
    assert list(place.find_leaks()) == [str(leak)]
    leak.unlink()


def test_what_is_no_leak_is_not_taken_for_one(place) -> None:
    place.said += ["+33 6 •• •• •• 42", "chunk bcdfghjkmn of 612 people", "06 39 98 00 01", "2026-06-12T00:00:42Z"]
    assert place.find_leaks() == {}


def test_commands_that_succeed_say_no_number_and_no_key(place, serve: Serve) -> None:
    serve(faults=["refuse-number:0612000003"])
    place.write({"data/people.csv": people_csv(12) + "0612000001\n06120000\nno number 0612000005 here\n"})
    for arguments in (
        ["validate", "-v"],
        ["plan", "-v"],
        ["plan", "--format", "json"],
        ["apply", "--auto-approve", "-v"],
        ["status", "-v"],
        ["status", "--format", "json"],
        ["recipients", "recall"],
        ["recipients", "recall", "--dropped", "--format", "csv"],
        ["contacted", "+33612000001"],
    ):
        # Whoever asks for one number typed it; it is said by no answer.
        assert place.call(*arguments).returncode == 0, arguments


@pytest.mark.parametrize(
    "fault", ["500", "reset", "garbage", "wrong-key", "no-credit", "not-found", "refuse", "other-audio", "redirect"]
)
def test_runs_that_fail_say_no_number_and_no_key(place, serve: Serve, fault: str) -> None:
    serve(faults=[fault])
    place.write(project_with(place, "timeout: 5s", "timeout: 5s\n    max_in_doubt: 1"))
    place.write({"data/people.csv": people_csv(30)})
    for as_json in ([], ["--format", "json"]):
        place.call("apply", "--auto-approve", "-v", *as_json)
    place.call("status")


def test_an_error_of_the_program_keeps_the_key_and_the_numbers_to_itself(place, serve: Serve, monkeypatch) -> None:
    from runner.state.ledger import Ledger

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"0612000007 and +33 6 12 00 00 08 by {KEY}")

    monkeypatch.setattr(Ledger, "record_sending", fail)
    serve()
    place.write({"data/people.csv": people_csv(12)})
    ended = place.call("apply", "--auto-approve")
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stderr
    (details,) = (place.root / ".campaign").glob("error-*.txt")
    assert "record_sending" in details.read_text()


def test_an_account_that_can_not_be_reached_is_told_without_its_key(place) -> None:
    place.environment |= {
        "VOICEPARTNER_URL": f"https://user:{KEY}@provider.invalid/v1/{KEY}",
        "CAMPAIGN_ALLOW_HOSTS": "elsewhere.invalid",
    }
    place.write({"data/people.csv": people_csv(2)})
    assert place.call("apply", "--auto-approve").returncode == 1


def test_the_list_of_hosts_holds_for_the_provider(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(2)})
    place.environment["CAMPAIGN_ALLOW_HOSTS"] = "api.voicepartner.fr"
    refused = place.call("apply", "--auto-approve")
    assert refused.returncode == 1
    assert "CAMPAIGN_ALLOW_HOSTS" in refused.stdout + refused.stderr
    assert sandbox.count().requests == 0
    place.environment["CAMPAIGN_ALLOW_HOSTS"] = "127.0.0.1"
    assert place.call("apply", "--auto-approve").returncode == 0


NUMBERED = """\
name: recall
message: {audio: "0612000042"}
notify: {email: "0612000043@sms.example.fr", url: "https://hooks.example.fr/0612000044"}
recipients:
  - {file: data/people.csv}
"""


def test_a_number_in_what_people_hear_or_who_is_told_is_in_no_state_and_no_export_of_it(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(30), "campaigns/recall.yaml": NUMBERED})
    assert place.apply("--limit", "20", "--format", "json").returncode == 2
    assert place.run("state", "export", str(place.root.parent / "export.jsonl")).returncode == 0
    assert place.plan()["campaigns"][0]["changes"] == []
    assert (place.apply().returncode, sandbox.count().people, sandbox.count().twice) == (0, 30, 0)


def test_another_number_in_them_is_a_change_and_the_same_one_is_none(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(30), "campaigns/recall.yaml": NUMBERED})
    assert place.apply("--limit", "20").returncode == 2
    place.write({"campaigns/recall.yaml": NUMBERED.replace("0612000042", "0712000042")})
    (change,) = place.plan()["campaigns"][0]["changes"]
    assert change["field"] == "message.audio"
    assert re.fullmatch("••••••••42 #[0-9a-f]{4}", change["before"])
    assert re.fullmatch("••••••••42 #[0-9a-f]{4}", change["after"])
    assert change["before"] != change["after"]


def test_what_an_older_release_kept_with_its_number_is_no_change_and_is_found_under_another_name(
    place, serve: Serve
) -> None:
    serve()
    place.write({"data/people.csv": people_csv(30), "campaigns/recall.yaml": NUMBERED})
    assert place.apply("--limit", "20").returncode == 2
    state = place.root / ".campaign/state.db"
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("UPDATE contents SET audio = '0612000042', digest = zeroblob(32)")
    place.write({"campaigns/again.yaml": NUMBERED.replace("recall", "again") + "delivery: {priority: 9}\n"})
    plan = place.plan()["campaigns"]
    found = {campaign["name"]: campaign for campaign in plan}
    assert found["recall"]["changes"] == []
    assert [problem["code"] for problem in found["again"]["problems"]] == ["same-audio"]
    state.unlink()
