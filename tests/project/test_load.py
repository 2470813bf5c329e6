"""A project as the model: defaults merged, places kept, good campaigns apart from failing ones, meaning digested."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from runner.errors import ProblemsFound
from runner.model.config import Campaign, Delivery, Guards, Kind, Limits, Project, SourceKind
from runner.model.secret import Reference
from runner.project.load import VariableRefused, load_project
from runner.project.meaning import digest_campaigns

PROJECT = """\
version: 1
requires: ">=1.2,<2"
state: ${STATE_URL}
state_id: 3f6c0a8e
state_key: ${file:/run/secrets/state}
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
    base_url: http://127.0.0.1:8080/v1
    timezone: Indian/Reunion
    limits: {requests: 10, per: 2m}
    timeout: 10s
    max_in_doubt: 3
    proxy: ${HTTPS_PROXY}
    countries: [FR, RE]
    prices: {mobile: 0.15, voip: 0.2, currency: EUR}
  spare: {api_key: "${SPARE}"}
defaults:
  account: main
  notify: {email: ops@example.fr, url: "https://hooks.example.fr/a"}
  delivery: {probe: 5, kinds: [fixed, mobile]}
  exclude: [{file: data/defaults.csv}]
  vars: {region: default, city: default}
exclude: [{file: data/project.csv, column: phone}]
expose_env: [REGION]
language: fr
vars: {region: project, floor: project, city: project}
"""
CAMPAIGN = """\
name: spring
edition: 2026.10
message: {audio: 5f2c8e6b, audio_name: recall.wav, sender: "06 39 98 01 12"}
notify: {url: "https://hooks.example.fr/b"}
schedule: 2026-12-01T10:00
until: 2026-12-31
recipients:
  - file: data/customers.csv
    column: 2
    where: x = 1
  - numbers: ["06 39 98 01 13", "06 39 98 01 14"]
exclude: [{file: data/own.csv, allow_empty: true, on_invalid: ignore}]
delivery: {kinds: [voip]}
guards: {max_recipients: 20000, max_cost: 3000.50, max_invalid: 5%}
vars: {city: campaign, list: [1, 2.50, no, null]}
"""
SMALL = "message: {audio: 5f2c8e6b}\nrecipients: [{file: data/customers.csv}]\n"


def _load(root, **variables: str) -> Project:
    return load_project(root, runner_version="1.2.3", variables=variables)


@pytest.fixture
def loaded(project) -> Project:
    return _load(project({"campaigns.yaml": PROJECT, "campaigns/spring.yaml": CAMPAIGN}))


@pytest.fixture
def campaign(loaded) -> Campaign:
    return loaded.campaigns[0]


def test_what_a_project_says_is_in_its_model(loaded):
    assert loaded.state.text == "${STATE_URL}"
    assert loaded.state_key.text == "${file:/run/secrets/state}"
    assert (loaded.state_id, loaded.expose_env, loaded.language) == ("3f6c0a8e", ("REGION",), "fr")
    account = loaded.accounts["main"]
    assert account.api_key.text == "${VOICEPARTNER_API_KEY}"
    assert account.limits == Limits(requests=10, per=timedelta(minutes=2), recipients_per_request=500)
    assert (account.timeout, account.max_in_doubt) == (timedelta(seconds=10), 3)
    assert (account.timezone, account.countries) == ("Indian/Reunion", ("FR", "RE"))
    assert [account.prices.of(kind) for kind in Kind] == [Decimal("0.15"), None, Decimal("0.2")]


def test_what_a_project_does_not_say_has_the_contracts_defaults(project):
    loaded = _load(project({"campaigns/a.yaml": SMALL}))
    account, campaign = loaded.accounts["main"], loaded.campaigns[0]
    assert loaded.state == Reference("sqlite:///.campaign/state.db")
    assert (loaded.state_key, loaded.state_id, loaded.language, loaded.expose_env) == (None, None, "en", ())
    assert account.base_url == Reference("https://api.voicepartner.fr/v1")
    assert (account.timezone, account.countries, account.limits) == ("Europe/Paris", ("FR",), Limits())
    assert (account.timeout, account.max_in_doubt, account.proxy) == (timedelta(seconds=30), 5, None)
    assert (campaign.delivery, campaign.guards, campaign.enabled) == (Delivery(), Guards(), True)
    assert (campaign.name, campaign.edition, campaign.content.schedule) == ("a", None, None)


def test_what_a_campaign_says_is_in_its_model(campaign):
    assert (campaign.name, campaign.edition, campaign.label) == ("spring", "2026.10", "spring@2026.10")
    assert campaign.content.audio == "5f2c8e6b"
    assert campaign.content.sender == "+33639980112"
    assert campaign.audio_name == "recall.wav"
    assert campaign.schedule == datetime.fromisoformat("2026-12-01 10:00")
    assert campaign.content.schedule == "2026-12-01 10:00"
    assert campaign.until == date(2026, 12, 31)
    assert campaign.guards == Guards(max_recipients=20_000, max_cost=Decimal("3000.50"), max_invalid=Decimal("0.05"))
    file, numbers = campaign.recipients
    assert (file.kind, file.text, file.column, file.where) == (SourceKind.FILE, "data/customers.csv", "2", "x = 1")
    assert (numbers.kind, numbers.numbers) == (SourceKind.NUMBERS, ("06 39 98 01 13", "06 39 98 01 14"))


def test_maps_merge_at_every_depth_and_lists_are_replaced(campaign):
    assert campaign.content.notify_email == "ops@example.fr"
    assert campaign.content.notify_url == "https://hooks.example.fr/b"
    assert campaign.delivery.probe == 5
    assert campaign.delivery.kinds == (Kind.VOIP,)


def test_exclusions_add_up_from_the_project_down(campaign):
    assert [source.text for source in campaign.exclude] == ["data/project.csv", "data/defaults.csv", "data/own.csv"]
    assert [source.allow_empty for source in campaign.exclude] == [False, False, True]
    assert [source.ignore_invalid for source in campaign.exclude] == [False, False, True]


def test_a_variable_is_the_campaigns_else_the_defaults_else_the_projects(campaign):
    assert campaign.vars == {
        "region": "default",
        "floor": "project",
        "city": "campaign",
        "list": [1, Decimal("2.50"), "no", None],
    }


def test_var_wins_over_all_and_is_read_as_yaml(project):
    root = project({"campaigns.yaml": PROJECT, "campaigns/spring.yaml": CAMPAIGN})
    loaded = _load(root, region="no", floor="12", list="{a: [true]}")
    assert loaded.campaigns[0].vars == {"region": "no", "floor": 12, "city": "campaign", "list": {"a": [True]}}


def test_var_of_one_campaign_is_not_given_to_others(project):
    root = project({"campaigns/a.yaml": f"vars: {{x: 1}}\n{SMALL}", "campaigns/b.yaml": SMALL})
    assert [campaign.vars for campaign in _load(root, x="2").campaigns] == [{"x": 2}, {}]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("regoin", "x", "unknown-variable"),
        ("region", "[", "unclosed-bracket"),
        ("region", "0639980112", "unquoted-number"),
    ],
)
def test_var_that_is_not_declared_or_no_yaml_is_refused(project, name, text, code):
    root = project({"campaigns.yaml": PROJECT, "campaigns/spring.yaml": CAMPAIGN})
    with pytest.raises(VariableRefused) as caught:
        _load(root, **{name: text})
    assert caught.value.code == code
    assert caught.value.hint


def test_every_key_knows_its_place_also_in_the_defaults(campaign):
    place = campaign.places["guards.max_cost"]
    assert (place.path, place.line, place.column, place.width) == ("campaigns/spring.yaml", 14, 43, 7)
    assert campaign.excerpts["guards.max_cost"].startswith("guards: {max_recipients")
    inherited = campaign.places["notify.email"]
    assert (inherited.path, inherited.line) == ("campaigns.yaml", 21)
    assert "ops@example.fr" in campaign.excerpts["notify.email"]
    assert {"message.audio", "schedule", "until", "delivery.probe", "vars.region"} <= set(campaign.places)
    assert campaign.recipients[0].place.line == 8
    assert campaign.exclude[0].place.path == "campaigns.yaml"


def test_a_failing_campaign_leaves_the_others_usable(project):
    root = project({"campaigns/bad.yaml": f"name: autumn\nedition: 2026\nx: 1\n{SMALL}", "campaigns/good.yaml": SMALL})
    loaded = _load(root)
    assert [campaign.name for campaign in loaded.campaigns] == ["good"]
    (failing,) = loaded.failing
    assert (failing.name, failing.edition, failing.file) == ("autumn", "2026", "campaigns/bad.yaml")
    assert [problem.code for problem in failing.problems] == ["unknown-key"]


def test_two_files_of_one_identity_fail_both(project):
    root = project({"campaigns/a.yaml": f"name: c\n{SMALL}", "campaigns/b.yaml": f"name: c\n{SMALL}"})
    assert [failing.file for failing in _load(root).failing] == ["campaigns/a.yaml", "campaigns/b.yaml"]


def test_a_wrong_project_is_told_with_the_problems_of_all_files(project):
    root = project({"campaigns.yaml": "version: 2\naccounts: {}\n", "campaigns/a.yaml": f"x: 1\n{SMALL}"})
    with pytest.raises(ProblemsFound) as caught:
        _load(root)
    assert [(problem.place.path, problem.code) for problem in caught.value.problems] == [
        ("campaigns.yaml", "unknown-value"),
        ("campaigns.yaml", "missing-value"),
        ("campaigns/a.yaml", "unknown-key"),
    ]


def test_the_only_account_need_not_be_named(project):
    text = "version: 1\naccounts: {only: {api_key: '${KEY}'}}\ndefaults: {notify: {email: ops@example.fr}}\n"
    root = project({"campaigns.yaml": text, "campaigns/a.yaml": SMALL})
    assert _load(root).campaigns[0].account == "only"


def _meaning(project, campaigns_yaml: str, campaign: str) -> str:
    loaded = _load(project({"campaigns.yaml": campaigns_yaml, "campaigns/spring.yaml": campaign}))
    assert loaded.failing == ()
    return digest_campaigns(loaded.campaigns, loaded.accounts, loaded.expose_env)


def test_the_meaning_is_the_same_whatever_the_spelling(project):
    respelled = "# other bytes\r\n" + CAMPAIGN.replace("3000.50", "3000.5").replace("5%", '"5%"').replace("\n", "\r\n")
    respelled = respelled.replace("2026-12-01T10:00", '"2026-12-01 10:00"').replace("06 39 98 01 12", "+33639980112")
    turned = "vars:\n    list: [1, 2.50, 'no', ~]\n    'city': campaign\n" + CAMPAIGN.rpartition("vars:")[0]
    first = _meaning(project, PROJECT, CAMPAIGN)
    assert _meaning(project, PROJECT, respelled) == first
    assert _meaning(project, PROJECT.replace("2m", "120s"), turned) == first
    inlined = CAMPAIGN.replace("notify: {", "notify: {email: ops@example.fr, ")
    assert _meaning(project, PROJECT, inlined) == first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("audio: 5f2c8e6b", "audio: 5f2c8e6c"),
        ("T10:00", "T10:01"),
        ("x = 1", "x = 2"),
        ("2.50", "2.5"),
        ("5%", "6%"),
        ("max_cost: 3000.50", "max_cost: 3000.51"),
        ("01 14", "01 15"),
        ("allow_empty: true, ", ""),
    ],
)
def test_the_meaning_changes_with_what_a_campaign_says(project, old, new):
    assert old in CAMPAIGN
    assert _meaning(project, PROJECT, CAMPAIGN) != _meaning(project, PROJECT, CAMPAIGN.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ops@example.fr", "it@example.fr"),
        ("127.0.0.1:8080", "127.0.0.1:8081"),
        ("per: 2m", "per: 3m"),
        ("[FR, RE]", "[RE, FR]"),
        ("project.csv", "other.csv"),
        ("floor: project", "floor: other"),
        ("[REGION]", "[REGION, CITY]"),
    ],
)
def test_the_meaning_changes_with_its_account_and_the_defaults(project, old, new):
    assert old in PROJECT
    assert _meaning(project, PROJECT, CAMPAIGN) != _meaning(project, PROJECT.replace(old, new), CAMPAIGN)


def test_the_meaning_of_a_campaign_does_not_change_with_other_accounts(project):
    other = PROJECT.replace('"${SPARE}"', '"${OTHER}"')
    assert _meaning(project, PROJECT, CAMPAIGN) == _meaning(project, other, CAMPAIGN)


def test_an_offset_in_a_schedule_is_kept(project):
    root = project({"campaigns/a.yaml": f'schedule: "2026-12-01 10:00Z"\n{SMALL}'})
    (campaign,) = _load(root).campaigns
    assert campaign.schedule == datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert campaign.content.schedule == "2026-12-01 10:00+00:00"
