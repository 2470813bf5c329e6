"""The schemas that editors and `campaign schema` show: complete, strict, and judged alike by both of our judges."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from runner.project.fit import compile_fit
from runner.project.schema import load_schema, read_schema

NAMES = ("project", "campaign")
FREE_MAPS = {"vars", "headers"}


def _schemas(schema: dict, key: str) -> Iterator[tuple[str, dict]]:
    """Every schema that stands for a key or an item, with the key's name."""
    yield key, schema
    for name, part in schema.get("properties", {}).items():
        yield from _schemas(part, name)
    for holder in ("items", "additionalProperties"):
        if isinstance(schema.get(holder), dict) and schema[holder]:
            yield from _schemas(schema[holder], key)


ALL = [
    pytest.param(name, key, part, id=f"{name}-{key}")
    for name in NAMES
    for key, part in _schemas(load_schema(name), name)
]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_draft_07_as_every_editor_reads_it(name):
    schema = json.loads(read_schema(name))
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(("name", "key", "schema"), ALL)
def test_every_key_says_what_it_is_and_shows_examples_that_fit(name, key, schema):
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]
    for value in [*schema["examples"], *([schema["default"]] if "default" in schema else [])]:
        assert not list(Draft7Validator(schema).iter_errors(value))


@pytest.mark.parametrize(("name", "key", "schema"), ALL)
def test_no_map_but_vars_takes_unknown_keys(name, key, schema):
    if schema.get("type") == "object" and key not in FREE_MAPS:
        assert schema["additionalProperties"] is False or schema["additionalProperties"]["type"] == "object"


def test_both_schemas_define_what_they_share_alike():
    project, campaign = (json.loads(read_schema(name)) for name in NAMES)
    assert {name: project["definitions"].get(name) for name in campaign["definitions"]} == campaign["definitions"]


def test_defaults_take_every_key_of_a_campaign_but_its_identity():
    project, campaign = (load_schema(name) for name in NAMES)
    own = {name: part for name, part in campaign["properties"].items() if name not in {"name", "edition"}}
    assert project["properties"]["defaults"]["properties"] == own


PROJECT = {
    "version": 1,
    "requires": ">=1.2,<2",
    "state_id": "3f6c",
    "accounts": {
        "main": {
            "api_key": "${KEY}",
            "timezone": "Europe/Paris",
            "limits": {"requests": 5, "per": "60s", "recipients_per_request": 500},
            "countries": ["FR", "RE"],
            "prices": {"mobile": Decimal("0.15"), "currency": "EUR"},
        }
    },
    "defaults": {"notify": {"email": "ops@example.fr"}, "exclude": [{"numbers": ["06 39 98 01 12"]}]},
    "expose_env": ["REGION"],
    "vars": {"region": "lyon", "deep": {"list": [1, None, True]}},
}
CAMPAIGN = {
    "name": "spring",
    "edition": "2026-12",
    "enabled": True,
    "message": {"audio": "5f2c", "sender": "+33639980112"},
    "schedule": "2026-12-01 10:00",
    "until": "2026-12-31",
    "recipients": [{"file": "a.csv", "column": 2, "where": "x = 1"}, {"numbers": ["06 39 98 01 12"]}],
    "exclude": [
        {"file": "b.csv", "allow_empty": True, "on_invalid": "ignore"},
        {"query": "select 1", "database": "${CRM_URL}", "column": "a"},
        {"url": "https://a.example.fr", "headers": {"Accept": "text/csv"}, "items": "a", "next": "b", "where": "x = 1"},
        {"template": "a.j2", "column": 1},
    ],
    "delivery": {"chunk_size": 500, "probe": 0, "kinds": ["mobile", "fixed"], "priority": -5},
    "guards": {"max_recipients": 1, "max_cost": Decimal("3.5"), "max_invalid": "5%"},
}
NEIGHBOURS = ["file", "extra", "name", "a b", "where", "column", "query", "next"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 1_000),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "mobile", "FR", "5%", "60s", "2026-12-01", "x\n", "name\n", "A", "file", "${X}"]),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["file", "numbers", "column", "audio", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: object, path: tuple = ()) -> Iterator[tuple]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _places(part, (*path, name))


@st.composite
def _bent(draw) -> tuple[str, object]:
    """A good document with up to three of its values replaced, removed or given a new neighbour."""
    name, good = draw(st.sampled_from([("project", PROJECT), ("campaign", CAMPAIGN)]))
    document = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 3))):
        *path, last = draw(st.sampled_from([place for place in _places(document) if place] or [("x",)]))
        holder = document
        for step in path:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NEIGHBOURS))] = draw(VALUES)
            case "add":
                holder.append(draw(VALUES))
            case _:
                holder[last] = draw(VALUES)
    return name, document


@given(_bent())
@example(("project", PROJECT))
@example(("campaign", CAMPAIGN))
def test_the_quick_yes_agrees_with_the_judge_that_explains(bent):
    name, document = bent
    schema = load_schema(name)
    assert compile_fit(schema)(document) == (not list(Draft7Validator(schema).iter_errors(document)))


def test_a_keyword_that_the_quick_yes_does_not_know_is_never_passed_over():
    with pytest.raises(KeyError):
        compile_fit({"type": "string", "contains": {}})
