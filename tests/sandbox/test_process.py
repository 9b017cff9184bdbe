"""The sandbox as a program: its first line, its files, its end; and a shop that outlives its process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.sandbox import DrivenClock, Sandbox, SandboxOptions
from pipeline.sandbox.load import read_products
from pipeline.sandbox.options import build_parser, parse_options, specs

CSV = (
    'SellerSku,Name,Price,ProductData.Color,Images\nA,"Tea, green",4.9,red,http://x/1|http://x/2\nB,Mug,,,\n'
)
KEPT = {
    "SellerSku": "A",
    "Name": "Tea, green",
    "Price": "4.90",
    "Quantity": "0",
    "Status": "active",
    "Images": ["http://x/1", "http://x/2"],
    "ProductData": {"Color": "red"},
}


@contextlib.contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "pipeline.sandbox", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_the_first_line_says_where_and_sigterm_ends_it_well(tmp_path):
    file = tmp_path / "products.csv"
    file.write_bytes(b"\xef\xbb\xbf" + CSV.encode())
    with running("--products", str(file), "--user", "me@shop", "--key", "k") as (process, line):
        assert line == {
            "base_url": line["base_url"],
            "control_url": f"{line['base_url']}__control/",
            "user_id": "me@shop",
            "api_key": "k",
        }
        assert line["base_url"].startswith("http://127.0.0.1:")
        assert requests.get(line["control_url"] + "state", timeout=5).json()["products"][0] == KEPT
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)
    assert code == 0 or os.name == "nt"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--products", "no-such-file.csv"), "no-such-file.csv"),
        (("--keep", __file__), "no state file"),
        (("--dialect", "other"), "invalid choice"),
        (("--fault", "fault=nonsense"), "unknown fault"),
        (("--credential", "nobody"), "USER:KEY"),
        (("--auth-order", "params"), "auth-order"),
    ],
    ids=["file", "state", "dialect", "fault", "credential", "order"],
)
def test_wrong_words_end_it_with_two_and_one_sentence(words, said):
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.sandbox", *words],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_every_option_is_a_flag_of_its_name():
    flags = {flag for action in build_parser()._actions for flag in action.option_strings}
    assert {spec.flag for spec in specs()} <= flags
    assert parse_options([]) == SandboxOptions()
    given = [
        "--dialect",
        "falabella",
        "--operators",
        "facl,FAPE",
        "--feed-delay",
        "0.5",
        "--fault",
        "a",
        "--fault",
        "b",
    ]
    options = parse_options(given)
    assert (options.operator_codes, options.feed_delay, options.fault) == (("facl", "fape"), 0.5, ("a", "b"))


def test_nothing_but_loopback_is_bound_unless_asked():
    with Sandbox() as sandbox:
        assert sandbox._server._listener.getsockname()[0] == "127.0.0.1"


FILES: dict[str, tuple[str, Any]] = {
    "csv": ("SellerSku,Name\nA,x\n", [{"SellerSku": "A", "Name": "x"}]),
    "csv with a short row": ("SellerSku,Name\nA\n", [{"SellerSku": "A"}]),
    "csv with lines in a cell": ('SellerSku,Name\r\nA,"x\r\ny"\r\n', [{"SellerSku": "A", "Name": "x\r\ny"}]),
    "csv with a line separator": ("SellerSku,Name\nA,x\u2028y\n", [{"SellerSku": "A", "Name": "x\u2028y"}]),
    "json": (' [{"SellerSku": "A"}]', [{"SellerSku": "A"}]),
}


@pytest.mark.parametrize(("text", "rows"), FILES.values(), ids=FILES.keys())
def test_products_from_a_file(tmp_path: Path, text, rows):
    file = tmp_path / "products"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_products(file) == rows


@pytest.mark.parametrize(
    "text",
    ["Name\nx\n", "SellerSku\nA,b\n", '"SellerSku', "[1]", ""],
    ids=["names", "cells", "quote", "json", "empty"],
)
def test_files_that_hold_no_products(tmp_path: Path, text):
    file = tmp_path / "products"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_products(file)


BODY = "<Request><Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product></Request>"


def test_a_shop_in_a_file_goes_on_where_it_stopped(shop, tmp_path):
    path = tmp_path / "shop.db"
    first = shop(keep=path, feed_delay=60, feed_burst=2)
    done = first.post("ProductUpdate", "<Product><SellerSku>TEA-01</SellerSku><Name>Tea two</Name></Product>")
    first.clock.advance(60)
    waiting = first.post("ProductUpdate", "<Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product>")
    first.control("DELETE", "products/MUG%2F2")
    before = first.control("GET", "state")
    first.sandbox.close()

    clock = DrivenClock(first.clock.now())
    options = SandboxOptions(keep=path, feed_delay=60, feed_burst=2)
    with Sandbox(options, clock=clock, products=[{"SellerSku": "OTHER"}]) as second:
        first.sandbox, first.clock, again = second, clock, first
        assert again.control("GET", "state") == before
        assert again.control("GET", "lookups")["brands"][-1] == "Claywork"
        assert (again.status(done)["Status"], again.status(waiting)["Status"]) == ("Finished", "Queued")
        assert again.call("ProductUpdate", BODY).status_code == 429
        clock.advance(60)
        assert again.status(waiting)["Status"] == "Finished"
        assert again.product("TEA-01")["Price"] == "4.00"


def test_state_is_on_disk_before_the_answer(shop, tmp_path):
    """A kill between two calls loses nothing that was answered."""
    caller = shop(keep=tmp_path / "shop.db", feed_delay=0)
    feed_id = caller.post("ProductUpdate", "<Product><SellerSku>TEA-01</SellerSku><Price>4</Price></Product>")
    with Sandbox(SandboxOptions(keep=tmp_path / "shop.db"), clock=caller.clock) as second:
        assert [feed.id for feed in second.shop.feeds.feeds.values()] == [feed_id]
