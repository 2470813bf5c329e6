"""`campaign explain`: what a problem code means, from the page that is written about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from runner.cli.context import Invocation
from runner.cli.desks import choose_format
from runner.cli.pages import Page, read_page
from runner.cli.suggestions import complete_codes

BOLD = "\x1b[1m{}\x1b[0m"


@click.command(short_help="Explain a problem code, with a wrong and a right example.")
@click.argument("code", metavar="CODE", shell_complete=complete_codes)
@choose_format("text", "json")
@click.pass_obj
def explain(invocation: Invocation, *, code: str, output_format: str) -> int:
    """Explain a problem code, the word in brackets of `error[unknown-key]`: what it means and what to do.

    Where a file causes it, a wrong and a right example follow, file by file.
    """
    page = read_page(code)
    if output_format == "json":
        invocation.write(_write_json(page))
    else:
        invocation.write(_embolden(page.text) if invocation.color else page.text)
    return 0


def _embolden(text: str) -> str:
    return re.sub(r"^#+ .*$", lambda heading: BOLD.format(heading[0].lstrip("# ")), text, flags=re.MULTILINE)


def _write_json(page: Page) -> str:
    from runner.render.documents import FORMAT_VERSION, write_document

    return write_document(
        {
            "format_version": FORMAT_VERSION,
            "code": page.code,
            "title": page.title,
            "meaning": _unfold(page.meaning),
            "what_to_do": _unfold(page.what_to_do),
            "how_it_comes_about": None if page.how_it_comes_about is None else _unfold(page.how_it_comes_about),
            "wrong": _list_files(page.wrong),
            "right": _list_files(page.right),
        }
    )


def _unfold(text: str) -> str:
    """Each paragraph on one line: who shows the document breaks lines where it suits."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _list_files(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"path": path, "text": text} for path, text in files.items()]
