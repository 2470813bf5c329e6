"""A secret that stands in a file is in nothing that is told about it, whatever is wrong around it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.project.merge import merge_campaign
from runner.project.rules import judge_project
from runner.project.schema import judge
from runner.project.tree import MapValue
from runner.project.yaml import parse_yaml
from runner.render.documents import problem_document
from runner.render.problems import render_problems

SECRET = "zQ7xW9vK2mN4pR6t"
AROUND = [
    "accounts:\n  main:\n    api_key: {}\n",
    "accounts:\n  main:\n    api_key: '{}'\n    api_key: \"{}\"\n",
    "accounts: {{main: {{provider: voicepartner, api_key: {}, timezone: nowhere}}}}\n",
    "accounts: {{main: {{'api_key': \"{}\", timezone: [}}}}\n",
    "accounts:\n  main:\n    api_key:\n      {}\n",
    "accounts:\n  main:\n    api_key: >-\n      {}\n      {}\n",
    "accounts:\n  main:\n    api_key: |\n\n      {}\n   x: y: z\n",
    "accounts:\n  main:\n    api_key: [{}]\n",
    "accounts:\n  main:\n    api_key: {{key: {}}}\n",
    "accounts:\n  main:\n    api_key: &a {}\n    proxy: *a\n",
    "accounts:\n  main:\n    api_key: !secret {}\n",
    "accounts:\n  main:\n    apikey: {}\n    Api-Key: {}\n    api key: {}\n    api_kye: {}\n",
    "accounts:\n  main:\n    api_key:{}\n",
    "accounts:\n  main:\n    api_key {}\n    x: 1\n",
    "accounts:\n  main:\n    api_key = {}\n    x: 1\n",
    "accounts:\n  main:\n\tapi_key: {}\n",
    "accounts:\n  main:\n    api_key: {}: {}\n",
    "accounts:\n  main:\n    api_key: word: {}\n",
    "accounts: {{main: {{api_key = {}}}}}\n",
    "accounts: {{main: {{api_key: {} word: 1}}}}\n",
    "accounts: {{main: {{api_key: a {}: 1}}}}\n",
    "accounts:\n  main:\n    api_key; {}\n    x: 1\n",
    "accounts:\n  main: api_key = {}\n",
    "accounts:\n  main: api_key: {}\n",
    "accounts:\n  main:\n    api_key: @{}\n",
    "accounts:\n  main:\n    cle_api: {}\n    clé: {}\n    mot de passe: {}\n    jeton: {}\n",
    "accounts:\n  main:\n    - api_key: [{}, {}]\n",
    "state_key = {}\n",
    'accounts:\n  main:\n    api_key: "{}\n    x: 1\n',
    "accounts:\n  main:\n    api_key: prefix-${{KEY}}-{}\n",
    "accounts:\n  main:\n    api_key: ${{KEY:-{}}}\n",
    'accounts:\n  main:\n    api_key: "\\x1b{}"\n',
    "state_key: {}\nstate_kye: {}\n",
    "state: postgresql://user:{}@host/db\n",
    "state: postgresql://user@host/db?sslmode=require&password={}\n",
    "state: mysql://user:{}@host/db\nstate: x\n",
    "accounts:\n  main:\n    base_url: https://user:{}@host/v1?x\n    proxy: http://:{}@proxy:3128\n",
    "defaults: {{notify: {{url: 'https://u:{}@h/'}}}}\n",
    "password: {}\ntoken: {}\nclient_secret: {}\n",
    "accounts:\n  main:\n    api_key: *{}\n",
    "accounts:\n  main:\n    api_key: &{}\n",
    "accounts:\n  main:\n    api_key: {{a: *{}}}\n",
    "accounts:\n  main:\n    api_key: ]{}\n",
    "accounts:\n  main:\n    api_key: }}{}\n",
    "accounts:\n  main:\n    api_key: ,{}\n",
    "accounts:\n  main:\n    api_key: #{}\n",
    "exclude:\n  - {{url: 'https://{{{{ vars.u }}}}:{}@x.fr/a'}}\n",
    "exclude:\n  - {{url: 'https://{}@x.fr/a'}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a?sig={}'}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', headers: [Authorization, {}]}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', headers: X {}}}\n",
    "exclude:\n  - url: https://x.fr/a\n    headers:\n      - Authorization\n      - {}\n",
    "exclude:\n  - {{query: select 1, database: 'mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3D{}'}}\n",
    "exclude:\n  - {{query: select 1, database: 'bigquery://p?credentials_base64={}'}}\n",
    "accounts: {{main: {{api_key : x, {}, provider: voicepartner}}}}\n",
    "accounts:\n  main:\n    api_key:\u00a0{}\n",
    "accounts:\n  main:\n    api_key\u00a0: {}\n",
    "accounts:\n  main:\n    Clé d'API: {}\n    Clé d\u2019accès à l\u2019API : {}\n    mot de passe de l'API = {}\n",
    "accounts: {}\n",
    "accounts: {{main: {}}}\n",
    "accounts: {{main: {{provider: voicepartner}}, other: {}}}\n",
    "accounts: {{main: \"{}\", other: ['{}']}}\n",
    "comptes: {{main: {}}}\naccounts:\n  main: {}\n",
    "accounts: {{main: {{provider: voicepartner, api_key: 'x' {}}}}}\n",
    "accounts: {{main: a, {}}}\n",
    "accounts: {{main: a, '{}/+': }}\n",
    "accounts:\n  {}\n",
    "accounts:\n- {}\n",
    "accounts:\n  main:\n    api_key:\n    # the key\n    - a: {}\n",
    "exclude:\n  - url: https://x.fr/a\n    headers:\n      Authorization Bearer {}\n",
    "exclude:\n  - url: https://x.fr/a\n    En-têtes:\n      X-Auth: {}\n      X-Other:\n        {}\n",
    "exclude:\n  - headers:\n      X-Auth: {}\n    url: x y\n",
    "exclude:\n  - {{url: 'https://x.fr/a', entetes: {{X-Auth: {}}}}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', header: {{X-Auth: 'a', X-Other: {}}}}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', headers: {{Bearer {}: x}}}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', headers: {{X-Auth: a, {}}}}}\n",
    "exclude:\n  - {{url: 'https://x.fr/a', headers: {{Authorization Bearer {}: x}}}}\n",
]


def _tell_all(data: bytes) -> str:
    _, value, problems = parse_yaml(data, "campaigns.yaml")
    if value is not None:
        problems += judge(value, "project")
    if isinstance(value, MapValue):
        problems += judge_project(value, root=Path(), runner_version="1.2.3")
        merge_campaign(value, value)
    assert problems
    documents = [problem_document(problem) for problem in problems]
    return render_problems(problems) + json.dumps(documents, ensure_ascii=False)


@pytest.mark.parametrize("around", AROUND)
def test_a_literal_secret_is_never_echoed(around):
    assert SECRET not in _tell_all(around.replace("{}", SECRET).replace("{{", "{").replace("}}", "}").encode())


@given(
    st.sampled_from(AROUND[:28]),
    st.sampled_from("q*&],#:=|>@%!"),
    st.text("abcXYZ0189+/=_.-,]#", min_size=12, max_size=40),
    st.integers(0, 3),
)
@example("accounts: {{main: {{api_key: a {}: 1}}}}\n", "]", ",000000=0000", 0)
def test_no_spelling_of_a_secret_is_echoed(around, first, secret, cut):
    secret = f"{first}{secret}Z"
    text = around.replace("{}", secret).replace("{{", "{").replace("}}", "}")
    assert secret not in _tell_all(text[: len(text) - cut].encode())


@given(
    st.sampled_from(AROUND[AROUND.index("accounts:\n  main:\n    api_key:\u00a0{}\n") :]),
    st.text("abcXYZ0189+/=_.-", min_size=12, max_size=40),
    st.integers(0, 2),
    st.sampled_from(["", "Bearer ", "a: ", "a, "]),
)
def test_no_key_of_an_account_and_no_header_is_echoed_in_any_shape(around, secret, cut, before):
    secret = f"q{secret}Z"
    text = around.replace("{}", f"{before}{secret}").replace("{{", "{").replace("}}", "}")
    assert secret not in _tell_all(text[: len(text) - cut].encode())


def test_references_are_shown_as_they_are():
    told = _tell_all(b"accounts: {main: {api_key: '${KEY}', timezone: nowhere, proxy: 'http://u:${PW}@h'}}\n")
    assert "${KEY}" in told
    assert "${PW}" in told


def test_a_caret_keeps_its_place_beside_a_mask():
    told = _tell_all(b"version: 1\naccounts: {main: {api_key: sk_live_1, timezone: nowhere}}\n").splitlines()
    pairs = [(line, carets) for line, carets in itertools.pairwise(told) if "nowhere" in line and "^" in carets]
    assert [carets[line.index("nowhere") :] for line, carets in pairs][-1] == "^" * 7
