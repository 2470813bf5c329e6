"""What a chunk costs at the least: for each, a durable commit with its people, a bare request, a durable commit.

Usage: bare_chunk.py URL CHUNKS DATABASE
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys

import httpx

PEOPLE = 500
SCHEMA = """
pragma journal_mode = wal; pragma synchronous = full;
create table chunk (id integer primary key, status text not null);
create table person (campaign integer, pseudonym blob, chunk integer, primary key (campaign, pseudonym)) without rowid;
"""


def main(url: str, chunks: int, database: str) -> None:
    """Send `chunks` requests of 500 people each, with what must be durable before and after."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript(SCHEMA)
    draw = random.Random(2)
    with httpx.Client(trust_env=False) as client:
        for chunk in range(chunks):
            people = [(chunk, draw.randbytes(16)) for _ in range(PEOPLE)]
            connection.execute("begin immediate")
            connection.execute("insert into chunk values (?, 'sending')", (chunk,))
            connection.executemany("insert into person values (1, ?2, ?1)", people)
            connection.execute("commit")
            numbers = ",".join(f"+33{610_000_000 + chunk * PEOPLE + person}" for person in range(PEOPLE))
            body = {
                "apiKey": "bench",
                "tokenAudio": "5f2c8e6b41d94c6a8f0e3d7b9a125c44",
                "emailForNotification": "ops@example.fr",
                "phoneNumbers": numbers,
            }
            answer = client.post(f"{url}/campaign/send", json=body)
            if not json.loads(answer.content)["success"]:
                raise SystemExit(f"bench: the sandbox refused chunk {chunk}: {answer.text}")
            connection.execute("update chunk set status = 'accepted' where id = ?", (chunk,))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
