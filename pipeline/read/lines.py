"""Physical lines of a UTF-8 file, counted; lines can be put back after a quote swallowed them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from pipeline.read.job import Refusal
from pipeline.values.counted import grouped

#: Stands for a carriage return that ends no line while the csv module looks; a private-use character.
LONE_CR = "\uf8d0"
_BLOCK = 1 << 23
#: Bytes that are looked at together: what is made of them stays in the cache, and in memory that we have. Not
#: fewer: between the calls threads take turns.
_SLICE = 480_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a pass over all bytes of a text counted.

    Attributes:
        lf: line feeds.
        lone_cr: carriage returns without a line feed behind them.
        nul: NUL characters.
        stray_quotes: double quotes with text on both sides: neither open, close nor doubled.
        blank_end: line feeds at the very end beyond the one that ends the last line.
        ends: whether the last line has an end.
    """

    size: int
    lf: int
    lone_cr: int
    nul: int
    stray_quotes: int
    blank_end: int
    ends: bool

    @property
    def cr_only(self) -> bool:
        return self.lone_cr > 0 and self.lf == 0

    @property
    def stray_cr(self) -> bool:
        """Carriage returns that are text: a few among many line feeds."""
        return 0 < self.lone_cr < 0.1 * self.lf


def places_of(codes: npt.NDArray[np.uint8], code: int) -> npt.NDArray[np.int64]:
    """Where a byte stands, a slice at a time: memory that is asked for anew costs more than looking."""
    found = [
        np.flatnonzero(codes[start : start + _SLICE] == code) + start
        for start in range(0, len(codes), _SLICE)
    ]
    return found[0] if len(found) == 1 else np.concatenate(found or [np.zeros(0, np.int64)])


def places_of_two(
    codes: npt.NDArray[np.uint8], one: int, other: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each of two bytes stands, in one pass."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(codes), _SLICE):
        some = codes[start : start + _SLICE]
        found.append(np.flatnonzero((some == one) | (some == other)) + start)
    both = np.concatenate(found)
    is_one = codes[both] == one
    return both[is_one], both[~is_one]


def count_of(codes: npt.NDArray[np.uint8], code: int) -> int:
    """How often a byte stands there."""
    return sum(
        int(np.count_nonzero(codes[start : start + _SLICE] == code)) for start in range(0, len(codes), _SLICE)
    )


class Scanner:
    """Counts over the blocks of a text as they go by."""

    def __init__(self, delimiter: str) -> None:
        self._edges = np.zeros(256, dtype=bool)
        self._edges[[delimiter.encode()[-1], 0x0A, 0x0D, 0x22]] = True
        self._size = self._lf = self._cr = self._crlf = self._nul = self._stray = 0
        #: The byte before the next block, and the one before a quote that stands there; an edge at first.
        self._before: int = 0x0A
        self._quoted: int | None = None
        self._tail = b""

    def feed(self, block: bytes) -> None:
        """Take the next block; releases the interpreter while it counts."""
        if not block:
            return
        codes = np.frombuffer(block, np.uint8)
        self._size += len(block)
        self._lf += count_of(codes, 0x0A)
        # What is not there at all is found out by one quick search.
        if b"\0" in block:
            self._nul += block.count(0)
        if b"\r" in block or self._before == 0x0D:
            returns = np.flatnonzero(codes[:-1] == 0x0D)
            self._cr += len(returns) + int(codes[-1] == 0x0D)
            self._crlf += int(np.count_nonzero(codes[returns + 1] == 0x0A))
            self._crlf += int(self._before == 0x0D and codes[0] == 0x0A)
        self._quotes(codes)
        self._before = int(codes[-1])
        self._tail = (self._tail + block[-4096:])[-4096:]

    def _quotes(self, codes: npt.NDArray[np.uint8]) -> None:
        """Count those with text on both sides; one at the end of a block waits for the next."""
        edges, last = self._edges, len(codes) - 1
        if self._quoted is not None:
            self._stray += int(not (edges[self._quoted] or edges[codes[0]]))
        places = places_of(codes, 0x22)
        inner = places[(places > 0) & (places < last)]
        self._stray += int((~(edges[codes[inner - 1]] | edges[codes[inner + 1]])).sum())
        if codes[0] == 0x22 and last:
            self._stray += int(not (edges[self._before] or edges[codes[1]]))
        before = int(codes[last - 1]) if last else self._before
        self._quoted = before if codes[last] == 0x22 else None

    def done(self) -> Scan:
        stripped = self._tail.rstrip(b"\r\n")
        return Scan(
            size=self._size,
            lf=self._lf,
            lone_cr=self._cr - self._crlf,
            nul=self._nul,
            stray_quotes=self._stray,
            blank_end=max(self._tail[len(stripped) :].count(b"\n") - 1, 0),
            ends=self._tail.endswith((b"\n", b"\r")),
        )


def scan(path: Path, delimiter: str, most: int | None = None) -> Scan:
    """Count what decides how a text may be read; over all of it, or its first bytes."""
    scanner = Scanner(delimiter)
    with path.open("rb") as file:
        if most is not None:
            scanner.feed(file.read(most))
            return scanner.done()
        while block := file.read(_BLOCK):
            scanner.feed(block)
    return scanner.done()


class Lines:
    """An iterator over lines with their ends that knows which line the next one is.

    `taken` holds what was handed out since `mark`; `put_back` hands it out again. `ended` says that
    someone asked for a line behind the last: inside a record, that nothing closes its quote.
    """

    def __init__(self, file: TextIO, *, longest: int, name: str, stray_cr: bool = False) -> None:
        self._file = file
        self.longest = longest
        self._name = name
        self._stray_cr = stray_cr
        self._back: deque[str] = deque()
        self.number = 0
        self.ended = False
        self.taken: list[str] = []

    def mark(self) -> int:
        """Forget what was taken; the number of the next line."""
        self.taken.clear()
        return self.number + 1

    def put_back(self, keep: int) -> None:
        """Hand out again all lines since the mark but the first `keep`."""
        back = self.taken[keep:]
        self._back.extendleft(reversed(back))
        self.number -= len(back)
        self.ended = False
        del self.taken[keep:]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._back:
            line = self._back.popleft()
        else:
            line = self._file.readline(self.longest)
            if not line:
                self.ended = True
                raise StopIteration
            if len(line) >= self.longest and not line.endswith(("\n", "\r")):
                raise Refusal(
                    f"{self._name}: line {self.number + 1} is longer than {grouped(self.longest)} characters",
                    hint="is this a delimited text file? a line may hold 16 times parse_max_cell "
                    "of [shops.NAME.catalog]",
                    code="line-too-long",
                )
            if line[0] == "\ufeff":  # files put together one behind another keep their marks
                line = line.lstrip("\ufeff") or "\n"
            if self._stray_cr and "\r" in line:
                line = _hidden(line)
        self.number += 1
        self.taken.append(line)
        return line


def _hidden(line: str) -> str:
    """The line with the carriage returns inside it hidden from the csv module."""
    end = "\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else ""
    body = line[: len(line) - len(end)] if end else line
    return body.replace("\r", LONE_CR) + end


def open_lines(path: Path, counted: Scan, *, name: str, longest: int) -> tuple[TextIO, Lines]:
    """The lines of a UTF-8 text: ends as they are, stray carriage returns being text."""
    newline = "\n" if counted.stray_cr else ""
    file = path.open(encoding="utf-8-sig", newline=newline, errors="replace")
    return file, Lines(file, longest=longest, name=name, stray_cr=counted.stray_cr)
