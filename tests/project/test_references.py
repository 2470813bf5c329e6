"""References are looked up late; what they stand for is in no message."""

from __future__ import annotations

import json
import os
from urllib.parse import quote

import pytest

from runner.errors import ReferenceUnresolved
from runner.model.secret import Reference, Secret, scrub_secrets
from runner.project.addresses import judge_address
from runner.project.references import find_malformed, is_one_reference, resolve


def _resolve(text: str, tmp_path, **environment: str) -> str:
    return resolve(Reference(text), environment=environment, root=tmp_path).open()


def test_a_variable_stands_wherever_it_is_written(tmp_path):
    assert _resolve("${KEY}", tmp_path, KEY="k") == "k"
    assert _resolve("postgresql://u:${PW}@h/${DB}", tmp_path, PW="p$w{", DB="${KEY}") == "postgresql://u:p$w{@h/${KEY}"
    assert _resolve("literal", tmp_path) == "literal"


def test_what_a_file_says_literally_is_no_secret_elsewhere(tmp_path):
    literal, partly = "https://api.example.fr/literal", "https://api.example.fr/partly"
    _resolve(literal, tmp_path)
    _resolve("https://api.example.fr/${WHAT}", tmp_path, WHAT="partly")
    assert scrub_secrets(f"{literal} {partly}") == f"{literal} •••"


@pytest.mark.parametrize("written", ["secret", "secret\n", "secret\r\n"])
def test_a_file_stands_without_its_last_line_break(tmp_path, written):
    (tmp_path / "key.txt").write_bytes(written.encode())
    assert _resolve("${file:key.txt}", tmp_path) == "secret"
    assert _resolve(f"${{file:{tmp_path}/key.txt}}", tmp_path) == "secret"


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}])
def test_a_variable_that_is_not_there_is_named(tmp_path, environment):
    with pytest.raises(ReferenceUnresolved, match="`KEY`") as caught:
        _resolve("${KEY}", tmp_path, **environment)
    assert caught.value.hint


def test_a_file_that_can_not_be_read_says_why(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "empty", "large", "latin", "folder", "pipe"):
        with pytest.raises(ReferenceUnresolved, match=name) as caught:
            _resolve(f"${{file:{name}}}", tmp_path)
        assert "caf" not in str(caught.value)


@pytest.mark.parametrize("text", ["${KEY}", "${_a1}", "${file:secrets/key}", "${file:/run/secrets/a b}"])
def test_one_reference_is_one_reference(text):
    assert is_one_reference(text)
    assert find_malformed(text) is None


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A-B}", "${A:-b}", "${A", "x ${file:}", "${ A }"])
def test_what_is_no_reference_is_found(text):
    assert not is_one_reference(text)
    assert find_malformed(text) == text.index("${")


@pytest.mark.parametrize(
    "url", ["https://api.example.fr/v1", "http://127.0.0.1:80/v1", "http://localhost", "http://[::1]:8080/v1"]
)
def test_an_address_of_an_api_is_https_or_loopback(url):
    assert judge_address(url, "base-url") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.fr",
        "http://10.0.0.1",
        "ftp://a",
        "api.example.fr",
        "https://",
        "https://a?b=1",
        "https://a b",
        "https://[",
        "https://a:99999",
        "http://localhost.example.fr",
        "",
        "https://a#b",
    ],
)
def test_nothing_else_is_an_address_of_an_api(url):
    assert judge_address(url, "base-url") is not None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("postgresql://u:hunter2@h/d", "state"),
        ("postgresql://u@h/d?password=hunter2", "state"),
        ("postgresql://u:hun/ter2@h/d", "state"),
        ("https://u:hunter2@h/", "base-url"),
        ("http://u:${A}hunter2@h", "proxy"),
        ("https://u:hunter2@h/", "url"),
    ],
)
def test_a_literal_password_is_refused_and_not_told(text, form):
    fault = judge_address(text, form)
    assert fault.code == "literal-secret"
    assert "hunter2" not in f"{fault}"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("postgresql://u:${PW}@h/d", "state"),
        ("${STATE_URL}", "state"),
        ("sqlite:///.campaign/state.db", "state"),
        ("${A}", "proxy"),
        ("http://proxy.example.fr:3128", "proxy"),
        ("https://${HOST}/v1", "base-url"),
        ("http://${HOST}/v1", "base-url"),
        ("http://127.0.0.1:${PORT}/v1", "base-url"),
        ("${API}/v1", "base-url"),
        ("sqlite:///${FOLDER}/state.db", "state"),
        ("https://hooks.example.fr:8443/u/@me", "url"),
    ],
)
def test_what_references_stand_for_is_not_judged_yet(text, form):
    assert judge_address(text, form) is None


@pytest.mark.parametrize("spell", [str, repr, json.dumps, lambda text: quote(text, safe="", errors="surrogateescape")])
@pytest.mark.parametrize("text", ["a-key/with=signs", "clé secrète", "\udcff\udcfe" * 16])
def test_a_secret_is_scrubbed_in_every_spelling_in_which_an_error_could_quote_it(text, spell):
    secret = Secret(text)
    scrubbed = scrub_secrets(f"the answer said {spell(secret.open())}, and more")
    assert scrubbed in {f"the answer said {left}•••{left}, and more" for left in ("", '"', "'")}
