"""What does not fit a schema, in our own words: what is meant, what stands there, what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import Problem
from runner.model.config import SourceKind
from runner.project.masking import names_secret
from runner.project.nearest import find_nearest
from runner.project.scalars import YES_AND_NO
from runner.project.tree import ListValue, MapValue, ScalarValue, Value

MAX_UNKNOWN = 20
"""Unknown keys of one map that are told."""
LONGEST_NUMBER = 30
EXCLUSION_KEYS = ("allow_empty", "on_invalid")
KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a map of keys",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """One rule of a schema that a value breaks: the rule's keyword and what it wants, the value, and the way to it.

    `instance` is what was judged: the typed value, or the name of a key of it. `dependent` is the key whose presence
    asks for the rule, if one does.
    """

    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    value: Value
    path: tuple[str | int, ...]
    instance: object
    dependent: str = ""

    @property
    def key(self) -> str:
        """The dotted key: `delivery.kinds`, without the places in lists."""
        return ".".join(step for step in self.path if isinstance(step, str))

    @property
    def subject(self) -> str:
        """What the value is, at the beginning of a sentence."""
        if not self.path:
            return "the file"
        return f"`{self.key}`" if isinstance(self.path[-1], str) else f"an item of `{self.key}`"

    @property
    def is_secret(self) -> bool:
        """Whether the text may not be quoted."""
        return any(isinstance(step, str) and names_secret(step) for step in self.path)

    @property
    def text(self) -> str:
        """The text of the value as a message quotes it."""
        if isinstance(self.value, ScalarValue) and not self.is_secret:
            return f"`{self.value.brief}`"
        return "what stands there"

    def tell(self, code: str, message: str, hint: str | None = None) -> Problem:
        """A problem at the value."""
        return self.value.problem(code, message, hint)


def describe_misfit(misfit: Misfit) -> Iterator[Problem]:
    """The problems of one broken rule: one for each key that is unknown or missing, else one."""
    match misfit.keyword:
        case "additionalProperties":
            yield from _describe_unknown_keys(misfit)
        case "required":
            yield from _describe_missing(misfit)
        case "type":
            yield _describe_type(misfit)
        case "enum" | "const":
            yield _describe_choice(misfit)
        case "pattern":
            yield _describe_pattern(misfit)
        case "oneOf":
            yield from _describe_source(misfit)
        case "dependencies":
            yield from _describe_dependencies(misfit)
        case "anyOf":
            yield from _describe_needless(misfit.value, misfit.dependent, _list_required(misfit.wanted))
        case "uniqueItems":
            yield _describe_repetition(misfit)
        case _:
            yield _describe_bound(misfit)


def _describe_unknown_keys(misfit: Misfit) -> Iterator[Problem]:
    value = misfit.value
    if not isinstance(value, MapValue):
        return
    known = list(misfit.schema["properties"])
    unknown = [name for name in value.keys if name not in misfit.schema["properties"]]
    for name in unknown[:MAX_UNKNOWN]:
        where = f"a key of `{misfit.key}`" if misfit.path else "a key of this file"
        key = value.keys[name]
        yield key.problem("unknown-key", f"`{key.brief}` is not {where}", _hint_key(name, known, misfit))


def _hint_key(name: str, known: Sequence[str], misfit: Misfit) -> str:
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


def _describe_missing(misfit: Misfit) -> Iterator[Problem]:
    value = misfit.value
    if not isinstance(value, MapValue):
        return
    unknown = [spell_key(name) for name in value.keys if name not in misfit.schema["properties"]][:MAX_UNKNOWN]
    for name in misfit.wanted:
        # A misspelt key was told already.
        if name not in value.keys and find_nearest(name, unknown) is None:
            where = f"`{misfit.key}`" if misfit.path else "the file"
            example = next(iter(misfit.schema["properties"][name].get("examples", ())), None)
            hint = f"write `{name}: {example}`" if isinstance(example, str | int) else f"add `{name}:`"
            yield misfit.tell("missing-key", f"{where} has no `{name}`", hint)


def _describe_type(misfit: Misfit) -> Problem:
    value = misfit.value
    wanted = misfit.wanted if isinstance(misfit.wanted, list) else [misfit.wanted]
    kind = " or ".join(KINDS[each] for each in wanted)
    if isinstance(value, ScalarValue) and value.value is None and value.plain:
        meant = f'; if the text is meant: `"{value.text}"`' if value.text else ", or remove the key"
        return misfit.tell(
            "missing-value", f"{misfit.subject} has no value, where {kind} is wanted", f"write one{meant}"
        )
    found = {ListValue: "a list", MapValue: "a map of keys"}.get(type(value), misfit.text)
    is_quoted = isinstance(value, ScalarValue) and not value.plain
    told = f"{found}, in quotes, is a text" if is_quoted else f"{found} is none"
    hint = "a space is missing after the `:`" if _lacks_space(value) else _hint_type(misfit, wanted[0])
    return misfit.tell("wrong-type", f"{misfit.subject} takes {kind}, and {told}", hint)


def _lacks_space(value: Value) -> bool:
    """Whether a text looks like a key and a value of which YAML made one word."""
    return isinstance(value, ScalarValue) and value.plain and re.match(r"[a-z_]+:[^\s/]", value.text) is not None


def _hint_type(misfit: Misfit, wanted: str) -> str | None:
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


def _describe_choice(misfit: Misfit) -> Problem:
    choices = [str(choice) for choice in (misfit.wanted if misfit.keyword == "enum" else [misfit.wanted])]
    text = misfit.value.text if isinstance(misfit.value, ScalarValue) else ""
    nearest = find_nearest(text.lower(), choices) or find_nearest(text.upper(), choices)
    listed = ", ".join(f"`{choice}`" for choice in choices)
    message = f"{misfit.subject} can't be {misfit.text}"
    hint = f"did you mean `{nearest}`?" if nearest and len(choices) > 1 else f"it may be {listed}"
    return misfit.tell("unknown-value", message, hint)


def _describe_pattern(misfit: Misfit) -> Problem:
    told = misfit.schema.get("patternErrorMessage")
    if isinstance(misfit.value, MapValue):
        key = misfit.value.keys[str(misfit.instance)]
        what = "an account" if misfit.key == "accounts" else "a header"
        return key.problem("invalid-name", f"`{key.brief}` is no name for {what}", told)
    code = "invalid-name" if misfit.key in ("name", "edition") else "invalid-value"
    return misfit.tell(code, f"{misfit.subject} can't be {misfit.text}", told)


def _describe_source(misfit: Misfit) -> Iterator[Problem]:
    value = misfit.value
    if not isinstance(value, MapValue) or value.keys.keys() - misfit.schema["properties"].keys():
        # A key that is not known was told, and may be the one that is missing.
        return
    kinds = _list_required(misfit.wanted)
    present = " and ".join(f"`{kind}`" for kind in kinds if kind in value.keys)
    if present:
        hint = "make two sources of it, each with a `- ` of its own"
        yield misfit.tell("source-kind", f"this source has {present}", hint)
    else:
        listed = _list_choices(kinds)
        yield misfit.tell("source-kind", f"this source has no {listed}", f"a source has exactly one of them: {listed}")


def _list_required(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    return [choice["required"][0] for choice in choices]


def _list_choices(names: Sequence[str]) -> str:
    *others, last = (f"`{name}`" for name in names)
    return f"{', '.join(others)} or {last}" if others else last


def _describe_dependencies(misfit: Misfit) -> Iterator[Problem]:
    value = misfit.value
    if isinstance(value, MapValue):
        for name, needed in misfit.wanted.items():
            if isinstance(needed, list) and name in value.keys and needed[0] not in value.keys:
                yield from _describe_needless(value, name, needed)


def _describe_needless(value: Value, name: str, needed: Sequence[str]) -> Iterator[Problem]:
    """A key that has no meaning without one of others. Of a source without any kind, that was told instead."""
    if isinstance(value, MapValue) and value.keys.keys() & set(SourceKind):
        listed = _list_choices(needed)
        message = f"`{name}` has no meaning without {listed}"
        yield value.keys[name].problem("needless-key", message, f"remove it, or use {listed}")


def _describe_repetition(misfit: Misfit) -> Problem:
    items = misfit.value.items if isinstance(misfit.value, ListValue) else []
    seen: set[str] = set()
    for item in items:
        if repr(item.value) in seen:
            return item.problem("repeated-item", f"this stands twice in `{misfit.key}`", "remove one of them")
        seen.add(repr(item.value))
    return misfit.tell("repeated-item", f"something stands twice in `{misfit.key}`", "remove one of them")


def _describe_bound(misfit: Misfit) -> Problem:
    subject, wanted = misfit.subject, misfit.wanted
    match misfit.keyword:
        case "minimum":
            return misfit.tell("out-of-range", f"{subject} is at least {wanted:,}, and {misfit.text} is less")
        case "maximum":
            return misfit.tell("out-of-range", f"{subject} is at most {wanted:,}, and {misfit.text} is more")
        case "minLength":
            return misfit.tell("missing-value", f"{subject} is empty", "write a text, or remove the key")
        case "maxLength":
            return misfit.tell("too-long", f"{subject} has more than {wanted:,} characters", "shorten it")
        case "minItems":
            return misfit.tell("missing-value", f"{subject} is an empty list", "list at least one, or remove the key")
        case "minProperties":
            return misfit.tell("missing-value", f"{subject} is empty", "write at least one key below it")
        case keyword:
            return misfit.tell("invalid-value", f"{subject} does not fit its schema ({keyword})", None)
