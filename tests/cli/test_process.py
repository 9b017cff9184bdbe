"""The program as a process: signals, closed pipes, foreign terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

WAITING = """
import sys, time
from pipeline.cli import edge
from pipeline.cli.shell import Shell
edge.prepare()
def work():
    print("ready", flush=True)
    time.sleep(60)
sys.exit(edge.guarded(Shell(argv=("push",)), work))
"""

MANY_LINES = """
import sys
from pipeline.cli import edge
from pipeline.cli.shell import Shell
from pipeline.usecases.outcome import Outcome
from pipeline.errors import Exit
edge.prepare()
sys.stdin.read()
outcome = Outcome(lines=("x" * 70,) * 5000, exit_code=Exit.CHANGES)
sys.exit(edge.guarded(Shell(argv=("diff",)), lambda: outcome))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        pytest.param(signal.SIGINT, 130, "error: interrupted\n", id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "error: stopped by a signal\n", id="SIGTERM"),
    ],
)
def test_a_signal_ends_it_with_a_hint(number: signal.Signals, code: int, said: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err.startswith(said)
    assert "sellercenter resume RUN" in err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_leaves_no_noise() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MANY_LINES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.stdin.close(), process.stderr.read()  # type: ignore[union-attr]
        process.wait(timeout=30)
    assert (process.returncode, err) == (3, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_help_is_shown_on_every_terminal(encoding: str) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "init", "--help"],
        env=environ,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Usage: sellercenter init")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for(name: str) -> None:
    environ = {**os.environ, "_SELLERCENTER_COMPLETE": f"{name}_source"}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "_SELLERCENTER_COMPLETE" in done.stdout


UNHEARD = """
import os, signal, sys, time
from pipeline.__main__ import guarded
from pipeline.cli import edge
from pipeline.cli.shell import Shell

class Finalised:
    def __del__(self):
        signal.raise_signal(getattr(signal, sys.argv[1]))

def work():
    Finalised()  # what is raised in there, Python prints and drops
    time.sleep(60)

def program():
    edge.prepare()
    sys.exit(edge.guarded(Shell(argv=("validate",)), work))

guarded(program)
"""

IMPORTING = """
import signal
from pipeline.__main__ import guarded
guarded(lambda: signal.raise_signal(signal.SIGINT))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupt_that_the_interpreter_drops_is_heard_all_the_same(name: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNHEARD, name], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stderr.startswith("error: ")) == (code, True)


def test_an_interrupt_before_the_program_stands_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")
