"""What is installed: the schemas are found wherever `runner` comes from, and the pins cover what is declared."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCHEMAS = ("project", "campaign", "plan", "status", "events", "explain")

# Runs `campaign` with a folder of packages before all others, and says on stderr which `runner` that found.
RUN_FROM = """
import site, sys
site.addsitedir(sys.argv.pop(1))
sys.path.insert(0, sys.path.pop())
import runner
from runner.cli.main import main
sys.stderr.write(runner.__file__)
sys.exit(main())
"""


def _build(kind: str, folder: Path) -> Path:
    """Install as a wheel or as an editable: what the build backend makes, unpacked as an installer would."""
    build = f"import sys, hatchling.build as b; b.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _print_schema(name: str, *command: str, cwd: Path) -> tuple[str, str]:
    answer = subprocess.run(
        [sys.executable, *command, "schema", name],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return answer.stdout, answer.stderr


@pytest.fixture(scope="module", params=["wheel", "editable", "clone"])
def origin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[str], Path, Path]:
    """How `campaign` is installed: the words that start it, the folder it is started in, where `runner` should lie."""
    if request.param == "clone":
        return request.param, ["-m", "runner"], ROOT, ROOT
    folder = tmp_path_factory.mktemp(request.param)
    site = _build(request.param, folder)
    return request.param, ["-P", "-c", RUN_FROM, str(site)], folder, site if request.param == "wheel" else ROOT


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_printed_from_a_wheel_an_editable_install_and_the_clone(origin, name):
    kind, command, cwd, home = origin
    printed, place = _print_schema(name, *command, cwd=cwd)
    assert printed.strip() == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8").strip()
    if kind != "clone":
        assert place.strip() == str(home / "runner" / "__init__.py")


def test_a_code_is_explained_from_a_wheel_an_editable_install_and_the_clone(origin):
    _, command, cwd, _ = origin
    explained = subprocess.run(
        [sys.executable, *command, "explain", "unknown-key"], cwd=cwd, check=True, capture_output=True, encoding="utf-8"
    )
    assert explained.stdout == (ROOT / "docs" / "problems" / "unknown-key.md").read_text(encoding="utf-8")


def test_a_project_is_begun_from_a_wheel_an_editable_install_and_the_clone(origin, tmp_path):
    _, command, cwd, _ = origin
    for ci in ("github", "gitlab"):
        begun = [sys.executable, *command, "init", str(tmp_path / ci), "--ci", ci]
        subprocess.run(begun, cwd=cwd, check=True, capture_output=True)
        assert (tmp_path / ci / "campaigns" / "example.yaml").is_file()


def test_a_wheel_holds_the_package_and_nothing_else(tmp_path):
    site = _build("wheel", tmp_path)
    assert {path.name for path in site.iterdir()} == {
        "runner",
        f"campaign_runner-{PROJECT.get('version') or _version()}.dist-info",
    }
    assert (site / "runner" / "py.typed").is_file()
    assert (site / "runner" / "render" / "webpages" / "plan.html").is_file()
    entry_points = next(site.glob("*.dist-info/entry_points.txt")).read_text()
    assert entry_points.split() == [
        "[console_scripts]",
        *("campaign", "=", "runner.cli.main:main"),
        *("campaign-runner", "=", "runner.cli.main:main"),
    ]


def test_an_archive_of_the_sources_holds_schemas_and_pages_once(tmp_path):
    build = "import sys, hatchling.build as b; b.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    sources = archive.with_name(archive.name.removesuffix(".tar.gz"))
    names = [path.relative_to(sources).as_posix() for path in sources.rglob("*")]
    for folder, ending in (("schemas", ".schema.json"), ("problems", ".md")):
        held = sorted(name for name in names if f"{folder}/" in name and name.endswith(ending))
        there = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "runner" / folder).iterdir())
        assert held == there


def _version() -> str:
    from runner import __version__

    return __version__


def test_the_schemas_at_the_root_are_those_of_the_package():
    assert (ROOT / "schemas").readlink() == Path("runner/schemas")


def test_the_pages_of_problem_codes_in_the_docs_are_those_of_the_package():
    assert (ROOT / "docs" / "problems").readlink() == Path("../runner/problems")


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    return {_canonical(name): version for name, version in (line.split("==") for line in pins)}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_declared_dependency_has_a_pin_that_it_allows():
    extras = PROJECT["optional-dependencies"]
    declared = [Requirement(text) for group in (PROJECT["dependencies"], *extras.values()) for text in group]
    pins = _pins()
    assert [str(r) for r in declared if not r.specifier.contains(pins.get(_canonical(r.name), "0"))] == []


def test_every_dependency_has_its_reason_in_the_docs():
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    names = {Requirement(text).name for group in groups for text in group}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
