"""The kinds of sources: one module with one function for each, all of them named here."""

from __future__ import annotations

from collections.abc import Mapping

from runner.audience.kinds.file import read_files
from runner.audience.kinds.numbers import read_numbers
from runner.audience.kinds.query import read_query
from runner.audience.kinds.template import read_template
from runner.audience.kinds.url import read_url
from runner.audience.tables import Reader
from runner.model.config import SourceKind

READERS: Mapping[SourceKind, Reader] = {
    SourceKind.NUMBERS: read_numbers,
    SourceKind.FILE: read_files,
    SourceKind.QUERY: read_query,
    SourceKind.URL: read_url,
    SourceKind.TEMPLATE: read_template,
}
