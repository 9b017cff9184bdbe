"""One case in a process of its own: wall, CPU and peak memory of it and of all it starts."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
#: Seconds between two looks at memory, and looks between two at which processes there are: that takes a
#: hundred times as long, on the cores that are measured.
_TICK, _LOOKS = 0.02, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one case cost.

    Attributes:
        wall, cpu: seconds, of the work alone: imports and preparation apart. CPU counts the children.
        peak: resident megabytes of the whole process tree at its worst moment; private: without the
            pages of mapped files, which the system takes back when it needs them (-1 = not known here).
        steps: name → (wall, cpu) of parts of it; said: what it reports beside.
    """

    wall: float
    cpu: float
    peak: float
    private: float
    steps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)


def case(name: str, *words: str, times: int = 1) -> Measured:
    """Run a case of `cases.py` or `floors.py` in fresh processes; the cheapest of them by CPU."""
    found = [_once([sys.executable, str(HERE / "one.py"), name, *words]) for _ in range(times)]
    return min(found, key=lambda measured: measured.cpu)


Round = Mapping[str, Measured]


def in_turn(cases: Mapping[str, Sequence[str]], *, times: int) -> list[Round]:
    """Several cases, one after the other, and all of that again: a machine is quicker in one minute than
    in the next, and a round holds what was measured close together.

    Args:
        cases: name → case and its words.
    """
    return [{name: case(*words) for name, words in cases.items()} for _ in range(times)]


def middle(rounds: Sequence[Round], ratio: Callable[[Round], float]) -> Round:
    """The round with the median ratio."""
    return sorted(rounds, key=ratio)[len(rounds) // 2]


def _once(words: Sequence[str]) -> Measured:
    code, out, peak, private = _watched(words, _environment())
    if code:
        raise SystemExit(f"{' '.join(words)} failed ({code})")
    told = json.loads(out.splitlines()[-1])
    steps = {step: (wall, cpu) for step, (wall, cpu) in told["steps"].items()}
    return Measured(wall=told["wall"], cpu=told["cpu"], peak=peak, private=private, steps=steps,
                    said=told["said"])  # fmt: skip


def command(
    words: Sequence[str], *, environ: Mapping[str, str], folder: Path, ok: Sequence[int] = (0,)
) -> Measured:
    """Run a whole command line in a fresh process, start-up and all."""
    begun, spent = time.perf_counter(), _spent()
    code, out, peak, private = _watched(words, {**_environment(), **environ}, folder)
    wall = time.perf_counter() - begun
    if code not in ok:
        raise SystemExit(f"{' '.join(words)} ended with {code}: {out[-500:]!r}")
    said = json.loads(out) if out[:1] == b"{" else {}
    return Measured(wall=wall, cpu=_spent() - spent, peak=peak, private=private, said=said)


def _watched(
    words: Sequence[str], environ: Mapping[str, str], folder: Path | None = None
) -> tuple[int, bytes, float, float]:
    """Exit code, what stood on stdout, and both peaks."""
    peak = private = 0.0
    with tempfile.TemporaryFile() as said:  # a pipe would fill up while nobody reads it
        child = subprocess.Popen(words, stdout=said, env=environ, cwd=folder)
        process, looks = psutil.Process(child.pid), 0
        family = [process]
        while child.poll() is None:
            if looks % _LOOKS == 0:
                family = _family(process)
            looks += 1
            resident, own = _memory(family)
            peak, private = max(peak, resident), max(private, own)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_TICK)
        said.seek(0)
        return child.returncode, said.read(), peak, private if sys.platform == "linux" else -1


def _family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all that it started."""
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


def _memory(family: Sequence[psutil.Process]) -> tuple[float, float]:
    """Resident megabytes of some processes, with and without the pages that they share."""
    resident = own = 0.0
    for one in family:
        with contextlib.suppress(psutil.Error):
            memory = one.memory_info()
            resident += memory.rss / 1e6
            own += (memory.rss - getattr(memory, "shared", 0)) / 1e6
    return resident, own


def _environment() -> dict[str, str]:
    paths = os.pathsep.join((str(ROOT), str(HERE)))
    return {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0"}


def _spent() -> float:
    """CPU seconds of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


class Watch:
    """Stops the steps of a case: `with watch("read"): …`."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        self.said: dict[str, Any] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Any:
        wall, cpu = time.perf_counter(), _cpu()
        yield
        before = self.steps.get(name, (0.0, 0.0))
        self.steps[name] = (before[0] + time.perf_counter() - wall, before[1] + _cpu() - cpu)

    def document(self) -> str:
        wall, cpu = (sum(step[at] for step in self.steps.values()) for at in (0, 1))
        return json.dumps({"wall": wall, "cpu": cpu, "steps": self.steps, "said": self.said})


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
