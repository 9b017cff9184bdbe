"""Progress for people: a bar on a terminal, plain lines elsewhere, nothing when asked for quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from pipeline.report.text import visible
from pipeline.usecases.progress import Progress, Silence, Stage

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

EVERY = 10.0  # seconds between two plain lines of one stage
NOTED = 60.0  # the same where nothing but the note moves: a log isn't a screen


class Deaf:
    """A stream that takes what nobody reads any more: a closed pipe or terminal ends no push."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class PlainStage:
    """Counts, and says so now and then."""

    def __init__(
        self, say: Callable[[str], None], name: str, total: int | None, unit: str, tick: Callable[[], float]
    ) -> None:
        self._say, self._name, self._total, self._unit, self._tick = say, name, total, unit, tick
        self._done, self._said, self._note = 0, tick(), ""

    def advance(self, by: int = 1) -> None:
        self._done += by
        if self._tick() - self._said >= EVERY:
            self._said = self._tick()
            self._say(self.line())

    def total(self, total: int) -> None:
        self._total = total

    def note(self, text: str) -> None:
        self._note = text
        if self._tick() - self._said >= NOTED:
            self.advance(0)

    def line(self) -> str:
        of = f" of {self._total:,}" if self._total else ""
        counted = f"{self._name}: {self._done:,}{of} {self._unit}".rstrip()
        return f"{counted}; {self._note}" if self._note else counted


class Plain(Progress):
    """Lines on stderr: for logs, pipes and schedules."""

    def __init__(self, stream: TextIO, *, tick: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._tick = stream, tick

    def say(self, text: str) -> None:
        print(visible(text, keep="\n\t"), file=self._stream, flush=True)

    def warn(self, text: str) -> None:
        self.say(f"warning: {text}")

    @contextmanager
    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> Iterator[Stage]:
        stage = PlainStage(self.say, name, total, unit, self._tick)
        yield stage
        self.say(stage.line())


class Quiet(Silence):
    """Warnings only."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=self._stream, flush=True)


class _Bar:
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, by: int = 1) -> None:
        self._bars.advance(self._task, by)

    def total(self, total: int) -> None:
        self._bars.update(self._task, total=total)

    def note(self, text: str) -> None:
        self._bars.update(self._task, note=text)


class Rich(Progress):
    """Bars on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False)

    def say(self, text: str) -> None:
        self._console.print(visible(text, keep="\n\t"), markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        self._console.print(
            visible(f"warning: {text}", keep="\n\t"), markup=False, soft_wrap=True, style="yellow"
        )

    @contextmanager
    def stage(self, name: str, *, total: int | None = None, unit: str = "") -> Iterator[Stage]:
        with _bars(self._console, unit) as bars:
            yield _Bar(bars, bars.add_task(name, total=total, note=""))


def _bars(console: Console, unit: str) -> Bars:
    """A bar, and what there is to say of it on a line of its own: beside it there is no room."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Noted(Bars):
        def get_renderables(self) -> Iterable[RenderableType]:
            yield from super().get_renderables()
            for task in self.tasks:
                if note := task.fields["note"]:
                    yield Text(f"  {note}", style="dim", no_wrap=True, overflow="ellipsis")

    return Noted(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
        console=console,
    )


def choose(stream: TextIO | None = None, *, quiet: bool, plain: bool) -> Progress:
    """Who is told: nobody but of warnings, a log, or a person at a terminal."""
    stream = cast("TextIO", Deaf(stream or sys.stderr))
    if quiet:
        return Quiet(stream)
    return Plain(stream) if plain or not stream.isatty() else Rich(stream)
