"""Runs commands in forked children that die at the Nth write or socket operation, as if by kill -9.

One JSON request a line on stdin: {"argv": [...], "die_at": N or null, "out": FILE}; one JSON answer a
line on stdout: {"status": exit code, or minus the signal, "ticks": operations counted, if it lived}.
The parent has everything imported already, so that a trial costs the command and nothing else.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.cli.main import run as command_line
from pipeline.cli.shell import Shell

WARM = (
    "pipeline.usecases.push", "pipeline.usecases.resume", "pipeline.usecases.runs", "xlsxwriter",
    "pipeline.cli.commands.push", "pipeline.cli.commands.record", "pipeline.usecases.repack",
)  # fmt: skip


class Ticks:
    """Counts operations; the one it was told is the last."""

    def __init__(self, die_at: int | None) -> None:
        self.count, self._die_at = 0, die_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def haunt(tick: Ticks) -> None:
    """From now on every socket operation, journal write, fsync and rename counts, before and after it."""

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            tick()
            done = real(*args, **kwargs)
            tick()
            return done

        return counted

    for name in ("connect", "sendall", "recv_into"):
        setattr(socket.socket, name, around(getattr(socket.socket, name)))
    for name in ("fsync", "replace"):
        setattr(os, name, around(getattr(os, name)))

    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *rest: Any) -> Any:
            if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
                tick()
            return super().execute(statement, *rest)

        def executemany(self, statement: str, *rest: Any) -> Any:
            tick()
            return super().executemany(statement, *rest)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:  # type: ignore[override]
            return super().cursor(Cursor)

        def commit(self) -> None:
            tick()
            super().commit()
            tick()

    real = sqlite3.dbapi2.connect
    sqlite3.dbapi2.connect = lambda *args, **kwargs: real(*args, **{**kwargs, "factory": Connection})  # type: ignore[assignment]


def child(request: dict[str, Any]) -> None:
    tick = Ticks(request["die_at"])
    haunt(tick)
    out, err = io.StringIO(), io.StringIO()
    code = command_line(Shell(argv=tuple(request["argv"]), stdout=out, stderr=err))
    ticks = tick.count
    said = {"document": out.getvalue(), "stderr": err.getvalue(), "ticks": ticks}
    Path(request["out"]).write_text(json.dumps(said), encoding="utf-8")
    os._exit(code)


def main() -> None:
    for name in WARM:
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(request)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps({"status": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
