"""docs/architecture.md names rooms, modules and functions that are in the code."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = {path.parent.name for path in (ROOT / "runner").glob("*/__init__.py")} | {
    path.stem for path in (ROOT / "runner").glob("[!_]*.py")
}
NAMES = sorted({name for name in re.findall(r"`(\w+(?:\.\w+)+)`", PAGE) if name.partition(".")[0] in ROOMS})


def _find(name: str) -> object:
    """The module, function or attribute of this name below `runner`."""
    module, *rest = "runner", *name.split(".")
    while rest and find_spec(f"{module}.{rest[0]}") is not None:
        module = f"{module}.{rest.pop(0)}"
        if not hasattr(import_module(module), "__path__"):
            break
    found: object = import_module(module)
    for part in rest:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_page_is_in_the_code(name):
    assert _find(name) is not None


def test_the_ways_of_a_row_and_of_a_chunk_are_told_in_such_names():
    assert len(NAMES) > 30


def test_every_room_has_its_floor():
    floors = PAGE.partition("## Floors")[2].partition("## The way")[0]
    assert sorted(room for room in ROOMS if f"`{room}`" not in floors) == []
