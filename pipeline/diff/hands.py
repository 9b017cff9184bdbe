"""A second pair of hands: another process that decides some of the stretches, where there are many.

Deciding is Python, and one process does one thing at a time. The other is only ever quicker: what it
doesn't answer, for whatever reason, is decided here. `python -m pipeline.diff.hands FOLDER` reads a
`Decider` and a `Market` there, then for each number on stdin a stretch, and answers with the number once
its portion lies beside it, until stdin ends. Files and not pipes: of a pipe a thread takes 64 kB at a
time, and after each has to wait for the interpreter.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pipeline.children import do_without_pandas, environment
from pipeline.collector import rarely_collecting
from pipeline.diff.decider import Decider
from pipeline.diff.meet import Met
from pipeline.diff.paid import Market
from pipeline.diff.portion import Portion
from pipeline.store.disk_errors import disk_errors

#: Products to decide from which on the other's start, most of a second, pays.
WORTH = 20_000
#: Stretches that the other is given at a time, and portions that wait for an earlier one.
_GIVEN, _WAITING = 2, 8
#: Seconds that an answer may take; a stretch takes less than one.
PATIENCE = 120.0
_FIRST = "decider"


class Hands:
    """Decides stretches, in order; with the help of another process where that pays.

    Args:
        products: how many there are to decide.
        patience: seconds that an answer may take.
        folder: an existing folder for what is needed only meanwhile.
        command: how the other is started; the folder that both use comes last.
    """

    def __init__(
        self,
        decider: Decider,
        market: Market,
        *,
        products: int,
        folder: Path,
        worth: int = WORTH,
        patience: float = PATIENCE,
        command: tuple[str, ...] = (sys.executable, "-m", "pipeline.diff.hands"),
    ) -> None:
        self._decider, self._market, self._patience = decider, market, patience
        self._other: subprocess.Popen[bytes] | None = None
        self._asked = 0
        with disk_errors("write into", folder):
            self._desk = tempfile.TemporaryDirectory(dir=folder, prefix=".hands-", ignore_cleanup_errors=True)
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hands")
        if products >= worth and (os.cpu_count() or 1) > 1:
            with contextlib.suppress(OSError, TypeError, AttributeError, pickle.PicklingError):
                _lay(Path(self._desk.name) / _FIRST, (decider, market))
                self._other = subprocess.Popen(
                    [*command, self._desk.name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment(),
                    close_fds=True,
                )

    def __enter__(self) -> Hands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss()
        self._asking.shutdown(wait=True)
        self._desk.cleanup()

    def portions(self, stretches: Iterable[Met]) -> Iterator[Portion]:
        """The portion of each stretch, in order."""
        under_way: deque[tuple[Met | None, Future[Portion] | Portion]] = deque()
        for met in stretches:
            given = sum(isinstance(one, Future) and not one.done() for _, one in under_way)
            asked = self._asked_for(met) if given < _GIVEN else None
            if asked is not None:
                under_way.append((met, asked))
            else:
                under_way.append((None, self._decider.portion(met, self._market)))
            while under_way and (_is_done(under_way[0][1]) or len(under_way) > _WAITING):
                yield self._got(*under_way.popleft())
        while under_way:
            yield self._got(*under_way.popleft())

    def _got(self, met: Met | None, found: Future[Portion] | Portion) -> Portion:
        if isinstance(found, Portion):
            return found
        assert met is not None
        try:
            return found.result(self._patience)
        except Exception:  # noqa: BLE001 - whatever became of the other: here it is decided, or fails for good
            self._dismiss()
            return self._decider.portion(met, self._market)

    def _asked_for(self, met: Met) -> Future[Portion] | None:
        """The other's portion of a stretch, once it is there; None where the other can't be asked. It lies
        ready before the one before it is answered: who decides shouldn't have to wait for who asks."""
        if self._other is None or self._other.stdin is None:
            return None
        number = self._asked + 1
        try:
            _lay(_places(Path(self._desk.name), number)[0], met)
            self._other.stdin.write(b"%d\n" % number)
            self._other.stdin.flush()
        except Exception:  # noqa: BLE001 - whatever is wrong with the other: here it is decided
            self._dismiss()
            return None
        self._asked = number
        return self._asking.submit(self._answer, number)

    def _answer(self, number: int) -> Portion:
        assert self._other is not None
        assert self._other.stdout is not None
        if self._other.stdout.readline() != b"%d\n" % number:
            raise ValueError("the other is out of step, or gone")
        found = _take(_places(Path(self._desk.name), number)[1])
        if not isinstance(found, Portion):
            raise TypeError(f"no portion: {type(found)}")
        return found

    def _dismiss(self) -> None:
        """End the other; who still waits for it gets an error."""
        other, self._other = self._other, None
        if other is None:
            return
        other.kill()
        other.wait()
        for pipe in (other.stdin, other.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()


def _is_done(found: Future[Portion] | Portion) -> bool:
    return isinstance(found, Portion) or found.done()


def _places(folder: Path, number: int) -> tuple[Path, Path]:
    """Where a stretch lies, and where its portion will."""
    return folder / f"{number}.stretch", folder / f"{number}.portion"


def _lay(path: Path, what: object) -> None:
    path.write_bytes(pickle.dumps(what, protocol=5))


def _take(path: Path) -> Any:
    """What lies there; it's gone then."""
    found = pickle.loads(path.read_bytes())  # noqa: S301 - from our own process, in a folder of our own
    path.unlink()
    return found


def serve(folder: Path, asked: IO[bytes], answers: IO[bytes]) -> None:
    """Answer stretches until there are no more."""
    decider, market = _take(folder / _FIRST)
    assert isinstance(decider, Decider)
    with rarely_collecting():
        for number in asked:
            question, answer = _places(folder, int(number))
            _lay(answer, decider.portion(_take(question), market))
            answers.write(number)
            answers.flush()


def main() -> None:
    """Serve the parent; what anyone prints goes nowhere."""
    do_without_pandas()
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(Path(sys.argv[1]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
