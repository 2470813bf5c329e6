"""What to write instead of what does not fit a schema: the nearest known name, the right spelling, an example."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.project.misfit import Misfit
from runner.project.nearest import find_nearest
from runner.project.scalars import YES_AND_NO
from runner.project.tree import MapValue, ScalarValue, Value

LONGEST_NUMBER = 30
EXCLUSION_KEYS = ("allow_empty", "on_invalid")


def hint_key(name: str, known: Sequence[str], misfit: Misfit) -> str:
    """What to write instead of the key `name`, in a map whose `known` keys its schema names."""
    free = [key for key in known if not isinstance(misfit.value, MapValue) or key not in misfit.value.keys]
    nearest = find_nearest(spell_key(name), known)
    if nearest is not None:
        return f"did you mean `{nearest}`?"
    decimal = _hint_decimal(name, misfit)
    if decimal is not None:
        return decimal
    if misfit.key == "defaults" and name in ("name", "edition"):
        return "each campaign says its own"
    if name in EXCLUSION_KEYS:
        return "only sources under `exclude` have it"
    inner = [f"{key}.{name}" for key in known if name in misfit.schema["properties"][key].get("properties", {})]
    if inner:
        return f"did you mean `{inner[0]}`? Its place is under `{inner[0].partition('.')[0]}:`"
    listed = free or list(known)
    return f"known here: {', '.join(f'`{key}`' for key in listed[:12])}{' …' if len(listed) > 12 else ''}"


def spell_key(name: str) -> str:
    """A key in the spelling of this project's keys."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _hint_decimal(name: str, misfit: Misfit) -> str | None:
    """`{mobile: 0,15}` is two keys to YAML."""
    names = list(misfit.value.keys) if isinstance(misfit.value, MapValue) else []
    before = names[names.index(name) - 1] if name.isdecimal() and names.index(name) else None
    number = misfit.value.find(before) if isinstance(misfit.value, MapValue) and before is not None else None
    if not isinstance(number, ScalarValue) or not number.text.isdecimal():
        return None
    return f"a number has a decimal point and no comma: `{before}: {number.text}.{name}`"


def lacks_space(value: Value) -> bool:
    """Whether a text looks like a key and a value of which YAML made one word."""
    return isinstance(value, ScalarValue) and value.plain and re.match(r"[a-z_]+:[^\s/]", value.text) is not None


def hint_type(misfit: Misfit, wanted: str) -> str | None:
    """How a value of the type `wanted`, as the schema calls it, is written; None where nothing helps."""
    value = misfit.value
    if isinstance(value, MapValue) and wanted == "array":
        joined = any(name.startswith("-") for name in value.keys)
        return "a space is missing after the `-`" if joined else "begin each item with `- `"
    if not isinstance(value, ScalarValue):
        return _hint_example(misfit)
    text = value.text.strip()
    if wanted == "array":
        return "write each item on a line that begins with `- `, or all of them in `[…]`"
    if wanted == "boolean":
        word = YES_AND_NO.get(text.lower(), "")
        return f"write `{word}`" if word else "write `true` or `false`, without quotes"
    if wanted in ("integer", "number"):
        return _hint_number(value, text) or _hint_example(misfit)
    return _hint_example(misfit)


def _hint_number(value: ScalarValue, text: str) -> str | None:
    if len(text) > LONGEST_NUMBER:
        return "no number is so long"
    bare = text.replace("_", "").replace(" ", "").replace("\u202f", "").replace("\xa0", "")
    if not value.plain and text.replace(".", "").isdecimal():
        return "remove the quotes"
    if bare.replace(",", "", 1).isdecimal():
        return f"write `{(bare.lstrip('0') or '0').replace(',', '.')}`"
    return None


def _hint_example(misfit: Misfit) -> str | None:
    example = next(iter(misfit.schema.get("examples", ())), None)
    if isinstance(example, str | int | float):
        return f"write, for example, `{example}`"
    if isinstance(example, dict):
        return f"write its keys below it, such as `{next(iter(example))}:`"
    return None
