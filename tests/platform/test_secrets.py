"""A reference leads to a secret, or to words that name the reference and never the secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.market.secret import Secret
from pipeline.usecases.secrets import exposure, resolve, secret_file

CANARY = "CANARYKEY123"
posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


def put(file: Path, text: str = CANARY, mode: int = 0o600) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def printing(text: str) -> str:
    """A command that prints it."""
    return f"cmd:{Path(sys.executable).as_posix()} -c \"print('{text}')\""


def test_each_scheme_leads_to_the_secret(tmp_path: Path) -> None:
    put(tmp_path / "key")
    found = [
        resolve(reference, base=tmp_path, environ={"KEY": CANARY, "CREDENTIALS_DIRECTORY": str(tmp_path)})
        for reference in (
            "env:KEY",
            "file:key",
            f"file:{tmp_path}/key",
            "file:$CREDENTIALS_DIRECTORY/key",
            printing(CANARY),
        )
    ]
    assert [secret.reveal() for secret in found] == [CANARY] * 5
    assert {type(secret) for secret in found} == {Secret}


@pytest.mark.parametrize(
    "text", [f"{CANARY}\n", f"  {CANARY} \r\n", f"\ufeff{CANARY}"], ids=["lf", "blanks", "bom"]
)
def test_what_editors_add_is_no_part_of_it(text: str, tmp_path: Path) -> None:
    put(tmp_path / "key", text)
    assert resolve("file:key", base=tmp_path, environ={}).reveal() == CANARY


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param("env:NONE", "env:NONE: the environment variable isn't set", id="no variable"),
        pytest.param("env:BLANK", "env:BLANK: the environment variable isn't set", id="blank variable"),
        pytest.param("file:none", "none: no such file", id="no file"),
        pytest.param("file:.", "Is a directory|Permission denied", id="a folder"),
        pytest.param("file:$NONE/key", "NONE.* isn't set", id="no variable in a path"),
        pytest.param("file:empty", "must be one line, and not empty", id="an empty file"),
        pytest.param("file:two", "must be one line, and not empty", id="two lines"),
        pytest.param("file:binary", "not text", id="a binary file"),
        pytest.param("cmd:no-such-program-here x", "no-such-program-here x: ", id="no program"),
        pytest.param('cmd:"unclosed', "can't be read as a command", id="no command line"),
        pytest.param("cmd:", "can't be read as a command", id="an empty command"),
        pytest.param("vault:x", "env:, file:, cmd: or keyring:", id="unknown scheme"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(reference: str, message: str, tmp_path: Path) -> None:
    put(tmp_path / "empty", " \n")
    put(tmp_path / "two", f"{CANARY}\nsecond")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x80")
    (tmp_path / "binary").chmod(0o600)
    with pytest.raises(SettingsError, match=message) as caught:
        resolve(reference, base=tmp_path, environ={"BLANK": " "})
    assert CANARY not in caught.value.message + caught.value.hint
    assert "reference" in caught.value.hint or caught.value.hint or reference.startswith("vault:")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param(
            f"import sys; print('{CANARY}', file=sys.stderr); sys.exit(3)",
            "ended with status 3",
            id="it fails",
        ),
        pytest.param("import time; time.sleep(60)", "no answer within 0.2 s", id="it hangs"),
    ],
)
def test_a_command_that_fails_does_not_repeat_what_it_said(code: str, message: str, tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(code)
    reference = f"cmd:{Path(sys.executable).as_posix()} {script.as_posix()}"
    seconds = 0.2 if "sleep" in code else 20
    with pytest.raises(SettingsError, match=message) as caught:
        resolve(reference, base=tmp_path, environ={}, timeout=seconds)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    reference = f"{printing('a')} ; echo injected > {(tmp_path / 'x').as_posix()}"
    assert resolve(reference, base=tmp_path, environ={}).reveal() == "a"
    assert not (tmp_path / "x").exists()


@posix
@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o600, ""), (0o400, ""), (0o640, "group"), (0o644, "world"), (0o604, "world"), (0o602, "world")],
    ids=lambda value: oct(value) if isinstance(value, int) else value or "owner",
)
def test_who_else_may_read_a_secret(mode: int, expected: str, tmp_path: Path) -> None:
    assert exposure(put(tmp_path / "key", mode=mode)) == expected


@posix
def test_a_secret_that_every_user_can_read_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "key", mode=0o644)
    with pytest.raises(SettingsError, match="every user can read it") as caught:
        resolve("file:key", base=tmp_path, environ={})
    assert caught.value.hint == f"chmod 600 {tmp_path / 'key'}"
    put(tmp_path / "key", mode=0o640)
    assert resolve("file:key", base=tmp_path, environ={}).reveal() == CANARY


def test_a_path_starts_beside_the_settings(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    found = [
        secret_file(rest, base=tmp_path, environ={}) for rest in ("a/key", "~/key", str(tmp_path / "key"))
    ]
    assert found == [tmp_path / "a/key", tmp_path / "home" / "key", tmp_path / "key"]


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} %s" % secret
