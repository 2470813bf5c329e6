"""What does not fit a schema, in our own words: what is meant, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.errors import Problem
from runner.model.config import SourceKind
from runner.project.hints import hint_choice, hint_example, hint_key, hint_pattern, hint_type, lacks_space, stands_for
from runner.project.masking import names_secret
from runner.project.misfit import Misfit
from runner.project.tree import ListValue, MapValue, ScalarValue, Value

MAX_UNKNOWN = 20
"""Unknown keys of one map that are told."""
_LONG_INTEGER = re.compile(r"-?[1-9][0-9]{18,}")
KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a map of keys",
}


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
    where = f"of `{misfit.key}`" if misfit.path else "of this file"
    unknown = [key for name, key in value.keys.items() if name not in misfit.schema["properties"]]
    hints = set[str]()
    for key in unknown[:MAX_UNKNOWN]:
        if _continues_secret(value, key.text):
            hint = "a comma ends a value between `{` and `}`"
            yield key.problem("unknown-key", f"what follows this comma is not a key {where}", hint)
            continue
        hint = hint_key(key.text, known, misfit)
        # What is known here is listed once.
        yield key.problem("unknown-key", f"`{key.brief}` is not a key {where}", hint if hint not in hints else None)
        hints.add(hint)
    if len(unknown) > MAX_UNKNOWN:
        first, more = unknown[MAX_UNKNOWN], len(unknown) - MAX_UNKNOWN
        message = f"… and {more:,} more that are no keys {where}"
        yield first.problem("unknown-key", message, "mend those above first: what is wrong with them may be the same")


def _continues_secret(holder: MapValue, name: str) -> bool:
    """Whether a key without a value is what a comma cut off from the secret before it."""
    names, value = list(holder.keys), holder.values[name]
    before = names[names.index(name) - 1] if names.index(name) else ""
    return isinstance(value, ScalarValue) and value.plain and not value.text and names_secret(before)


def _describe_missing(misfit: Misfit) -> Iterator[Problem]:
    value = misfit.value
    if not isinstance(value, MapValue):
        return
    unknown = [name for name in value.keys if name not in misfit.schema["properties"]][:MAX_UNKNOWN]
    for name in misfit.wanted:
        # A misspelt key was told already.
        if name not in value.keys and not any(stands_for(each, name) for each in unknown):
            where = f"`{misfit.key}`" if misfit.path else "the file"
            example = next(iter(misfit.schema["properties"][name].get("examples", ())), None)
            hint = f"write `{name}: {example}`" if isinstance(example, str | int) else f"add `{name}:`"
            yield misfit.tell("missing-key", f"{where} has no `{name}`", hint)


def _describe_type(misfit: Misfit) -> Problem:
    value = misfit.value
    wanted = misfit.wanted if isinstance(misfit.wanted, list) else [misfit.wanted]
    kind = " or ".join(KINDS[each] for each in wanted)
    if isinstance(value, ScalarValue) and value.value is None and value.plain:
        return misfit.tell(
            "missing-value", f"{misfit.subject} has no value, where {kind} is wanted", _hint_nothing(misfit)
        )
    found = {ListValue: "a list", MapValue: "a map of keys"}.get(type(value), misfit.text)
    is_quoted = isinstance(value, ScalarValue) and not value.plain
    if wanted == ["integer"] and isinstance(value, ScalarValue) and value.plain and _LONG_INTEGER.fullmatch(value.text):
        return misfit.tell("out-of-range", f"{misfit.subject} takes {kind} of at most 18 digits", "write a smaller one")
    told = f"{found}, in quotes, is a text" if is_quoted else f"{found} is none"
    hint = "a space is missing after the `:`" if lacks_space(value) else hint_type(misfit, wanted[0])
    return misfit.tell("wrong-type", f"{misfit.subject} takes {kind}, and {told}", hint)


def _hint_nothing(misfit: Misfit) -> str:
    if isinstance(misfit.value, ScalarValue) and misfit.value.text:
        return f'write one; if the text is meant: `"{misfit.value.text}"`'
    if misfit.path and isinstance(misfit.path[-1], int):
        return "write one, or remove the `-`"
    if "string" in misfit.wanted or misfit.wanted in ("integer", "number", "boolean"):
        return "write one, or remove the key"
    return "write what belongs to it below it, indented by two spaces, or remove the key"


def _describe_choice(misfit: Misfit) -> Problem:
    choices = [str(choice) for choice in (misfit.wanted if misfit.keyword == "enum" else [misfit.wanted])]
    text = misfit.value.text if isinstance(misfit.value, ScalarValue) else ""
    return misfit.tell("unknown-value", f"{misfit.subject} can't be {misfit.text}", hint_choice(text, choices))


def _describe_pattern(misfit: Misfit) -> Problem:
    if isinstance(misfit.value, MapValue):
        key = misfit.value.keys[str(misfit.instance)]
        what = "an account" if misfit.key == "accounts" else "a header"
        if misfit.is_secret or isinstance(misfit.value.values[key.text], ScalarValue):
            return key.problem("invalid-name", f"this is no name for {what}", misfit.schema.get("patternErrorMessage"))
        return key.problem("invalid-name", f"`{key.brief}` is no name for {what}", hint_pattern(misfit, key.text))
    code = "invalid-name" if misfit.key in ("name", "edition") else "invalid-value"
    text = misfit.value.text if isinstance(misfit.value, ScalarValue) else ""
    return misfit.tell(code, f"{misfit.subject} can't be {misfit.text}", hint_pattern(misfit, text))


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
        hint = "write exactly one of them, such as `file: data/customers.csv`"
        yield misfit.tell("source-kind", f"this source has no {listed}", hint)


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
            return misfit.tell("missing-value", f"{subject} is empty", hint_example(misfit))
        case keyword:
            return misfit.tell("invalid-value", f"{subject} does not fit its schema ({keyword})", None)
