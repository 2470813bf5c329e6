"""Whatever the bytes: problems at a place of the file, or values; never a traceback, never an endless run."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.errors import Problem
from runner.project.drafts import without_collection
from runner.project.layout import MAX_BYTES, MAX_PROBLEMS
from runner.project.merge import merge_campaign
from runner.project.rules import judge_campaign, judge_project
from runner.project.schema import judge
from runner.project.tree import ListValue, MapValue, ScalarValue
from runner.project.yaml import parse_yaml
from runner.render.problems import render_problems

PROJECT = b"""\
version: 1
accounts:
  main: {provider: voicepartner, api_key: "${KEY}", base_url: "https://api.example.fr/v1", timeout: 30s}
defaults: {account: main, notify: {email: ops@example.fr}}
exclude: [{file: "data/{{ vars.region }}.csv"}]
vars: {region: lyon}
"""
CAMPAIGN = b"""\
# yaml-language-server: $schema=../schemas/campaign.schema.json
name: spring-recall
edition: "2026-12"
description: |
  Recall of
  the spring range
message: {audio: 5f2c8e6b, sender: "+33639980112"}
schedule: "2026-12-01 10:00"
until: '2026-12-31'
recipients:
  - file: "data/{{ vars.region }}.csv"
    column: mobile
    where: "consent = 'yes' and visits > {{ vars.visits }}"
  - numbers: ["06 39 98 01 12"]
delivery: {chunk_size: 500, kinds: [mobile]}
guards: {max_cost: 3000, max_invalid: 5%}
vars: {visits: 2, city: [a, {b: ~}]}
"""
CASES = [path.read_bytes() for path in sorted(Path(__file__).with_name("cases").glob("*.case"))]
TOKENS = [
    b"\t",
    b"\n",
    b"\r",
    b": ",
    b"- ",
    b"? ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"!!str ",
    b"!",
    b"|\n",
    b">-",
]
TOKENS += [
    b'"',
    b"'",
    b"#",
    b"%",
    b"@",
    b"`",
    b"<<: ",
    b"---\n",
    b"...\n",
    b"\\",
    b"\\x",
    b"{{",
    b"}}",
    b"${",
    b"\0",
    b"\xff",
]
TOKENS += [
    "\u2028".encode(),
    "\ufeff".encode(),
    "é".encode(),
    b"\xed\xa0\x80",
    b"~",
    b"null",
    b"0612345670",
    b"1:30",
    b",",
]


@cache
def _sound_project() -> MapValue:
    _, sound, _ = parse_yaml(PROJECT, "campaigns.yaml")
    assert isinstance(sound, MapValue)
    assert judge(sound, "project") == []
    return sound


def _judge_all(data: bytes, *names: str) -> list[Problem]:
    """Everything that a file goes through, as a project and as a campaign."""
    sound, problems = _sound_project(), []
    for name in names or ("project", "campaign"):
        _, value, found = parse_yaml(data, "x.yaml")
        problems += found
        if value is not None:
            problems += judge(value, name)
        if isinstance(value, MapValue):
            if name == "project":
                problems += judge_project(value, root=Path(), runner_version="1.2.3")
            else:
                problems += judge_campaign(merge_campaign(value, sound), sound, root=Path())
    render_problems(problems, color=True)
    return problems


def _mutate(data: bytes, pick: random.Random) -> bytes:
    mutated = bytearray(data)
    for _ in range(pick.randrange(1, 5)):
        at = pick.randrange(len(mutated) + 1)
        match pick.randrange(4):
            case 0:
                mutated[at : at + pick.randrange(1, 12)] = b""
            case 1:
                mutated[at:at] = pick.choice(TOKENS)
            case 2:
                other = pick.randrange(len(mutated) + 1)
                mutated[at:at] = mutated[other : other + pick.randrange(1, 60)]
            case _:
                mutated[at : at + 1] = bytes([pick.randrange(256)])
    return bytes(mutated)


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b"a: !<tag:yaml.org,2002:binary> x")
@example(b"? ? ? ? ?")
@example(b"%TAG ! tag:x,2000:\n--- {}")
@example(b"{? a: b}")
@example(b"- - - - |\n")
@example(b"a:\n  ? [b]\n  : c\n<<: [{}]")
def test_any_bytes_end_in_problems_or_values(data):
    _judge_all(data)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.sampled_from([PROJECT, CAMPAIGN, *CASES]))
def test_a_hurt_file_ends_in_problems_or_values(pick, data):
    _judge_all(_mutate(data, pick))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_thousand_hurt_files_end_in_problems_or_values(seed):
    pick = random.Random(seed)
    for _ in range(5_000):
        _judge_all(_mutate(pick.choice([PROJECT, CAMPAIGN, *CASES]), pick))


def test_every_problem_has_a_place_in_the_file():
    pick = random.Random(7)
    for _ in range(300):
        data = _mutate(CAMPAIGN, pick)
        lines = data.decode(errors="replace").splitlines() or [""]
        for problem in _judge_all(data):
            if problem.place.path == "x.yaml":
                assert 1 <= problem.place.line <= len(lines) + 1
                assert problem.place.column >= 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"vars: " + b"[" * 500_000, id="brackets"),
        pytest.param(b"vars: " + b"{a: " * 200_000, id="braces"),
        pytest.param(b"- " * 400_000, id="dashes"),
        pytest.param(b"? " * 400_000, id="questions"),
        pytest.param(b"a: " + b"1:" * 200_000 + b"1", id="base 60"),
        pytest.param(b"a: " + b"9" * 900_000, id="digits"),
        pytest.param(b"version: " + b"9" * 900_000, id="a number without end"),
        pytest.param(b"".join(b"k%d: 1\n" % n for n in range(60_000)), id="unknown keys"),
        pytest.param(b"k: 1\n" * 150_000, id="one key again and again"),
        pytest.param(b"recipients:\n" + b"-\n" * 300_000, id="empty items"),
        pytest.param(b"recipients:\n" + b"- {file: a, fil: b}\n" * 40_000, id="wrong items"),
        pytest.param(b"a: &a [x,x,x]\n" + b"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" * 20_000, id="aliases"),
        pytest.param(b'a: "' + b"\\x41" * 200_000 + b'"', id="escapes"),
        pytest.param(b"a: |\n" + b"  x\n" * 200_000, id="a long block"),
        pytest.param(b"a: '" + b"\n" * 900_000 + b"'", id="line breaks in quotes"),
        pytest.param(b"a: [" + b"b," * 300_000 + b"]", id="a long list on one line"),
        pytest.param(b'recipients: [{file: "' + b"{{ a }}" * 100_000 + b'"}]', id="templates"),
        pytest.param(b"until: " + b"2026-" * 150_000, id="a day without end"),
        pytest.param(b"notify: {email: " + b"a@" * 300_000 + b"}", id="an address without end"),
        pytest.param(b"requires: '" + b">=1," * 200_000 + b"'", id="conditions"),
        pytest.param(b"state: " + b"a:" * 300_000 + b"//b", id="an address of a state"),
        pytest.param(b"notify: {url: 'https://" + b"a" * 900_000 + b" b'}", id="an address to call"),
        pytest.param(b"notify: {url: '" + b"?key" * 225_000 + b"'}", id="parameters"),
        pytest.param(b"notify: {url: '?" + b"key" * 300_000 + b"'}", id="one parameter"),
        pytest.param(b"state: '" + b"://a:" * 180_000 + b"'", id="passwords without end"),
        pytest.param(b"state: '" + b"${" * 400_000 + b"'", id="references without end"),
        pytest.param(b"vars: {a: '" + b"{{" * 400_000 + b"'}", id="doors"),
        pytest.param(b"delivery: {" + b"a-a: 1, " * 600 + b"}", id="many problems on a line"),
        pytest.param(b"delivery: {" + b"-".join([b"a-a"] * 1_200) + b": 1, c: 1, d: 1}", id="one long word"),
        pytest.param(b"recipients: [{file: a, where: '{{ " + b"{{" * 4_900 + b"'}]", id="tags"),
        pytest.param(
            b"delivery: {kinds: [" + b"".join(b"k%d," % n for n in range(60_000)) + b"k1]}", id="items that differ"
        ),
        pytest.param(b"recipients: [{url: 'https://u:" + b"{{a}}" * 40 + b"', x: 1}]", id="tags in a password"),
        pytest.param(b"recipients: [{url: 'https://" + b"{{a}}" * 40 + b"', x: 1}]", id="tags in a user's name"),
        pytest.param(b"state: 'postgresql://h/d?x=" + b"passw" * 180_000 + b"'", id="one word of passwords"),
        pytest.param(b"a" + "\u00a0".encode() * 400_000 + b"x\nb: [", id="odd blanks"),
        pytest.param(b"-" * 900_000 + "é".encode() + b"\nb: [", id="hyphens"),
        pytest.param(b"x" * (MAX_BYTES + 1), id="too large"),
    ],
)
def test_work_is_bounded_whatever_a_file_of_a_megabyte_holds(data):
    with without_collection():
        problems = _judge_all(data, "project" if data.startswith((b"version", b"requires", b"state")) else "campaign")
    assert problems
    assert len(problems) <= 2 * MAX_PROBLEMS


def test_a_byte_order_mark_moves_no_place():
    _, value, problems = parse_yaml("\ufeffname: spring\nmesage: {}".encode(), "x.yaml")
    assert problems == []
    (problem,) = judge(value, "campaign")
    assert (problem.place.line, problem.place.column) == (2, 1)


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count_alike(breaks):
    _, value, problems = parse_yaml(breaks.join(["# é", "name: spring", "vars:", "  x: 日本"]).encode(), "x.yaml")
    assert problems == []
    text = value.find("vars", "x")
    assert (text.place.line, text.place.column, text.place.width) == (4, 6, 2)


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        ("name: été\nnom: é".encode("cp1252"), "not-utf-8", 1, 7),
        ("a: 1\nb: é".encode("utf-16"), "not-utf-8", 1, 1),
        ("a: 1".encode("utf-16-le"), "not-utf-8", 1, 1),
        (b"a: 1\nb: x\0y", "control-character", 2, 5),
        ("a: x\u2028y".encode(), "control-character", 1, 5),
        (b"a: 1\nb: \xed\xa0\x80", "not-utf-8", 2, 4),
        ("é: \x07".encode(), "control-character", 1, 4),
    ],
)
def test_what_is_no_text_is_told_at_its_byte(data, code, line, column):
    _, value, (problem,) = parse_yaml(data, "x.yaml")
    assert value is None
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)


def test_scalars_stay_the_text_that_was_written():
    written = ["no", "0612345670", "+33612345678", "1:30", "2026.10", "2026-12-01", "0x10", "1_000", "~", "1e3"]
    _, value, problems = parse_yaml("\n".join(f"- {text}" for text in written).encode(), "x.yaml")
    assert problems == []
    assert isinstance(value, ListValue)
    assert [item.text for item in value.items if isinstance(item, ScalarValue)] == written


def test_a_comment_of_a_megabyte_is_nothing():
    assert parse_yaml(b"#" * 900_000, "x.yaml")[1:] == (None, [])


def test_nothing_in_a_file_is_nothing():
    for data in (b"", b"# a comment\n", b"\n\n", "\ufeff".encode()):
        assert parse_yaml(data, "x.yaml")[1:] == (None, [])


@pytest.mark.parametrize("levels", [60, 2_000, 100_000])
@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_nesting_without_end_is_called_so_however_deep_it_is(opening, levels):
    problems = _judge_all(f"vars: {{a: {opening * levels}".encode(), "campaign")
    assert [problem.code for problem in problems if problem.place.line == 1][:1] == ["nested-too-deeply"]


def test_a_file_that_is_too_large_is_told_no_size_that_nobody_measured():
    _, _, (problem,) = parse_yaml(b"x" * (MAX_BYTES + 100_000), "x.yaml")
    assert problem.code == "file-too-large"
    assert problem.message == "the file has more than 1,000,000 bytes, the most that a YAML file may have"
