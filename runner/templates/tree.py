"""The tree of a parsed template: which statements may stand in it, and what of it must be measured."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

STATEMENTS = (nodes.Assign, nodes.For, nodes.If, nodes.Output)
"""What may stand in a string of a source: no macro, no import, no block, nothing that calls itself."""


def measure_all(tree: nodes.Template, *, loops: str) -> nodes.Template:
    """`tree` in which everything that grows is measured when it is made: what loops run over, by the filter `loops`."""
    _Measuring(loops).visit(tree)
    return tree


class _Measuring(NodeTransformer):
    """Puts what makes large things out of small ones (loops, lists, `~`) through a filter that measures them."""

    def __init__(self, loops: str) -> None:
        self._loops = loops

    def visit(self, node: nodes.Node, *_arguments: object, **_named: object) -> nodes.Node:
        """`node` with everything in it that grows measured when it is made."""
        self.generic_visit(node)
        match node:
            case nodes.For(iter=nodes.Expr() as values):
                node.iter = _filtered(values, self._loops)
            case nodes.Concat():
                return _filtered(nodes.List(node.nodes, lineno=node.lineno), "joined")
            case nodes.List() | nodes.Dict() | nodes.Tuple(ctx="load"):
                return _filtered(node, "measured")
        return node


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
