"""What campaigns say, field by field, and its digest: both change together or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from runner.project.load import load_project
from runner.project.meaning import digest_campaigns, say_campaign

PROJECT = """\
version: 1
accounts:
  main: {provider: voicepartner, api_key: "${KEY}"}
defaults: {notify: {email: ops@example.fr}}
vars: {region: lyon}
"""
CAMPAIGN = """\
message: {audio: a1}
recipients: [{file: data/a.csv}]
"""
WRITTEN = {
    "as it was": (PROJECT, CAMPAIGN),
    "other bytes": (PROJECT, f"# why\n{CAMPAIGN}enabled: true\n"),
    "another recording": (PROJECT, CAMPAIGN.replace("a1", "a2")),
    "another file": (PROJECT, CAMPAIGN.replace("a.csv", "b.csv")),
    "another column": (PROJECT, CAMPAIGN.replace("a.csv", "a.csv, column: b")),
    "an exclusion": (PROJECT, CAMPAIGN + "exclude: [{file: data/no.csv}]\n"),
    "a guard": (PROJECT, CAMPAIGN + "guards: {max_cost: 3}\n"),
    "the same guard": (PROJECT, CAMPAIGN + "guards: {max_cost: 3.00}\n"),
    "a pause": (PROJECT, CAMPAIGN + "enabled: false\n"),
    "a schedule": (PROJECT, CAMPAIGN + 'schedule: "2027-01-01 10:00"\n'),
    "another address": (PROJECT.replace("ops@", "dev@"), CAMPAIGN),
    "another key": (PROJECT.replace("{KEY", "{OTHER"), CAMPAIGN),
    "a limit": (PROJECT.replace('KEY}"', 'KEY}", limits: {requests: 4}'), CAMPAIGN),
    "a variable": (PROJECT.replace("lyon", "nice"), CAMPAIGN),
    "what templates see": (PROJECT + "expose_env: [HOME]\n", CAMPAIGN),
}


def say(root: Path, project: str, campaign: str) -> tuple[str, dict[str, str]]:
    (root / "campaigns").mkdir(parents=True, exist_ok=True)
    (root / "campaigns.yaml").write_text(project)
    (root / "campaigns/recall.yaml").write_text(campaign)
    loaded = load_project(root, runner_version="1.0.0", variables={})
    (one,) = loaded.campaigns
    said = say_campaign(one, loaded.accounts[one.account], loaded.expose_env)
    return digest_campaigns([one], loaded.accounts, loaded.expose_env), said


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(WRITTEN, 2)))
def test_two_files_say_the_same_field_by_field_just_where_their_digests_are_equal(tmp_path, one, other):
    digest, said = say(tmp_path, *WRITTEN[one])
    other_digest, other_said = say(tmp_path, *WRITTEN[other])
    assert (digest == other_digest) == (said == other_said)


def test_fields_are_named_as_files_name_them(tmp_path):
    _, said = say(tmp_path, *WRITTEN["a limit"])
    assert said["message.audio"] == "a1"
    assert said["recipients[0]"] == '{"file":"data/a.csv"}'
    assert said["account.limits.requests"] == "4"
