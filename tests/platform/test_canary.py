"""The key and its signatures appear in nothing that is said or kept, whatever goes wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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

WELL = (("doctor",), ("run", "catalog.csv", "--yes"), ("runs", "--check"))
ILL = (("doctor",), ("snapshot",))


def everything(folder: Path) -> bytes:
    """All that was kept, file by file."""
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["none", "refused", "login", "tls"])
def test_the_key_is_nowhere(trouble: str, shop, tmp_path: Path) -> None:
    (tmp_path / "catalog.csv").write_text("SellerSku,Name,Price\nA,a,10.00\nB,b,11.00\n", encoding="utf-8")
    said = b""
    with shop(key=KEY if trouble != "login" else "another") as url:
        address = {"refused": "http://127.0.0.1:9/", "tls": url.replace("http:", "https:")}.get(trouble, url)
        deadline = 10 if trouble == "none" else 0.5
        config = tmp_path / "sellercenter.toml"
        config.write_text(SETTINGS.format(url=address, deadline=deadline), encoding="utf-8")
        for words in WELL if trouble == "none" else ILL:
            done = subprocess.run(
                [sys.executable, "-m", "pipeline", *words, "-vv", "--debug"],
                cwd=tmp_path,
                env={**os.environ, "KEY": KEY, "PYTHONPATH": str(Path(__file__).parents[2])},
                capture_output=True,
                timeout=60,
                check=False,
            )
            said += done.stdout + done.stderr
    kept = everything(tmp_path)
    assert KEY.encode() not in said + kept
    assert b"CANARYKEY123" not in said + kept
    assert SIGNATURE.findall(said) == []
    assert b"Signature=" not in kept
