"""A file's bytes → text in UTF-8, surveyed; or what the file is, where it is no text that could be a table.

Encoding: a byte order mark, else UTF-8 if every byte is, else Windows-1252. Its five undefined bytes (81 8D 8F 90 9D),
and what a marked encoding does not allow, become U+FFFD: the row stays, and the cell is visibly hurt.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from runner.audience.blocks import BLOCK, LineCounts, count_aside, find_line, read_blocks
from runner.audience.files import say_error
from runner.audience.handles import open_spool, read_at
from runner.errors import SourceUnreadable
from runner.numbers.spelling import REPLACEMENT

MOST_LINE_BYTES = BLOCK
"""The longest line that is read. An interior line of a block can't be longer than this."""

WITH_REPLACEMENTS = "runner.replacements"
"""For encoding to UTF-8: half a character, which JSON can spell, becomes what a byte that can't be read becomes."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_AS_CSV = "open it in a spreadsheet and save it as CSV"
_WORKBOOKS = (
    (b"[Content_Types].xml", "an Excel workbook (.xlsx)", _AS_CSV),
    (b"xl/", "an Excel workbook (.xlsx)", _AS_CSV),
    (b"opendocument", "an OpenDocument workbook (.ods)", _AS_CSV),
)
"""ZIP archives that are known by what is in them."""

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive", "take the file out of it"),
    (b"PK\x05\x06", "an empty ZIP archive", "export it again as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", _AS_CSV),
    (b"\x1f\x8b", "compressed with gzip", "name it `.csv.gz`, or decompress it"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "name it `.csv.zst`, or decompress it"),
    (b"BZh91AY&SY", "compressed with bzip2", "decompress it"),
    (b"\xfd7zXZ\x00", "compressed with xz", "decompress it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "take the file out of it"),
    (b"Rar!\x1a\x07", "a RAR archive", "take the file out of it"),
    (b"%PDF-", "a PDF document", "export the table as CSV"),
    (b"PAR1", "a Parquet file", "name it `.parquet`"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"{\\rtf", "a text document (RTF)", "save the table as CSV"),
    (b"\x89PNG", "a picture", "export the table as CSV"),
    (b"\xff\xd8\xff", "a picture", "export the table as CSV"),
)

_MARKUP = re.compile(rb"(?i)\s*<(!doctype|html|head|body|table|\?xml)")
_JSON = re.compile(rb"""\s*(\{\s*["}]|\[\s*[\[{"\]])""")


def _replace(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return REPLACEMENT.encode() * (error.end - error.start), error.end


codecs.register_error(WITH_REPLACEMENTS, _replace)


@dataclass(frozen=True, slots=True)
class Text:
    """A file whose bytes are text in UTF-8, perhaps after a byte order mark.

    `stamp` is its size and time of change when it was opened. `counting` counts its lines, apart from whoever reads
    them meanwhile. `is_regular` says that all lines end alike, and that no quote follows a space: what every reader of
    CSV reads alike.
    """

    name: str
    file: BinaryIO
    stamp: tuple[int, int]
    counting: Future[LineCounts]
    is_regular: bool

    def count_lines(self) -> LineCounts:
        """Its lines, as soon as they are counted. Raises SourceUnreadable where the file can't be read any more."""
        try:
            return self.counting.result()
        except OSError as error:
            raise SourceUnreadable(f"`{self.name}` can't be read: {say_error(error)}") from error

    def open_lines(self) -> TextIO:
        """The text from its start, each line ending with a line feed; closing it leaves the file open."""
        copy = os.fdopen(os.dup(self.file.fileno()), "rb")
        copy.seek(0)
        return io.TextIOWrapper(copy, encoding="utf-8-sig", newline=None)

    def refuse_change(self) -> None:
        """Raise SourceUnreadable where the file was written to since it was opened."""
        refuse_change(self.file, self.stamp, self.name)

    def close(self) -> None:
        """Let go of the file, once nobody counts in it any more."""
        self.counting.exception()
        self.file.close()


def read_text(file: BinaryIO, name: str) -> Text:
    """The text of `file`; `name` is what messages call it. Both file and text are to be closed by the caller.

    Raises SourceUnreadable where it is something else than a text, is cut, or has a line past the bound.
    """
    stamp = stamp_file(file)
    head = read_at(file, 0, 4096)
    _refuse_signatures(name, head)
    if _JSON.match(head.removeprefix(codecs.BOM_UTF8)):
        hint = "name it `.json`, or `.jsonl` where each row stands on a line of its own"
        raise SourceUnreadable(f"`{name}` is no table: it is JSON", hint=hint, code="not-a-table")
    encoding = _find_encoding(file, name)
    if encoding is None:
        return _survey(name, file, stamp)
    copy = open_spool()
    try:
        _transcode(file, encoding, copy)
        refuse_change(file, stamp, name)
        return _survey(name, copy, stamp_file(copy))
    except SourceUnreadable:
        copy.close()
        raise


def open_text(file: BinaryIO, name: str) -> TextIO:
    """The text of `file` from its start, whatever its lines; closing it leaves the file open.

    Raises SourceUnreadable where it is something else than a text, or is cut.
    """
    stamp = stamp_file(file)
    _refuse_signatures(name, read_at(file, 0, 4096))
    encoding = _find_encoding(file, name)
    copy: BinaryIO
    if encoding is None:
        copy = os.fdopen(os.dup(file.fileno()), "rb")
    else:
        copy = open_spool()
        _transcode(file, encoding, copy)
        refuse_change(file, stamp, name)
    copy.seek(0)
    return io.TextIOWrapper(copy, encoding="utf-8-sig", newline=None)


def stamp_file(file: BinaryIO) -> tuple[int, int]:
    """The size of an open file, and when it was last written to."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def refuse_change(file: BinaryIO, stamp: tuple[int, int], name: str) -> None:
    """Raise SourceUnreadable where the file was written to since it had this stamp."""
    if stamp_file(file) != stamp:
        raise SourceUnreadable(f"`{name}` changed while it was read", hint="run this again when it is written")


def _refuse_signatures(name: str, head: bytes) -> None:
    known = [words for words in _SIGNATURES if head.startswith(words[0])]
    if known and head.startswith(b"PK"):
        known = [words for words in _WORKBOOKS if words[0] in head] + known
    for _, what, hint in known[:1]:
        raise SourceUnreadable(f"`{name}` is no table: it is {what}", hint=hint, code="not-a-table")
    head = head.removeprefix(codecs.BOM_UTF8)
    if _MARKUP.match(head):
        message, hint = f"`{name}` is no table: it is a page of HTML or XML", "save or download the table as CSV"
        raise SourceUnreadable(message, hint=hint, code="not-a-table")


def _find_encoding(file: BinaryIO, name: str) -> str | None:
    """The encoding from which the file must be brought to UTF-8; None where it is UTF-8 as it is."""
    head = read_at(file, 0, 4)
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if marked == "utf-8":
        return None if _is_utf8(file, name) else "utf-8"
    if marked is not None and os.fstat(file.fileno()).st_size % 2:
        raise _cut(name)
    return marked or (None if _is_utf8(file, name) else "cp1252")


def _is_utf8(file: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_foreign = False
    try:
        for block in read_blocks(file):
            # Most blocks are ASCII, which is seen much faster than decoded.
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
                is_foreign = is_foreign or not block[: len(block) - len(decoder.getstate()[0])].isascii()
    except UnicodeDecodeError:
        return False
    if decoder.getstate()[0] and is_foreign:
        raise _cut(name)
    return not decoder.getstate()[0]


def _transcode(file: BinaryIO, encoding: str, copy: BinaryIO) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    copy.writelines(decoder.decode(block).encode() for block in read_blocks(file))
    copy.write(decoder.decode(b"", final=True).encode())
    copy.flush()


def _survey(name: str, file: BinaryIO, stamp: tuple[int, int]) -> Text:
    """Refuse what no reader should be given, and find what the engine reads alike; the lines are counted aside."""
    at = length = 0
    has_returns = has_pairs = has_feeds = has_spaced_quotes = False
    last = b"\n"
    for raw in read_blocks(file, whole_line_ends=True):
        if b"\0" in raw:
            raise _refuse_nul(name, find_line(file, at + raw.index(b"\0")))
        if b"\r" in raw:
            pairs = raw.count(b"\r\n")
            has_pairs = has_pairs or pairs > 0
            has_returns = has_returns or raw.count(b"\r") > pairs
            has_feeds = has_feeds or raw.count(b"\n") > pairs
        else:
            has_feeds = has_feeds or b"\n" in raw
        has_spaced_quotes = has_spaced_quotes or (b'"' in raw and b' "' in last + raw)
        if length + _find_end(raw) > MOST_LINE_BYTES:
            raise _refuse_line(name, find_line(file, at))
        length = _measure_rest(raw, length)
        at += len(raw)
        last = raw[-1:]
    is_regular = not has_returns and not (has_pairs and has_feeds) and not has_spaced_quotes
    return Text(name, file, stamp, count_aside(file), is_regular)


def _find_end(block: bytes) -> int:
    """Where the first line that `block` has of its own, or goes on with, ends."""
    return min((block.find(end) for end in (b"\n", b"\r") if end in block), default=len(block))


def _measure_rest(block: bytes, length: int) -> int:
    """The bytes of the line that `block` leaves unended, of which `length` were there before it."""
    end = max(block.rfind(b"\n"), block.rfind(b"\r"))
    return length + len(block) if end < 0 else len(block) - 1 - end


def _refuse_nul(name: str, line: int) -> SourceUnreadable:
    message = f"`{name}` is no text: it has a NUL character in line {line:,}"
    hint = "if it is UTF-16 without a byte order mark, save it as UTF-8; else export it again as CSV"
    return SourceUnreadable(message, hint=hint, code="not-a-table")


def _refuse_line(name: str, line: int) -> SourceUnreadable:
    message = f"`{name}` has a line of more than {MOST_LINE_BYTES >> 20} MB: line {line:,}"
    return SourceUnreadable(message, hint="export it again as CSV, a row a line", code="source-too-large")


def _cut(name: str) -> SourceUnreadable:
    message = f"`{name}` is cut: it ends in the middle of a character"
    return SourceUnreadable(message, hint="export or copy it again", code="file-cut")
