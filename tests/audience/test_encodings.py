"""Bytes as people's programs write them: which encoding, which line ends, and what is no text at all."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile

import pytest

TABLE = "Prénom;Téléphone;Achat €\nZoé;06 39 98 00 01;«\u202f12 €\u202f»\nLéa;06 39 98 00 02;œuf\n"
PENDING = [(1, "pending", "06 39 98 00 01"), (2, "pending", "06 39 98 00 02")]


def _zip(name: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def _database(path) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("create table t (phone)")
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-marked", "cp1252"])
def test_a_french_export_works_as_it_is(judge, encoding, ends):
    text = TABLE.replace("\u202f", "\xa0").replace("\n", ends)
    encoded = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-marked" else text.encode(encoding)
    where = {"file": "a.csv", "where": "prénom in ('Zoé', 'Léa') and \"Achat €\" is not null"}
    assert judge({"a.csv": encoded}, [where]) == PENDING


def test_line_ends_may_be_mixed(judge):
    assert judge({"a.csv": "phone\r\n0639980001\n0639980002\r0639980003\r\n\r\n\n\r0639980004"}) == [
        (n, "pending", f"063998000{n}") for n in (1, 2, 3, 4)
    ]


def test_a_byte_order_mark_belongs_to_no_cell(judge):
    assert judge({"a.csv": b"\xef\xbb\xbf0639980001\n0639980002\n"}) == [
        (1, "pending", "0639980001"),
        (2, "pending", "0639980002"),
    ]


def test_one_byte_that_is_no_utf8_makes_the_whole_file_windows_1252(judge):
    # The euro sign and the apostrophe of Word stand where Latin-1 has control characters.
    assert judge({"a.csv": b"nom;phone\nL\x92\x8cil \x80;0639980001\n"}, [
        {"file": "a.csv", "where": "nom = 'L\u2019\u0152il \u20ac'"},
    ]) == [(1, "pending", "0639980001")]  # fmt: skip


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_that_windows_1252_does_not_define_hurts_its_cell_alone(judge, byte):
    content = b"nom;phone\n\xe9?;0639980001\nx;06399800?02\nx;?0639980003\nx;0639980004?\nx;+33?639980005\n"
    assert judge({"a.csv": content.replace(b"?", bytes([byte]))}) == [
        (1, "pending", "0639980001"),
        (2, "invalid", "06399800\ufffd02"),
        (3, "invalid", "\ufffd0639980003"),
        (4, "invalid", "0639980004\ufffd"),
        (5, "invalid", "+33\ufffd639980005"),
    ]


def test_bytes_that_their_mark_does_not_allow_hurt_their_cell_alone(judge):
    content = b"\xef\xbb\xbfnom;phone\n\xe9;0639980001\nx;06399800\xff02\n"
    assert judge({"a.csv": content}) == [(1, "pending", "0639980001"), (2, "invalid", "06399800\ufffd02")]


def test_a_cell_with_unreadable_characters_among_its_digits_is_invalid(judge):
    assert judge({"a.csv": "phone\n06399\ufffd80001\n"}) == [(1, "invalid", "06399\ufffd80001")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_zip("[Content_Types].xml"), "Excel workbook (.xlsx)"),
        (_zip("xl/workbook.xml"), "Excel workbook (.xlsx)"),
        (_zip("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), "(.ods)"),
        (_zip("phones.csv"), "ZIP archive"),
        (gzip.compress(b"phone\n0639980001\n", mtime=0), "gzip"),
        (gzip.compress(b"phone\n0639980001\n" * 99, mtime=0)[:30], "gzip"),
        (b"\x28\xb5\x2f\xfd\x00", "Zstandard"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07\x01", "RAR"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), ".xls"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"{\\rtf1 phone}", "RTF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "HTML"),
        (b"\xef\xbb\xbf\n <html><table><tr><td>0639980001", "HTML"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"),
        (json.dumps([{"phone": "0639980001"}]).encode(), "JSON"),
        (json.dumps({"data": []}).encode(), "JSON"),
        (b"phone\n0639980001\n\x00\n", "NUL character in line 3"),
        ("phone\n0639980001\n".encode("utf-16-le"), "UTF-16"),
        ("phone\n0639980001\n".encode("utf-32"), "NUL"),
        (bytes(range(256)) * 9, "NUL"),
        (bytes(1000), "NUL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_be_no_table_is_a_problem_that_says_what_it_is(refuse, content, said):
    (problem,) = refuse({"a.csv": content})
    assert problem.code == "not-a-table"
    assert said in f"{problem.message} {problem.hint}"


def test_a_database_is_no_table(refuse, tmp_path):
    (problem,) = refuse({"a.csv": _database(tmp_path / "x.db")})
    assert "SQLite" in problem.message


@pytest.mark.parametrize(
    "content",
    [
        "é\u20ac;phone\nZoé;0639980001\nLé".encode()[:-1],
        "phone\n0639980001\n".encode("utf-16")[:-1],
        b'name;phone\nx;0639980001\n"Du',
        'name;phone\nx;0639980001\n"12 rue\nbât'.encode(),
    ],
)
def test_a_cut_file_is_a_problem_that_says_so(refuse, content):
    (problem,) = refuse({"a.csv": content})
    assert problem.code == "file-cut"


def test_a_last_accent_in_windows_1252_is_no_cut(judge):
    assert judge({"a.csv": "phone;ville\n0639980001;Orl\xe9".encode("cp1252")}) == [(1, "pending", "0639980001")]


@pytest.mark.parametrize("content", [b"", b"\n\n\r\n", b"\xef\xbb\xbf", b" \n;;;\n", "\ufeff\n".encode("utf-16")])
def test_a_file_with_nothing_in_it_is_a_problem(refuse, content):
    (problem,) = refuse({"a.csv": content})
    assert problem.code == "source-empty"


@pytest.mark.parametrize("line", [2, 30_001])
def test_a_line_without_end_is_a_problem_that_names_the_bound_and_the_line(refuse, line):
    before = "phone;n\n" + "0639980001;x\n" * (line - 2)
    (problem,) = refuse({"a.csv": before + "x" * (1 << 20) + "y;0639980002\n"})
    assert problem.code == "source-too-large"
    assert "1 MB" in problem.message
    assert f"line {line:,}" in problem.message


def test_a_line_just_within_the_bound_is_read(judge):
    note = "x" * ((1 << 20) - 20)
    rows = judge({"a.csv": f"phone;note\n0639980001;{note}\n0639980002;{note}\n"})
    assert [row[:2] for row in rows] == [(1, "pending"), (2, "pending")]


def test_line_ends_that_a_block_cuts_in_two_are_one(judge):
    head, row = "phone;n\r\n", "0639980001;1\r\n"
    filler = "x" * ((1 << 20) - len(head) - len(row) * 10 - len("0639980002;\r"))
    rows = judge({"a.csv": head + row * 10 + f"0639980002;{filler}\r\n" + row})
    assert len(rows) == 12
