"""Both pages as axe-core judges them in a browser: light, dark and printed, on a telephone and on a desk.

It runs where Chromium and axe-core are: `.ci/run` installs both, and names the folder of axe-core in AXE_CORE.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest

from runner.model.status import Status
from runner.render.language import ENGLISH, FRENCH
from runner.render.plan_page import render_plan_page
from runner.render.status_page import render_status_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(os.environ.get("AXE_CORE", "nowhere")) / "node_modules" / "axe-core" / "axe.min.js"

DARK, PRINT = "@media screen and (prefers-color-scheme:dark)", "@media print"
LOOKS = {"light": ((), (320, 1280)), "dark": ((DARK,), (320, 1280)), "print": ((PRINT,), (720,))}
"""Each look: the media queries that hold, and the widths in pixels; 720 is that of A4 between its margins."""
JUDGE = """
<script src=/axe.js></script>
<script>
addEventListener("load", async () => {
  const judged = await axe.run(document, {resultTypes: ["violations"]});
  const found = judged.violations.flatMap(rule => rule.nodes.map(node => `${rule.id} at ${node.target}`));
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  await fetch("/found", {method: "POST", body: JSON.stringify([location.pathname, found])});
});
</script>
"""
UNREADABLE = "<p style='color:#999;background:#fff'>too pale to be read</p>"


def _look(page: str, queries: tuple[str, ...]) -> str:
    """The page as it looks where these media queries hold, and no other one of its looks, with all details open."""
    bare = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("<details>", "<details open>")
    for query in (DARK, PRINT):
        assert query in bare
        bare = bare.replace(query, "@media all" if query in queries else "@media not all")
    return bare + JUDGE


@contextmanager
def _serve(pages: Mapping[str, str], found: Queue[tuple[str, list[str]]]) -> Iterator[str]:
    """A server of pages by their paths, to which they post what was found in them; its address."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            body = AXE.read_text(encoding="utf-8") if self.path == "/axe.js" else pages.get(self.path, "")
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if self.path == "/axe.js" else "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self):
            found.put(tuple(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.skipif(not AXE.is_file(), reason="AXE_CORE names no folder in which npm installed axe-core")
def test_neither_page_has_a_finding_in_any_look_and_width(review, status, tmp_path):
    written = {
        "plan": render_plan_page(review, ENGLISH, next_step="campaign apply"),
        "plan-fr": render_plan_page(replace(review, is_rehearsal=True), FRENCH),
        "status": render_status_page(status, ENGLISH),
        "status-fr": render_status_page(replace(status, is_rehearsal=True, gone=frozenset({"c2f5aa"})), FRENCH),
        "empty": render_status_page(Status(created_at=status.created_at, runner_version="1.2.3"), ENGLISH),
    }
    pages = {
        f"/{name}/{look}/{width}": _look(page, queries)
        for name, page in written.items()
        for look, (queries, widths) in LOOKS.items()
        for width in widths
    }
    pages["/spoilt/light/1280"] = _look(written["empty"].replace("</main>", f"{UNREADABLE}</main>"), ())
    frames = (f"<iframe src={path} width={path.rsplit('/', 1)[1]} height=9000></iframe>" for path in pages)
    found: Queue[tuple[str, list[str]]] = Queue()
    with _serve({**pages, "/": "<!doctype html>" + "".join(frames)}, found) as address:
        browser = subprocess.Popen(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                *("--no-first-run", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,9000", address),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            judged = dict(found.get(timeout=300) for _ in pages)
        finally:
            browser.terminate()
            browser.wait()
    assert judged.pop("/spoilt/light/1280") == ["color-contrast at main > p"]
    assert {path: findings for path, findings in judged.items() if findings} == {}
