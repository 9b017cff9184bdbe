"""Files from bytes, read in this process: the child's own work without the child."""

from __future__ import annotations

from collections.abc import Callable
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
