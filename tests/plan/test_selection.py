"""Which campaigns a NAME means."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from runner.plan.selection import NothingSelected, Selection


@dataclass(frozen=True)
class One:
    name: str
    edition: str | None = None

    @property
    def label(self) -> str:
        return self.name if self.edition is None else f"{self.name}@{self.edition}"


CAMPAIGNS = [One("spring-recall"), One("spring-hours"), One("reminder", "2026-12"), One("reminder", "2027-01")]


def chosen(*names: str, excluded: tuple[str, ...] = ()) -> list[str]:
    selection = Selection(names, excluded)
    selection.refuse_slips(CAMPAIGNS)
    return [campaign.label for campaign in CAMPAIGNS if selection.includes(campaign)]


def test_without_a_name_every_campaign_is_selected() -> None:
    assert len(chosen()) == 4


def test_a_glob_selects_by_name() -> None:
    assert chosen("spring-*") == ["spring-recall", "spring-hours"]


def test_a_name_means_all_its_editions_and_a_label_one() -> None:
    assert chosen("reminder") == ["reminder@2026-12", "reminder@2027-01"]
    assert chosen("reminder@2027-01") == ["reminder@2027-01"]


def test_exclude_takes_out_what_a_name_selected() -> None:
    assert chosen("spring-*", excluded=("*-hours",)) == ["spring-recall"]


@pytest.mark.parametrize(("names", "excluded"), [(("sprng-recall",), ()), ((), ("sprng-recall",))])
def test_a_name_that_matches_nothing_is_an_error_with_the_nearest_name(
    names: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    with pytest.raises(NothingSelected, match="sprng-recall") as refused:
        chosen(*names, excluded=excluded)
    assert refused.value.hint == "did you mean `spring-recall`?"


def test_a_selection_that_excludes_all_it_names_is_an_error() -> None:
    with pytest.raises(NothingSelected):
        chosen("reminder", excluded=("reminder",))


def test_a_glob_without_an_edition_is_about_names_alone() -> None:
    with pytest.raises(NothingSelected):
        chosen("*-12")
    assert chosen("*@2026-*") == ["reminder@2026-12"]


def test_a_label_is_found_as_it_is_written_whatever_it_holds() -> None:
    odd = One("reminder", "v[1]")
    assert Selection(("reminder@v[1]",)).includes(odd)
