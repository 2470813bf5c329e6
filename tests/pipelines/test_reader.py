"""The pipeline's promise that a plan needs no more of a shared state than to read it."""

from __future__ import annotations

import re

import pytest

from runner.cli.main import main

KEY = "k" * 32
PROJECT = """\
version: 1
state: ${STATE_URL}
state_key: ${CAMPAIGN_STATE_KEY}
accounts:
  main: {provider: voicepartner, api_key: "${VOICEPARTNER_API_KEY}", prices: {mobile: 0.15, currency: EUR}}
defaults:
  account: main
  notify: {email: ops@example.fr}
"""
CAMPAIGN = "message: {audio: 5f2c8e6b}\nrecipients: [{file: data/people.csv}]\n"


@pytest.fixture
def read(cluster, project, monkeypatch, capsys):
    """A function that runs a command as a role that may only read the state, which an owner has made and pinned."""
    schema = cluster.new_schema()
    people = "\n".join(["phone", *(f"0612{number:06d}" for number in range(30)), ""])
    root = project({"campaigns.yaml": PROJECT, "campaigns/recall.yaml": CAMPAIGN, "data/people.csv": people})
    monkeypatch.setenv("CAMPAIGN_STATE_KEY", KEY)
    monkeypatch.setenv("STATE_URL", cluster.url(schema))
    assert main(["-C", str(root), "state", "init"]) == 0
    line = re.search(r"state_id: \w+", capsys.readouterr().out).group()
    (root / "campaigns.yaml").write_text(f"{PROJECT}{line}\n", encoding="utf-8")
    for statement in (
        f"CREATE ROLE {schema}_reader LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {schema}_reader",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_reader",
    ):
        cluster.ask(statement)
    monkeypatch.setenv("STATE_URL", cluster.url(schema, f"{schema}_reader"))

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["-C", str(root), *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def test_a_role_that_may_only_read_plans_saves_and_shows(read):
    code, told = read("plan", "-o", "campaign.plan", "--format", "markdown")
    assert code == 0, told
    assert "30" in told
    code, told = read("show", "campaign.plan", "--format", "html")
    assert (code, "<html" in told) == (0, True)


def test_a_role_that_may_only_read_sends_nothing(read, monkeypatch):
    monkeypatch.setenv("VOICEPARTNER_API_KEY", "test-key")
    code, told = read("apply", "--auto-approve")
    assert code == 1
    assert "error[state-" in told
