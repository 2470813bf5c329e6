"""Which files a source reads: inside the project, real files, once; and what it says where it reads none."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import duckdb
import pytest

from runner.audience import handles
from runner.errors import ProblemsFound

ROW = "phone\n0639980001\n"


def _codes(problems):
    return [problem.code for problem in problems]


def _outcome(build, root, source):
    with build(root, [source]) as audience:
        return [(row.file, row.row, row.reason.value) for row in audience.read_rows(dropped=False)]


def test_a_path_is_read_from_the_project_whatever_the_case_of_its_ending(build, project):
    root = project({"data/liste des élus.CSV": ROW})
    assert _outcome(build, root, {"file": "data/liste des élus.CSV"}) == [("data/liste des élus.CSV", 1, "pending")]
    assert _outcome(build, root, {"file": "./data//liste des élus.CSV"}) == [("data/liste des élus.CSV", 1, "pending")]


def test_jinja_in_path_column_where_and_numbers_sees_the_campaigns_context(build, project):
    root = project({"data/c-lyon.csv": "id;lyon;n\n1;0639980001;2\n2;0639980002;3\n"})
    source = {"file": "data/c-{{ vars.region }}.csv", "column": "{{ vars.region }}", "where": "n >= {{ vars.least }}"}
    with build(root, [source, {"numbers": ["06399800{{ '%02d' % 5 }}"]}]) as audience:
        assert list(audience.keep_pending().numbers) == [33639980002, 33639980005]


def test_a_template_that_fails_is_a_problem_at_its_source(refuse):
    (problem,) = refuse({"a.csv": ROW}, [{"file": "{{ vars.regoin }}.csv"}])
    assert problem.place.line == 10
    assert "regoin" in problem.message


def test_a_glob_reads_its_files_in_the_order_of_their_names_and_each_row_keeps_its_file(build, project):
    root = project({
        "data/b.csv": "phone\n0639980003\n",
        "data/a.csv": "phone\n0639980001\n0639980002\n",
        "data/.hidden.csv": "phone\n0639980009\n",
        "data/deep/c.csv": "phone\n0639980004\n",
    })  # fmt: skip
    assert _outcome(build, root, {"file": "data/*.csv"}) == [
        ("data/a.csv", 1, "pending"),
        ("data/a.csv", 2, "pending"),
        ("data/b.csv", 1, "pending"),
    ]
    assert [row[0] for row in _outcome(build, root, {"file": "**/*.csv"})] == [
        "data/a.csv", "data/a.csv", "data/b.csv", "data/deep/c.csv"
    ]  # fmt: skip
    with build(root, [{"file": "data/*.csv"}]) as audience:
        place = audience.keep_pending().find_row(33639980003)
    assert (place.source, place.file, place.row) == ("data/*.csv", "data/b.csv", 1)


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(build, project):
    root = project({"data/export[1].csv": ROW, "data/export1.csv": "phone\n0639980002\n"})
    assert _outcome(build, root, {"file": "data/export[1].csv"}) == [("data/export[1].csv", 1, "pending")]


@pytest.mark.parametrize("name", ["l'été", "export[1]", "export*", "export?", "]export["])
def test_a_parquet_file_that_is_opened_by_its_name_is_that_file(build, project, monkeypatch, name):
    monkeypatch.setattr(handles, "DESCRIPTORS", Path("no such folder"))
    root = project({})
    for number, wanted in (("0639980001", "export1"), ("0639980002", name)):
        made = root / "made.parquet"
        duckdb.sql(f"SELECT '{number}' AS phone").write_parquet(str(made))
        made.rename(root / f"{wanted}.parquet")
    with build(root, [{"file": f"{name}.parquet"}]) as audience:
        assert list(audience.keep_pending().numbers) == [33639980002]


@pytest.mark.parametrize("second", ["portable\n0639980002\n", "phone;city\n0639980002;Lyon\n", "0639980002\n"])
def test_files_of_one_glob_must_have_the_same_columns(refuse, second):
    (problem,) = refuse({"a.csv": ROW, "b.csv": second}, [{"file": "*.csv"}])
    assert problem.code == "different-columns"
    assert "`a.csv` and `b.csv`" in problem.message


def test_files_of_one_glob_may_differ_in_encoding_delimiter_and_order_of_columns(build, project):
    root = project({
        "a.csv": "prénom;téléphone\nZoé;0639980001\n".encode("cp1252"),
        "b.csv": "Téléphone ,PRÉNOM\n0639980002,Léa\n".encode("utf-16"),
    })  # fmt: skip
    with build(root, [{"file": "?.csv", "where": "prénom in ('Zoé', 'Léa')"}]) as audience:
        assert list(audience.keep_pending().numbers) == [33639980001, 33639980002]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("data/none.csv", "no-such-file"),
        ("nowhere/none.csv", "no-such-file"),
        ("data/none-*.csv", "no-such-file"),
        ("", "no-such-file"),
        (".", "no-such-file"),
        ("data/../", "path-outside-project"),
        ("data\\a.csv", "no-such-file"),
        ("../outside.csv", "path-outside-project"),
        ("data/../../outside.csv", "path-outside-project"),
        ("data/../data/a.csv", "path-outside-project"),
        ("/etc/passwd", "path-outside-project"),
        ("/dev/stdin", "path-outside-project"),
        ("data/a.csv\0", "path-outside-project"),
        (".git/a.csv", "path-outside-project"),
        (".GIT/a.csv", "path-outside-project"),
        (".campaign/a.csv", "path-outside-project"),
        (".env", "path-outside-project"),
        (".g*/a.csv", "path-outside-project"),
        ("data/a.xlsx", "unsupported-file"),
        ("data/a.csv.gz", "no-such-file"),
        ("data/a.csv.gz.gz", "unsupported-file"),
        ("data/a.parquet.gz", "unsupported-file"),
        ("data/a.json.bz2", "unsupported-file"),
        ("data/*", "unsupported-file"),
        ("data", "not-a-file"),
        ("~/a.csv", "no-such-file"),
        ("file:///etc/passwd", "unsupported-file"),
        ("http://example.com/a.csv", "no-such-file"),
        ("data/" + "x" * 5000 + ".csv", "no-such-file"),
        ("\ud800.csv", "no-such-file"),
    ],
)
def test_what_is_no_readable_file_of_the_project_is_a_problem_that_says_so(build, project, path, code):
    root = project({"data/a.csv": ROW, "data/notes.txt": ROW, ".git/a.csv": ROW, ".campaign/a.csv": ROW, ".env": ROW})
    (root.parent / "outside.csv").write_text(ROW)
    with pytest.raises(ProblemsFound) as found, build(root, [{"file": path}]):
        pass
    assert _codes(found.value.problems) == [code]
    assert "63998" not in found.value.problems[0].message


def test_a_missing_file_names_the_nearest_one(refuse):
    (problem,) = refuse({"data/customers.csv": ROW}, [{"file": "data/custommers.csv"}])
    assert problem.hint == "did you mean `data/customers.csv`?"


def test_links_inside_the_project_are_followed(build, project):
    root = project({"data/a.csv": ROW})
    (root / "data/b.csv").symlink_to("a.csv")
    (root / "deep").symlink_to("data")
    assert _outcome(build, root, {"file": "deep/b.csv"}) == [("deep/b.csv", 1, "pending")]


def test_a_project_that_is_reached_by_a_link_is_read(build, project):
    root = project({"data/a.csv": ROW})
    link = root.parent / "link"
    link.symlink_to(root)
    assert _outcome(build, link, {"file": "data/*.csv"}) == [("data/a.csv", 1, "pending")]


@pytest.mark.parametrize("path", ["data/out.csv", "data/*.csv", "folder/outside.csv", "folder/*.csv", "state/a.csv"])
def test_no_link_leads_out_of_the_project_or_into_its_closed_folders(build, project, path):
    root = project({"data/a.csv": ROW, ".campaign/a.csv": ROW})
    (root.parent / "elsewhere").mkdir()
    (root.parent / "elsewhere/outside.csv").write_text(ROW)
    (root / "data/out.csv").symlink_to(root.parent / "elsewhere/outside.csv")
    (root / "folder").symlink_to(root.parent / "elsewhere")
    (root / "state").symlink_to(root / ".campaign")
    with pytest.raises(ProblemsFound) as found, build(root, [{"file": path}]):
        pass
    assert _codes(found.value.problems) == ["path-outside-project"]


def test_links_that_lead_in_circles_or_nowhere_are_problems(build, project):
    root = project({"data/a.csv": ROW})
    (root / "data/circle.csv").symlink_to("circle.csv")
    (root / "data/nothing.csv").symlink_to("gone.csv")
    (root / "data/loop").symlink_to(".")
    for name in ("circle", "nothing"):
        with pytest.raises(ProblemsFound), build(root, [{"file": f"data/{name}.csv"}]):
            pass
        (root / f"data/{name}.csv").unlink()
    assert _outcome(build, root, {"file": "**/*.csv"}) == [("data/a.csv", 1, "pending")]


@pytest.mark.parametrize("kind", ["folder", "pipe", "socket"])
@pytest.mark.parametrize("path", ["data/x.csv", "data/*.csv"])
def test_a_folder_a_pipe_or_a_socket_with_the_name_of_a_file_is_a_problem_at_once(
    build, project, kind, path, monkeypatch
):
    root = project({"data/y.csv": ROW})
    monkeypatch.chdir(root / "data")
    if kind == "folder":
        Path("x.csv").mkdir()
    elif kind == "pipe":
        os.mkfifo("x.csv")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("x.csv")
    with pytest.raises(ProblemsFound) as found, build(root, [{"file": path}]):
        pass
    assert _codes(found.value.problems) == ["not-a-file"]
    assert kind in found.value.problems[0].message


def test_folders_among_the_matches_of_a_glob_are_passed_over_where_they_bear_no_files_name(build, project):
    root = project({"data/2025/b.csv": ROW, "data/a.csv": ROW})
    assert _outcome(build, root, {"file": "data/*"}) == [("data/a.csv", 1, "pending")]
    assert len(_outcome(build, root, {"file": "data/*/*"})) == 1


def test_a_file_that_nobody_may_read_is_a_problem(build, project):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    root = project({"a.csv": ROW})
    (root / "a.csv").chmod(0)
    with pytest.raises(ProblemsFound) as found, build(root, [{"file": "a.csv"}]):
        pass
    assert _codes(found.value.problems) == ["source-unreadable"]


def test_every_failing_source_is_told_at_its_own_place(refuse):
    problems = refuse(
        {"a.csv": ROW},
        [{"file": "b.csv"}, {"file": "a.csv"}, {"file": "a.csv", "column": "mobile"}],
        [{"file": "c.csv"}, {"file": "a.csv", "where": "nope = 1"}],
    )
    assert [(problem.place.line, problem.code) for problem in problems] == [
        (10, "no-such-file"),
        (12, "no-such-column"),
        (50, "exclusion-missing"),
        (51, "no-such-column"),
    ]
    assert problems[0].excerpt == "  - the source of line 10"
