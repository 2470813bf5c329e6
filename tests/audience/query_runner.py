"""Answers one query after the other as the sealed process does, each in a process of its own that starts at once.

Started with a folder; reads requests as JSON, a line each, and writes what came of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from runner.audience import query_engine
from runner.audience.frames import Kind
from runner.errors import RunnerError

LONGEST_S = 20


def answer(root: str, sql: str) -> dict[str, object]:
    texts: list[str] = []
    try:
        request = {"root": root, "sql": sql, "parameters": {}, "column": "1"}
        query_engine.answer_query(
            request, lambda kind, body: texts.extend(json.loads(body)["texts"] if kind is Kind.ROWS else ())
        )
    except RunnerError as error:
        return {"code": error.code, "message": error.message}
    except MemoryError:
        return {"code": "memory", "message": ""}
    return {"texts": texts[:1000]}


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST_S)
            os.write(writing, json.dumps(answer(sys.argv[1], json.loads(line)))[:60_000].encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            said = told.read()
        os.waitpid(child, 0)
        sys.stdout.write(f"{said.decode() or json.dumps({'code': 'ended', 'message': ''})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
