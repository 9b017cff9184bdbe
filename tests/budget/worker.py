"""One of several processes that share a ledger: calls a counting server, or sends feeds to it.

worker.py calls  LEDGER URL LIMITS SECONDS
worker.py feeds  LEDGER URL LIMITS COUNT LANE
worker.py hold   LEDGER URL LIMITS          takes a token and a feed slot, says so, never answers
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.budget.clock import SystemClock
from pipeline.budget.ledger import Ledger
from pipeline.settings import Limits
from schemas.fields import Lane


def main(job: str, ledger: str, url: str, limits: str, *rest: str) -> None:
    made = Ledger(
        Path(ledger), "seller-1", Limits(**json.loads(limits)), SystemClock(), durable=job != "calls"
    )
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    with made:
        _say("ready")
        sys.stdin.readline()
        JOBS[job](made, connection, *rest)


def calls(ledger: Ledger, connection: http.client.HTTPConnection, until: str) -> None:
    while time.time() < float(until):
        with ledger.request():
            _get(connection, "/call")


def feeds(ledger: Ledger, connection: http.client.HTTPConnection, count: str, lane: str) -> None:
    for _ in range(int(count)):
        slot = ledger.reserve_feed(Lane(lane), lead=0.15)
        answer = _get(connection, f"/feed/{lane}")
        if answer["accepted"]:
            ledger.accepted(slot.id, answer["feed"])
        else:
            ledger.throttled_feed(slot.id)


def hold(ledger: Ledger, connection: http.client.HTTPConnection) -> None:
    with ledger.request():
        ledger.reserve_feed(Lane.CONTENT)
        _say("holding")
        time.sleep(600)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _get(connection: http.client.HTTPConnection, path: str) -> dict[str, object]:
    connection.request("GET", path)
    return dict(json.loads(connection.getresponse().read()))


JOBS = {"calls": calls, "feeds": feeds, "hold": hold}

if __name__ == "__main__":
    main(*sys.argv[1:])
