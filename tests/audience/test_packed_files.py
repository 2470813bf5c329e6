"""Parquet and compressed files: the same rows as in a plain one, or a problem that says what was found."""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from runner.audience import compression

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

A, B = "0639980001", "0639980002"
CSV = f"prénom;téléphone\nZoé;{A}\nLéa;{B}\n;06\n"
PACKERS = {"gz": gzip.compress, "zst": zstd.compress}


def parquet(query: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder, "a.parquet")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        return path.read_bytes()


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_compressed_text_has_the_rows_of_the_text(judge, ending, encoding):
    data = CSV.encode(encoding)
    assert judge({f"a.csv.{ending}": PACKERS[ending](data)}) == judge({"a.csv": data})


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize(
    ("name", "text"), [("a.tsv", f"id\tphone\n1,5\t{A}\n"), ("a.json", f'["{A}"]'), ("a.jsonl", f'{{"phone": "{A}"}}')]
)
def test_every_text_may_be_compressed(judge, ending, name, text):
    assert judge({f"{name}.{ending.upper()}": PACKERS[ending](text.encode())}) == [(1, "pending", A)]


def test_several_parts_one_after_another_are_one_text(judge):
    for ending, pack in PACKERS.items():
        packed = pack(f"phone\n{A}\n".encode()) + pack(f"{B}\n".encode())
        assert len(judge({f"a.csv.{ending}": packed})) == 2


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data[:-3], "file-cut"),
        (lambda data: data[: len(data) // 2], "file-cut"),
        (lambda data: CSV.encode(), "not-a-table"),
        (lambda data: data[:20] + bytes(40) + data[60:], "not-a-table"),
        (lambda data: data + b"more than there should be", "not-a-table"),
        (lambda data: b"", "source-empty"),
    ],
    ids=["without-end", "half", "plain", "damaged", "more", "empty"],
)
def test_what_is_cut_damaged_or_not_compressed_is_one_problem(refuse, ending, change, code):
    packed = PACKERS[ending]("".join(f"06{n * 7919 % 10**8:08}\n" for n in range(500)).encode())
    (problem,) = refuse({f"a.csv.{ending}": change(packed)})
    assert problem.place.line == 10
    assert problem.code in (code, "file-cut") if code == "not-a-table" else problem.code == code


@pytest.mark.parametrize("ending", PACKERS)
def test_a_small_file_that_holds_a_giant_is_stopped_at_a_bound_that_is_named(refuse, monkeypatch, ending):
    monkeypatch.setattr(compression, "ALWAYS_BYTES", 8 << 20)
    bomb = PACKERS[ending](b"phone\n" + bytes(64 << 20))
    (problem,) = refuse({f"a.csv.{ending}": bomb})
    assert problem.code == "source-too-large"
    assert "more than 8 MB" in problem.message or "more than 12 MB" in problem.message


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", gzip.compress(CSV.encode()), "compressed with gzip"),
        ("a.csv", zstd.compress(CSV.encode()), "compressed with Zstandard"),
        ("a.csv.gz", gzip.compress(gzip.compress(CSV.encode())), "compressed with gzip"),
        ("a.json.gz", gzip.compress(b"PK\x03\x04 xl/"), "an Excel workbook"),
        ("a.csv", b"PAR1", "a Parquet file"),
        ("a.csv", f'[{{"phone": "{A}"}}]'.encode(), "JSON"),
        ("a.parquet", CSV.encode(), "no Parquet file"),
        ("a.parquet", b"", "no Parquet file"),
        ("a.parquet", b"PAR1" + bytes(100) + b"PAR1", "no Parquet file"),
    ],
    ids=["gzip", "zstandard", "twice", "workbook", "parquet", "json", "csv", "nothing", "hollow"],
)
def test_a_file_that_is_something_else_than_its_name_says_is_told_what_it_is(refuse, name, data, words):
    (problem,) = refuse({name: data})
    assert problem.code == "not-a-table"
    assert words in problem.message
    assert "/dev/fd" not in problem.message
    assert A not in problem.message


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (f"'{A}'", "pending"),
        (f"'{A}'::blob", "pending"),
        ("639980001", "pending"),
        ("33639980001::hugeint", "pending"),
        ("639980001::decimal(12, 0)", "pending"),
        ("639980001::double", "pending"),
        ("639980001::decimal(12, 2)", "invalid"),
        ("NULL::varchar", "invalid"),
        ("true", "invalid"),
        (f"['{A}']", "invalid"),
        (f"{{'phone': '{A}'}}", "invalid"),
        (f"map {{'phone': '{A}'}}", "invalid"),
    ],
)
def test_a_cell_of_parquet_is_judged_by_the_text_that_says_the_same(judge, cell, reason):
    (row,) = judge({"a.parquet": parquet(f"SELECT 1 AS id, {cell} AS phone")})
    assert row[:2] == (1, reason)


def test_a_column_that_cannot_hold_all_digits_is_refused_since_it_would_reach_strangers(refuse):
    (problem,) = refuse({"a.parquet": parquet("SELECT 639980001::float AS phone")})
    assert "seven digits" in problem.message


def test_rows_of_parquet_keep_their_places_and_conditions_see_their_values(judge):
    query = "SELECT '06399' || lpad(i::varchar, 5, '0') AS mobile, i AS n, date '2026-01-01' + i::int AS day"
    data = parquet(f"{query} FROM range(99999) AS t(i) ORDER BY i")
    source = {"file": "a.parquet", "where": "n >= 99997 or day = '2026-01-02'"}
    assert [row for row, _, _ in judge({"a.parquet": data}, [source])] == [2, 99998, 99999]


def test_one_glob_may_hold_files_of_several_kinds_with_the_same_columns(judge, refuse):
    files = {
        "d/a.parquet": parquet(f"SELECT 'Zoé' AS prénom, '{A}' AS téléphone"),
        "d/b.csv": CSV,
        "d/c.csv.gz": gzip.compress(CSV.encode()),
        "d/e.jsonl": f'{{"Téléphone": "{A}", "PRÉNOM": ""}}',
    }
    assert len(judge(files, [{"file": "d/*"}])) == 8
    (problem,) = refuse({**files, "d/f.json": f'[{{"phone": "{A}"}}]'}, [{"file": "d/*"}])
    assert problem.code == "different-columns"


def test_rows_of_a_parquet_file_that_was_cut_are_never_listed(refuse):
    data = parquet(f"SELECT '{A}' AS phone FROM range(10000)")
    (problem,) = refuse({"a.parquet": data[: len(data) // 2]})
    assert problem.code == "not-a-table"
    broken = io.BytesIO(data)
    broken.seek(20)
    broken.write(bytes(30))
    assert refuse({"a.parquet": broken.getvalue()})
