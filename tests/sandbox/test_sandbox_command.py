"""`campaign sandbox` as a process: what it prints, serves and ends with."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runner.sandbox.faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "runner", "sandbox"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
MESSAGE = {
    "apiKey": "k-1",
    "tokenAudio": "recording",
    "emailForNotification": "ops@example.fr",
    "phoneNumbers": "0639980001,+33639980002",
}


@pytest.fixture
def serve(tmp_path):
    """A function that starts the command and answers with its process and its address."""
    processes = []

    def start(*arguments):
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=ENVIRONMENT,
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run(*arguments):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, env=ENVIRONMENT)


def send(base_url):
    connection = http.client.HTTPConnection(base_url.split("/")[2], timeout=10)
    connection.request("POST", "/v1/campaign/send", json.dumps(MESSAGE))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_serves_until_a_signal_and_ends_with_what_it_counted(serve, number, tmp_path):
    process, base_url = serve()
    assert base_url.startswith("http://127.0.0.1:")
    assert base_url.endswith("/v1")
    assert send(base_url) == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == "requests              1\npeople reached        2\npeople reached twice  0\n"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_limits_and_faults_are_as_the_options_say(serve):
    _, base_url = serve("--requests", "3", "--per", "60s", "--fault", "500@1", "no-credit@2")
    assert [send(base_url) for _ in range(4)] == [500, 400, 200, 429]


def test_the_port_may_be_chosen_and_one_that_is_taken_is_an_error(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("--port", port)
    assert refused.returncode == 1
    assert "error[port-taken]" in refused.stderr
    assert serve("--port", port)[1] == f"http://127.0.0.1:{port}/v1"


@pytest.mark.parametrize(
    "arguments", [["--fault", "rest"], ["reset"], ["--requests", "0"], ["--per", "1"], ["--port", "x"]]
)
def test_wrong_usage_is_exit_1_and_no_traceback(arguments):
    refused = run(*arguments)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error[")
    assert "Traceback" not in refused.stderr


def test_help_lists_every_fault():
    shown = run("--help")
    assert [kind for kind in FAULTS if f"\n  {kind} " not in shown.stdout] == []
