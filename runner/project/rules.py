"""Rules that reach across keys and files: what no schema of one file can say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from runner.errors import Problem
from runner.model.config import USUAL_STATE
from runner.model.listing import list_names
from runner.numbers.masking import stands_in_name
from runner.project.leaks import GIVE_IT_ITS_OWN, LEAK_CODE
from runner.project.nearest import find_nearest
from runner.project.references import find_file_leak, find_references, name_variables
from runner.project.releases import allows
from runner.project.tree import ListValue, MapValue, ScalarValue, Value
from runner.templates import check_template, has_template

REQUIRED = (("message", "audio"), ("notify", "email"), ("recipients",))
"""What every campaign has once the defaults are merged."""
_SQL_KEYS = ("query", "where")
CAMPAIGN_NAMES = ("name", "edition", "account")


def judge_project(project: MapValue, *, root: Path, runner_version: str) -> Iterator[Problem]:
    """What is wrong with campaigns.yaml beyond its schema; `root` is where paths begin."""
    requires = project.find("requires")
    if isinstance(requires, ScalarValue) and len(requires.text) <= 200 and not allows(requires.text, runner_version):
        message = f"this is Campaign Runner {runner_version}, and the project takes releases `{requires.brief}` alone"
        hint = "install a release that it takes, or widen `requires`"
        yield requires.problem("release-not-allowed", message, hint)
    yield from _find_numbered(project)
    yield from _find_twins(project)
    yield from _find_exposed_secrets(project)
    defaults = project.find("defaults")
    for holder in (project, defaults) if isinstance(defaults, MapValue) else (project,):
        yield from _judge_references(holder, project, root)


def _find_numbered(project: MapValue) -> Iterator[Problem]:
    """Accounts with a telephone number for a name: plans, logs and the state hold names, and no numbers."""
    accounts = project.find("accounts")
    for name, key in accounts.keys.items() if isinstance(accounts, MapValue) else ():
        if stands_in_name(name):
            message = "a telephone number can't stand in an account's name: it would stand in every plan and log"
            yield key.problem("invalid-name", message, "write another name, in words")


def _find_twins(project: MapValue) -> Iterator[Problem]:
    """Accounts that lead to one place with one key: under two names their limits would be counted twice."""
    accounts = project.find("accounts")
    known: dict[tuple[str, str], str] = {}
    for name, account in accounts.values.items() if isinstance(accounts, MapValue) else ():
        api_key, base_url = _text(account, "api_key"), _text(account, "base_url")
        if not isinstance(account, MapValue) or api_key is None:
            continue
        place = (api_key.text, (base_url.text if base_url is not None else "").rstrip("/"))
        first = known.setdefault(place, name)
        if first != name:
            message = f"account `{name}` has the API key and the address of account `{first}`"
            yield api_key.problem("same-account", message, "use one account, or give each a key of its own")


def _find_exposed_secrets(project: MapValue) -> Iterator[Problem]:
    secret = {name for value in _list_secrets(project) for name in name_variables(value.text)}
    exposed = project.find("expose_env")
    for item in exposed.items if isinstance(exposed, ListValue) else ():
        if isinstance(item, ScalarValue) and item.text in secret:
            message = f"`{item.brief}` is a secret of this project, and templates would see it"
            yield item.problem("exposed-secret", message, "remove it from `expose_env`")


def _list_secrets(project: MapValue, *, with_addresses: bool = False) -> Iterator[ScalarValue]:
    accounts = project.find("accounts")
    holders = accounts.values.values() if isinstance(accounts, MapValue) else ()
    keys = ("api_key", "base_url", "proxy") if with_addresses else ("api_key",)
    values = [_text(project, "state_key"), _text(project, "state")]
    values += [_text(holder, key) for holder in holders for key in keys]
    yield from (value for value in values if value is not None)


def list_withheld(project: MapValue) -> tuple[str, ...]:
    """What accounts and the state say of secrets and places: no source may hand what is meant by it to others."""
    said = tuple(value.text for value in _list_secrets(project, with_addresses=True))
    return said if _text(project, "state") is not None else (*said, USUAL_STATE.text)


def _judge_references(holder: MapValue, project: MapValue, root: Path) -> Iterator[Problem]:
    """References of sources: whoever answers a source learns them, and templates print what is exposed."""
    texts = [text for source in _list_sources(holder) for text in _list_references(source)]
    if not texts:
        return
    withheld = list_withheld(project)
    kept = {found for said in withheld for found in find_references(said)}
    exposed = {f"${{{text.text}}}" for text in _list_scalars(project.find("expose_env"))}
    for text in texts:
        for found in find_references(text.text):
            if found in kept:
                message = f"an account or the state uses `{found}`, and a source would hand it to others"
                yield text.problem(LEAK_CODE, message, GIVE_IT_ITS_OWN)
            elif (leak := find_file_leak(found, withheld, root=root)) is not None:
                yield text.problem(LEAK_CODE, leak, GIVE_IT_ITS_OWN)
            elif found in exposed:
                message = f"`{found}` is a secret of this source, and templates would see it"
                yield text.problem("exposed-secret", message, "remove it from `expose_env`")


def _list_references(source: MapValue) -> Iterator[ScalarValue]:
    headers = source.find("headers")
    held = headers.values.values() if isinstance(headers, MapValue) else ()
    for value in (source.find("database"), *held):
        yield from _list_scalars(value)


def _text(holder: Value, name: str) -> ScalarValue | None:
    found = holder.values.get(name) if isinstance(holder, MapValue) else None
    return found if isinstance(found, ScalarValue) else None


def name_account(campaign: MapValue, project: MapValue) -> str | None:
    """The account of a merged campaign: the one it names, else the only one there is."""
    named = campaign.find("account")
    if isinstance(named, ScalarValue):
        return named.text
    accounts = project.find("accounts")
    return next(iter(accounts.values)) if isinstance(accounts, MapValue) and len(accounts.values) == 1 else None


def judge_campaign(campaign: MapValue, project: MapValue, *, root: Path) -> Iterator[Problem]:
    """What is wrong with a campaign once the defaults of a sound project are merged in; `root` is where paths begin."""
    yield from _find_missing(campaign)
    yield from _judge_account(campaign, project)
    yield from _judge_templates(campaign, project)
    yield from _judge_references(campaign, project, root)


def _find_missing(campaign: MapValue) -> Iterator[Problem]:
    for path in REQUIRED:
        held_by = campaign.find(*path[:-1])
        if campaign.find(*path) is None and (held_by is None or isinstance(held_by, MapValue)):
            holder = campaign.find_key(*path[:-1]) if len(path) > 1 else None
            at = holder if holder is not None and holder.document is campaign.document else campaign
            dotted = ".".join(path)
            hint = f"write `{path[-1]}:`{f' under `{path[0]}:`' if len(path) > 1 else ''}, here or in `defaults`"
            yield at.problem("missing-key", f"`{dotted}` stands neither here nor in the defaults", hint)


def _judge_account(campaign: MapValue, project: MapValue) -> Iterator[Problem]:
    accounts = project.find("accounts")
    if not isinstance(accounts, MapValue):
        return
    name, known = name_account(campaign, project), list(accounts.values)
    listed = list_names(known)
    if name is None:
        message = "`account` stands neither here nor in the defaults, and the project has several"
        yield campaign.problem("missing-key", message, f"write `account:` and one of {listed}")
        return
    account, named = accounts.values.get(name), campaign.find("account")
    if account is None and isinstance(named, ScalarValue):
        nearest = find_nearest(name, known)
        hint = f"did you mean `{nearest}`?" if nearest is not None else f"campaigns.yaml has {listed}"
        yield named.problem("unknown-account", f"campaigns.yaml has no account `{named.brief}`", hint)
    chunk, most = campaign.find("delivery", "chunk_size"), _find_most(account)
    if isinstance(chunk, ScalarValue) and isinstance(chunk.value, int) and most is not None and chunk.value > most:
        message = f"`delivery.chunk_size` is {chunk.value}, and a request of account `{name}` reaches {most} at most"
        yield chunk.problem("chunk-too-large", message, f"write {most} or less, or remove the key")


def _find_most(account: Value | None) -> int | None:
    most = account.find("limits", "recipients_per_request") if isinstance(account, MapValue) else None
    return most.value if isinstance(most, ScalarValue) and isinstance(most.value, int) else None


def _judge_templates(campaign: MapValue, project: MapValue) -> Iterator[Problem]:
    """Names that templates of this campaign's sources use and that nobody gives a value."""
    texts = [found for source in _list_sources(campaign) for found in _list_templates(source)]
    if not texts:
        return
    variables = campaign.find("vars")
    known = {
        "vars": list(variables.values) if isinstance(variables, MapValue) else [],
        "env": [text.text for text in _list_scalars(project.find("expose_env"))],
        "campaign": CAMPAIGN_NAMES,
    }
    for text, sql in texts:
        # What is wrong whatever the names was told when the file was read.
        if check_template(text.text, sql=sql) is None:
            fault = check_template(text.text, sql=sql, known=known)
            if fault is not None:
                yield text.problem_within(fault.offset, fault.width, fault.code, fault.message)


def _list_sources(campaign: MapValue) -> Iterator[MapValue]:
    for name in ("recipients", "exclude"):
        sources = campaign.find(name)
        yield from (
            (each for each in sources.items if isinstance(each, MapValue)) if isinstance(sources, ListValue) else ()
        )


# Campaigns share the exclusions of the project and of the defaults.
@lru_cache(maxsize=1_000)
def _list_templates(source: MapValue) -> Sequence[tuple[ScalarValue, bool]]:
    """Every text of a source that has Jinja in it, and whether it is SQL."""
    rendered = ((key, value) for key, value in source.values.items() if key != "database")
    texts = ((text, key in _SQL_KEYS) for key, value in rendered for text in _list_scalars(value))
    return [(text, sql) for text, sql in texts if has_template(text.text)]


def _list_scalars(value: Value | None) -> Iterator[ScalarValue]:
    if isinstance(value, ScalarValue):
        yield value
    elif isinstance(value, ListValue):
        for item in value.items:
            yield from _list_scalars(item)


Identity = tuple[str, str | None]


def find_same_identity(places: Iterable[tuple[Identity, ScalarValue | MapValue]]) -> Mapping[str, Sequence[Problem]]:
    """The problems of files that are one campaign, by path: each of them names another one."""
    by_identity: dict[Identity, list[ScalarValue | MapValue]] = defaultdict(list)
    for identity, at in places:
        by_identity[identity].append(at)
    found: dict[str, list[Problem]] = {}
    for (name, edition), holders in by_identity.items():
        for at in holders if len(holders) > 1 else ():
            other = next(holder for holder in holders if holder is not at)
            label = name if edition is None else f"{name}@{edition}"
            where = f"{other.document.path}:{other.place.line}"
            message = f"`{label}` is a campaign of {where} too"
            hint = "a name is unique with its edition: rename one of them, or give it another `edition`"
            found.setdefault(at.document.path, []).append(at.problem("same-campaign", message, hint))
    return found
