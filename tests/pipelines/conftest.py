"""GitHub's side of a pipeline, in files: jobs, steps and expressions as its runner takes them, shell steps by bash.

A checkout is a clone, so what git ignores is not in it. Secrets come from the environment that a job names, and from
the repository; artifacts, comments and outputs are files. `campaign` is the real one, the provider is the sandbox.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.cli.main import main
from runner.sandbox.server import Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.-]*)|(?P<mark>==|!=|&&|\|\||[!()]))")
REPOSITORY = "shop/mail"
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
KEY = "k" * 32
FETCH = '#!/bin/sh\ncp "$PRIVATE_DATA"/*.csv data/\n'


class Expression:
    """An expression of GitHub's, evaluated in a context."""

    def __init__(self, text: str, context: Mapping[str, Any], status: str = "success") -> None:
        self.words = [match.lastgroup and match.group(match.lastgroup) for match in TOKEN.finditer(text)]
        assert "".join(text.split()) == "".join("".join(word.split()) for word in self.words), text
        self.context, self.status = context, status

    def evaluate(self) -> Any:
        value = self._either()
        assert not self.words, self.words
        return value

    def _next(self) -> str:
        return self.words[0] if self.words else ""

    def _either(self) -> Any:
        value = self._both()
        while self._next() == "||":
            self.words.pop(0)
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self._next() == "&&":
            self.words.pop(0)
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Any:
        value = self._one()
        while self._next() in ("==", "!="):
            same = self.words.pop(0) == "=="
            value = (str(value or "").lower() == str(self._one() or "").lower()) is same
        return value

    def _one(self) -> Any:
        word = self.words.pop(0)
        if word == "!":
            return not self._one()
        if word == "(":
            value = self._either()
            assert self.words.pop(0) == ")"
            return value
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if self._next() == "(":
            del self.words[:2]
            states = {"always": True, "cancelled": self.status == "cancelled", "failure": self.status == "failure"}
            return {**states, "success": self.status == "success"}[word]
        value: Any = self.context
        for part in word.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def fill(text: object, context: Mapping[str, Any]) -> str:
    """A value of a workflow with its `${{ }}` filled in."""
    if isinstance(text, bool):
        return str(text).lower()

    def say(match: re.Match[str]) -> str:
        value = Expression(match.group(1), context).evaluate()
        return "" if value is None else str(value)

    return re.sub(r"\$\{\{(.*?)\}\}", say, str(text))


def holds(condition: object, context: Mapping[str, Any], status: str) -> bool:
    """Whether a job or step runs; without a word about how the others ended, only where they ended well."""
    text = str(condition if condition is not None else "success()").removeprefix("${{").removesuffix("}}")
    if not re.search(r"\b(always|cancelled|failure|success)\(\)", text):
        text = f"success() && ({text})"
    return bool(Expression(text, context, status).evaluate())


@dataclass
class Job:
    """What came of a job: success, failure, cancelled, skipped, or waiting for an approval."""

    result: str = "success"
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each step was given as environment by the workflow, by the step's name."""


@dataclass
class Platform:
    """A repository with its secrets, variables, artifacts and comments, and the jobs that run in it."""

    folder: Path
    repository: Path
    environment: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)
    secrets_of: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    interrupt: Callable[[], None] | None = None
    """Waited for while `Apply it` runs, which is then cancelled as GitHub cancels: by SIGINT to its process."""
    runs: int = 0

    def load(self, name: str) -> list[dict[str, Any]]:
        """The artifacts or comments that there are."""
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []

    def commit(self, files: Mapping[str, str]) -> None:
        """Write files into the repository's main branch."""
        for name, text in files.items():
            (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
            (self.repository / name).write_text(text, encoding="utf-8")
        for words in (["add", "--all"], ["commit", "--quiet", "--allow-empty", "-m", "change"]):
            identity = ["-c", "user.name=A", "-c", "user.email=a@example.fr"]
            subprocess.run(["git", *identity, *words], cwd=self.repository, check=True)

    def run(
        self,
        event: str,
        *,
        fork: bool = False,
        approved: bool = False,
        edit: Callable[[str], str] = str,
        workflow: str = ".github/workflows/campaigns.yml",
    ) -> dict[str, Job]:
        """Run the workflow for an event; `edit` changes its text first."""
        self.runs += 1
        document = yaml.safe_load(edit((self.repository / workflow).read_text(encoding="utf-8")))
        head = {"repo": {"full_name": "other/mail" if fork else REPOSITORY}}
        github = {
            "event_name": event,
            "repository": REPOSITORY,
            "event": {"pull_request": {"number": 7, "head": head}} if event == "pull_request" else {},
            "token": "t0ken",
        }
        jobs: dict[str, Job] = {}
        for name, job in document["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            results = {jobs[need].result for need in needs}
            status = "success" if results <= {"success"} else "failure"
            known = {need: {"outputs": jobs[need].outputs, "result": jobs[need].result} for need in needs}
            context = {"github": github, "vars": self.variables, "needs": known}
            jobs[name] = Job("skipped")
            if holds(job.get("if"), context, status):
                waits = job.get("environment") == "campaigns-approval" and not approved
                jobs[name] = Job("waiting") if waits else self._run_job(name, document, job, context, fork=fork)
        return jobs

    def act(self, command: str, *, fork: bool = False, edit: Callable[[str], str] = str, **inputs: str) -> Job:
        """Run `action.yml` of this repository as the one step of a job, with the secrets that its command needs."""
        self.runs += 1
        action = yaml.safe_load(edit((ROOT / "action.yml").read_text(encoding="utf-8")))
        given = {key: each.get("default", "") for key, each in action["inputs"].items()}
        head = {"repo": {"full_name": "other/mail" if fork else REPOSITORY}}
        event = {"event_name": "pull_request", "event": {"pull_request": {"number": 7, "head": head}}}
        context = {
            "inputs": {**given, "command": command, **inputs},
            "github": {**event, "repository": REPOSITORY, "token": "t0ken", "action_path": str(ROOT)},
        }
        document = {"defaults": {"run": {"working-directory": "."}}, "env": self.secrets_of["campaigns"]}
        check_out = {"name": "Check out", "uses": "actions/checkout@v0", "with": {"persist-credentials": False}}
        fetch = {
            "name": "Fetch personal data",
            "run": 'cd "$FOLDER" && sh "$GITHUB_WORKSPACE/.github/campaigns/fetch-data.sh"',
        }
        job = {
            "permissions": {"contents": "read", "pull-requests": "write"},
            "steps": [check_out, fetch, *action["runs"]["steps"]],
            "outputs": {key: each["value"] for key, each in action["outputs"].items()},
        }
        return self._run_job("action", document, job, context, fork=False)

    def _run_job(self, name: str, document: Any, job: Any, context: dict[str, Any], *, fork: bool) -> Job:
        workspace = self.folder / f"run{self.runs}-{name}"
        workspace.mkdir()
        secrets = {} if fork else {**self.secrets, **self.secrets_of.get(job.get("environment", ""), {})}
        github = {**context["github"], "workspace": str(workspace)}
        context = {**context, "secrets": secrets, "github": github, "steps": {}}
        done = Job()
        at = {
            "workspace": workspace,
            "folder": document["defaults"]["run"]["working-directory"],
            "permissions": job.get("permissions", document.get("permissions", {})),
        }
        for step in job["steps"]:
            self._run_step(step, {**document.get("env", {}), **job.get("env", {})}, context, at, done)
        done.outputs = {key: fill(value, context) for key, value in job.get("outputs", {}).items()}
        return done

    def _run_step(self, step: Any, env: Mapping[str, Any], context: dict[str, Any], at: Any, done: Job) -> None:
        known: dict[str, Any] = {"outputs": {}, "outcome": "skipped"}
        done.steps[step.get("id", step.get("name"))] = context["steps"][step.get("id", step.get("name"))] = known
        if not holds(step.get("if"), context, done.result):
            return
        if "uses" in step:
            ended = self._use(step, context, at["workspace"])
        else:
            given = {key: fill(value, context) for key, value in {**env, **step.get("env", {})}.items()}
            done.given[step["name"]] = given
            folder = fill(step.get("working-directory", at["folder"]), context)
            ended = self._run_shell(fill(step["run"], context), given, at, at["workspace"] / folder, known, done)
        known["outcome"] = ended
        if ended == "cancelled" or (ended == "failure" and not step.get("continue-on-error")):
            done.result = ended

    def _use(self, step: Any, context: Mapping[str, Any], workspace: Path) -> str:
        action, options = step["uses"].split("@")[0], step.get("with", {})
        if action == "actions/checkout":
            assert options["persist-credentials"] is False
            subprocess.run(["git", "clone", "--quiet", str(self.repository), str(workspace)], check=True)
        elif action == "actions/upload-artifact":
            paths = [workspace / line.strip() for line in fill(options["path"], context).splitlines()]
            self._keep_artifact(fill(options["name"], context), paths, context["github"]["event_name"])
        else:
            assert action == "actions/setup-python"
        return "success"

    def _keep_artifact(self, name: str, paths: list[Path], event: str) -> None:
        artifacts = self.load("artifacts")
        number = 1 + max((each["id"] for each in artifacts), default=0)
        for path in paths:
            target = self.folder / "artifacts" / str(number)
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        head = "change" if event == "pull_request" else "main"
        run = {"id": 5000 + self.runs, "head_branch": head, "repository_id": 1, "head_repository_id": 1}
        made = {"id": number, "name": name, "expired": False, "created_at": f"{number:09}", "workflow_run": run}
        path = self.folder / "artifacts.json"
        path.write_text(json.dumps([*artifacts, made]), encoding="utf-8")

    def _run_shell(self, text: str, given: Any, at: Any, folder: Path, known: dict[str, Any], done: Job) -> str:
        script, output, summary = (self.folder / name for name in ("step.sh", "output", "summary"))
        script.write_text(text, encoding="utf-8")
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        environment = {
            **os.environ,
            **self.environment,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(5000 + self.runs),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(at["workspace"]),
            "FAKE_PLATFORM": str(self.folder),
            "FAKE_PERMISSIONS": json.dumps(at["permissions"]),
            **given,
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        process = subprocess.Popen(
            shell, cwd=folder, env=environment, stdin=-3, stdout=-1, stderr=subprocess.STDOUT, text=True
        )
        cancelled = self._interrupt(process) if "exec campaign apply" in text else False
        said, _ = process.communicate(timeout=120)
        done.log += said
        done.summary += summary.read_text(encoding="utf-8")
        known["outputs"].update(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        if cancelled:
            return "cancelled"
        return "success" if process.returncode == 0 else "failure"

    def _interrupt(self, process: subprocess.Popen[str]) -> bool:
        if self.interrupt is None:
            return False
        self.interrupt()
        process.send_signal(signal.SIGINT)
        return True


def _write_program(path: Path, *words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """A repository on a platform, empty still, with the programs that its jobs call."""
    if shutil.which("jq") is None:
        (pytest.fail if IN_CI else pytest.skip)("no jq on this machine, which the platforms' own have")
    folder = tmp_path / "platform"
    _write_program(folder / "bin" / "campaign", sys.executable, "-P", "-m", "runner")
    _write_program(folder / "bin" / "gh", sys.executable, str(HERE / "gh.py"))
    # `python -m pip install`: what is tested is installed already.
    _write_program(folder / "bin" / "python", "true")
    repository = tmp_path / "repository"
    repository.mkdir()
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=repository, check=True)
    return Platform(folder, repository, {"TMPDIR": str(tmp_path)})


@pytest.fixture
def serve(platform: Platform, tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """A function that starts a provider on loopback, to which the account then leads; all share one record."""
    with ExitStack() as running:

        def start(**options: Any) -> Sandbox:
            options = {"requests": 10_000, "per_s": 1.0, "record": tmp_path / "record.db", **options}
            sandbox = running.enter_context(Sandbox(**options))
            platform.environment["VOICEPARTNER_URL"] = sandbox.base_url
            return sandbox

        yield start


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """A function that waits until something holds, which it must within a minute."""

    def wait(holds: Callable[[], bool]) -> None:
        nothing = threading.Event()
        assert any(holds() or nothing.wait(0.02) for _ in range(3000)), "never happened"

    return wait


def _call(*arguments: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
        assert main(arguments) == 0
        return sys.stdout.buffer.getvalue().decode()


@pytest.fixture
def enlist(tmp_path: Path) -> Callable[..., None]:
    """A function that writes the list of people that lies outside git: those of these numbers."""

    def write(*numbers: range) -> None:
        rows = [f"1,0612{number:06d},yes" for span in numbers for number in span]
        (tmp_path / "private").mkdir(exist_ok=True)
        (tmp_path / "private" / "people.csv").write_text("\n".join(["customer,mobile,consent", *rows, ""]))

    return write


@pytest.fixture
def open_shop(
    platform: Platform, serve: Callable[..., Sandbox], enlist: Callable[..., None], tmp_path: Path, monkeypatch: Any
) -> Callable[..., Platform]:
    """A function that sets up a repository as the head of its pipeline says, for a list of 30 people outside git."""

    def begin(ci: str, folder: str = ".") -> Platform:
        root = platform.repository / folder
        _call("init", str(root), "--ci", ci)
        enlist(range(30))
        platform.environment["PRIVATE_DATA"] = str(tmp_path / "private")
        state = {"STATE_URL": f"sqlite:///{tmp_path}/state/shared.db", "CAMPAIGN_STATE_KEY": KEY}
        platform.secrets = dict(state)
        sending = {**state, "VOICEPARTNER_API_KEY": "test-key"}
        platform.secrets_of = {"campaigns": sending, "campaigns-approval": sending}
        platform.variables = {"STATE_HOST": "127.0.0.1"}
        for name, value in state.items():
            monkeypatch.setenv(name, value)
        text = (root / "campaigns.yaml").read_text(encoding="utf-8")
        for before, after in (
            ("# state_id:", _call("-C", str(root), "state", "init").strip()),
            ("    timezone:", "    base_url: ${VOICEPARTNER_URL}\n    limits: {requests: 100, per: 1s}\n    timezone:"),
            ("example-opt-outs.csv, column: phone", "example-opt-outs.csv, on_invalid: ignore"),
        ):
            text = text.replace(before, after)
        for name in state:
            monkeypatch.delenv(name)
        example = (root / "campaigns/example.yaml").read_text(encoding="utf-8")
        platform.commit(
            {
                f"{folder}/campaigns.yaml": text,
                f"{folder}/campaigns/example.yaml": example.replace("data/example.csv", "data/people.csv"),
                f".{ci}/campaigns/fetch-data.sh": FETCH,
            }
        )
        return platform

    return begin
