"""Pages from templates that lie beside this room: everything that is put into them is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

UNSAFE_IN_STYLE = re.compile(r"[^\w\s,:-]")
"""What would need another way of escaping in a style sheet than in a page."""


def clean_for_style(text: str) -> str:
    """`text` without what could end a string of a style sheet."""
    return UNSAFE_IN_STYLE.sub("", text)


def fit_webpage(write: Callable[[int], str], most: int, longest: int) -> str:
    """The page that `write` makes with at most `most` lines in each of its tables, or fewer, until it fits `longest`.

    `longest` is in bytes.
    """
    while True:
        page = write(most)
        size = len(page.encode())
        if size <= longest or most == 1:
            return page
        most = max(1, min(most - 1, most * longest // size))


def render_webpage(template: str, **values: object) -> str:
    """The page of this name, filled with these values."""
    return _open_templates().get_template(template).render(values)


@cache
def _open_templates() -> Environment:
    return Environment(
        loader=FunctionLoader(lambda name: (files("runner.render") / "webpages" / name).read_text(encoding="utf-8")),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
