"""`python -m pipeline` and the console script `sellercenter`, guarded from the first import on."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable

#: Seconds until an interrupt that went unheard is sent again.
AGAIN = 0.05
#: New objects before the search for garbage in rings: modules being imported make many, and none is garbage.
_SELDOM = (20_000, 20, 20)


def main() -> None:
    """Entry of the console script."""
    guarded(_program)


def guarded(program: Callable[[], None]) -> None:
    """Run a program; Ctrl-C while it is still being imported, or is ending, shows no traceback either."""
    sys.unraisablehook = _unheard
    try:
        program()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is left to be tidied up


def _program() -> None:
    gc.set_threshold(*_SELDOM)
    from pipeline.cli.main import main as program

    program()


def _unheard(lost: sys.UnraisableHookArgs) -> None:
    """An interrupt that falls into a callback of the interpreter is dropped there: send it again."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import threading

    again = threading.Timer(AGAIN, _send, (lost.exc_value.args[0] if lost.exc_value.args else signal.SIGINT,))
    again.daemon = True
    again.start()


def _send(number: int) -> None:
    """A signal for the main thread, which also ends its waiting where the system allows that."""
    import _thread
    import threading

    main_thread = threading.main_thread().ident
    if sys.platform != "win32" and main_thread is not None:
        signal.pthread_kill(main_thread, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


if __name__ == "__main__":
    main()
