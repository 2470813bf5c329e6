"""A stand-in for `curl` and for GitLab's packages and notes behind it, in files: what the pipeline calls of them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

PLATFORM = Path(os.environ["FAKE_PLATFORM"])
FLAGS = {"--fail", "--silent", "--show-error"}
NOTES = PLATFORM / "notes.json"

options: dict[str, str] = {}
words = iter(sys.argv[1:])
for word in words:
    if word.startswith("--"):
        options[word] = "" if word in FLAGS else next(words)
    else:
        options["url"] = word
name, _, token = options["--header"].partition(": ")
path = urlsplit(options["url"]).path.removeprefix("/api/v4/projects/1/")
method = options.get("--request", "PUT" if "--upload-file" in options else "GET")

match method, path.split("/"):
    case _, ["packages", "generic", "campaign-plan", version, "campaign.plan"] if name == "JOB-TOKEN" and token:
        package = PLATFORM / "packages" / version
        if method == "PUT":
            package.parent.mkdir(exist_ok=True)
            shutil.copy(options["--upload-file"], package)
        elif package.exists():
            shutil.copy(package, options["--output"])
        else:
            raise SystemExit(22)
    case _, ["merge_requests", "7", "notes", *known] if name == "PRIVATE-TOKEN" and token == "n0te":  # its scope: api
        notes = json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.exists() else []
        if method == "GET":
            Path(options["--output"]).write_text(json.dumps(notes), encoding="utf-8")
        else:
            body = Path(options["--data-urlencode"].removeprefix("body@")).read_text(encoding="utf-8")
            number = int(known[0]) if known else len(notes) + 1
            rest = [note for note in notes if note["id"] != number]
            NOTES.write_text(json.dumps([*rest, {"id": number, "body": body}]), encoding="utf-8")
    case _:
        raise SystemExit(22)
