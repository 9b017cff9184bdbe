"""The page of JSON documents: every command is run against a sandbox, and what it prints is shown.

What differs from run to run (ids, times, digests, addresses) is written as one fixed example.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meanings import MEANINGS
from pages import MADE, cell

from pipeline.cli.main import run
from pipeline.cli.shell import Shell
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox

Json = dict[str, Any]

_SHOP = [
    {"SellerSku": "TEA-001", "Name": "Green tea 100 g", "Brand": "TeaCo", "PrimaryCategory": "Tea",
     "Price": "6.90", "Quantity": "40", "Status": "active", "Description": "Steamed leaves."},
    {"SellerSku": "TEA-002", "Name": "Black tea 100 g", "Brand": "TeaCo", "PrimaryCategory": "Tea",
     "Price": "5.50", "Quantity": "12", "Status": "active", "Description": "Strong and malty."},
]  # fmt: skip
_CATALOG = "SellerSku,Price,Quantity\nTEA-001,7.40,40\nTEA-002,five,12\n"
_NIGHT = "SellerSku,Price,Quantity\nTEA-001,7.60,40\n"
_SETTINGS = """\
default_shop = "demo"
ledger = "ledger.db"
[shops.demo]
url = "{url}"
user_id = "{user}"
api_key = "env:SELLERCENTER_API_KEY"
sandbox = true
budget_id = "seller-1"
[shops.demo.limits]
settle = 1
[shops.demo.catalog]
max_errors_pct = 100
mode = "update-only"
[jobs.nightly]
source = "night.csv"
settle_seconds = 0
approval = "always"
"""


def collect(folder: Path) -> dict[str, Json]:
    """Command → the document it prints. Works in `folder`, which is the current one."""
    options = SandboxOptions(feed_delay=0.0, user="demo@example.com")
    with Sandbox(options, products=_SHOP) as shop, _key(shop.api_key):
        settings = _SETTINGS.format(url=shop.base_url, user=shop.user_id)
        (folder / "sellercenter.toml").write_text(settings, encoding="utf-8")
        (folder / "spring.csv").write_text(_CATALOG, encoding="utf-8")
        (folder / "night.csv").write_text(_NIGHT, encoding="utf-8")
        return dict(_story())


def _story() -> Iterator[tuple[str, Json]]:
    yield "init", _say("init", "other.toml")
    yield "doctor", _say("doctor")
    yield "snapshot", _say("snapshot")
    yield "map", _say("map", "spring.csv", "--out", "mapping.toml")
    yield "validate", _say("validate", "spring.csv")
    yield "diff", _say("diff", "spring.csv", "--out", "spring.plan")
    yield "explain", _say("explain", "TEA-001", "Price")
    pushed = _say("push", "spring.plan", "--yes")
    number = pushed["run"]
    yield "push", pushed
    yield "resume", _say("resume", number)
    yield "runs", _say("runs")
    yield "runs --check", _say("runs", "--check")
    yield "show", _say("show", number)
    yield "history", _say("history", "TEA-001")
    yield "rollback", _say("rollback", number, "--out", "back.plan")
    yield "restore", _say("restore", "--at", "1h", "--out", "then.plan")
    yield "run", _say("run", "spring.csv", "--yes")
    waiting = _say("run", "nightly", "--yes")
    yield "run (a job)", waiting
    yield "approve", _say("approve", waiting["run"])
    yield "quarantine", _say("quarantine")
    yield "budget", _say("budget")
    yield "error", _say("push", "nothing.plan", "--yes")


def _say(*words: str) -> Json:
    out = io.StringIO()
    run(Shell(argv=(*words, "--json", "-q"), stdin=io.StringIO(), stdout=out, stderr=io.StringIO()))
    document: Json = json.loads(out.getvalue())
    return document


@contextlib.contextmanager
def _key(secret: str) -> Iterator[None]:
    before = os.environ.get("SELLERCENTER_API_KEY")
    os.environ["SELLERCENTER_API_KEY"] = secret
    try:
        yield
    finally:
        os.environ.pop("SELLERCENTER_API_KEY")
        if before is not None:
            os.environ["SELLERCENTER_API_KEY"] = before


# --- what a document holds ---

#: Tables whose keys are data: fields, codes.
OPEN = {"fields_changed"}


def paths(document: object, at: str = "") -> Iterator[str]:
    """Every key as a path: counts.create, findings[].code."""
    if isinstance(document, dict):
        for key, value in document.items():
            path = f"{at}.{key}" if at else key
            yield path
            if key not in OPEN:
                yield from paths(value, path)
    elif isinstance(document, list):
        for value in document:
            yield from paths(value, f"{at}[]")


def meaning(command: str, path: str) -> str:
    """What a key means: as this command's, else by the longest end of its path that is known."""
    name = _ALIKE.get(command, command)
    parts = path.split(".")
    ends = [".".join(parts[at:]) for at in range(len(parts))]
    found = (
        MEANINGS.get(key) for end in ends for key in (f"{name}:{end}", end, f"{end.rpartition('.')[0]}.*")
    )
    return next((text for text in found if text), "")


#: Commands whose documents are of one make.
_ALIKE = {"resume": "push", "run": "push", "run (a job)": "push", "approve": "push"}


# --- the page ---

_PAGE = """\
# JSON documents

{made}
With `--json` every command prints one document on stdout, errors included; talk and progress go to stderr. A
document begins with its schema, `sellercenter/COMMAND/1`. Keys are added in time; none is taken away or
changes its meaning while the number stays. A run also writes its document into its folder, `result.json`,
whatever happens.

The examples are what the program printed to a small shop; lists are cut to their first entry.
"""


def page(documents: dict[str, Json]) -> str:
    """All documents, each with its keys."""
    return "\n".join([_PAGE.format(made=MADE), *(_part(name, held) for name, held in documents.items())])


def _part(command: str, document: Json) -> str:
    title = "an error" if command == "error" else f"`{command}`"
    rows = [f"| `{path}` | {cell(meaning(command, path))} |" for path in dict.fromkeys(paths(document))]
    shown = json.dumps(_short(fixed(document)), indent=2, ensure_ascii=False)
    keys = "\n".join(["| key | meaning |", "|---|---|", *rows])
    return f"## {title}\n\n{keys}\n\n```json\n{shown}\n```\n"


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {key: _short(held) for key, held in value.items()}
    return [_short(one) for one in value[:1]] if isinstance(value, list) else value


_FIXED = (
    (re.compile(r"20\d{6}-\d{6}-[0-9a-f]{6}"), "20261123-181017-b950e4"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), "2026-11-23T18:10:17"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:" + "0123456789abcdef" * 4),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8765"),
    (re.compile(r"^[0-9a-f]{16}$"), "0123456789abcdef"),
    (re.compile(r"[\d.,]+ GB"), "70.0 GB"),
    (re.compile(r"^[0-9a-f]{8}-[0-9a-f-]{27}$"), "00000000-0000-4000-8000-000000000001"),
)
#: Numbers that no two runs share.
_NUMBERS = {
    "seconds": 3.0, "requests": 11, "taken": 1795457417.0, "created": 1795457417.0, "requests_left": 21,
    "requests_used": 9, "at": 1795457417.0, "next_feed": 1795457417.0,
}  # fmt: skip


def fixed(value: Any, key: str = "") -> Any:
    """The same document with one example for everything that differs from run to run."""
    if isinstance(value, dict):
        return {name: fixed(held, name) for name, held in value.items()}
    if isinstance(value, list):
        return [fixed(one, key) for one in value]
    if isinstance(value, str):
        for pattern, example in _FIXED:
            value = pattern.sub(example, value)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _NUMBERS.get(key, value)
    return value
