"""`campaign validate` and `campaign schema`: the commands that touch nothing but files."""

from __future__ import annotations

from pathlib import Path

import click

from runner import __version__
from runner.cli.context import Invocation
from runner.cli.desks import choose_format
from runner.cli.pages import point_to_pages
from runner.errors import Severity
from runner.project.check import Checked, check_project
from runner.project.folder import find_root

SCHEMAS = ("project", "campaign", "plan", "status", "events", "explain")
CHECKED_OUT = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub and GitLab say into which folder they checked the repository out."""
UNSOUND = (
    "campaigns.yaml has problems of its own: `campaign validate` tells them, and what depends on it was not checked"
)


@click.command(short_help="Check the project's files; touch nothing else.")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@choose_format("text", "json", "github", "gitlab")
@click.pass_obj
def validate(invocation: Invocation, *, files: tuple[Path, ...], output_format: str) -> int:
    """Check campaigns.yaml and every campaign, or tell what is wrong with FILE alone.

    No source, no state, no variable of the environment and no network is touched. With `--format github` problems
    stand beside their lines in a pull request; `--format gitlab` prints a Code Quality report.
    """
    invocation.begin("checking files")
    directory = invocation.directory
    root = find_root(directory)
    named = [directory / file for file in files] if files else None
    checked = check_project(root, named, runner_version=__version__)
    if named is not None and not checked.is_project_sound:
        invocation.warn(UNSOUND)
    invocation.write(_write_in(output_format, invocation, checked, root))
    if output_format == "text":
        point_to_pages(invocation, checked.problems)
    return 1 if any(problem.severity is Severity.ERROR for problem in checked.problems) else 0


def _write_in(output_format: str, invocation: Invocation, checked: Checked, root: Path) -> str:
    match output_format:
        case "json":
            return _write_json(checked)
        case "gitlab":
            from runner.render.annotations import render_gitlab

            return render_gitlab(checked.problems, folder=_find_folder(invocation, root))
        case "github" if checked.problems:
            from runner.render.annotations import render_github

            return render_github(checked.problems, folder=_find_folder(invocation, root))
        case _:
            return _write_text(invocation, checked)


def _find_folder(invocation: Invocation, root: Path) -> str:
    """Where the project lies in the repository that a CI job has checked out, from where platforms name files."""
    given = next((invocation.environment[name] for name in CHECKED_OUT if invocation.environment.get(name)), ".")
    repository = Path(given).resolve()
    folder = root.relative_to(repository).as_posix() if root.is_relative_to(repository) else "."
    return "" if folder == "." else folder


def _write_text(invocation: Invocation, checked: Checked) -> str:
    if not checked.problems:
        return say_valid(checked)
    from runner.render.problems import render_problems

    return render_problems(checked.problems, color=invocation.color)


def say_valid(checked: Checked) -> str:
    """What was found to be valid: `3 campaigns and campaigns.yaml are valid`."""
    has_project = checked.files > checked.campaigns
    if not checked.known_campaigns:
        return "campaigns.yaml is valid; there is no campaign yet under `campaigns/`"
    if not checked.campaigns:
        return "campaigns.yaml is valid"
    campaigns = "1 campaign" if checked.campaigns == 1 else f"{checked.campaigns:,} campaigns"
    if has_project:
        return f"{campaigns} and campaigns.yaml are valid"
    return f"{campaigns} {'is' if checked.campaigns == 1 else 'are'} valid"


def _write_json(checked: Checked) -> str:
    from runner.render.documents import FORMAT_VERSION, problem_document, write_document

    problems = [problem_document(problem) for problem in checked.problems]
    return write_document({"format_version": FORMAT_VERSION, "problems": problems, "files": checked.files})


@click.command(short_help="Print a JSON Schema.")
@click.argument("name", metavar="|".join(SCHEMAS), type=click.Choice(SCHEMAS))
@click.pass_obj
def schema(invocation: Invocation, *, name: str) -> int:
    """Print the JSON Schema (draft-07) of a file that you write or of a document that this program prints."""
    from runner.project.schema import read_schema

    invocation.write(read_schema(name))
    return 0
