"""An audience: each row with the first reason that fits, the sum that holds, and those who are pending in order."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from runner.audience import read, recipients
from runner.audience.reasons import LedgerPeople
from runner.errors import ProblemsFound, StateUnavailable
from runner.model.config import Delivery, Kind
from runner.model.plan import Reason
from runner.model.secret import Secret
from runner.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(Secret("0123456789abcdef" * 4))


def _page(**numbers: int) -> list[tuple[Reason, bytes]]:
    """People of the ledger: reasons with the number for which they are one."""
    return [(Reason(reason), PSEUDONYMS.of_number(number)) for reason, number in numbers.items()]


def _ledger(*pages: tuple[Reason, bytes], people: int = 0) -> LedgerPeople:
    """A ledger that says that it has so many people, and is asked for all of them or for some by that."""

    def find(ask):
        wanted = {pseudonym for page in ask() for pseudonym in page}
        return [(reason, pseudonym) for reason, pseudonym in pages if pseudonym in wanted]

    return LedgerPeople(people, lambda: pages, find, PSEUDONYMS.sql)


@pytest.mark.parametrize("people", [0, 1_000])
def test_each_row_gets_the_first_reason_that_fits(build, project, people):
    rows = ["0639980001", "0639980001", "x", "0639980002", "0639980003", "0639980004", "0639980005", "0144556677",
            "0144556678", "0639980006", "0639980007", "0639980001"]  # fmt: skip
    root = project({"a.csv": "phone\n" + "\n".join(rows)})
    pages = (
        *_page(accepted=33639980002, unknown=33639980003, sending=33639980004, refused=33639980005),
        *_page(accepted=33144556678),
    )
    exclude = [{"numbers": ["0639980006", "0639980002", "0144556677", "0144556678"]}]
    with build(root, [{"file": "a.csv"}], exclude, ledger=_ledger(*pages, people=people)) as audience:
        dropped = [(row.row, row.reason) for row in audience.read_rows(dropped=True)]
        kept = [(row.row, row.reason) for row in audience.read_rows(dropped=False)]
        counts = audience.rows.by_name()
    assert dropped == [
        (2, Reason.DUPLICATE),
        (3, Reason.INVALID),
        (4, Reason.ACCEPTED),
        (5, Reason.UNKNOWN),
        (6, Reason.SENDING),
        (7, Reason.REFUSED),
        (8, Reason.KIND),
        (9, Reason.ACCEPTED),
        (10, Reason.EXCLUDED),
        (12, Reason.DUPLICATE),
    ]
    assert kept == [(1, Reason.PENDING), (11, Reason.PENDING)]
    assert counts == {
        "listed": 12, "invalid": 1, "duplicate": 2, "accepted": 2, "unknown": 1, "sending": 1, "refused": 1,
        "kind": 1, "excluded": 1, "policy": 0, "pending": 2,
    }  # fmt: skip


def test_people_are_in_the_order_of_sources_and_rows_each_where_they_stand_first(build, project):
    root = project({"z.csv": "phone\n0639980009\n0639980003\n", "a.csv": "phone\n0639980003\n0639980001\n"})
    sources = [{"file": "z.csv"}, {"numbers": ["0639980002", "0639980009"]}, {"file": "a.csv"}]
    with build(root, sources) as audience:
        numbers = audience.keep_pending().numbers
        places = [audience.keep_pending().find_row(number) for number in numbers]
    assert numbers.typecode == "Q"
    assert list(numbers) == [33639980009, 33639980003, 33639980002, 33639980001]
    assert [(place.source, place.file, place.row) for place in places] == [
        ("z.csv", "z.csv", 1),
        ("z.csv", "z.csv", 2),
        ("numbers", None, 1),
        ("a.csv", "a.csv", 2),
    ]


@pytest.mark.parametrize("long", [1, 3, 100])
def test_rows_of_long_files_and_of_short_ones_stand_where_they_stood(build, project, monkeypatch, long):
    monkeypatch.setattr(read, "_LONG", long)
    files = {
        "a.csv": "phone\n0639980001\nx\n0639980002\n0639980003\n",
        "b.csv": "phone\n0639980004\n",
        "c.csv": "phone\n0639980005\n0639980001\n0639980006\n",
        "hurt.csv": 'phone\n06"39980007\n0639980008\n\n0639980009\n',
        "out.csv": "phone\n0639980002\n0639980006\n0639980010\n",
    }
    sources = [{"file": "[a-c].csv"}, {"file": "hurt.csv"}, {"file": "out.csv"}]
    with build(project(files), sources, [{"file": "out.csv"}]) as audience:
        kept, dropped = ([*audience.read_rows(dropped=dropped)] for dropped in (False, True))
        places = {row.number: (row.file, row.row) for row in kept}
        assert audience.rows.listed == len(kept) + len(dropped) == 14
        assert [audience.keep_pending().find_row(number).file for number in places] == [
            file for file, _ in places.values()
        ]
    assert places == {
        33639980001: ("a.csv", 1),
        33639980003: ("a.csv", 4),
        33639980004: ("b.csv", 1),
        33639980005: ("c.csv", 1),
        33639980008: ("hurt.csv", 2),
        33639980009: ("hurt.csv", 3),
    }
    assert [(row.file, row.row, row.reason) for row in dropped] == [
        ("a.csv", 2, "invalid"),
        ("a.csv", 3, "excluded"),
        ("c.csv", 2, "duplicate"),
        ("c.csv", 3, "excluded"),
        ("hurt.csv", 1, "invalid"),
        ("out.csv", 1, "duplicate"),
        ("out.csv", 2, "duplicate"),
        ("out.csv", 3, "excluded"),
    ]


def test_the_same_number_in_another_spelling_is_a_duplicate(judge):
    rows = judge({"a.csv": "phone\n0639980001\n+33 6 39 98 00 01\n639980001\n6.39980001E8\n"})
    assert [reason for _, reason, _ in rows] == ["pending", "duplicate", "duplicate", "duplicate"]


def test_a_number_that_is_on_no_row_is_not_found(build, project):
    with build(project({}), [{"numbers": ["0639980001"]}]) as audience, pytest.raises(ValueError, match="not in array"):
        audience.keep_pending().find_row(33639980002)


def test_people_are_counted_by_the_kind_of_their_line(build, project):
    numbers = [{"numbers": ["0639980001", "0639980002", "0144556677", "0144556677"]}]
    with build(project({}), numbers, delivery=Delivery(kinds=(Kind.MOBILE, Kind.FIXED))) as audience:
        assert audience.pending_by_kind == {Kind.MOBILE: 2, Kind.FIXED: 1}
    with build(project({}), numbers, delivery=Delivery(kinds=(Kind.VOIP,))) as audience:
        assert audience.pending_by_kind == {}
        assert (audience.rows.kind, audience.rows.duplicate) == (3, 1)


def test_a_row_says_what_stands_in_its_source_and_why_it_is_no_number(build, project):
    root = project({"a.csv": "n;phone\n1;06 39 98 00 01\n2;6,40E+08\n3;x;y\n4\n"})
    with build(root, [{"file": "a.csv"}]) as audience:
        dropped = [(row.text, row.why, row.number) for row in audience.read_rows(dropped=True)]
        (kept,) = audience.read_rows(dropped=False)
    assert dropped == [("6,40E+08", "lost-digits", None), ("3;x;y", "surplus-cells", None), ("4", "missing-cell", None)]
    assert (kept.text, kept.why, kept.number) == ("06 39 98 00 01", None, 33639980001)


def test_rows_can_be_read_while_others_are_asked_for(build, project):
    with build(project({}), [{"numbers": ["0639980001", "0639980002", "x"]}]) as audience:
        rows = audience.read_rows(dropped=False)
        first = next(rows)
        assert audience.keep_pending().find_row(33639980002).row == 2
        assert len(list(audience.read_rows(dropped=True))) == 1
        assert (first.row, next(rows).row) == (1, 2)


def test_each_string_of_numbers_is_a_row(judge, project):
    rows = judge({}, [{"numbers": ["0639980001", "", " ", "0639980001", "x"]}])
    assert [reason for _, reason, _ in rows] == ["pending", "invalid", "invalid", "duplicate", "invalid"]


def test_a_source_without_rows_is_told_and_blocks_nothing(build, project):
    root = project({"a.csv": "phone\n", "b.csv": "phone\n0639980001\n"})
    with build(root, [{"file": "b.csv"}, {"file": "a.csv"}, {"file": "b.csv", "where": "phone = 'x'"}]) as audience:
        assert audience.rows.listed == 1
        assert [(w.code, w.place.line, w.severity) for w in audience.warnings] == [
            ("source-without-rows", 11, "warning"),
            ("source-without-rows", 12, "warning"),
        ]


def test_who_stands_twice_in_the_ledger_has_the_reason_that_comes_first(build, project):
    ledger = _ledger(*_page(refused=33639980001, unknown=33639980001, accepted=33639980001))
    with build(project({}), [{"numbers": ["0639980001", "0639980002"]}], ledger=ledger) as audience:
        assert (audience.rows.accepted, audience.rows.pending, audience.rows.listed) == (1, 1, 2)


@pytest.mark.parametrize("cut", [-15, -1, 1, 15])
def test_people_of_the_ledger_who_cannot_be_told_apart_are_never_taken_for_new_ones(build, project, cut):
    whole = PSEUDONYMS.of_number(33639980002) + PSEUDONYMS.of_number(33639980001)
    page = whole[:cut] if cut < 0 else whole + bytes(cut)
    with (
        pytest.raises(ValueError, match="no whole number"),
        build(project({}), [{"numbers": ["0639980001"]}], ledger=_ledger((Reason.ACCEPTED, page))),
    ):
        pass


def test_who_gives_up_does_not_wait_until_all_rows_are_judged(build, project, monkeypatch):
    given_up = Event()

    def judge_for_ever(connection, **_):
        given_up.wait(10)
        connection.execute("SELECT sum(sqrt(range)) FROM range(1000000000000)")

    def give_up():
        given_up.set()
        raise StateUnavailable("gone")

    monkeypatch.setattr(recipients, "judge_rows", judge_for_ever)
    with (
        pytest.raises(StateUnavailable, match="gone"),
        build(project({}), [{"numbers": ["0639980001"]}], ledger=replace(_ledger(), read=give_up)),
    ):
        pass


def test_an_empty_ledger_holds_nobody(build, project):
    with build(project({}), [{"numbers": ["0639980001"]}], ledger=_ledger()) as audience:
        assert audience.rows.pending == 1


def test_a_campaign_of_which_everybody_was_reached_has_nobody_pending(build, project):
    with build(project({}), [{"numbers": ["0639980001"]}], ledger=_ledger(*_page(accepted=33639980001))) as audience:
        assert (audience.rows.accepted, list(audience.keep_pending().numbers)) == (1, [])


def test_numbers_kept_for_fiction_are_invalid_outside_the_sandbox(judge):
    assert judge({"a.csv": "phone\n0639980001\n"}, fiction=False) == [(1, "invalid", "0639980001")]


def test_an_audience_that_fails_leaves_nothing_open(build, project):
    with pytest.raises(ProblemsFound):
        build(project({}), [{"file": "none.csv"}])


def test_a_file_that_is_written_to_while_it_is_read_is_a_problem(project, build):
    from runner.audience.files import open_file
    from runner.audience.text import read_text
    from runner.errors import SourceUnreadable

    root = project({"a.csv": "phone\n0639980001\n"})
    with open_file(root, "a.csv") as file:
        text = read_text(file, "a.csv")
        with (root / "a.csv").open("a") as writer:
            writer.write("0639980002\n")
        with pytest.raises(SourceUnreadable, match="changed while it was read"):
            text.refuse_change()


def test_no_two_rows_stand_in_the_same_place(build, project):
    sources = [{"numbers": ["0639980001"]}, {"numbers": ["0639980002", "0639980001"]}, {"file": "a.csv"}]
    with build(project({"a.csv": "phone\n0639980003\n"}), sources) as audience:
        people = audience.keep_pending()
        places = [people.find_row(number) for number in people.numbers]
        dropped = [(row.source, row.file, row.row) for row in audience.read_rows(dropped=True)]
    assert [(place.source, place.file, place.row) for place in places] == [
        ("numbers (line 10)", None, 1),
        ("numbers (line 11)", None, 1),
        ("a.csv", "a.csv", 1),
    ]
    assert dropped == [("numbers (line 11)", None, 2)]


@pytest.mark.parametrize("path", ["a.csv", "*.csv"])
def test_a_file_that_is_named_for_two_of_its_columns_is_two_sources(build, project, path):
    root = project({"a.csv": "mobile;portable\n0639980001;0639980002\n"})
    with build(root, [{"file": path, "column": "mobile"}, {"file": path, "column": "portable"}]) as audience:
        rows = [(row.source, row.file, row.row) for row in audience.read_rows(dropped=False)]
    assert rows == [(f"{path} (line {line})", "a.csv", 1) for line in (10, 11)]


def test_a_source_that_is_alone_of_its_kind_is_called_by_that(build, tmp_path):
    with build(tmp_path, [{"numbers": ["x"]}], [{"numbers": ["0639980001"]}]) as audience:
        assert [row.source for row in audience.read_rows(dropped=True)] == ["numbers"]
