"""`url` as a source: its rows are judged like those of a file, named by their page; what fails stops the campaign."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runner.model.secret import Secret

WORD = "word-that-nobody-may-read"


@pytest.fixture
def serve():
    """A function that serves bodies by path, as `(content type, body)`, and answers their base address."""
    bodies, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(dict(self.headers))
            content_type, body = bodies.get(self.path, (None, None))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", content_type or "text/plain")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def serve(**pages):
        for path, body in pages.items():
            is_json = not isinstance(body, bytes | tuple)
            bodies[f"/{path}"] = ("application/json", json.dumps(body).encode()) if is_json else body
        serve.asked = asked
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def test_rows_of_all_pages_are_judged_and_named_by_their_page(serve, build, tmp_path):
    base = serve(
        a={"data": [{"phone": "0639980001"}, {"phone": "x"}], "next": "/b"},
        b={"data": [], "next": "/c"},
        c={"data": [{"city": "lyon"}, {"phone": 639980003, "city": "paris"}, {"phone": "0639980001"}]},
    )
    source = {"url": f"{base}/a", "items": "data", "next": "next"}
    with build(tmp_path, [source]) as audience:
        dropped = [(row.file, row.row, row.reason.value) for row in audience.read_rows(dropped=True)]
        assert dropped == [
            (f"page 1 of {base}/a", 2, "invalid"),
            (f"page 3 of {base}/a", 1, "invalid"),
            (f"page 3 of {base}/a", 3, "duplicate"),
        ]
        assert [(row.file, row.row) for row in audience.read_rows(dropped=False)] == [
            (f"page 1 of {base}/a", 1),
            (f"page 3 of {base}/a", 2),
        ]


def test_two_addresses_that_differ_in_what_is_not_told_are_told_apart(serve, build, tmp_path):
    base = serve(**{"a?region=1": ["0639980001"], "a?region=2": ["0639980002"]})
    with build(tmp_path, [{"url": f"{base}/a?region={region}"} for region in (1, 2)]) as audience:
        rows = [(row.source, row.file, row.row) for row in audience.read_rows(dropped=False)]
    assert rows == [(f"url (line {line})", f"{base}/a (line {line})", 1) for line in (10, 11)]


@pytest.mark.parametrize(
    ("page", "next_", "codes"),
    [
        ({"data": ["0639980001"], "following": "/b"}, "next", ["page-without-next"]),
        ({"data": ["0639980001"], "links": {"self": "/a"}}, "links.next", ["page-without-next"]),
        ({"data": ["0639980001"], "next": None}, "next", []),
        ({"data": ["0639980001"], "links": {"next": ""}}, "links.next", []),
    ],
)
def test_a_first_page_that_says_nothing_of_a_next_one_is_warned_of(serve, build, tmp_path, page, next_, codes):
    source = {"url": f"{serve(a=page)}/a", "items": "data", "next": next_}
    with build(tmp_path, [source]) as audience:
        assert [warning.code for warning in audience.warnings] == codes
    with build(tmp_path, [{"numbers": ["0639980002"]}], [source]) as audience:
        assert [warning.code for warning in audience.warnings] == codes


def test_a_last_page_may_leave_out_what_the_first_had(serve, build, tmp_path):
    base = serve(a={"data": ["0639980001"], "next": "/b"}, b={"data": ["0639980002"]})
    with build(tmp_path, [{"url": f"{base}/a", "items": "data", "next": "next"}]) as audience:
        assert audience.warnings == ()


def test_where_works_as_on_files(serve, build, tmp_path):
    rows = [{"tel": f"063998000{n}", "visits": n, "city": None if n == 2 else "lyon"} for n in range(5)]
    base = serve(a={"data": rows[:2], "next": "/b"}, b={"data": rows[2:]})
    source = {"url": f"{base}/a", "items": "data", "next": "next", "where": "visits >= 1 and city is not null"}
    with build(tmp_path, [source]) as audience:
        assert [row.text for row in audience.read_rows(dropped=False)] == ["0639980001", "0639980003", "0639980004"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", "Portable;Ville\r\n06 39 98 00 01;Orléans\r\n".encode("cp1252")),
        ("application/x-ndjson", b'{"phone": "0639980001"}\n'),
        ("application/json", b'["0639980001"]'),
        ("text/plain", b"0639980001\n"),
    ],
)
def test_an_answer_is_read_by_the_rules_for_files(serve, build, tmp_path, content_type, body):
    base = serve(a=(content_type, body))
    with build(tmp_path, [{"url": f"{base}/a"}]) as audience:
        assert audience.rows.pending == 1


def test_digits_that_json_has_lost_reach_nobody(serve, build, tmp_path):
    base = serve(a=("application/json", b'{"data": [{"phone": 6.3998E+08}, {"phone": 639980001.0}]}'))
    with build(tmp_path, [{"url": f"{base}/a", "items": "data"}]) as audience:
        assert [row.why for row in audience.read_rows(dropped=True)] == ["lost-digits"]
        assert audience.rows.pending == 1


def test_the_address_and_paths_are_rendered_and_headers_looked_up(serve, build, tmp_path):
    base = serve(**{"a?city=Saint-%C3%89tienne%20%26": {"list": ["0639980001"]}})
    source = {
        "url": f"{base}/a?city={{{{ vars.city | urlencode }}}}",
        "items": "{{ vars.key }}",
        "headers": {"Authorization": "Bearer ${CRM_TOKEN}"},
    }
    context = {"vars": {"city": "Saint-Étienne &", "key": "list"}}
    with build(tmp_path, [source], context=context, look_up=lambda _: Secret(f"Bearer {WORD}")) as audience:
        assert audience.rows.pending == 1
    assert serve.asked[0]["Authorization"] == f"Bearer {WORD}"


@pytest.mark.parametrize("value", [f"{WORD}\r\nX-Other: 1", f"{WORD}é", f"{WORD}\0"])
def test_a_secret_that_can_be_no_header_is_not_told(serve, refuse, value):
    base = serve(a=[])
    source = {"url": f"{base}/a?key={WORD}", "headers": {"X-Key": "${KEY}"}}
    (problem,) = refuse({"x": ""}, [source], look_up=lambda _: Secret(value))
    assert WORD not in f"{problem.message}{problem.hint}"
    assert serve.asked == []


def test_an_answer_that_fails_is_a_problem_at_the_sources_place(serve, refuse):
    (problem,) = refuse({"x": ""}, [{"url": f"{serve()}/gone?key={WORD}"}])
    assert (problem.code, problem.place.line) == ("url-failed", 10)
    assert "/gone answers 404" in problem.message
    assert WORD not in problem.message


def test_a_host_that_is_not_allowed_is_not_asked(serve, refuse):
    base = serve(a=[])
    (problem,) = refuse({"x": ""}, [{"url": f"{base}/a"}], allowed_hosts=frozenset({"crm.example.fr"}))
    assert problem.code == "host-refused"
    assert serve.asked == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (("text/csv", b""), "exclusion-empty"),
        (("text/csv", b"phone\n"), "exclusion-empty"),
        (("application/json", b"[]"), "exclusion-empty"),
        (("application/json", b""), "exclusion-empty"),
        (("application/json", b'[{"phone": "0639980001"}'), "file-cut"),
        (("application/json", b'{"phone": "0639980001"}'), "url-failed"),
        (("text/html", b"<html><body>Log in</body></html>"), "not-a-table"),
        (("application/json", b'["nobody"]'), "exclusion-invalid"),
        ((None, None), "url-failed"),
    ],
)
def test_an_exclusion_that_fails_blocks_the_campaign(serve, refuse, body, code):
    base = serve(a=body)
    (problem,) = refuse({"x.csv": "phone\n0639980001\n"}, None, [{"url": f"{base}/a"}])
    assert (problem.code, problem.place.line) == (code, 50)


@pytest.mark.parametrize("body", [("text/csv", b""), ("application/json", b"[]"), ("application/json", b"")])
def test_an_exclusion_that_may_be_empty_is(serve, build, tmp_path, body):
    base = serve(a=body)
    exclusion = {"url": f"{base}/a", "allow_empty": True}
    with build(tmp_path, [{"numbers": ["0639980001"]}], [exclusion]) as audience:
        assert audience.rows.pending == 1


def test_an_exclusion_by_an_address_excludes(serve, build, tmp_path):
    base = serve(a={"data": ["0639980001"], "next": "/b"}, b={"data": ["0639980002"], "next": None})
    exclusion = {"url": f"{base}/a", "items": "data", "next": "next"}
    with build(tmp_path, [{"numbers": ["0639980001", "0639980002", "0639980003"]}], [exclusion]) as audience:
        assert (audience.rows.excluded, audience.rows.pending) == (2, 1)
