"""What ended a command badly → text on stderr and an exit code: the far side of the one error boundary."""

from __future__ import annotations

import errno
import sys

import click

from runner.cli.context import Invocation
from runner.cli.details import write_details
from runner.cli.pages import point_to_pages
from runner.cli.signals import Interrupted
from runner.errors import Problem, ProblemsFound, RunnerError
from runner.render.problems import render_problem, render_problems

INTERRUPTED = Problem("interrupted", "interrupted: nothing more was done")


def tell_failure(error: BaseException, invocation: Invocation) -> int:
    """Tell on stderr, as text, why the command ended, and answer with its exit code: never a traceback."""
    match error:
        case BrokenPipeError():
            return 1
        case click.exceptions.NoArgsIsHelpError():
            invocation.warn(error.format_message())
            return 1
        case ProblemsFound():
            invocation.warn(render_problems(error.problems, color=invocation.colors(sys.stderr)))
            point_to_pages(invocation, error.problems)
            return error.exit_code
        case RunnerError():
            problem = error.as_problem()
        case KeyboardInterrupt() | click.Abort():
            problem = INTERRUPTED
        case click.ClickException():
            problem = _describe_usage(error)
        case OSError() if error.errno == errno.ENOSPC:
            problem = Problem("output-failed", "the disk is full, so nothing more can be written there")
        case _:
            problem = _describe_unexpected(error, invocation)
    invocation.warn(render_problem(problem, color=invocation.colors(sys.stderr)))
    point_to_pages(invocation, [problem])
    return error.exit_code if isinstance(error, RunnerError | Interrupted) else 1


def _describe_usage(error: click.ClickException) -> Problem:
    """Wrong usage in the words of every other problem."""
    command = "campaign"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        command = error.ctx.command_path
    help_hint = f"`{command} --help` shows what it takes"
    match error:
        case click.FileError():
            return Problem("output-failed", f"{error.ui_filename} could not be written: {error.message}")
        case click.exceptions.NoSuchCommand():
            code, message = "no-such-command", f"`{error.command_name}` is no command of `{command}`"
        case click.NoSuchOption():
            code, message = "no-such-option", f"`{error.option_name}` is no option of `{command}`"
        case _:
            # Click lists choices on lines of their own.
            text = " ".join(error.format_message().rstrip(".").split())
            return Problem("usage", text[:1].lower() + text[1:], hint=help_hint)
    near = [f"`{name}`" for name in error.possibilities or ()]
    return Problem(code, message, hint=f"did you mean {' or '.join(near)}?" if near else help_hint)


def _describe_unexpected(error: BaseException, invocation: Invocation) -> Problem:
    kind = type(error).__name__
    path = write_details(error, invocation)
    where = f"its details are in {path}" if path is not None else "its details could not be written"
    hint = "a report of this defect needs that file: it holds no secret and no telephone number" if path else None
    return Problem("unexpected", f"this program met an error of its own ({kind}); {where}", hint=hint)
