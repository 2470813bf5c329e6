"""What stands in a text beyond its shape: the door it takes (`${…}`, `{{ … }}` or neither), and its `format`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from runner.errors import Problem
from runner.project.addresses import judge_address
from runner.project.masking import DOT, HEADERS, names_secret
from runner.project.nearest import find_nearest
from runner.project.references import find_malformed, is_one_reference
from runner.project.scalars import (
    is_number_of_yaml,
    is_telephone_of_digits,
    parse_day,
    parse_minute,
    parse_sender,
)
from runner.project.tree import ScalarValue
from runner.templates import check_template

FREE = "free"
"""The format of a value that no schema types."""
MISPLACED = "misplaced"
"""The format of what stands in a list or a map where a schema wants another kind of value, which is told already."""
REFERENCES = frozenset({"secret", "base-url", "proxy", "state", "database", "header"})
_DOORS = re.compile(r"\$\{[^}]*\}?|\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)", re.DOTALL)
# Single ones, double ones, and those of French.
_TYPOGRAPHIC = re.compile("[\u2018-\u201f\u2039\u203a\u00ab\u00bb]")
_SQL_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
TEMPLATES = frozenset({"number", "path", "template", "sql", "source-url"})
REFERENCE_KEYS = "`state`, `state_key`, `api_key`, `base_url`, `proxy`, and a source's `database` and `headers`"
SHORTEST_NUMBER = 6
_STANDS_FOR = "r0"
_IN_BRACES = "the name of a variable stands in braces behind a `$`: write `${NAME}`"
_OUT_OF_THE_FILE = (
    "set it in an environment variable and write `${NAME}`, or keep it in a file and write `${file:PATH}`"
)
_SHELLS = re.compile(r"\$[A-Za-z_]\w*|%[A-Za-z_]\w*%")
_SINGLE_BRACES = re.compile(r"(?<!\{)\{\s*(?P<name>(?:vars|env|campaign)\.\w+|today|now)\s*\}(?!\})")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_SCHEME = re.compile(r"^(?:basic|bearer|digest|token|apikey)$", re.IGNORECASE)


def judge_text(value: ScalarValue, form: str | None, path: Sequence[str]) -> Problem | None:
    """What is wrong with one text beyond its type, by the `format` of its schema; `path` leads to its key."""
    key = path[-1] if path else "this value"
    if form == MISPLACED:
        return _judge_free(value)
    if form in REFERENCES:
        return _judge_reference(value, form, key)
    if form in TEMPLATES:
        return _judge_template(value, form, key)
    return _refuse_doors(value, ".".join(path)) or _judge_form(value, form)


def _refuse_doors(value: ScalarValue, key: str) -> Problem | None:
    text = value.text
    subject = f"`{key}` is literal" if key else "this value is literal"
    if "${" in text:
        message = f"`${{…}}` is not looked up here: {subject}"
        hint = f"{REFERENCE_KEYS} take `${{NAME}}` and `${{file:PATH}}`"
        return value.problem_within(*_find_span(text), "wrong-door", message, hint)
    if "{{" in text or "{%" in text:
        message = f"`{{{{ … }}}}` is not rendered here: {subject}"
        hint = "the strings of sources, in `recipients` and `exclude`, take `{{ … }}`"
        return value.problem_within(*_find_span(text), "wrong-door", message, hint)
    return None


def _find_span(text: str) -> tuple[int, int]:
    """Where the first `${…}`, `{{ … }}` or `{% … %}` begins, and how wide it is."""
    found = _DOORS.search(text)
    return (found.start(), len(found.group())) if found is not None else (0, len(text))


def _judge_reference(value: ScalarValue, form: str, key: str) -> Problem | None:
    text = value.text
    named_secret = names_secret(key)
    if form == "header" and not _HEADER.fullmatch(key):
        # Where a colon was forgotten, its secret is part of its name.
        key = HEADERS
    takes = f"`{key}` takes `${{NAME}}` or `${{file:PATH}}`"
    malformed = find_malformed(text)
    if malformed is not None:
        message = "this `${…}` is no reference: it needs the name of a variable, or `file:` and a path"
        of_github = text.startswith("${{", malformed)
        hint = f"{takes}; `${{{{ … }}}}` belongs into the workflow, under `env:`" if of_github else takes
        return value.problem_within(malformed, None, "invalid-reference", message, hint)
    if "{{" in text or "{%" in text:
        message = f"`{{{{ … }}}}` is not rendered in `{key}`"
        return value.problem_within(*_find_span(text), "wrong-door", message, takes)
    if form == "secret" or (form == "header" and named_secret):
        # A header may say before its secret what kind it is, as in `Bearer ${TOKEN}`.
        secret = text.partition(" ")[2] if form == "header" and _SCHEME.match(text.partition(" ")[0]) else text
        if is_one_reference(secret.strip()):
            return None
        hint = _IN_BRACES if _SHELLS.fullmatch(secret.strip()) else _OUT_OF_THE_FILE
        return value.problem("literal-secret", f"`{key}` stands here as it is, for all who read this file", hint)
    if form == "header":
        return None
    fault = judge_address(text, form)
    return None if fault is None else value.problem(fault.code, fault.message, fault.hint)


def _judge_template(value: ScalarValue, form: str, key: str) -> Problem | None:
    text = value.text
    if "${" in text:
        message = f"`${{…}}` is not looked up in `{key}`, which takes `{{{{ … }}}}`"
        hint = "list the variable under `expose_env` in campaigns.yaml and write `{{ env.NAME }}`"
        return value.problem_within(*_find_span(text), "wrong-door", message, hint)
    single = _SINGLE_BRACES.search(text) if "{" in text else None
    if single is not None:
        message = f"`{single.group()}` is literal text: a template has two braces"
        at = single.start(), len(single.group())
        return value.problem_within(*at, "template-syntax", message, f"write `{{{{ {single['name']} }}}}`")
    quoted = _find_typographic_quote(text, form)
    if quoted is not None:
        message = f"`{text[quoted]}` is no quote that {'SQL' if form == 'sql' else 'YAML'} knows"
        hint = "write `'`" if form == "sql" else 'write `"`, or no quotes at all'
        return value.problem_within(quoted, 1, "typographic-quotes", message, hint)
    broken = check_template(text, sql=form == "sql")
    if broken is not None:
        return value.problem_within(broken.offset, broken.width, broken.code, broken.message)
    if form == "number":
        return _judge_digits(value)
    if form == "source-url":
        fault = judge_address(_DOORS.sub(_STANDS_FOR, text.strip()), form)
        return None if fault is None else value.problem(fault.code, fault.message, fault.hint)
    return _judge_path(value, key) if form == "path" else None


def _find_typographic_quote(text: str, form: str) -> int | None:
    """Where quotes stand that word processors write: around the whole text, or in SQL around any part of it."""
    if text.isascii():
        return None
    if form == "sql":
        found = _TYPOGRAPHIC.search(_SQL_TEXTS.sub(lambda each: " " * len(each.group()), text))
        return None if found is None else found.start()
    return 0 if len(text) > 1 and _TYPOGRAPHIC.match(text[0]) and _TYPOGRAPHIC.match(text[-1]) else None


def _judge_digits(value: ScalarValue) -> Problem | None:
    """A telephone number without quotes, which other readers of YAML would turn into another one."""
    if not value.plain or not is_number_of_yaml(value.text):
        return None
    shown = _hide_middle(value.brief)
    message = f"YAML reads `{shown}` as a number, and a telephone number loses digits by that"
    hint = f'put quotes around it: `"{shown}"`'
    if len(value.text) < SHORTEST_NUMBER:
        hint = "a comma divides the items of a list: if this is a part of a number, put quotes around all of it"
    return value.problem("unquoted-number", message, hint)


def _hide_middle(text: str) -> str:
    """A number as one recognises one's own: its first two and its last two characters."""
    return text if len(text) < SHORTEST_NUMBER else f"{text[:2]}{DOT * (len(text) - 4)}{text[-2:]}"


def _judge_path(value: ScalarValue, key: str) -> Problem | None:
    text = value.text.strip()
    hint = "name a file inside the project, relative to the folder of campaigns.yaml"
    if "://" in text:
        return value.problem("path-outside-project", f"`{key}` takes a path and no address", hint)
    if text.startswith(("/", "\\")) or _DRIVE.match(text):
        return value.problem("path-outside-project", f"`{value.brief}` is an absolute path", hint)
    if ".." in text.replace("\\", "/").split("/"):
        return value.problem("path-outside-project", f"`{value.brief}` leads out of its folder by `..`", hint)
    return None


def _judge_free(value: ScalarValue) -> Problem | None:
    return _judge_digits(value) if is_telephone_of_digits(value.text) else None


def _judge_sender(value: ScalarValue) -> Problem | None:
    wrong = _judge_digits(value)
    if wrong is not None or parse_sender(value.text) is not None:
        return wrong
    hint = 'write a mobile number that can be called back, with its country: `"+33 6…"`'
    return value.problem("invalid-value", f"`{value.brief}` is no mobile number", hint)


def _judge_day(value: ScalarValue) -> Problem | None:
    if parse_day(value.text) is not None:
        return None
    from runner.project.respelling import describe_missing_day, respell_day

    why, day = describe_missing_day(value.text), respell_day(value.text)
    message = f"`{value.brief}` is no day{f': {why}' if why else ''}"
    hint = f'write `"{day}"`' if day else 'write year, month and day, as in `"2026-12-31"`'
    return value.problem("invalid-value", message, hint)


def _judge_minute(value: ScalarValue) -> Problem | None:
    if parse_minute(value.text) is not None:
        return None
    from runner.project.respelling import describe_missing_day, names_time, respell_day, respell_minute

    minute, day, why = respell_minute(value.text), respell_day(value.text), describe_missing_day(value.text)
    message = f"`{value.brief}` is no moment{f': {why}' if why else ''}"
    if minute:
        read = parse_minute(minute)
        has_offset = read is not None and read.tzinfo is not None
        hint = f'write `"{minute}"`{"" if has_offset else ": it is read in the time zone of the account"}'
    elif day and not names_time(value.text):
        hint = f'write the time behind the day: `"{day} 10:00"`'
    else:
        hint = 'write a day and a time to the minute: `"2026-12-01 10:00"`, or `"2026-12-01T10:00+01:00"`'
    return value.problem("invalid-value", message, hint)


def _judge_zone(value: ScalarValue) -> Problem | None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value.text)
    except (KeyError, OSError, ValueError):
        return value.problem("unknown-time-zone", f"there is no time zone `{value.brief}`", _hint_zone(value.text))
    return None


def _hint_zone(text: str) -> str:
    from zoneinfo import available_timezones

    # By the city, and only one that is hardly misspelt: the zone of another city is another hour.
    named = (zone for zone in sorted(available_timezones(), reverse=True) if "/" in zone)
    zones = {zone.rpartition("/")[2].lower(): zone for zone in named}
    city = text.strip().lower().replace(" ", "_").rpartition("/")[2]
    nearest = find_nearest(city, zones, cutoff=0.75) if not re.search("[0-9]", city) else None
    if nearest is not None:
        return f"did you mean `{zones[nearest]}`?"
    return "write its IANA name, such as `Europe/Paris`, which also says when summer time begins"


def _judge_url(value: ScalarValue) -> Problem | None:
    fault = judge_address(value.text, "url")
    return None if fault is None else value.problem(fault.code, fault.message, fault.hint)


_FORMS: Mapping[str, Callable[[ScalarValue], Problem | None]] = {
    FREE: _judge_free,
    "sender": _judge_sender,
    "date": _judge_day,
    "minute": _judge_minute,
    "time-zone": _judge_zone,
    "url": _judge_url,
}


def _judge_form(value: ScalarValue, form: str | None) -> Problem | None:
    judge = _FORMS.get(form or "")
    return None if judge is None else judge(value)
