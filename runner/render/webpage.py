"""Pages from templates that lie beside this room: everything that is put into them is escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape


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
