"""People hear what happened once, in their words; machines get every number; nobody gets a secret."""

from __future__ import annotations

import http.server
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.cli.main import run as command_line
from pipeline.cli.shell import Shell
from pipeline.errors import SettingsError, ShopError
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox
from pipeline.usecases.job_record import Attempt
from pipeline.usecases.job_source import SourceFile
from pipeline.usecases.metrics import measured, rendered
from pipeline.usecases.notify_sinks import by_apprise, by_webhook
from pipeline.usecases.notify_words import notice_of

Make = Callable[..., Any]
Product = Callable[..., dict[str, str]]


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]], list[int]]]:
    """A webhook on loopback: its address, what it was sent, and the statuses it answers with."""
    sent: list[tuple[str, dict[str, Any]]] = []
    answers: list[int] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append((self.path, json.loads(body)))
            self.send_response(answers.pop(0) if answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/CANARYHOOK123?token=CANARYTOKEN123", sent, answers
    server.shutdown()
    server.server_close()


def tried(**told: Any) -> Attempt:
    """An attempt that a guard stopped."""
    usual: dict[str, Any] = {
        "run": "20270301-023000-abc", "job": "nightly", "shop": "lima", "identity": "i",
        "started": 1_803_870_000.0, "ended": 1_803_870_090.0, "exit_code": 5, "word": "refused",
        "code": "guard-refused", "message": "guards refused the plan", "hint": "read the report",
        "file": SourceFile(names=("/drop/a.csv",), digest="sha256:0", modified=1_803_860_000.0),
        "rows": {"create": 0, "update": 30, "rejected": 2}, "drift": 1,
        "guards": (("price-up", "30 products would cost more than 50 % more"),),
        "snapshot_taken": 1_803_870_030.0, "report": "/state/runs/x/report.html",
    }  # fmt: skip
    return Attempt(**{**usual, **told})


def test_a_notice_says_what_a_merchant_asks() -> None:
    """What happened, what was held back and why, where the report lies, what to do."""
    notice = notice_of(tried(), ZoneInfo("America/Lima"))
    assert notice.title == "nightly (lima): nothing was sent"
    assert notice.cause == "nightly/lima/refused/price-up"
    assert notice.text.splitlines() == [
        "nightly (lima): nothing was sent",
        "",
        "When: 28 Feb 2027 22:01 (America/Lima)",
        "File: /drop/a.csv",
        "Products: 30 changed, 2 with errors",
        "Changed in the shop by someone else: 1 field",
        "Held back because:",
        "  - 30 products would cost more than 50 % more [price-up]",
        "Report: /state/runs/x/report.html",
        "What to do: read the report",
        "Run: 20270301-023000-abc (sellercenter show 20270301-023000-abc)",
    ]


def test_a_webhook_is_sent_json(hook: Any) -> None:
    address, sent, _ = hook
    by_webhook(address, notice_of(tried(), ZoneInfo("UTC")))
    ((path, body),) = sent
    assert path == "/CANARYHOOK123?token=CANARYTOKEN123"
    assert (body["schema"], body["word"], body["shop"]) == ("sellercenter/notice/1", "refused", "lima")


@pytest.mark.parametrize(
    ("address", "error"),
    [
        pytest.param("http://hooks.example.com/CANARYHOOK123", SettingsError, id="http to the world"),
        pytest.param("ftp://hooks.example.com/CANARYHOOK123", SettingsError, id="no web address"),
        pytest.param("https://[::1/CANARYHOOK123", SettingsError, id="half an address"),
        pytest.param("https://hooks.example.com:CANARYHOOK123/", SettingsError, id="no port"),
        pytest.param("CANARYHOOK123", SettingsError, id="no address"),
        pytest.param("http://127.0.0.1:9/CANARYHOOK123", ShopError, id="nobody there"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_not_quoted(address: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        by_webhook(address, notice_of(tried(), ZoneInfo("UTC")))
    assert "CANARY" not in str(caught.value)


def test_apprise_sends_it(hook: Any) -> None:
    pytest.importorskip("apprise")
    address, sent, answers = hook
    by_apprise(address.replace("http://", "json://"), notice_of(tried(), ZoneInfo("UTC")))
    assert sent[0][1]["title"] == "nightly (lima): nothing was sent"
    answers.append(500)
    with pytest.raises(ShopError) as caught:
        by_apprise(address.replace("http://", "json://"), notice_of(tried(), ZoneInfo("UTC")))
    assert "CANARY" not in str(caught.value)


def test_apprise_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match="isn't installed") as caught:
        by_apprise("json://127.0.0.1/", notice_of(tried(), ZoneInfo("UTC")))
    assert "[notify]" in caught.value.hint


JOB = '[jobs.nightly]\nsource = "catalog.csv"\n'


def test_a_way_that_fails_is_tried_again_and_the_others_are_not(
    hook: Any, make_night: Make, make_product: Product
) -> None:
    """The file heard of it the first time; the webhook, which failed, the second time; nobody twice."""
    address, sent, answers = hook
    here = make_night({"demo": {"products": [make_product(1)]}})
    settings = here.settings.replace("[notify]\n", '[notify]\nwebhook = "env:HOOK"\n')
    here.settings, here.environ["HOOK"] = settings, address
    here.write(JOB)
    answers.append(500)
    for _ in range(3):
        assert here.run("nightly").exit_code == 4
    assert (len(here.notices()), len(sent)) == (1, 2)
    assert any("webhook (env:HOOK): it answered HTTP 500" in text for text in here.warnings)


def test_what_nobody_wants_to_hear_is_not_told(make_night: Make, make_product: Product) -> None:
    here = make_night({"demo": {"products": [make_product(1)]}})
    here.settings = here.settings.replace("[notify]\n", '[notify]\non = ["done"]\n')
    here.write(JOB)
    assert (here.run("nightly").exit_code, here.notices()) == (4, [])
    here.drop([make_product(1, Price="10.50")])
    assert (here.run("nightly").exit_code, [n["word"] for n in here.notices()]) == (0, ["done"])


LINE = re.compile(r'sellercenter_[a-z_]+\{([a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+\} [0-9.e+-]+')


def test_metrics_are_in_prometheus_form() -> None:
    """Every sample under a HELP and TYPE of its own; labels escaped."""
    text = rendered(measured([tried(), tried(word="done", exit_code=0)], None), {"shop": 'a"b\\c\nd'})
    lines = text.splitlines()
    assert text.endswith("\n")
    samples = [line for line in lines if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in samples)
    named = {line.partition("{")[0] for line in samples}
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == named
    assert 'sellercenter_runs_total{shop="a\\"b\\\\c\\nd",result="done"} 1' in lines
    assert 'sellercenter_snapshot_age_seconds{shop="a\\"b\\\\c\\nd"} 60' in lines


def test_log_lines_lead_back_to_the_run(make_night: Make, make_product: Product) -> None:
    """As JSON, one object a line, each with the run's id; `show` knows it, also where nothing was sent."""
    here = make_night({"demo": {"products": [make_product(1)]}})
    here.write(JOB)
    folder = ["--config", str(here.folder / "sellercenter.toml"), "--state", str(here.folder / "state")]
    err = io.StringIO()
    environ = {**here.environ, "SELLERCENTER_LOG": "json"}
    shell = Shell(argv=("run", "nightly", *folder), environ=environ, stdout=io.StringIO(), stderr=err)
    assert command_line(shell) == 4
    logging.getLogger().handlers.clear()
    lines = [json.loads(line) for line in err.getvalue().splitlines() if line.startswith("{")]
    (run,) = {line["run"] for line in lines if "run" in line}
    assert any(line["message"].startswith("job nightly at shop demo begins") for line in lines)
    out = io.StringIO()
    shown = Shell(argv=("show", run, "--json", *folder), environ=here.environ, stdout=out, stderr=err)
    assert command_line(shown) == 0
    logging.getLogger().handlers.clear()
    document = json.loads(out.getvalue())
    assert (document["run"], document["job"], document["exit_code"]) == (run, "nightly", 4)


SETTINGS = """
ledger = "ledger.db"
[shops.demo]
url = "{url}"
user_id = "demo@example.com"
api_key = "env:KEY"
sandbox = true
[shops.demo.limits]
deadline = 2
settle = 1
verify_timeout = 5
[jobs.nightly]
source = "catalog.csv"
[notify]
urls = ["env:MAIL"]
webhook = "env:HOOK"
file = "notices.jsonl"
on = ["done", "refused", "failed"]
[metrics]
textfile = "."
"""


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["none", "down", "disk"])
def test_no_secret_is_anywhere(
    trouble: str, hook: Any, tmp_path: Path, make_product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key, webhook and mail password: in no file, log, notice, report or --debug output."""
    address, sent, _ = hook
    key = "CANARYKEY123/+="
    options = SandboxOptions(key=key, user="demo@example.com", feed_delay=0.0)
    with Sandbox(options, products=[make_product(n) for n in range(3)]) as shop:
        url = "http://127.0.0.1:9/" if trouble == "down" else shop.base_url
        (tmp_path / "sellercenter.toml").write_text(SETTINGS.format(url=url), encoding="utf-8")
        if trouble == "disk":
            (tmp_path / ".sellercenter").mkdir()
            (tmp_path / ".sellercenter" / "snapshots").write_text("in the way")
        catalog = tmp_path / "catalog.csv"
        catalog.write_text("SellerSku,Name,Price\nTEA-0001,Tea number one,11.75\n", encoding="utf-8")
        os.utime(catalog, (1_700_000_000,) * 2)
        environ = {
            **os.environ, "KEY": key, "HOOK": address, "MAIL": "mailtos://u:CANARYPASS123@mail.invalid",
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", ""))),
        }  # fmt: skip
        words = ("run", "nightly", "--yes", "-vv", "--debug")
        if trouble == "none":
            done = subprocess.run(
                [sys.executable, "-m", "pipeline", *words],
                cwd=tmp_path, env=environ, capture_output=True, timeout=100, check=False,
            )  # fmt: skip
            code, said = done.returncode, done.stdout + done.stderr
        else:
            monkeypatch.chdir(tmp_path)
            told = io.StringIO()
            code = command_line(Shell(argv=words, environ=environ, stdout=told, stderr=told))
            logging.getLogger().handlers.clear()
            said = told.getvalue().encode()
    assert (code == 0) == (trouble == "none"), said.decode()
    assert len(sent) == 1
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert any(b"sellercenter_exit_code" in text for text in kept)
    for canary in (b"CANARYKEY123", b"CANARYHOOK123", b"CANARYTOKEN123", b"CANARYPASS123", b"Signature="):
        assert not [text for text in (*kept, said) if canary in text], canary
