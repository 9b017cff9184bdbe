"""The key and its signatures appear in nothing that is said or kept, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.cli import edge
from pipeline.cli.main import run
from pipeline.cli.shell import Shell
from pipeline.usecases.connection import connected

KEY = "CANARYKEY123/+="
SIGNATURE = re.compile(rb"(?<![0-9a-f:])[0-9a-f]{64}(?![0-9a-f])")

SETTINGS = """
ledger = "ledger.db"
[shops.demo]
url = "{url}"
user_id = "demo@example.com"
api_key = "env:KEY"
sandbox = true
[shops.demo.limits]
deadline = {deadline}
settle = 1
feed_timeout = 20
verify_timeout = 5
"""

REPORTS = tuple(word for kind in ("html", "xlsx", "csv", "md", "json") for word in ("--report", f"r.{kind}"))
WELL = (("doctor",), ("run", "catalog.csv", "--yes", *REPORTS), ("rollback", "RUN"), ("runs", "--check"))
ILL = (("doctor",), ("snapshot",))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a seller; the log is put back afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.csv").write_text("SellerSku,Price\nA,10.00\n", encoding="utf-8")
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = before
    root.setLevel(level)


def said(*words: str, body: Callable[[Shell], object] | None = None) -> bytes:
    """All that a command says as loudly as it can."""
    out, err = io.StringIO(), io.StringIO()
    given = (*words, "-vv", "--debug")
    shell = Shell(
        argv=given, environ={**os.environ, "KEY": KEY}, stdin=io.StringIO(), stdout=out, stderr=err,
        given={"debug": True, "verbose": 2} if body else {},
    )  # fmt: skip
    if body is None:
        run(shell)
    else:
        edge.guarded(shell, lambda: body(shell))
    return (out.getvalue() + err.getvalue()).encode()


def everything(folder: Path) -> bytes:
    """All that was kept, file by file; a workbook's parts unpacked."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    parts = [file.read_bytes() for file in files]
    for book in (file for file in files if zipfile.is_zipfile(file)):
        with zipfile.ZipFile(book) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    return b"\n".join(parts)


def nowhere(folder: Path, told: bytes) -> None:
    kept = everything(folder)
    for form in (KEY, "CANARYKEY123", quote(KEY, safe=""), json.dumps(KEY)[1:-1]):
        assert form.encode() not in told + kept, form
    assert SIGNATURE.findall(told) == []
    assert b"Signature=" not in kept


@pytest.mark.parametrize("trouble", ["none", "refused", "login", "tls"])
def test_the_key_is_nowhere(trouble: str, shop, here: Path) -> None:
    """Neither on the screen, in the log, a report, the record, nor the way back."""
    told = b""
    with shop(key=KEY if trouble != "login" else "another") as url:
        address = {"refused": "http://127.0.0.1:9/", "tls": url.replace("http:", "https:")}.get(trouble, url)
        deadline = 10 if trouble == "none" else 0.3
        text = SETTINGS.format(url=address, deadline=deadline)
        (here / "sellercenter.toml").write_text(text, encoding="utf-8")
        for words in WELL if trouble == "none" else ILL:
            ids = [folder.name for folder in here.glob(".sellercenter/runs/*")]
            told += said(*(ids[0] if word == "RUN" else word for word in words))
    if trouble == "none":
        assert {file.name for file in here.rglob("r*.xlsx")} == {"r.xlsx", "rollback.xlsx"}
        assert b"1 verified" in told
    nowhere(here, told)


def test_a_crash_tells_where_and_no_secret(shop, here: Path) -> None:
    """What nobody expected, in the middle of a call, with the key in the error's own words."""

    def burst(shell: Shell) -> object:
        workspace = shell.workspace()
        with connected(workspace) as joined:
            joined.client.category_tree()
            raise RuntimeError(f"{KEY} {quote(KEY, safe='')} {json.dumps(KEY)} of {joined}")

    with shop(key=KEY) as url:
        (here / "sellercenter.toml").write_text(SETTINGS.format(url=url, deadline=10), encoding="utf-8")
        told = said("snapshot", body=burst)
    (crash,) = here.glob(".sellercenter/crashes/*.txt")
    assert "RuntimeError" in crash.read_text(encoding="utf-8")
    assert b"Traceback" in told
    nowhere(here, told)
