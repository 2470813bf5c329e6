"""`template`: what a file of Jinja prints is a table, within bounds, and it reads nothing but the project's files."""

from __future__ import annotations

import json

import pytest

from runner.templates import limits

A, B = "0639980001", "0639980002"
PEOPLE = f"Nom;Mobile;Code postal\nZoé;{A};69001\nLéa;{B};75002\n"
SOURCE = [{"template": "t.j2"}]


def test_a_number_a_line_is_a_row_and_blank_lines_are_none(judge):
    template = "{% for n in range(3) %}\n063998000{{ n }}\n{% endfor %}"
    assert judge({"t.j2": template}, SOURCE) == [(n + 1, "pending", f"063998000{n}") for n in range(3)]


def test_a_template_prints_rows_of_csv_with_a_header_and_sees_the_campaigns_values(judge):
    template = "phone;city\n0639980001;{{ vars.region }}\n{# remark #}0639980002;nice\n"
    source = [{"template": "{{ campaign.name }}.j2", "column": "1"}]
    assert judge({"c.j2": template}, source) == [(1, "pending", A), (2, "pending", B)]


def test_rows_gives_it_the_rows_of_another_file_by_the_names_of_its_columns(judge):
    template = (
        "{% for row in rows('data/x.csv') if row['Code postal'].startswith('69') %}{{ row.Mobile }}\n{% endfor %}"
    )
    assert judge({"t.j2": template, "data/x.csv": PEOPLE.encode("cp1252")}, SOURCE) == [(1, "pending", A)]


@pytest.mark.parametrize(
    ("name", "text", "cell"),
    [
        ("x.json", json.dumps([{"p": A}, {"q": None, "p": B}]), "row.p"),
        ("x.jsonl", json.dumps({"p": A}) + "\n" + json.dumps({"p": B}), "row['p']"),
        ("x.csv", f"{A};1\n{B};2\n", "row['1']"),
        ("x.tsv", f"p\t\t\n{A}\n{B}\n", "row.p"),
    ],
)
def test_rows_reads_every_kind_of_file(judge, name, text, cell):
    template = f"{{% for row in rows('{name}') %}}{{{{ {cell} }}}}\n{{% endfor %}}"
    assert judge({"t.j2": template, name: text}, SOURCE) == [(1, "pending", A), (2, "pending", B)]


def test_rows_may_be_run_over_again_and_inside_one_another(judge):
    template = """{% set people = rows('x.csv') -%}
    {% for a in people %}{% for b in people %}{% if a.n == b.n %}{{ a.phone }}
{% endif %}{% endfor %}{% endfor %}{{ rows('x.csv') | length }}
    """
    files = {"t.j2": template, "x.csv": f"n;phone\n1;{A}\n2;{B}\n"}
    assert [row[1:] for row in judge(files, SOURCE)] == [("pending", A), ("pending", B), ("invalid", "2")]


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        ("{% for row in rows('none.csv') %}{% endfor %}", "no-such-file", "`none.csv`"),
        ("{% for row in rows('../x.csv') %}{% endfor %}", "path-outside-project", "`..`"),
        ("{% for row in rows('/etc/passwd') %}{% endfor %}", "path-outside-project", "absolute"),
        ("{% for row in rows('.env') %}{% endfor %}", "path-outside-project", "`.env`"),
        ("{% for row in rows('t.j2') %}{% endfor %}", "unsupported-file", "`t.j2`"),
        ("{% for row in rows('*.csv') %}{% endfor %}", "source-unreadable", "matches 2"),
        ("{% for row in rows(3) %}{% endfor %}", "source-unreadable", "path"),
        ("{% for row in rows('x.csv') %}{{ row.mobil }}{% endfor %}", "template-failed", "did you mean `row.mobile`?"),
        ("{% for row in rows('hurt.csv') %}{% endfor %}", "source-unreadable", "row 2 of `hurt.csv`"),
        ("a\n{{ vars.regoin }}", "unknown-name", "`t.j2`, line 2: `vars` has no `regoin`"),
        ("{% include 'x.csv' %}", "template-syntax", "takes `if`, `for` and `set` alone"),
        ("{{ rows('x.csv') }}", "template-failed", "no text"),
        ("{{ rows.__globals__ }}", "template-failed", "out of a template's reach"),
        ("{{ rows('x.csv')._read }}", "template-failed", "out of a template's reach"),
        ("", "source-empty", "`t.j2` is empty"),
        ("{% if false %}0639980001{% endif %}", "source-empty", "`t.j2` is empty"),
        ("\xff".encode("latin-1"), "not-a-table", "not UTF-8"),
        ("a" * 2_000_000, "source-unreadable", "more than 1 MB"),
    ],
)
def test_what_a_template_cannot_do_is_a_problem_at_its_source(refuse, template, code, words):
    files = {"t.j2": template, "x.csv": f"mobile\n{A}\n", "hurt.csv": f"a;b\n1;2\n1;2;{A}\n"}
    (problem,) = refuse(files, SOURCE)
    assert (problem.code, problem.place.line) == (code, 10)
    assert words in problem.message
    assert A not in problem.message


def test_a_template_that_prints_or_works_without_end_is_stopped_and_told_its_bound(refuse, monkeypatch):
    monkeypatch.setattr("runner.templates.sandbox.MAX_OUTPUT", 1 << 20)
    endless = "{% for a in range(99999) %}{{ 'x' * 99 }}{% endfor %}"
    assert "more than 1 MB" in refuse({"t.j2": endless}, SOURCE)[0].message
    slow = "{% for a in range(99999) %}{% for b in range(99) %}{% endfor %}{% endfor %}"
    with monkeypatch.context() as patch:
        patch.setattr("runner.templates.sandbox.MAX_FILE_WORK", 100_000)
        assert "too much" in refuse({"t.j2": slow}, SOURCE)[0].message
    monkeypatch.setattr("runner.templates.sandbox.MAX_SECONDS", 0.1)
    assert "longer than 0.1 seconds" in refuse({"t.j2": slow}, SOURCE)[0].message


def test_a_link_in_the_place_of_a_template_leads_nowhere_outside(build, project, refuse):
    root = project({"x.csv": A})
    (root.parent / "secret.j2").write_text(A)
    (root / "t.j2").symlink_to(root.parent / "secret.j2")
    from runner.errors import ProblemsFound

    with pytest.raises(ProblemsFound) as found, build(root, SOURCE):
        pass
    assert found.value.problems[0].code == "path-outside-project"


def test_loops_run_over_more_rows_than_a_value_may_hold(judge):
    assert limits.MAX_SIZE < 4 * 40_000
    text = "n;phone\n" + "".join(f"{n};06399{n:05}\n" for n in range(40_000))
    template = "{% for row in rows('x.csv') %}{{ row.phone }}\n{% endfor %}"
    assert len(judge({"t.j2": template, "x.csv": text}, SOURCE)) == 40_000


def test_an_exclusion_by_template_that_prints_nothing_blocks_unless_it_may_be_empty(build, project, refuse):
    files = {"a.csv": A, "t.j2": "{# nobody #}"}
    (problem,) = refuse(files, exclude=SOURCE)
    assert problem.code == "exclusion-empty"
    with build(project(files), [{"file": "a.csv"}], [{**SOURCE[0], "allow_empty": True}]) as audience:
        assert audience.rows.pending == 1
