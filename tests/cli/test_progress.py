"""Progress goes where it can be read, and only there."""

from __future__ import annotations

import io
import re

import pytest

from pipeline.cli.progress import EVERY, Plain, Quiet, Rich, choose


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "quiet", "plain", "expected"),
    [
        pytest.param(Terminal(), False, False, Rich, id="a terminal"),
        pytest.param(Terminal(), False, True, Plain, id="a terminal, --no-progress"),
        pytest.param(Terminal(), True, False, Quiet, id="a terminal, -q"),
        pytest.param(io.StringIO(), False, False, Plain, id="a log"),
        pytest.param(io.StringIO(), True, True, Quiet, id="a log, -q"),
    ],
)
def test_who_is_told(stream, quiet: bool, plain: bool, expected: type) -> None:
    assert type(choose(stream, quiet=quiet, plain=plain)) is expected


def test_plain_lines_come_now_and_then_and_at_the_end() -> None:
    stream, times = io.StringIO(), iter([0.0, 1.0, EVERY, EVERY, EVERY + 1])
    with Plain(stream, tick=lambda: next(times)).stage("snapshot", unit="products") as stage:
        stage.advance(1000)
        stage.total(3500)
        stage.advance(1000)
        stage.advance(1500)
    assert stream.getvalue().splitlines() == [
        "snapshot: 2,000 of 3,500 products",
        "snapshot: 3,500 of 3,500 products",
    ]


def test_who_asked_for_quiet_still_sees_warnings() -> None:
    stream = io.StringIO()
    quiet = Quiet(stream)
    quiet.say("talk")
    with quiet.stage("snapshot") as stage:
        stage.advance()
    quiet.warn("the disk is nearly full")
    assert stream.getvalue() == "warning: the disk is nearly full\n"


def test_a_bar_shows_names_as_they_are() -> None:
    stream = Terminal()
    rich = Rich(stream)
    rich.say("file [bold]x[/bold].csv")
    with rich.stage("read [x]", total=2, unit="rows") as stage:
        stage.advance()
        stage.total(3)
        stage.advance(2)
    assert "file [bold]x[/bold].csv" in stream.getvalue()
    assert "read [x]" in stream.getvalue()
    assert "3/3" in stream.getvalue()


class Gone(io.StringIO):
    """A terminal that was closed, or a pipe that nobody reads."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("plain", [True, False], ids=["lines", "bars"])
def test_nobody_left_to_read_it_ends_nothing(plain: bool) -> None:
    progress = choose(Gone(), quiet=False, plain=plain)
    with progress.stage("push", total=2) as stage:
        stage.note("1 sent")
        stage.advance()
        progress.warn("a feed is stuck")


def test_what_stands_beside_a_bar_has_a_line_of_its_own() -> None:
    stream = Terminal()
    with choose(stream, quiet=False, plain=False).stage("push", total=2, unit="records") as stage:
        stage.note("1 sent, feeds 3 used, 0 free")
        stage.advance(2)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()).splitlines()
    assert "  1 sent, feeds 3 used, 0 free" in [line.rstrip() for line in shown]
