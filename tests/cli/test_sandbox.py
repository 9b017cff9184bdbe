"""`sandbox` talks as all commands do: the same common options, the same errors, and JSON if asked."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.cli.shell import Shell


def said(*words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a sandbox that can't start."""
    out, err = io.StringIO(), io.StringIO()
    code = run(Shell(argv=words, environ={}, stdout=out, stderr=err, stdin=io.StringIO()))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--operators", "", "--dialect", "falabella"), "operator code", id="at odds"),
        pytest.param(("--products", "none.csv"), "none.csv", id="no file"),
        pytest.param(("--dialect", "clasic"), "'clasic' is not one of", id="no choice"),
        pytest.param(("--port", "many"), "'many' is not a valid integer", id="no number"),
        pytest.param(("--credential", "x"), "USER:KEY", id="no login"),
    ],
)
@pytest.mark.parametrize("at", ["before", "after"])
def test_what_cannot_be_meant_is_one_json_document(
    words: tuple[str, ...], message: str, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ("--json", "--config", "x.toml", "--shop", "a", "--state", "s", "-q", "--no-progress")
    code, out, err = said(*(*common, "sandbox", *words) if at == "before" else ("sandbox", *words, *common))
    document = json.loads(out)
    assert (code, document["schema"], document["exit_code"]) == (2, "sellercenter/sandbox/1", 2)
    assert message in document["error"]["message"]
    hint = document["error"]["hint"]
    assert hint == "sellercenter sandbox --help" or hint.endswith(str(tmp_path))
    assert err.startswith("error: ")


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = said("sandbox", "--port", str(taken.getsockname()[1]))
    assert (code, out) == (2, "")
    assert "the sandbox can't start" in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_its_first_line_is_its_document_and_the_state_folder_is_left_alone(tmp_path: Path) -> None:
    """`--state` is the client's folder, here as everywhere; the shop itself is kept by `--keep`."""
    words = ["sandbox", "--json", "--state", "state", "--keep", "shop.db", "--user", "u@example.com"]
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert (document["schema"], document["user_id"]) == ("sellercenter/sandbox/1", "u@example.com")
    assert {file.name for file in tmp_path.iterdir()} == {"shop.db"}
