"""`docs/numbers.md` says what the code does."""

import re
from pathlib import Path

from runner.model.config import Kind
from runner.numbers import InvalidNumber, Number, judge_number

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")


def rows_under(heading):
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [re.split(r"(?<!\\)\|", line.strip("|")) for line in section.splitlines() if line.startswith("| `")]


def test_the_page_names_every_reason():
    assert {why for row in rows_under("What is invalid, and why") for why in re.findall("`([a-z-]+)`", row[0])} == {
        why.value for why in InvalidNumber
    }


def test_the_page_names_every_kind():
    assert [row[0].strip(" `") for row in rows_under("Kinds")] == [kind.value for kind in Kind]


def test_every_example_of_an_understood_spelling_is_understood():
    section = PAGE.split("## What is understood\n")[1].split("A label is")[0]
    examples = [
        text for line in section.splitlines() if line.startswith("| ") for text in re.findall("`([^`]+)`", line)
    ]
    assert len(examples) > 25
    for text in examples:
        assert judge_number(text, ["FR"], fiction=True) == Number(33639981234, Kind.MOBILE, "FR"), text


def test_every_complete_example_of_an_invalid_text_is_invalid_for_its_reason():
    examples = [
        (re.findall("`([a-z-]+)`", row[0]), text)
        for row in rows_under("What is invalid, and why")
        for text in re.findall("`([^`]+)`", row[2])
        if "…" not in text
    ]
    assert len(examples) > 12
    for reasons, text in examples:
        assert judge_number(text, ["FR"], fiction=True) in reasons, text
