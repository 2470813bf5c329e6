"""`campaign validate` and `campaign schema`: the commands that touch nothing but files."""

from __future__ import annotations

from pathlib import Path

import click

from runner import __version__
from runner.cli.context import Invocation
from runner.errors import Severity
from runner.project.check import Checked, check_project
from runner.project.folder import find_root

SCHEMAS = ("project", "campaign", "plan", "status", "events")
UNSOUND = (
    "campaigns.yaml has problems of its own: `campaign validate` tells them, and what depends on it was not checked"
)


@click.command(short_help="Check the project's files; touch nothing else.")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.pass_obj
def validate(invocation: Invocation, *, files: tuple[Path, ...], output_format: str) -> int:
    """Check campaigns.yaml and every campaign, or tell what is wrong with FILE alone.

    No source, no state, no variable of the environment and no network is touched.
    """
    directory = invocation.directory
    named = [directory / file for file in files] if files else None
    checked = check_project(find_root(directory), named, runner_version=__version__)
    if named is not None and not checked.is_project_sound:
        invocation.warn(UNSOUND)
    invocation.write(_write_json(checked) if output_format == "json" else _write_text(invocation, checked))
    return 1 if any(problem.severity is Severity.ERROR for problem in checked.problems) else 0


def _write_text(invocation: Invocation, checked: Checked) -> str:
    if not checked.problems:
        return say_valid(checked)
    from runner.render.problems import render_problems

    return render_problems(checked.problems, color=invocation.color)


def say_valid(checked: Checked) -> str:
    """What was found to be valid: `3 campaigns and campaigns.yaml are valid`."""
    has_project = checked.files > checked.campaigns
    if not checked.campaigns:
        return "campaigns.yaml is valid; there is no campaign yet under `campaigns/`"
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
