"""Every fault of the sandbox at 5 % at once: the run ends, exactly once, and its counts are the shop's."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

RATE = 0.05
CALL = (
    "accept-then-reset", "accept-then-hang", "accept-then-500", "accept-then-html", "accept-then-truncate",
    "late-accept", "drop-before-accept", "reset-mid-body", "e429", "http-429", "http-500", "http-503",
    "redirect", "empty-body", "html", "drip", "gzip-bomb", "expired", "login",
)  # fmt: skip
OTHER = (
    "stuck", "canceled", "partial", "not-applied", "unknown-status", "list-lag", "page-repeat", "page-miss",
    "page-shift", "rewrite", "warn",
)  # fmt: skip
#: Faults that last: shorter than the settings' patience, or they would be a dead shop.
SECONDS = {
    "accept-then-hang": 0.5,
    "late-accept": 0.4,
    "stuck": 1.0,
    "unknown-status": 1.0,
    "list-lag": 0.4,
    "drip": 0.5,
}
PRODUCTS, CREATED, A_BATCH = 24, 6, 6
LIMITS = {
    "requests": 100, "per_seconds": 0.1, "feed_max_products": A_BATCH, "settle": 1.5, "deadline": 12,
    "verify_timeout": 1.5, "feed_timeout": 20, "answer_max_bytes": 1_000_000,
}  # fmt: skip
#: A refused login ends a process, and so does a read that fails again and again; the next one goes on.
#: Refused logins befall writes here: any command whose read is refused one ends at once, as it must.
RESUMES = 40


def storm(seed: int, tmp_path: Any, shop: Any, command: Any, tools: Any) -> None:
    tools.write_settings(tmp_path, shop, **LIMITS)
    shop.fill([tools.tea(n) for n in range(PRODUCTS)])
    rows = [tools.tea(n, Price="77.25", Name="Renamed") for n in range(PRODUCTS)]
    rows += [tools.tea(n, Price="77.25") for n in range(500, 500 + CREATED)]
    catalog = tools.write_catalog(tmp_path / "catalog.csv", rows)
    made = command(tmp_path, "diff", catalog, "--out", tmp_path / "plan.jsonl")
    assert made.status == 0, made
    since = max((entry["n"] for entry in shop.log()), default=0)
    for place, name in enumerate((*CALL, *OTHER)):
        lasting = {"seconds": SECONDS[name]} if name in SECONDS else {}
        fault = {
            "action": "writes" if name == "login" else "*",
            "fault": name,
            "rate": RATE,
            "seed": seed * 100 + place,
            **lasting,
        }
        shop.control("POST", "faults", fault)
    ended, resumes = command(tmp_path, "push", tmp_path / "plan.jsonl", "--yes"), 0
    while ended.status not in (0, 7) and resumes < RESUMES:
        assert ended.status in (8, 9), ended
        resumes += 1
        runs = command(tmp_path, "runs").document["runs"]
        again = ("resume", runs[-1]["run"]) if runs else ("push", tmp_path / "plan.jsonl", "--yes")
        ended = command(tmp_path, *again)
    shop.control("DELETE", "faults")
    judge(
        ended,
        shop,
        since,
        {row["SellerSku"] for row in rows},
        command(tmp_path, "show", ended.document["run"]),
    )


def judge(ended: Any, shop: Any, since: int, planned: set[str], shown: Any) -> None:
    """The report says what the shop's own books say."""
    counts, feeds = ended.document["counts"], shop.feeds(since)
    taken = Counter(sku for feed in feeds for sku in feed["skus"])
    assert ended.status in (0, 7), ended
    assert max(taken.values()) == 1
    ends: dict[str, set[str]] = {}
    for record in shown.document["records"]:
        ends.setdefault(record["outcome"], set()).add(record["sku"])
    books = [
        feed for feed in shop.control("GET", "state")["feeds"] if feed["id"] in {f["feed"] for f in feeds}
    ]
    refused = {error["sku"] for feed in books for error in feed["errors"]}
    done = {sku for sku, product in shop.held().items() if sku in planned and product["Price"] == "77.25"}
    assert ends.get("refused", set()) == refused
    assert ends.get("not_applied", set()) == set(taken) - done - refused
    assert ends.get("skipped", set()) == planned - set(taken)
    expected = {
        "planned": len(planned), "sent": len(taken), "accepted": len(taken), "verified": len(done - refused),
        "not_applied": len(set(taken) - done - refused), "refused": len(refused),
        "skipped": len(planned - set(taken)), "unknown": 0, "pending": 0,
    }  # fmt: skip
    assert counts == expected


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_storm(seed: int, tmp_path: Any, shop: Any, command: Any, tools: Any) -> None:
    storm(seed, tmp_path, shop, command, tools)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4, 21))
def test_more_storms(seed: int, tmp_path: Any, shop: Any, command: Any, tools: Any) -> None:
    storm(seed, tmp_path, shop, command, tools)
