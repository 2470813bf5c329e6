"""Write docs/reference from the code: every command by its own help, every key by the schemas. `make reference`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner.cli.context import Invocation
from runner.cli.main import EXIT_CODES, VARIABLES, campaign
from runner.project.formats import REFERENCES, TEMPLATES
from runner.project.schema import read_schema

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
HELP_WIDTH = 88

Schema = Mapping[str, Any]

COMMANDS_HEAD = """\
# Commands

Each command by what its `--help` says. Results go to stdout, everything else to stderr. The global options of
`campaign` stand before or after a command's name.

## Exit codes

{exit_codes}

Where several hold, it is the first of 1, 3, 2, 0.

## Variables of the environment

{variables}

The files of a project name others, by `${{NAME}}`: see [keys](keys.md). Proxies that the environment names are not
used: an account names its own. Where a CI system sets `GITHUB_ACTOR` or `GITLAB_USER_LOGIN`, that is who started a
run, and `campaign validate --format github` and `gitlab` name files from `GITHUB_WORKSPACE` or `CI_PROJECT_DIR` on.
"""

KEYS_HEAD = """\
# Keys

Every key of `campaigns.yaml` and of the files in `campaigns/`; one that doesn't stand here is an error. Editors
that know JSON Schema show the same, by a first line such as
`# yaml-language-server: $schema=schemas/project.schema.json`. `campaign schema project` and
`campaign schema campaign` print the schemas.

**Doors.** What comes from elsewhere comes in by one of two doors, and each key takes its own alone. A key without a
door is literal, and a `${…}` or `{{ … }}` in it is an error that says so.

- `${NAME}` is a variable of the environment, `${file:PATH}` the content of a file: for secrets, and for places that
  hold one. They are looked up when they are needed, and never printed.
- `{{ … }}` is Jinja, with `vars`, `env`, `campaign`, `today` and `now`: for the strings of a source.
"""


DOCUMENTS_HEAD = """\
# Documents

What `--format json` prints, for scripts. `campaign schema plan` and its like print the schemas. Amounts are texts,
moments are in UTC, and what is not known is null. Keys and words stay; new ones may come.
"""

DOCUMENTS = {
    "plan": "`campaign plan --format json`",
    "events": "`campaign apply --format json`: an event a line, the last of which reports the run",
    "status": "`campaign status --format json`",
    "explain": "`campaign explain CODE --format json`",
}


@dataclass(frozen=True, slots=True)
class Section:
    """Keys of one map: which schema tells them, in which of its definitions (all of it by default), what to know."""

    title: str
    schema: str
    definition: str
    about: str
    known: str = ""
    """The definition whose keys another section has told already."""


SECTIONS = (
    Section("campaigns.yaml", "project", "", "`version` and one account are required."),
    Section("An account", "project", "account_settings", "What stands under a name in `accounts`."),
    Section(
        "A campaign", "campaign", "", "One file in `campaigns/`. What `defaults` say already need not be said again."
    ),
    Section(
        "A source",
        "campaign",
        "source",
        "An item of `recipients` or `exclude`: exactly one of `numbers`, `file`, `query`, `url` and `template`, and\n"
        "what goes with it. [Sources](../sources.md) says how each is read.",
    ),
    Section("An exclusion", "campaign", "exclusion", "What an item of `exclude` may say beyond a source.", "source"),
)

# Texts that YAML takes for nothing else without quotes: letters in front, nothing that YAML reads, no blank at the end.
PLAIN_WITHIN = re.compile(r"(?!true|false|null|yes|no)[A-Za-z][\w./@:%-]*( [\w./@%-]+)*|[0-9a-f]{16,}|\d+[smhd]")
PLAIN = re.compile(rf"{PLAIN_WITHIN.pattern}|[A-Za-z$][\w./@:%${{}} *-]*\S")


def write_commands() -> str:
    """The page of all commands, each with its help as a terminal of 88 columns shows it."""
    head = COMMANDS_HEAD.format(
        exit_codes=_write_table(("code", "means"), EXIT_CODES), variables=_write_table(("variable", "says"), VARIABLES)
    )
    return "\n".join([head, *(f"## {words}\n\n```text\n{text}\n```\n" for words, text in _helps())])


def _write_table(heads: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [heads, ("---", "---"), *((f"`{name}`", text) for name, text in rows.items())]
    return "\n".join(f"| {name} | {text} |" for name, text in lines)


def _helps() -> Iterator[tuple[str, str]]:
    settings = {**campaign.context_settings, "terminal_width": HELP_WIDTH, "max_content_width": HELP_WIDTH}
    with click.Context(campaign, info_name="campaign", obj=Invocation(), **settings) as ctx:
        yield from _help_below(campaign, ctx)


def _help_below(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, str]]:
    """The help of a command, then of those that it groups."""
    yield ctx.command_path, command.get_help(ctx)
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(ctx):
        below = command.get_command(ctx, name)
        if below is not None:
            with click.Context(below, ctx, info_name=name) as inner:
                yield from _help_below(below, inner)


def write_keys() -> str:
    """The page of all keys of the files that users write."""
    return "\n".join([KEYS_HEAD, *map(_write_section, SECTIONS)])


def _write_section(section: Section) -> str:
    whole = json.loads(read_schema(section.schema))
    definitions: Schema = whole["definitions"]
    schema = definitions.get(section.definition, whole)
    known = definitions.get(section.known, {}).get("properties", {})
    keys = _write_keys(schema, (), definitions, known)
    return "\n".join([f"## {section.title}\n", f"{section.about}\n", *keys])


def _write_keys(
    schema: Schema, above: tuple[str, ...], definitions: Schema, known: Iterable[str] = ()
) -> Iterator[str]:
    """Each key of a map, then those below it where it is a map of its own."""
    for key, value in schema.get("properties", {}).items():
        if key not in known:
            path, below = (*above, key), _follow(value, definitions)
            yield _write_key(path, below, definitions, required=key in schema.get("required", ()))
            if key != "defaults":
                yield from _write_keys(below, path, definitions)


def _write_key(path: tuple[str, ...], schema: Schema, definitions: Schema, *, required: bool) -> str:
    examples = [example for example in schema["examples"] if example != schema.get("default")]
    told = [
        f"takes {_say_what_it_takes(schema, definitions)}",
        *(["required"] if required else []),
        *([f"default `{write_value(schema['default'])}`"] if "default" in schema else []),
        *([f"for example {', '.join(f'`{write_value(example)}`' for example in examples)}"] if examples else []),
    ]
    return "\n".join([f"### `{'.'.join(path)}`\n", f"{schema['description']}\n", *(f"- {line}" for line in told), ""])


def _follow(schema: Schema, definitions: Schema) -> Schema:
    reference: str = schema.get("$ref", "")
    return definitions[reference.rpartition("/")[2]] if reference else schema


def _say_what_it_takes(schema: Schema, definitions: Schema) -> str:
    """The kind of value, its bounds, its form and the door it opens, as words."""
    if "const" in schema:
        return f"`{write_value(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    form = schema.get("format")
    door = "; door `${…}`" if form in REFERENCES else "; door `{{ … }}`" if form in TEMPLATES else ""
    told = schema.get("patternErrorMessage", "")
    return f"{_name_kind(schema, definitions)}{': ' if told else ''}{told}{door}"


def _name_kind(schema: Schema, definitions: Schema) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_name_one_kind(kind, schema, definitions) for kind in kinds)


def _name_one_kind(kind: str, schema: Schema, definitions: Schema) -> str:
    match kind:
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            name = "a whole number" if kind == "integer" else "a number"
            low, high = schema.get("minimum"), schema.get("maximum")
            return f"{name} from {low:,} to {high:,}" if high is not None else f"{name} from {low:,} on"
        case "array":
            return f"a list, each item {_name_item(schema['items'], definitions)}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"a map of names, each to {_name_item(schema['additionalProperties'], definitions)}"
        case "object":
            return "a map"
        case _:
            return f"a text of at most {schema['maxLength']:,} characters" if "maxLength" in schema else "a text"


def _name_item(schema: Schema, definitions: Schema) -> str:
    """What stands in a list or a map, or the section that tells it."""
    name = schema.get("$ref", "").rpartition("/")[2]
    titles = [section.title.lower() for section in SECTIONS if name and section.definition == name]
    if titles:
        return f"[{titles[0]}](#{titles[0].replace(' ', '-')})"
    return _say_what_it_takes(_follow(schema, definitions), definitions)


def write_value(value: object, *, within: bool = False) -> str:
    """A value on one line, as it may stand in a YAML file; `within` a list or a map, more needs quotes."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return f"{{{', '.join(f'{key}: {write_value(below, within=True)}' for key, below in value.items())}}}"
        case list():
            return f"[{', '.join(write_value(below, within=True) for below in value)}]"
        case str():
            plain = PLAIN_WITHIN if within else PLAIN
            return value if plain.fullmatch(value) else json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def write_documents() -> str:
    """The page of all documents that commands print for scripts."""
    return "\n".join([DOCUMENTS_HEAD, *(_write_document(name, about) for name, about in DOCUMENTS.items())])


def _write_document(name: str, about: str) -> str:
    whole = json.loads(read_schema(name))
    parts = [f"## {whole['title']}\n", f"{about}.\n"]
    if "oneOf" not in whole:
        return "\n".join([*parts, _write_rows(whole, whole["definitions"])])
    for event in (_follow(each, whole["definitions"]) for each in whole["oneOf"]):
        word = event["properties"]["type"]["const"]
        parts += [f"### `{word}`\n", f"{event['description']}\n", _write_rows(event, whole["definitions"])]
    return "\n".join(parts)


def _write_rows(schema: Schema, definitions: Schema) -> str:
    rows = dict(_list_rows(schema, "", definitions))
    return f"{_write_table(('key', 'what it is'), rows)}\n"


def _list_rows(schema: Schema, above: str, definitions: Schema) -> Iterator[tuple[str, str]]:
    """Each key of a document by its path, `[]` for an item of a list; a plan within an event is told once."""
    for key, value in schema.get("properties", {}).items():
        below = _follow(value, definitions)
        path = f"{above}{key}"
        words = [f"`{word}`" for word in below.get("enum", ()) if word is not None]
        choice = f" One of {', '.join(words)}." if words else ""
        yield path, f"{value.get('description', below.get('description', ''))}{choice}"
        if value.get("$ref") == "#/definitions/plan":
            continue
        item = _follow(below.get("items", {}), definitions)
        yield from _list_rows(below, f"{path}.", definitions)
        yield from _list_rows(item, f"{path}[].", definitions)


PAGES = {"commands.md": write_commands, "keys.md": write_keys, "documents.md": write_documents}


def main() -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
