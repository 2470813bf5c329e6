"""A stand-in for GitHub's `gh`, in files: what the pipelines call of it, held to what the job's token may do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PLATFORM = Path(os.environ["FAKE_PLATFORM"])
REPOSITORY = f"repos/{os.environ['GITHUB_REPOSITORY']}"


def load(name: str) -> list[dict]:
    path = PLATFORM / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def save(name: str, content: list[dict]) -> None:
    (PLATFORM / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def need(scope: str, level: str) -> None:
    """End as `gh` does where the token may not do it."""
    granted = json.loads(os.environ["FAKE_PERMISSIONS"]).get(scope, "none")
    if not os.environ.get("GH_TOKEN") or granted not in ((level, "write") if level == "read" else ("write",)):
        raise SystemExit(f"gh: Resource not accessible by integration: {scope}: {level} (HTTP 403)")


def take(words: list[str], *flags: str) -> tuple[dict[str, str], list[str]]:
    """Options by name, of which `flags` have no value, and the other words."""
    options, others = {}, []
    rest = iter(words)
    for word in rest:
        if word in flags:
            options[word] = ""
        elif word.startswith("-"):
            options[word] = next(rest)
        else:
            others.append(word)
    return options, others


def answer(method: str, path: str, fields: dict[str, str]) -> object:
    """What the API says."""
    where, _, query = path.removeprefix(f"{REPOSITORY}/").partition("?")
    match method, where.split("/"):
        case "GET", ["issues", number, "comments"]:
            need("pull-requests", "read")
            return [each for each in load("comments") if each["issue"] == number]
        case "POST", ["issues", number, "comments"]:
            need("pull-requests", "write")
            comments = load("comments")
            login = {"login": "github-actions[bot]"}
            save("comments", [*comments, {"id": 900 + len(comments), "issue": number, "user": login, **fields}])
        case "PATCH", ["issues", "comments", known]:
            need("pull-requests", "write")
            save("comments", [{**each, **(fields if str(each["id"]) == known else {})} for each in load("comments")])
        case "GET", ["actions", "artifacts"]:
            need("actions", "read")
            asked = dict(pair.split("=") for pair in query.split("&"))
            return {"artifacts": [each for each in load("artifacts") if each["name"] == asked["name"]]}
        case "DELETE", ["actions", "artifacts", known]:
            need("actions", "write")
            save("artifacts", [each for each in load("artifacts") if str(each["id"]) != known])
        case _:
            raise SystemExit(f"gh: Not Found: {method} {path} (HTTP 404)")
    return {}


def api(words: list[str]) -> None:
    options, (path,) = take(words, "--paginate", "--silent")
    key, _, value = options.get("-F", "").partition("=")
    fields = {key: Path(value[1:]).read_text(encoding="utf-8")} if key else {}
    said = json.dumps(answer(options.get("--method", "GET"), path, fields))
    if "--jq" in options:
        said = subprocess.run(["jq", "-r", options["--jq"]], input=said, check=True, stdout=-1, text=True).stdout
    if "--silent" not in options:
        sys.stdout.write(said)


def download(words: list[str]) -> None:
    options, (run,) = take(words)
    need("actions", "read")
    name, folder = options["--name"], Path(options["--dir"])
    found = [each for each in load("artifacts") if each["name"] == name and str(each["workflow_run"]["id"]) == run]
    if not found:
        raise SystemExit(f"no artifact matches any of the names or patterns provided: {name}")
    shutil.copytree(PLATFORM / "artifacts" / str(found[-1]["id"]), folder, dirs_exist_ok=True)


match sys.argv[1:]:
    case ["api", *words]:
        api(words)
    case ["run", "download", *words]:
        download(words)
    case words:
        raise SystemExit(f"gh: unknown command {words}")
