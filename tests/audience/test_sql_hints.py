"""What is proposed to somebody whose SQL can't be read, or names no column."""

from __future__ import annotations

import pytest

from runner.audience.sql_hints import hint_condition, hint_failure, hint_name, hint_query

COLUMNS = ("nom", "mobile", "consentement")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("WHERE consentement = 'oui'", "leave out the word WHERE"),
        ("consentement = 'oui' et ville = 'Lyon'", "write `and` for `et`"),
        ("ville = 'Lyon et alentours' ou ville = 'Paris'", "write `or` for `ou`"),
        ("code postal = '69001'", '`"code postal" …`'),
        ("x = 1 and date achat > 2", '`"date achat" …`'),
        ("not active = = 1", "say in one expression"),
        ("", "say in one expression"),
    ],
)
def test_a_condition_that_can_t_be_read(sql, told):
    assert told in hint_condition(sql)


@pytest.mark.parametrize(
    ("name", "sql", "told"),
    [
        ("oui", 'consentement = "oui"', "`'oui'`"),
        ("non", "consentement <> non", "`'non'`"),
        ("Lyon", "ville in ('Paris', Lyon)", "`'Lyon'`"),
        ("mobiles", "nom = mobiles", "did you mean `mobile`?"),
        ("consentment", "consentment = 'oui'", "did you mean `consentement`?"),
        ("visites", "visites > 3", None),
    ],
)
def test_a_name_that_no_column_has(name, sql, told):
    hint = hint_name(name, sql, COLUMNS)
    assert hint is None if told is None else told in hint


def test_a_query_names_its_file_in_quotes():
    assert "`from 'data/clients.csv'`" in hint_query("select mobile from data/clients.csv where x = 'from y.csv'")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Invalid Input Error: CSV Error on Line: 1", "use `file:` with `where:`"),
        (
            'Binder Error: Referenced column "mobil" not found in FROM clause!\nCandidate bindings: "mobile"',
            "`mobile`?",
        ),
        (
            'Binder Error: Referenced column "x" not found in FROM clause!\nCandidate bindings: "nom", "t.a"',
            "`nom`, `a`",
        ),
        ('Binder Error: Referenced column "x" not found in FROM clause!', "check how the column is called"),
        ("Conversion Error: Could not convert", "part by part"),
    ],
)
def test_a_query_that_can_t_be_computed(said, told):
    assert told in hint_failure(said, "select x from 'a.csv'")
