"""Which files are campaigns, and that nothing outside the project, and nothing that is no file, is ever read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.errors import ProblemsFound
from runner.project.check import NoCampaignFile, check_project
from runner.project.folder import ProjectNotFound, find_root
from runner.project.load import load_project

GOOD = "message: {audio: 5f2c8e6b}\nrecipients: [{file: data/customers.csv}]\n"


def _check(root: Path, *files: Path):
    return check_project(root, list(files) or None, runner_version="1.2.3")


def _codes(root: Path) -> dict[str, str]:
    return {problem.place.path: problem.code for problem in _check(root).problems}


def _names(root: Path) -> list[str]:
    return [campaign.name for campaign in load_project(root, runner_version="1.2.3").campaigns]


def test_a_project_is_found_from_any_folder_in_it(project):
    root = project({"campaigns/deep/er/x.yaml": GOOD})
    assert find_root(root) == find_root(root / "campaigns/deep/er") == find_root(root / "data" / ".." / "campaigns")


def test_where_there_is_no_project_it_is_said(tmp_path):
    (tmp_path / "campaigns.yml").write_text("version: 1\n")
    with pytest.raises(ProjectNotFound) as caught:
        find_root(tmp_path)
    assert "campaigns.yml" in caught.value.hint


def test_campaigns_lie_in_folders_of_any_depth_and_either_ending(project):
    root = project(
        {f"campaigns/{name}": GOOD for name in ("a.yaml", "b.yml", "c/d.yaml", "c/e/f.YAML", "g.yaml/h.Yml")}
    )
    assert sorted(_names(root)) == ["a", "b", "d", "f", "h"]


def test_what_begins_with_an_underscore_or_a_dot_is_no_campaign(project):
    names = ("_a.yaml", ".b.yaml", "_c/d.yaml", "e/.f/g.yaml", "h/_i.yaml", "README.md", "j.yaml.bak", "k.json", "yaml")
    assert _names(project({f"campaigns/{name}": "nonsense: [" for name in names})) == []


def test_a_project_without_campaigns_is_sound(project):
    root = project({})
    assert _check(root).problems == ()
    (root / "campaigns").rmdir()
    checked = _check(root)
    assert (checked.problems, checked.files, checked.campaigns) == ((), 1, 0)


def test_a_link_inside_the_project_is_followed(project):
    root = project({"shared/spring.yaml": GOOD, "more/autumn.yaml": GOOD})
    (root / "campaigns/summer.yaml").symlink_to(root / "shared/spring.yaml")
    (root / "campaigns/more").symlink_to("../more")
    assert sorted(_names(root)) == ["autumn", "summer"]


def test_links_that_lead_out_are_refused(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "spy.yaml").write_text(GOOD)
    root = project({"campaigns/good.yaml": GOOD})
    (root / "campaigns/file.yaml").symlink_to(outside / "spy.yaml")
    (root / "campaigns/folder").symlink_to(outside)
    assert _codes(root) == {"campaigns/file.yaml": "link-leads-out", "campaigns/folder": "link-leads-out"}
    loaded = load_project(root, runner_version="1.2.3")
    assert [campaign.name for campaign in loaded.campaigns] == ["good"]
    assert [failing.file for failing in loaded.failing] == ["campaigns/file.yaml", "campaigns/folder"]


def test_links_that_lead_round_end(project):
    root = project({"campaigns/a/b/good.yaml": GOOD})
    (root / "campaigns/a/b/up").symlink_to("..")
    (root / "campaigns/self.yaml").symlink_to("self.yaml")
    (root / "campaigns/gone.yaml").symlink_to("nowhere.yaml")
    assert _codes(root) == {
        "campaigns/a/b/up": "link-leads-out",
        "campaigns/self.yaml": "unreadable-file",
        "campaigns/gone.yaml": "unreadable-file",
    }


def test_a_pipe_holds_nobody_up(project):
    root = project({})
    os.mkfifo(root / "campaigns/pipe.yaml")
    assert _codes(root) == {"campaigns/pipe.yaml": "not-a-file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_what_may_not_be_read_is_told(project):
    root = project({"campaigns/secret.yaml": GOOD, "campaigns/closed/x.yaml": GOOD})
    (root / "campaigns/secret.yaml").chmod(0)
    (root / "campaigns/closed").chmod(0)
    assert _codes(root) == {"campaigns/secret.yaml": "unreadable-file", "campaigns/closed": "unreadable-file"}
    (root / "campaigns/closed").chmod(0o700)


def test_campaigns_may_not_be_a_file(project):
    root = project({})
    (root / "campaigns").rmdir()
    (root / "campaigns").write_text(GOOD)
    assert _codes(root) == {"campaigns": "unreadable-file"}


def test_campaigns_yaml_may_not_be_a_folder(tmp_path):
    (tmp_path / "campaigns.yaml").mkdir()
    assert _codes(find_root(tmp_path)) == {"campaigns.yaml": "unreadable-file"}
    with pytest.raises(ProblemsFound):
        load_project(tmp_path, runner_version="1.2.3")


def test_a_name_that_is_no_text_is_a_problem_like_others(project):
    root = project({})
    (Path(os.fsdecode(os.fsencode(root) + b"/campaigns/\xff.yaml"))).write_text(GOOD)
    assert list(_codes(root).values()) == ["invalid-name"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("0612345678.yaml", ""),
        ("a.yaml", 'name: "0612345678"\n'),
        ("a.yaml", 'edition: "+33 6 12 34 56 78"\n'),
        ("a.yaml", 'name: "33612345678"\n'),
        ("a.yaml", 'name: "612345678"\n'),
        ("a.yaml", "name: client-33612345678\n"),
        ("a.yaml", "edition: list of 06.12.34.56.78\n"),
    ],
)
def test_a_telephone_number_stands_in_no_name_since_plans_hold_names(project, file, text):
    root = project({f"campaigns/{file}": text + GOOD})
    assert list(_codes(root).values()) == ["invalid-name"]


def test_with_files_their_problems_alone_are_told_held_against_all_others(project):
    root = project({"campaigns/a.yaml": f"name: same\n{GOOD}", "campaigns/b.yaml": f"name: same\nx: 1\n{GOOD}"})
    assert [problem.code for problem in _check(root, root / "campaigns/a.yaml").problems] == ["same-campaign"]
    assert len(_check(root).problems) == 3
    assert _check(root, root / "campaigns.yaml").problems == ()


def test_of_a_file_with_endless_problems_the_last_one_told_says_that_there_are_more(project):
    root = project({"campaigns/a.yaml": "k: 1\n" * 500, "campaigns/b.yaml": f"x: 1\n{GOOD}"})
    *told, last, other = _check(root).problems
    assert ({problem.code for problem in told}, len(told), last.code) == ({"duplicate-key"}, 100, "more-problems")
    assert other.place.path == "campaigns/b.yaml"


@pytest.mark.parametrize(("count", "more"), [(100, 0), (101, 1)])
def test_more_problems_are_announced_behind_all_that_are_told_and_only_where_there_are_some(project, count, more):
    wrong = "".join(f"- {{file: a.csv, x{n}: 1}}\n" for n in range(count))
    root = project({"campaigns/a.yaml": GOOD.partition("recipients:")[0] + f"recipients:\n{wrong}"})
    codes = [problem.code for problem in _check(root).problems]
    assert codes == ["unknown-key"] * 100 + ["more-problems"] * more


def test_a_file_by_way_of_a_link_or_of_dots_is_still_the_same(project, tmp_path):
    root = project({"campaigns/a.yaml": "x: 1\n"})
    (tmp_path / "link").symlink_to(root)
    for way in (tmp_path / "link/campaigns/a.yaml", root / "data/../campaigns/a.yaml"):
        assert {problem.place.path for problem in _check(root, way).problems} == {"campaigns/a.yaml"}


@pytest.mark.parametrize(
    "name", ["../other.yaml", "campaigns/none.yaml", "data/a.csv", "campaigns/_draft.yaml", "campaigns"]
)
def test_a_file_that_is_none_of_the_project_is_an_error(project, tmp_path, name):
    root = project({"data/a.csv": "a", "campaigns/_draft.yaml": GOOD, "campaigns/a.yaml": GOOD})
    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(NoCampaignFile):
        _check(root, root / name)


@pytest.mark.parametrize(
    "edition", ["2026-12-01", "01-12-2026-10", "20261201", "20261201103000", "1732442401", "2026-W48", "no. 12345678"]
)
def test_days_moments_and_counts_are_no_telephone_numbers(project, edition):
    root = project({"campaigns/a.yaml": f'edition: "{edition}"\n{GOOD}'})
    assert _codes(root) == {}
