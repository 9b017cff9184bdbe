"""Who holds something of the budget, and whether it still lives.

psutil is imported where it's asked: who only looks at the budget holds nothing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

#: Start times are compared in seconds; kernels count them in hundredths.
_SAME = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, told from a later one with the same number by when it was started."""

    pid: int
    started: float


def this_process() -> Holder:
    """The process that asks."""
    import psutil

    return Holder(os.getpid(), _started(psutil.Process()))


def is_alive(holder: Holder) -> bool:
    """Whether it can still act. One that we may not look at counts as alive."""
    import psutil

    try:
        process = psutil.Process(holder.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(_started(process) - holder.started) < _SAME
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def _started(process: psutil.Process) -> float:
    """When it was started; on Linux since boot, as only that is untouched by corrections of the clock."""
    import psutil

    return process.create_time() - (psutil.boot_time() if sys.platform == "linux" else 0.0)
