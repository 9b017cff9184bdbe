"""Logging to stderr, as text or JSON lines, through a filter that no secret passes."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import TextIO

from pipeline.cli.redact import Redactor
from pipeline.usecases.progress import Silence
from pipeline.usecases.running import RUN

FORMAT = "SELLERCENTER_LOG"  # "json" writes JSON lines, anything else text
LIBRARIES = ("urllib3", "requests", "charset_normalizer", "stamina", "sqlalchemy", "filelock", "asyncio")


def _of_run(record: logging.LogRecord) -> bool:
    """Every line says which run it is about: `sellercenter show RUN` leads back."""
    record.of_run = f" [{run}]" if (run := RUN.get()) else ""
    return True


class Logged(Silence):
    """Talk as log lines, for those who want all of stderr in one form."""

    def say(self, text: str) -> None:
        logging.getLogger("sellercenter").info("%s", text)

    def warn(self, text: str) -> None:
        logging.getLogger("sellercenter").warning("%s", text)


class _Text(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s%(of_run)s %(name)s: %(message)s", "%H:%M:%S")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class _JsonLines(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        if run := RUN.get():
            line["run"] = run
        if record.exc_info:
            line["error"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def as_json(environ: Mapping[str, str]) -> bool:
    """Whether log lines are to be JSON."""
    return environ.get(FORMAT) == "json"


def level(verbosity: int, *, debug: bool) -> int:
    """-q: errors only; nothing: warnings; -v: what is done; -vv or --debug: everything of ours."""
    if debug or verbosity >= 2:
        return logging.DEBUG
    return {1: logging.INFO, 0: logging.WARNING}.get(verbosity, logging.ERROR)


def configure(
    redact: Redactor, *, verbosity: int, debug: bool, environ: Mapping[str, str], stream: TextIO | None = None
) -> None:
    """One handler for the whole process; libraries stay at INFO or above: their DEBUG shows requests."""
    chosen = level(verbosity, debug=debug)
    if as_json(environ) and verbosity == 0:
        chosen = min(chosen, logging.INFO)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_of_run)
    handler.setFormatter(_JsonLines(redact) if as_json(environ) else _Text(redact))
    logging.basicConfig(handlers=[handler], level=chosen, force=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(chosen, logging.INFO))
