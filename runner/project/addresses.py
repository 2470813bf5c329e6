"""Addresses in project files, judged without connecting to any: of the API, a proxy, the state, a page to call.

A part that a reference stands for is judged when it is known; a password that stands there literally never passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from runner.project.masking import TELLING_PARAMETER
from runner.project.references import replace_references

STATE_SCHEMES = ("sqlite", "postgresql")
_STANDS_FOR = "r0"
_DATABASE = re.compile(r"[a-z][a-z0-9_+]*://", re.IGNORECASE)
_PORT = re.compile(r":\$\{[^}]*\}(?=[/?#]|$)")
_SECRET_PARAMETER = re.compile(TELLING_PARAMETER, re.IGNORECASE)
# Some drivers take all that they need as one parameter, `PWD=` in it.
_INNER_PASSWORD = re.compile(r"(?:passw|pwd)\w{0,40}\s*+=\s*+[^\s;$]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an address, without a word of it that could be secret."""

    code: str
    message: str
    hint: str


def judge_address(text: str, form: str) -> Fault | None:
    """What is wrong with an address of this `format`: base-url, proxy, state, url, source-url or database.

    In a source-url, `r0` stands for each `{{ … }}`.
    """
    is_page = form in ("url", "source-url")
    # Where no page is named, what stands before the last `@` can only be a password, even with a `/` in it.
    if _holds_password(text, ends="[/?#]" if is_page else "$", user_is_secret=is_page or form == "base-url"):
        hint = "write `${NAME}` in its place, and set that variable"
        if is_page:
            hint = "use an address without one" if form == "url" else "give it in `headers`, as `${NAME}`"
        return Fault("literal-secret", "a password stands in this address", hint)
    literal = replace_references(_PORT.sub(":1", text), _STANDS_FOR)
    if literal == _STANDS_FOR or (form != "state" and literal.startswith(_STANDS_FOR)):
        return None
    if form == "state":
        return _judge_state(literal)
    if form == "database":
        return _judge_database(literal)
    return _judge_http(literal, form)


def _holds_password(text: str, *, ends: str, user_is_secret: bool) -> bool:
    """Whether a password stands in this address literally, beside a user's name or as a parameter.

    `ends` is a pattern of what ends the part that names user and host. To a page, a user's name alone is a token.
    """
    rest = text.partition("://")[2]
    userinfo = re.split(ends, rest, maxsplit=1)[0].rpartition("@")[0]
    parameters = (part.partition("=") for part in re.split("[?&;]", text)[1:])
    passwords = [
        value
        for name, _, value in parameters
        if _SECRET_PARAMETER.fullmatch(name) or _INNER_PASSWORD.search(unquote(value))
    ]
    user, _, password = userinfo.partition(":")
    literal = (password, *passwords, user if user_is_secret else "")
    return any(replace_references(value, "") for value in literal)


def _judge_state(literal: str) -> Fault | None:
    scheme = literal.partition(":")[0].partition("+")[0]
    if "://" in literal and scheme in STATE_SCHEMES:
        return None
    hint = "write `sqlite:///.campaign/state.db`, or `postgresql://user@host/db`"
    return Fault("invalid-address", "this is no address of a state", hint)


def _judge_database(literal: str) -> Fault | None:
    if _DATABASE.match(literal):
        return None
    hint = "write an SQLAlchemy URL, such as `postgresql://reader:${CRM_PASSWORD}@db.example.fr/crm`"
    return Fault("invalid-address", "this is no address of a database", hint)


def _judge_http(literal: str, form: str) -> Fault | None:
    hint = "write the whole address, such as `https://api.example.fr/v1`"
    try:
        parts = urlsplit(literal)
        port = parts.port
    except ValueError:
        return Fault("invalid-address", "this is no address", hint)
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"\s", literal):
        return Fault("invalid-address", "this is no http or https address", hint)
    if form in ("url", "proxy"):
        return None
    if form == "base-url" and "@" in parts.netloc:
        why = "the API takes no user and no password, so that nothing would send them"
        return Fault("invalid-address", why, "remove them; the key stands in `api_key`")
    if form == "base-url" and (parts.query or parts.fragment):
        return Fault("invalid-address", "the address of an API has no `?` and no `#`", hint)
    if parts.scheme == "http" and _STANDS_FOR not in parts.hostname and not _is_loopback(parts.hostname):
        hint = "write `https://`; only loopback addresses, such as 127.0.0.1, may be reached without it"
        carried = "the API key" if form == "base-url" else "numbers and headers"
        return Fault("insecure-address", f"plain http would carry {carried} unprotected", hint)
    return None


def _is_loopback(host: str) -> bool:
    from runner.hosts import is_loopback

    return is_loopback(host)
