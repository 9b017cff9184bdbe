"""A seller's folder with a snapshot in it, and the command line typed there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalogs import CATEGORIES, MAKERS
from measure import ROOT, Measured, command

SETTINGS = """
default_shop = "demo"
ledger = "ledger.db"
[shops.demo]
url = "{url}"
user_id = "{user}"
api_key = "env:SELLERCENTER_BENCH_KEY"
sandbox = true
[shops.demo.limits]
requests = 1000
per_seconds = 1
[shops.demo.guards]
price_median_pct = 1000
price_up_pct = 1000000
price_down_pct = 100
"""


class Seller:
    """Where commands are typed: beside a sandbox that knows all brands and categories of the catalog.

    Args:
        data: a generated size, whose shop becomes the newest snapshot; None = no shop is needed.
    """

    def __init__(self, data: Path | None, folder: Path) -> None:
        self._data = data
        folder.mkdir(parents=True, exist_ok=True)
        self._place = Path(tempfile.mkdtemp(prefix="seller-", dir=folder)).resolve()
        self._shop: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        said = {"base_url": "http://127.0.0.1:9/", "user_id": "u@example.com", "api_key": "k"}
        if self._data is not None:
            said = self._serve()
            self._put_snapshot(self._data, said)
        self._environ = {"SELLERCENTER_BENCH_KEY": said["api_key"]}
        text = SETTINGS.format(url=said["base_url"], user=said["user_id"])
        (self._place / "sellercenter.toml").write_text(text, encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shop is not None:
            self._shop.terminate()
            self._shop.wait(10)
        shutil.rmtree(self._place, ignore_errors=True)

    def diff(self, source: str) -> Measured:
        """The whole command for a source of this name, its report included."""
        assert self._data is not None
        words = (
            "diff",
            str((self._data / "catalog.csv").resolve()),
            "--snapshot",
            "latest",
            "--json",
            "-q",
            "--source",
            source,
        )
        return self.command(*words, ok=(0, 5, 7))

    def command(self, *words: str, ok: tuple[int, ...] = (0,)) -> Measured:
        """One command, in a fresh process."""
        typed = [sys.executable, "-m", "pipeline", *words]
        return command(typed, environ=self._environ, folder=self._place, ok=ok)

    def _serve(self) -> dict[str, Any]:
        known = [
            {"SellerSku": f"K-{number}", "Name": "known", "Brand": MAKERS[number % len(MAKERS)],
             "PrimaryCategory": str(1000 + number), "Price": "1.00",
             "ProductData.Color": "Moss", "ProductData.Size": "S"}
            for number in range(CATEGORIES)
        ]  # fmt: skip
        (self._place / "known.json").write_text(json.dumps(known), encoding="utf-8")
        words = ("--products", str(self._place / "known.json"), "--requests", "0")
        self._shop = subprocess.Popen(
            [sys.executable, "-m", "pipeline.sandbox", *words], stdout=subprocess.PIPE, cwd=self._place,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._shop.stdout is not None
        said: dict[str, Any] = json.loads(self._shop.stdout.readline())
        return said

    def _put_snapshot(self, data: Path, said: dict[str, Any]) -> None:
        from ours import snapshot_of

        from pipeline.snapshot.shelf import Lineage, put

        whose = json.dumps([said["base_url"].rstrip("/"), said["user_id"], []],
                           sort_keys=True, ensure_ascii=False, separators=(",", ":"))  # fmt: skip
        identity = hashlib.sha256(whose.encode()).hexdigest()[:16]
        shelf = self._place / ".sellercenter" / "snapshots"
        shelf.mkdir(parents=True)
        shutil.copyfile(data / "snapshot.parquet", shelf / "bench.parquet")
        put(snapshot_of(shelf / "bench.parquet", identity), Lineage(full=1_000.0))
