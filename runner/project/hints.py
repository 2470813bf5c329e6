"""What to write instead of what does not fit a schema: the nearest known name, the right spelling, an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.model.listing import list_names
from runner.project.french import translate_choice, translate_key, without_accents
from runner.project.misfit import Misfit
from runner.project.nearest import find_nearest
from runner.project.respelling import find_respelling
from runner.project.scalars import YES_AND_NO, is_telephone
from runner.project.tree import ListValue, MapValue, ScalarValue, Value

LONGEST_NUMBER = 30
EXCLUSION_KEYS = ("allow_empty", "on_invalid", "min_rows", "max_shrink")
SURELY = 0.9
"""How alike a known name must be where another key has just the name that was written."""
_OFF = frozenset({"disable", "disabled", "pause", "paused", "suspended"}) | frozenset(
    {"desactive", "desactivee", "en_pause", "inactif", "inactive", "suspendu", "suspendue"}
)
"""Keys by which somebody would say the contrary of `enabled`."""
_ASSIGNMENT = re.compile(r"(?P<key>[A-Za-z_-]+) *= *(?P<value>.+)")
_UNITS_OF_MONEY = re.compile(r"[_ \u00a0\u202f€$]|(?<=[0-9 ])(?:eur|euros?)\b", re.IGNORECASE)


def hint_key(name: str, known: Sequence[str], misfit: Misfit) -> str:
    """What to write instead of the key `name`, in a map whose `known` keys its schema names."""
    from runner.project.schema import load_schema

    if isinstance(misfit.value, MapValue):
        told = _hint_assignment(misfit.value.keys[name].brief) or _hint_off(name, known, misfit.value)
        if told is not None:
            return told
    if misfit.key == "defaults" and name in ("name", "edition"):
        return "each campaign says its own"
    spelled = spell_key(name)
    meant = [spelled, *filter(None, [translate_key(spelled)])]
    inner = next((way for word in meant if word not in known for way in _find_inner(word, known, misfit)), None)
    near = next((word for word in meant if word in known), None)
    near = near or find_nearest(spelled, known, cutoff=0.6 if inner is None else SURELY)
    if near is not None:
        return f"did you mean `{near}`?"
    if inner is not None:
        return f"did you mean `{inner}`? Its place is under `{inner.rpartition('.')[0]}:`"
    if misfit.path and any(word in load_schema("campaign")["properties"] for word in meant):
        return f"its place is not under `{misfit.path[-1]}:`, but beside it"
    decimal = _hint_decimal(name, misfit)
    if decimal is not None:
        return decimal
    if name in EXCLUSION_KEYS:
        return "only sources under `exclude` have it"
    free = [key for key in known if not isinstance(misfit.value, MapValue) or key not in misfit.value.keys]
    return f"known here: {list_names(free or known, most=12)}"


def _hint_off(name: str, known: Sequence[str], holder: MapValue) -> str | None:
    """What to write instead of `pause: true`: never what would send to people who were not to be called."""
    if "enabled" not in known or without_accents(spell_key(name)) not in _OFF:
        return None
    value = holder.find(name)
    word = value.text.strip().lower() if isinstance(value, ScalarValue) else ""
    if YES_AND_NO.get(word, word) == "false":
        return "leave it out, or write `enabled: true`: a campaign is sent unless it is paused"
    return "write `enabled: false` to pause the campaign"


def _find_inner(word: str, known: Sequence[str], misfit: Misfit) -> Iterator[str]:
    """Where the key `word` belongs, if it belongs to what one of the `known` keys holds."""
    for key in known:
        held: Mapping[str, Any] = misfit.schema["properties"][key]
        if word in held.get("properties", {}) or word in held.get("items", {}).get("properties", {}):
            yield f"{key}.{word}"
        elif word in (held.get("additionalProperties") or {}).get("properties", {}):
            yield f"{key}.main.{word}"


def spell_key(name: str) -> str:
    """A key in the spelling of this project's keys."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def stands_for(name: str, key: str) -> bool:
    """Whether `name` was probably written for `key`: misspelt, or in French."""
    spelled = spell_key(name)
    return translate_key(spelled) == key or find_nearest(key, [spelled]) is not None


def _hint_assignment(text: str) -> str | None:
    """`max_cost = 5` is one word to YAML."""
    found = _ASSIGNMENT.fullmatch(text.strip())
    return f"write a colon: `{found['key']}: {found['value']}`" if found is not None else None


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
    match wanted:
        case "array":
            return _hint_list(misfit)
        case "object":
            return _hint_map(misfit)
        case "boolean" if isinstance(value, ScalarValue):
            word = YES_AND_NO.get(value.text.strip().lower(), "")
            return f"write `{word}`" if word else "write `true` or `false`, without quotes"
        case "integer" | "number" if isinstance(value, ScalarValue):
            return _hint_number(value, wanted) or hint_example(misfit)
        case _:
            return _hint_text(misfit)


def _hint_list(misfit: Misfit) -> str:
    value, items = misfit.value, misfit.schema.get("items", {})
    if isinstance(value, MapValue):
        if any(name.startswith("-") for name in value.keys):
            return "a space is missing after the `-`"
        return f"write `- ` before `{next(iter(value.keys.values())).brief}:`, and what belongs to it in one column"
    if not isinstance(value, ScalarValue) or misfit.is_secret:
        return "begin each item with `- `"
    if items.get("type") == "object":
        return f"on a line below it, write `- {_name_source(value)}`"
    quote = '"' if items.get("format") == "number" else ""
    texts = [f"{quote}{text.strip()}{quote}" for text in value.brief.split(",") if text.strip()]
    return f"write `[{', '.join(texts)}]`"


def _name_source(value: ScalarValue) -> str:
    """The source that a text was probably meant to be."""
    return f'numbers: ["{value.brief}"]' if is_telephone(value.text) else f"file: {value.brief}"


def _hint_map(misfit: Misfit) -> str | None:
    value, properties = misfit.value, misfit.schema.get("properties", {})
    if not misfit.path:
        return "begin it with a key and a colon, such as `name:`"
    if isinstance(value, ListValue):
        example = next(iter(next(iter(misfit.schema.get("examples", ())), {"main": ""})))
        return f"write its keys without a `- ` before them, such as `{example}:`"
    if misfit.path[-1] in properties:
        return "write a name above it, such as `main:`, and indent the keys of that account below the name"
    if not isinstance(value, ScalarValue):
        return hint_example(misfit)
    assigned = _hint_assignment(value.brief)
    if assigned is not None and (not misfit.is_secret or value.text.partition("=")[0].strip() in properties):
        return assigned
    if misfit.is_secret:
        return hint_example(misfit)
    if isinstance(misfit.path[-1], int):
        return f"write `{_name_source(value)}`"
    fitting = (name for name, part in properties.items() if re.search(part.get("pattern", r"\Zx"), value.text))
    name = next(fitting, None)
    return f"on a line below it, indented, write `{name}: {value.brief}`" if name else hint_example(misfit)


def _hint_text(misfit: Misfit) -> str | None:
    value = misfit.value
    if isinstance(value, ListValue) and misfit.schema.get("format") == "sql":
        return "write one text, with `and` between its conditions"
    first = value.items[0] if isinstance(value, ListValue) and value.items else None
    if isinstance(first, ScalarValue) and not misfit.is_secret:
        return f"write one alone, without a list: `{first.brief}`"
    return hint_example(misfit)


def _hint_number(value: ScalarValue, wanted: str) -> str | None:
    text = value.text.strip()
    if len(text) > LONGEST_NUMBER:
        return "no number is so long"
    grouped = re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+", text)
    if not value.plain and grouped is None and text.replace(".", "").isdecimal():
        return "remove the quotes"
    bare = _UNITS_OF_MONEY.sub("", text)
    thousands = re.fullmatch(r"([0-9]+)k", bare, re.IGNORECASE)
    if thousands is not None:
        return f"write `{thousands[1]}000`"
    grouped = re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3})+", bare)
    if grouped is not None:
        return _hint_thousands(bare, wanted)
    spelled = re.fullmatch(r"0*([0-9]+)(?:[.,]([0-9]+))?", bare)
    if spelled is None or (wanted == "integer" and (spelled[2] or "").strip("0")):
        return None
    return f"write `{spelled[1]}`" if wanted == "integer" or not spelled[2] else f"write `{spelled[1]}.{spelled[2]}`"


def _hint_thousands(grouped: str, wanted: str) -> str:
    """Both readings of `1.000` and `1,000`, where both are numbers: whoever took the wrong one would pay for it."""
    whole = re.sub("[.,]", "", grouped)
    if wanted == "integer" or len(re.findall("[.,]", grouped)) > 1:
        return f"write `{whole}`"
    if "," in grouped:
        return f"a number has no comma: write `{whole}`, or `{grouped.replace(',', '.')}` with a decimal point"
    return f"write `{whole}`, or `{grouped}` without quotes, in which the point is a decimal point"


def hint_example(misfit: Misfit) -> str | None:
    """An example of the schema's own."""
    example = next(iter(misfit.schema.get("examples", ())), None)
    if isinstance(example, str | int | float):
        return f"write, for example, `{example}`"
    if isinstance(example, dict):
        return f"write its keys below it, such as `{next(iter(example))}:`"
    return None


def hint_choice(text: str, choices: Sequence[str]) -> str:
    """Which of `choices` was meant, or which there are."""
    translated = translate_choice(text)
    if translated in choices:
        return f"did you mean `{translated}`?"
    nearest = find_nearest(text.lower(), choices) or find_nearest(text.upper(), choices)
    return f"did you mean `{nearest}`?" if nearest and len(choices) > 1 else f"it may be {list_names(choices, most=12)}"


def hint_pattern(misfit: Misfit, text: str) -> str | None:
    """How the shape that a schema asks for is written, after the spelling of `text` that has it, if there is one."""
    told = misfit.schema.get("patternErrorMessage")
    pattern = re.compile(misfit.wanted)
    spelled = None if misfit.is_secret else find_respelling(text, lambda candidate: bool(pattern.search(candidate)))
    if spelled is None or not isinstance(told, str):
        return told
    return f"did you mean `{spelled}`? {told[:1].upper()}{told[1:]}"
