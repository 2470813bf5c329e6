"""What is wrong with a template before any of its values is known, and where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache

from jinja2 import TemplateSyntaxError, meta, nodes

from runner.templates.context import NAMES, describe_unknown
from runner.templates.depth import TOO_DEEP, holds_endless_number, is_too_deep, nests_too_deeply
from runner.templates.faults import TemplateFault, lower_start
from runner.templates.printing import Parameters, sql_sandbox, text_sandbox
from runner.templates.quotes import find_quoted
from runner.templates.sandbox import METHODS, Sandbox
from runner.templates.tree import STATEMENTS

TOO_LONG_A_NUMBER = "this template holds too long a number"


def find_fault(
    text: str, *, sql: bool, known: Mapping[str, Collection[str]] | None, functions: Sequence[str] = ()
) -> TemplateFault | None:
    """The first fault of `text`, by what can be told without rendering it; it may call `functions`."""
    try:
        fault = _find_broken(text, sql=sql)
        if fault is None and known is not None:
            fault = next(_find_unknown_names(text, known, functions, sql=sql), None)
        return fault or (_find_quoted(text) if sql else None)
    except RecursionError:
        # What is not too deep by itself is, for a caller that has hardly a step left.
        return TemplateFault("template-syntax", TOO_DEEP)


@cache
def _sandbox(*, sql: bool) -> Sandbox:
    return sql_sandbox(Parameters()) if sql else text_sandbox()


# Many campaigns say the same of their sources: what a text says by itself is found once.
@lru_cache(maxsize=256)
def _parse(text: str, *, sql: bool) -> nodes.Template:
    return _sandbox(sql=sql).parse(text)


@lru_cache(maxsize=256)
def _find_broken(text: str, *, sql: bool) -> TemplateFault | None:
    """The first fault that is one whatever names are known."""
    sandbox = _sandbox(sql=sql)
    why = _find_unreadable(text, sandbox)
    if why is not None:
        return TemplateFault("template-syntax", why, *_find_broken_tag(text, sandbox))
    return next(_find_misuses(_parse(text, sql=sql), text, sandbox), None)


def _find_unreadable(text: str, sandbox: Sandbox) -> str | None:
    """Why this text can't be read as a template; None where it can."""
    try:
        if nests_too_deeply(sandbox.lex(text)) or is_too_deep(tree := sandbox.parse(text)):
            return TOO_DEEP
        return TOO_LONG_A_NUMBER if holds_endless_number(tree) else None
    except TemplateSyntaxError as error:
        return _describe_syntax(error, text)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return TOO_LONG_A_NUMBER


@lru_cache(maxsize=256)
def _find_quoted(text: str) -> TemplateFault | None:
    return find_quoted(text, _sandbox(sql=True))


@lru_cache(maxsize=256)
def _find_free_names(text: str, *, sql: bool) -> tuple[str, ...]:
    """The names that a template uses and doesn't set itself."""
    tree = _parse(text, sql=sql)
    names = meta.find_undeclared_variables(tree)
    # Jinja declares `self` wherever it is used: it is the template, of which nothing is to be seen.
    names |= {node.name for node in tree.find_all(nodes.Name) if node.name == "self"}
    return tuple(sorted(names - {*NAMES, *_sandbox(sql=sql).globals}))


def _describe_syntax(error: TemplateSyntaxError, text: str) -> str:
    if text.count("{{") != text.count("}}") or text.count("{%") != text.count("%}"):
        return "a `{{` or `{%` is never closed, or its end stands alone"
    said = error.message or "its syntax is wrong"
    missing = re.match(r"expected token 'end of (?:print statement|statement block)', got (?:token )?'(.*)'", said)
    if missing is not None:
        return f"an operator, or the end of the tag, is missing before `{missing[1]}`"
    return f"this template can't be read: {lower_start(said)}"


def _find_broken_tag(text: str, sandbox: Sandbox) -> tuple[int, int | None]:
    """Where the first tag stands that can't be read even alone, and how wide it is; else where the first tag begins."""
    start = text.find("{{")
    while start >= 0 and (end := text.find("}}", start)) >= 0:
        if _find_unreadable(text[start : end + 2], sandbox) is not None:
            return start, end + 2 - start
        start = text.find("{{", end)
    return min((at for at in (text.find("{{"), text.find("{%"), text.find("{#")) if at >= 0), default=0), None


def _find_misuses(tree: nodes.Template, text: str, sandbox: Sandbox) -> Iterator[TemplateFault]:
    yield from _find_statements(tree)
    yield from _find_unknown(tree, text, nodes.Filter, "filter", sandbox.filters)
    yield from _find_unknown(tree, text, nodes.Test, "test", sandbox.tests)


def _find_unknown_names(
    text: str, known: Mapping[str, Collection[str]], functions: Sequence[str], *, sql: bool
) -> Iterator[TemplateFault]:
    for name in _find_free_names(text, sql=sql):
        if name not in functions:
            yield TemplateFault("unknown-name", describe_unknown(None, name, _spell(known)), *_find_word(text, name))
    for holder, name in _find_parts(text, sql=sql):
        if holder in known and name not in known[holder] and name not in METHODS[Mapping]:
            message = describe_unknown(holder, name, known[holder])
            yield TemplateFault("unknown-name", message, *_find_word(text, name))


def _find_statements(tree: nodes.Template) -> Iterator[TemplateFault]:
    for node in tree.find_all(nodes.Stmt):
        if not isinstance(node, STATEMENTS):
            yield TemplateFault("template-syntax", "of the tags `{% … %}` a source takes `if`, `for` and `set` alone")
        if isinstance(node, nodes.For) and node.recursive:
            yield TemplateFault("template-syntax", "a loop may not be recursive here")


def _find_unknown(
    tree: nodes.Template, text: str, kind: type[nodes.Filter | nodes.Test], word: str, known: Iterable[str]
) -> Iterator[TemplateFault]:
    names = sorted(known)
    for node in tree.find_all(kind):
        if node.name not in names:
            nearest = get_close_matches(node.name, names, n=1)
            hint = f": did you mean `{nearest[0]}`?" if nearest else ""
            message = f"templates know no {word} `{node.name}`{hint}"
            yield TemplateFault("unknown-name", message, *_find_word(text, node.name))


@lru_cache(maxsize=256)
def _find_parts(text: str, *, sql: bool) -> tuple[tuple[str, str], ...]:
    """Every `vars.region` and its like that a template reads, but for those whose absence it provides for."""
    tree = _parse(text, sql=sql)
    provided = {
        _spell_part(node.node)
        for kind in (nodes.Filter, nodes.Test)
        for node in tree.find_all(kind)
        if node.name in ("default", "d", "defined", "undefined")
    }
    parts = (_spell_part(node) for kind in (nodes.Getattr, nodes.Getitem) for node in tree.find_all(kind))
    return tuple(part for part in parts if part is not None and part not in provided)


def _spell_part(node: nodes.Node | None) -> tuple[str, str] | None:
    """`vars.region` and `vars["region"]` as (`vars`, `region`); None for anything else."""
    match node:
        case nodes.Getattr(node=nodes.Name(name=holder), attr=str(name)):
            return holder, name
        case nodes.Getitem(node=nodes.Name(name=holder), arg=nodes.Const(value=str(name))):
            return holder, name
        case _:
            return None


def _spell(known: Mapping[str, Collection[str]]) -> list[str]:
    """All names that a template can write, so that `region` is answered with `vars.region`."""
    return [*NAMES, *(f"{holder}.{name}" for holder, names in known.items() for name in names)]


def _find_word(text: str, word: str) -> tuple[int, int | None]:
    start = max(0, min((at for at in (text.find("{{"), text.find("{%")) if at >= 0), default=0))
    found = re.compile(rf"\b{re.escape(word)}\b").search(text, start)
    return (found.start(), len(word)) if found else (start, None)
