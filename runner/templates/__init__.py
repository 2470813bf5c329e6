"""Sandboxed Jinja: the strings of a source in which `{{ … }}` stands, as text or as SQL with bound parameters.

Importing this room is cheap, and so is a text without Jinja in it: the library comes with the first that has some.
"""

from runner.templates.context import NAMES, build_context
from runner.templates.faults import TemplateFailed, TemplateFault
from runner.templates.rendering import check_template, has_template, render, render_file, render_sql

__all__ = [
    "NAMES",
    "TemplateFailed",
    "TemplateFault",
    "build_context",
    "check_template",
    "has_template",
    "render",
    "render_file",
    "render_sql",
]
