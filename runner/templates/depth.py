"""How deep a template nests: what is too deep is told before anything walks through it, one call for each step."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from jinja2 import nodes

MOST_STEPS = 100
"""Operators, filters and parts that may stand one after, or one in, another."""
MOST_NESTED = 20
"""Brackets and tags that may stand one in another."""
TOO_DEEP = (
    "this template is nested too deeply, or has too many operators or filters one after another: shorten it, or keep"
    " its values in `vars`"
)

Token = tuple[int, str, str]
_OPENING = frozenset({"(", "[", "{", "if", "for"})
_CLOSING = frozenset({")", "]", "}", "endif", "endfor"})


def nests_too_deeply(tokens: Iterable[Token]) -> bool:
    """Whether more brackets and tags are open at once than its parser is let into, one call in another."""
    depth, starts_tag = 0, False
    for _, kind, word in tokens:
        if kind == "operator" or (kind == "name" and starts_tag):
            depth += (word in _OPENING) - (word in _CLOSING)
        if depth > MOST_NESTED:
            return True
        starts_tag = kind == "block_begin" or (starts_tag and kind == "whitespace")
    return False


def holds_endless_number(tree: nodes.Template) -> bool:
    """Whether a figure is too large for a fraction: Jinja would write it down as a name that nobody has."""
    return any(isinstance(const.value, float) and not isfinite(const.value) for const in tree.find_all(nodes.Const))


def is_too_deep(tree: nodes.Template) -> bool:
    """Whether a parsed template has more steps from its root to a leaf than what walks through it can take."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MOST_STEPS or (isinstance(node, nodes.If) and depth + len(node.elif_) > MOST_STEPS):
            return True
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]
    return False
