"""docs/reference says what the code and the schemas say: `make reference` writes it, and this holds it against them."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from runner.cli.main import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"

# What a terminal sets and what the scripts of `campaign completion` ask by; a commit's name, a form of Unicode.
NOT_FOR_PEOPLE = {"TERM", "_CAMPAIGN_COMPLETE"} | {"HEAD", "NFKC"}


def _load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_script", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    # Where dataclasses look for the module of a class.
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    return script


script = _load_script()


@pytest.mark.parametrize("name", script.PAGES)
def test_a_page_of_the_reference_is_what_the_code_says(name):
    """Where this fails, `make reference` writes the page anew."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == script.PAGES[name]()


def test_the_reference_has_no_page_that_nothing_writes():
    assert {path.name for path in REFERENCE.iterdir()} == set(script.PAGES)


def _examples(schema: object) -> Iterator[object]:
    if isinstance(schema, dict):
        yield from schema.get("examples", ())
        yield from ([schema["default"]] if "default" in schema else [])
        for below in schema.values():
            yield from _examples(below)


@pytest.mark.parametrize("name", ["project", "campaign"])
def test_an_example_of_a_key_can_be_copied_into_a_file(name):
    values = list(_examples(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))))
    assert len(values) > 60
    read = [yaml.safe_load(f"key: {script.write_value(value)}")["key"] for value in values]
    assert read == values


def _variables_read() -> set[str]:
    """Words in capitals that `runner.cli` and `runner.hosts` hold as whole texts and look up in an environment."""
    found = set()
    for path in [*(ROOT / "runner" / "cli").glob("*.py"), ROOT / "runner" / "hosts.py"]:
        source = path.read_text(encoding="utf-8")
        if "environment" not in source:
            continue
        texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
        found |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"_?[A-Z]+(_[A-Z]+)*", text)}
    return found


def test_every_variable_that_is_read_is_told():
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    read = _variables_read()
    assert set(VARIABLES) <= read
    assert sorted(name for name in read - NOT_FOR_PEOPLE if not re.search(rf"\b{name}\b", page)) == []
