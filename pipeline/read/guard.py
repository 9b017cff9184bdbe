"""Runs the child that parses, and ends it when it takes more than it may."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil

from pipeline.children import environment
from pipeline.errors import InputRefused, PipelineError
from pipeline.read.child import REFUSED
from pipeline.read.job import Answer, Job

_TICK = 0.02


def run(job: Job) -> Answer:
    """Do a job in a child process.

    Raises:
        InputRefused: the child refused, was killed at a limit, or crashed on the file.
    """
    names = ", ".join(item.name for item in job.inputs)
    noise = Path(job.spool) / "child.log"
    with noise.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "pipeline.read.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment(),
            close_fds=True,
        )
        try:
            _feed(child, job)
            _watch(child, job, names)
        finally:
            _end(child)
    return _answer(child.returncode, job, names, noise)


def _feed(child: subprocess.Popen[bytes], job: Job) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(json.dumps(job.to_json()).encode())


def _watch(child: subprocess.Popen[bytes], job: Job, names: str) -> None:
    """Wait for the child; end it at the limit of memory or time."""
    limits = job.options.limits
    deadline = time.monotonic() + limits.seconds
    watched = psutil.Process(child.pid)
    while child.poll() is None:
        try:
            used = watched.memory_info().rss / 1_000_000
        except psutil.Error:
            used = 0.0
        if used > limits.memory_mb:
            raise _over(
                names, f"more than {limits.memory_mb} MB of memory", "parse_memory_mb", "memory-limit"
            )
        if time.monotonic() > deadline:
            raise _over(names, f"longer than {limits.seconds:g} seconds", "parse_seconds", "time-limit")
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_TICK)


def _over(names: str, what: str, key: str, code: str) -> InputRefused:
    hint = f"if the file is meant to be that large, raise {key} in [shops.NAME.catalog]"
    return InputRefused(f"reading {names} takes {what}; it was stopped", hint=hint, code=code)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()


def _answer(code: int, job: Job, names: str, noise: Path) -> Answer:
    place = Path(f"{job.out}.json")
    if code in (0, REFUSED) and place.exists():
        told = json.loads(place.read_text(encoding="utf-8"))
        place.unlink()
        if "answer" in told:
            return Answer.from_json(told["answer"])
        why = told["refusal"]
        raise InputRefused(why["message"], hint=why["hint"], code=why["code"])
    last = noise.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    if code == 1 and last and "No module named" in last[0]:
        raise PipelineError(f"the reader can't start: {last[0]}")
    detail = f" ({last[0][:200]})" if last else ""
    raise InputRefused(
        f"{names} can't be read: the parser ended with {code}{detail}",
        hint="the file is damaged or hostile; open it in a spreadsheet program and save it anew",
        code="parser-crashed",
    )
