"""`url`: JSON, JSON Lines or CSV behind an address, page by page; a sealed process fetches them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import BinaryIO, TextIO

from duckdb import DuckDBPyConnection

from runner.audience.frames import Kind
from runner.audience.handles import open_spool
from runner.audience.item_rows import write_items
from runner.audience.items import Item, read_lines, read_list
from runner.audience.sealed import DEADLINE_S, run_sealed
from runner.audience.sheets import Sheet
from runner.audience.tables import Means, Table, find_text_table
from runner.audience.text import open_text, read_text
from runner.audience.url_answers import Format
from runner.errors import SourceUnreadable, about_key
from runner.model.config import Source
from runner.templates import render

Frames = Generator[tuple[Kind, bytes]]
Page = tuple[str, BinaryIO]
"""What messages call it, and its rows."""

_JSON: Mapping[Format, Callable[[TextIO, str], Iterator[Item]]] = {
    Format.JSON: read_list,
    Format.JSON_LINES: read_lines,
}
_GRACE_S = 5


def read_url(source: Source, means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """The rows of all pages, in their order, as one table.

    Raises SourceUnreadable, TemplateFailed, ReferenceUnresolved or HostRefused where one of them can't be had.
    """
    request: dict[str, object] = {
        "url": render(source.text, means.context).strip(),
        "headers": {name: means.look_up(reference).open() for name, reference in source.headers.items()},
        "items": _render(source.items, "items", means),
        "next": _render(source.next, "next", means),
        "allowed_hosts": None if means.allowed_hosts is None else sorted(means.allowed_hosts),
        "seconds": DEADLINE_S,
    }
    # The process has its own sense of time, and says which page is late: this is for one that can't.
    with closing(run_sealed("url", request, "`url`", grace_s=_GRACE_S)) as frames:
        table = _read_pages(frames, allow_empty=source.allow_empty)
    if table is not None:
        yield table


def _render(text: str | None, key: str, means: Means) -> str | None:
    with about_key(key):
        return None if text is None else render(text, means.context)


def _read_pages(frames: Frames, *, allow_empty: bool) -> Table | None:
    """The table in the pages; None where no row is in them."""
    first = json.loads(next(frames)[1])
    format_ = Format(first["format"])
    try:
        if format_ is Format.CSV:
            return _read_csv(first["name"], frames, allow_empty=allow_empty)
        sheet = _read_items(first["name"], frames, _JSON[format_])
        return None if sheet is None else replace(sheet, lacks_next=first["lacks_next"])
    except SourceUnreadable as error:
        if error.code == "source-empty" and allow_empty:
            return None
        raise


def _read_csv(name: str, frames: Frames, *, allow_empty: bool) -> Table | None:
    """The one page of CSV, by the rules for files."""
    with ExitStack() as stack:
        ((_, page),) = _spool_pages(name, frames)
        stack.enter_context(page)
        text = read_text(page, name)
        if text.file is page:
            stack.pop_all()
    return find_text_table(text, name, allow_empty=allow_empty)


def _read_items(name: str, frames: Frames, read: Callable[[TextIO, str], Iterator[Item]]) -> Sheet | None:
    pages: list[tuple[str, int]] = []
    sheet = write_items("url", _chain_pages(_spool_pages(name, frames), read, pages))
    return None if sheet is None else replace(sheet, pages=tuple(pages))


def _chain_pages(
    spooled: Iterator[Page], read: Callable[[TextIO, str], Iterator[Item]], pages: list[tuple[str, int]]
) -> Iterator[Item]:
    """The items of all pages; into `pages` goes how many each has."""
    for name, page in spooled:
        rows = 0
        with page, open_text(page, name) as text:
            for item in read(text, name):
                rows += 1
                yield item
        pages.append((name, rows))


def _spool_pages(name: str, frames: Frames) -> Iterator[Page]:
    """The pages, the first of which is called `name`: each is to be closed by the caller before the next."""
    page = open_spool()
    for kind, body in frames:
        if kind is Kind.PAGE:
            page.flush()
            yield name, page
            name, page = json.loads(body)["name"], open_spool()
        else:
            page.write(body)
    page.flush()
    yield name, page
