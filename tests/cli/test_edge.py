"""Whatever happens inside becomes words and an exit code here."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path

import click
import pytest

from pipeline import errors
from pipeline.cli.edge import Terminated, guarded, speak_safely, typed
from pipeline.cli.shell import Shell
from pipeline.errors import Exit, PipelineError
from pipeline.usecases.outcome import Outcome


def raising(error: BaseException):
    def call() -> object:
        raise error

    return lambda shell: guarded(shell, call)


def tree(base: type[PipelineError]) -> list[type[PipelineError]]:
    return [base, *(found for child in base.__subclasses__() for found in tree(child))]


def example(kind: type[PipelineError]) -> PipelineError:
    if kind is errors.Interrupted:
        return errors.Interrupted("what happened", signal_exit=Exit.SIGINT, hint="what to do")
    error = kind("what happened")
    error.hint = "what to do"
    return error


CLASSES = [c for c in tree(PipelineError) if c.__module__ == "pipeline.errors"]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_words_and_its_code(kind, shell, said) -> None:
    error = example(kind)
    told = said(shell("diff"), raising(error))
    assert (told.code, told.out) == (int(error.exit_code), "")
    assert told.err == "error: what happened\nhint: what to do\n"


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_a_document(kind, shell, said) -> None:
    error = example(kind)
    here = shell("diff", "--json")
    here.command = "diff"
    assert json.loads(said(here, raising(error)).out) == {
        "schema": "sellercenter/diff/1",
        "error": {"code": error.code, "message": "what happened", "hint": "what to do"},
        "exit_code": int(error.exit_code),
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(KeyboardInterrupt(), 130, id="Ctrl-C"),
        pytest.param(Terminated(), 143, id="SIGTERM"),
        pytest.param(click.Abort(), 130, id="Ctrl-C at a prompt"),
        pytest.param(click.UsageError("no"), 2, id="usage"),
        pytest.param(click.FileError("f", "gone"), 2, id="a file that click could not open"),
    ],
)
def test_foreign_ends_have_codes_of_the_contract(error, code, shell, said) -> None:
    told = said(shell("push"), raising(error))
    assert told.code == code
    assert told.err.startswith("error: ")
    assert "Traceback" not in told.err


def test_an_outcome_is_lines_or_a_document(shell, said) -> None:
    outcome = Outcome(document={"rows": 3}, exit_code=Exit.INCOMPLETE, lines=("three", "rows"))
    act = lambda here: guarded(here, lambda: outcome)  # noqa: E731
    told = said(shell("validate"), act)
    assert (told.code, told.out, told.err) == (7, "three\nrows\n", "")
    here = shell("validate", "--json")
    here.command = "validate"
    told = said(here, act)
    assert (told.code, told.out, told.err) == (7, '{"schema": "sellercenter/validate/1", "rows": 3}\n', "")


class TestUnexpected:
    """An error that nobody thought of."""

    @pytest.fixture
    def crashed(self, shell, said, tmp_path):
        def crash(error: BaseException, *words: str):
            here = shell("diff", *words)
            here.command, here.given["state"] = "diff", tmp_path / "state"
            here.workspace()
            here.redact.learn("CANARYKEY123")
            return said(here, raising(error)), tmp_path / "state" / "crashes"

        return crash

    def test_it_is_said_in_words_and_kept_in_a_file(self, crashed) -> None:
        told, folder = crashed(ZeroDivisionError("division of CANARYKEY123 by zero"))
        (file,) = folder.iterdir()
        assert told.code == 1
        assert told.err == (
            "error: unexpected ZeroDivisionError: division of *** by zero\n"
            f"hint: a report for the developers lies in {file}\n"
        )
        text = file.read_text()
        assert "ZeroDivisionError: division of *** by zero" in text
        assert "CANARYKEY123" not in text

    @pytest.mark.skipif(os.name != "posix", reason="file modes")
    def test_only_its_owner_may_read_the_file(self, crashed) -> None:
        _, folder = crashed(ValueError("x"))
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_values_are_kept_out_of_the_file(self, crashed) -> None:
        def inner(price: str) -> None:
            raise RuntimeError("no values")

        try:
            inner("49.90-from-the-catalog")
        except RuntimeError as error:
            _, folder = crashed(error, "--sku", "SECRET-SKU")
        (file,) = folder.iterdir()
        assert "49.90-from-the-catalog" not in "".join(
            line for line in file.read_text().splitlines(keepends=True) if "inner(" not in line
        )
        assert "SECRET-SKU" not in file.read_text()
        assert "command: diff --sku" in file.read_text()

    def test_debug_shows_the_traceback_without_the_secret(self, shell, said) -> None:
        here = shell("diff", "--debug")
        here.given["debug"] = True
        here.redact.learn("CANARYKEY123")
        told = said(here, raising(errors.AnswerLost("https://x/?Signature=abc&Key=CANARYKEY123")))
        assert "Traceback" in told.err
        assert "CANARYKEY123" not in told.err
        assert "Signature=abc" not in told.err

    def test_a_state_folder_that_cannot_be_made_is_no_second_error(
        self, shell, said, tmp_path, monkeypatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        (tmp_path / "file").write_text("")
        here = shell("diff")
        here.given["state"] = tmp_path / "file"
        here.workspace()
        told = said(here, raising(ValueError("x")))
        assert told.code == 1
        assert "error: unexpected ValueError: x" in told.err
        assert not list(tmp_path.glob("file/*"))


class Closed(io.StringIO):
    """The reading end has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def test_who_stops_reading_does_not_make_the_run_fail() -> None:
    here = Shell(argv=("runs",), stdout=Closed(), stderr=io.StringIO())
    assert guarded(here, lambda: Outcome(lines=("a",), exit_code=Exit.CHANGES)) == 3
    assert here.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_a_broken_connection_inside_is_not_taken_for_a_closed_pipe(shell, said) -> None:
    told = said(shell("snapshot"), raising(BrokenPipeError(32, "Broken pipe")))
    assert told.code == 1
    assert "unexpected BrokenPipeError" in told.err


def test_json_is_readable_whatever_the_terminal_speaks() -> None:
    raw = io.BytesIO()
    here = Shell(argv=("--json",), stdout=io.TextIOWrapper(raw, encoding="cp1252"), stderr=io.StringIO())
    speak_safely(here.stdout)
    guarded(here, lambda: Outcome(document={"name": "Ñandú 靴 \udc80"}))
    assert json.loads(raw.getvalue().decode("cp1252"))["name"] == "Ñandú 靴 \udc80"


def test_text_that_a_terminal_lacks_is_shown_as_its_escape() -> None:
    raw = io.BytesIO()
    here = Shell(argv=(), stdout=io.TextIOWrapper(raw, encoding="cp1252", newline="\n"), stderr=io.StringIO())
    speak_safely(here.stdout)
    guarded(here, lambda: Outcome(lines=("Ñ 靴",)))
    assert raw.getvalue().decode("cp1252") == "Ñ \\u9774\n"


def test_json_behind_two_dashes_is_a_file(shell) -> None:
    assert not shell("validate", "--", "--json").json
    assert shell("validate", "--json", "--", "x").json


def test_words_are_left_as_they_are_where_the_terminal_expands_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("")
    expected = ["validate", "*.csv"] if os.name != "nt" else ["validate", "a.csv"]
    assert typed(["validate", "*.csv"]) == expected
