"""Files from bytes, read in this process: the child's own work without the child."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.read import child
from pipeline.read.catalog import LINE, Catalog, ReadOptions, batches_of
from pipeline.read.finding import Severity
from pipeline.read.job import Answer, Input, Job

Rows = list[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A table as it was read."""

    headers: tuple[str, ...]
    rows: Rows
    lines: list[int]
    answer: Answer
    catalog: Catalog

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.answer.findings]

    @property
    def places(self) -> list[tuple[str, int, str]]:
        return [(item.code, item.row, item.cell) for item in self.answer.findings]

    @property
    def errors(self) -> list[str]:
        return [item.code for item in self.answer.findings if item.severity is Severity.ERROR]

    def chose(self, words: str) -> bool:
        return any(words in choice.what for choice in self.answer.choices)


def seen(answer: Answer, path: Path) -> Seen:
    rows: Rows = []
    lines: list[int] = []
    for batch in batches_of(path):
        columns = [batch.column(header).to_pylist() for header in answer.headers]
        rows += list(zip(*columns, strict=True))
        lines += batch.column(LINE).to_pylist()
    catalog = Catalog(
        path=path,
        headers=answer.headers,
        parts=answer.parts,
        rows=answer.rows,
        digest="sha256:0",
        choices=answer.choices,
        findings=answer.findings,
    )
    return Seen(headers=answer.headers, rows=rows, lines=lines, answer=answer, catalog=catalog)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Seen]:
    """Read bytes or paths as one catalog, without a child process."""
    count = iter(range(1000))

    def run(*contents: bytes | Path, name: str = "catalog.csv", options: ReadOptions | None = None) -> Seen:
        folder = tmp_path / f"read-{next(count)}"
        folder.mkdir()
        inputs = []
        for index, content in enumerate(contents):
            path = content if isinstance(content, Path) else folder / f"{index}-{name}"
            if isinstance(content, bytes):
                path.write_bytes(content)
            inputs.append(Input(path=str(path), name=path.name))
        out = folder / "catalog.arrow"
        job = Job(inputs=tuple(inputs), out=str(out), spool=str(folder), options=options or ReadOptions())
        return seen(child.read(job), out)

    return run


def _record(kind: int, *pieces: bytes) -> bytes:
    body = b"".join(pieces)
    return struct.pack("<HH", kind, len(body)) + body


def _old_cell(row: int, column: int, value: str | float, form: int) -> bytes:
    place = struct.pack("<HHH", row, column, form)
    if isinstance(value, str):
        text = value.encode("cp1252")
        return _record(0x0204, place, struct.pack("<H", len(text)), text)
    return _record(0x0203, place, struct.pack("<d", value))


@pytest.fixture
def old_workbook() -> Callable[..., bytes]:
    """A workbook of Excel 5 (BIFF, a stream of records): rows, and number formats by column."""

    def make(rows: Sequence[Sequence[str | float]], formats: dict[int, str]) -> bytes:
        codes = ["General", *formats.values()]
        forms = {column: 1 + at for at, column in enumerate(formats)}
        head = [_record(0x0809, struct.pack("<HHHH", 0x0500, 5, 3515, 1996)), _record(0x0042, b"\xe4\x04")]
        head.append(
            _record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0), b"\5Arial")
        )
        for at, code in enumerate(codes):
            text = code.encode("cp1252")
            head.append(_record(0x041E, struct.pack("<HB", 164 + at, len(text)), text))
        for at in range(len(codes)):
            head.append(_record(0x00E0, struct.pack("<HHHBBII", 0, 164 + at, 0, 0, 0, 0, 0)))
        end = _record(0x000A)
        sheet = _record(0x0809, struct.pack("<HHHH", 0x0500, 16, 3515, 1996))
        for number, row in enumerate(rows):
            sheet += b"".join(
                _old_cell(number, column, value, forms.get(column, 0)) for column, value in enumerate(row)
            )
        before = sum(map(len, head)) + 4 + 6 + 2 + len(end)
        head.append(_record(0x0085, struct.pack("<IH", before, 0), b"\1P"))
        return b"".join([*head, end, sheet, end])

    return make
