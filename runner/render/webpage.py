"""Pages from templates that lie beside this room: everything that is put into them is escaped."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""A page loads nothing, runs nothing and sends nothing; that it carries this itself proves it."""
BACKTICKS = re.compile("`([^`]+)`")


def render_webpage(template: str, **values: object) -> str:
    """The page of this name, filled with these values."""
    return _open_templates().get_template(template).render(policy=POLICY, **values)


@cache
def _open_templates() -> Environment:
    templates = Environment(
        loader=FunctionLoader(lambda name: (files("runner.render") / "webpages" / name).read_text(encoding="utf-8")),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["coded"] = show_code
    return templates


def show_code(text: str) -> Markup:
    """Text in which what stands between backticks is shown as code."""
    told = Markup()
    for index, part in enumerate(BACKTICKS.split(text)):
        told += Markup("<code>{}</code>").format(part) if index % 2 else part
    return told
