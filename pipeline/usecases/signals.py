"""Ctrl-C and SIGTERM: the first finishes the step in hand, the second stops at once, as safely as kill -9."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from pipeline.errors import Exit

#: A terminal that is closed (SIGHUP) asks for the same as SIGTERM.
_CODES = {"SIGINT": Exit.SIGINT, "SIGTERM": Exit.SIGTERM, "SIGBREAK": Exit.SIGTERM, "SIGHUP": Exit.SIGTERM}
_EXITS = {getattr(signal, name): code for name, code in _CODES.items() if hasattr(signal, name)}


@contextmanager
def stop_on_signal(told: Callable[[str], None]) -> Iterator[Callable[[], Exit | None]]:
    """Within the body: a function that gives the exit code of a signal that came, or None.

    Outside the main thread nothing can be installed; the function then always gives None.
    """
    came: list[Exit] = []

    def handle(number: int, _: FrameType | None) -> None:
        if came:
            with suppress(OSError):  # the one way out that no lock of a stream can hold up
                os.write(2, b"\nstopped at once; `sellercenter resume` goes on with the run\n")
            os._exit(int(came[0]))
        came.append(_EXITS[signal.Signals(number)])
        with suppress(RuntimeError, OSError):  # the stream may be in the middle of a line of ours, or gone
            told("stopping after the step in hand; once more stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    heard = [number for number in _EXITS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup
    before = {number: signal.signal(number, handle) for number in heard}
    try:
        yield lambda: came[0] if came else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
