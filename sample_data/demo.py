"""The main job end to end against a local Seller Center, as a person would type it.

Run it with `make demo`. It starts a sandbox that holds a shop, imports `classic.csv` into it, checks
the result, rolls the run back, and proves that the shop is what it was, stock aside. What it writes lies in
`demo/`, or in the folder that it is given; nothing but this machine is ever called.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DEMO = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo"
SHOP, CATALOG = HERE / "classic_shop.json", HERE / "classic.csv"
#: What the API can't set back, or sales change: not compared after the rollback.
NOT_OURS = ("Quantity",)

SETTINGS = """\
default_shop = "demo"
ledger = "ledger.db"

[shops.demo]
url = "{url}"
user_id = "{user}"
api_key = "env:SELLERCENTER_API_KEY"
sandbox = true
currency = "USD"

[shops.demo.limits]
settle = 3
deadline = 15
feed_timeout = 120
verify_timeout = 20
"""


def main() -> int:
    started = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    say("A Seller Center of our own, holding a shop", f"sellercenter sandbox --products {near(SHOP)}")
    command = [*PROGRAM, "sandbox", "--products", str(SHOP), "--feed-delay", "0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            place = json.loads(sandbox.stdout.readline())
            return show(place, started)
        finally:
            sandbox.terminate()


def show(place: dict[str, str], started: float) -> int:
    url, control = place["base_url"], place["control_url"]
    os.environ["SELLERCENTER_API_KEY"] = place["api_key"]
    (DEMO / "sellercenter.toml").write_text(SETTINGS.format(url=url, user=place["user_id"]), encoding="utf-8")
    before = products(control)
    tell(f"it holds {len(before)} products, at {url}")

    say("What does the shop hold? Downloaded, as a file one can edit")
    snapshot = call("snapshot", "--out", DEMO / "snapshot.csv")
    tell(f"{snapshot['rows']} products, {'complete' if snapshot['complete'] else snapshot['doubt']}")

    say("Is our catalog fit to be sent? Every defect at its cell")
    validated = call("validate", CATALOG, "--report", DEMO / "findings.html", expect=(0, 7))
    tell(f"{validated['rows']} rows, {validated['accepted']} accepted, {validated['rejected']} rejected")

    say("What would change? A dry run: a plan and reports, nothing is sent")
    reports = [f for name in ("report.html", "report.xlsx", "report.md") for f in ("--report", DEMO / name)]
    diff = call("diff", CATALOG, "--out", DEMO / "plan.jsonl", *reports, expect=(0, 7))
    counts = diff["counts"]
    tell(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number))
    adds_up(sum(counts[name] for name in INPUT) == validated["rows"], "these add up to the rows of the file")

    say("Send it: journal first, then feeds, then a second look at every product")
    pushed = call("push", DEMO / "plan.jsonl", "--yes", expect=(0, 7))
    run, done = pushed["run"], pushed["counts"]
    tell(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in done.items() if number))
    adds_up(done["planned"] == sum(done[name] for name in ENDS), "these add up to what was planned")
    for record in call("show", run)["records"]:
        tell(f"{record['outcome']} {record['sku']}: {record['message']}")

    say("Is the shop now what the file says? The same file again")
    again = call("diff", CATALOG, "--out", DEMO / "again.jsonl", expect=(0, 7))
    left = again["counts"]["create"] + again["counts"]["update"]
    refused = done["refused"]
    tell(f"{left} products would still change: those the shop refused" if left else "nothing would change")
    adds_up(left <= refused, "whatever the shop took, it shows")

    say("It was all wrong? The way back is a plan like any other")
    back = call("rollback", run, "--out", DEMO / "rollback.jsonl")
    tell(f"{back['counts']['update']} products go back, {len(back['conflicts'])} conflicts")
    undone = call("push", DEMO / "rollback.jsonl", "--yes")
    tell(
        ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in undone["counts"].items() if number)
    )

    same = as_before(before, products(control))
    adds_up(not same, "the shop is what it was, stock aside; what the run created is inactive")
    for line in same[:10]:
        tell(line)
    summary(run, started)
    return 1 if same else 0


INPUT = ("create", "update", "unchanged", "blocked", "rejected", "not_listed")
ENDS = ("verified", "not_applied", "refused", "skipped", "unknown", "pending")
PROGRAM = (sys.executable, "-m", "pipeline")


def call(command: str, *words: object, expect: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Type a command, and read the document it prints with --json."""
    shown = " ".join(near(word) for word in words)
    print(f"  $ sellercenter {command} {shown}", flush=True)
    options = ("--config", str(DEMO / "sellercenter.toml"), "--state", str(DEMO / "state"), "--json", "-q")
    typed = [*PROGRAM, command, *map(str, words), *options]
    done = subprocess.run(typed, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode not in expect:
        sys.exit(f"{done.stderr}{done.stdout}\n`sellercenter {command}` ended with {done.returncode}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def products(control: str) -> dict[str, dict[str, Any]]:
    """What the sandbox holds, asked at its control door and not through our own client."""
    address = control.rstrip("/") + "/state"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own process, on loopback
        return {product["SellerSku"]: product for product in json.load(answer)["products"]}


def as_before(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[str]:
    """What differs from the first look, in words; nothing of it if the rollback kept its promise."""
    wrong = []
    for sku, product in now.items():
        if sku not in before:
            if product.get("Status") != "inactive":
                wrong.append(f"{sku} was created and is {product.get('Status')}")
            continue
        held = before[sku]
        names = sorted({*product, *held} - set(NOT_OURS))
        moved = [name for name in names if product.get(name) != held.get(name)]
        wrong += [f"{sku} {name}: {held.get(name)!r} became {product.get(name)!r}" for name in moved]
    return wrong + [f"{sku} is gone" for sku in before.keys() - now.keys()]


def say(title: str, typed: str = "") -> None:
    print(f"\n{title}", flush=True)
    if typed:
        print(f"  $ {typed}", flush=True)


def tell(text: str) -> None:
    print(f"    {text}", flush=True)


def adds_up(right: bool, promise: str) -> None:
    if not right:
        sys.exit(f"    BROKEN: {promise}")
    tell(f"✓ {promise}")


def near(path: object) -> str:
    """A path as one would type it from here."""
    if isinstance(path, Path) and path.is_relative_to(ROOT):
        return path.relative_to(ROOT).as_posix()
    return str(path)


def summary(run: str, started: float) -> None:
    kit = DEMO / "state" / "runs" / run
    print(f"\nDone in {time.monotonic() - started:.0f} s. Where to look:")
    print(f"  the report          {near(DEMO / 'report.html')}; .xlsx to approve by, .md for a pull request")
    print(f"  findings            {near(DEMO / 'findings.html')}")
    print(f"  run {run}: its manual rollback kit, with HOWTO.md")
    print(f"                      {near(kit)}/")
    product = json.loads((DEMO / "plan.jsonl").read_text(encoding="utf-8").splitlines()[1])["sku"]
    program = f"{typed()} --config {near(DEMO / 'sellercenter.toml')} --state {near(DEMO / 'state')}"
    print("The demo's shop is gone by now; what the journal knows can still be asked:")
    print(f"  what happened       {program} runs")
    print(f"  one run             {program} show {run}")
    print(f"  one product         {program} history {product}")
    print(f"A shop that stays:    {typed()} sandbox --products {near(SHOP)}")


def typed() -> str:
    """The program, as one types it from here: the environment of the checkout isn't on the PATH."""
    program = Path(sys.executable).parent / "sellercenter"
    if not any(program.with_suffix(end).exists() for end in ("", ".exe")):
        return f"{near(Path(sys.executable))} -m pipeline"
    return str(Path(near(program)))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
