"""The guarded child: untrusted files are parsed here, in a process that may die alone.

`python -m pipeline.read.child` takes a job as JSON on stdin, writes an Arrow file and, beside it, its
answer as JSON. Exit 0: read; 4: refused (the answer says why); anything else: killed or crashed.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from pipeline.children import do_without_pandas
from pipeline.collector import rarely_collecting
from pipeline.read.catalog import Choice, Part
from pipeline.read.finding import Finding
from pipeline.read.job import Answer, Input, Job, Refusal

REFUSED = 4


def main() -> int:
    """Read one job from stdin, do it, leave the answer beside the Arrow file."""
    _no_network()
    do_without_pandas()
    job = Job.from_json(json.load(sys.stdin))
    _bounded(job)
    answer = Path(f"{job.out}.json")
    try:
        with rarely_collecting():
            done: dict[str, Any] = {"answer": read(job).to_json()}
    except Refusal as error:
        done = {"refusal": {"message": error.message, "hint": error.hint, "code": error.code}}
    except MemoryError:
        limit = f"{job.options.limits.memory_mb} MB"
        done = {
            "refusal": {"message": f"reading needs more memory than {limit}", "hint": "", "code": "limit"}
        }
    answer.write_text(json.dumps(done), encoding="utf-8")
    return 0 if "answer" in done else REFUSED


def read(job: Job) -> Answer:
    """All inputs of a job as one Arrow file and an answer.

    Raises:
        Refusal: a file can't be read as a table.
    """
    from pipeline.read.footer import without_footer
    from pipeline.read.table import Table, merge

    tables: list[Table] = []
    choices: list[Choice] = []
    findings: list[Finding] = []
    numbers = count()
    for item in job.inputs:
        for table, notes in _named(item, job, numbers):
            if table is not None:
                tables.append(without_footer(table, notes, job.options))
            choices += notes.choices
            findings += notes.done()
    headers, parts, rows = merge(tables, Path(job.out))
    return _answer(headers, parts, rows, choices, findings)


def _answer(
    headers: tuple[str, ...],
    parts: tuple[Part, ...],
    rows: int,
    choices: list[Choice],
    findings: list[Finding],
) -> Answer:
    return Answer(
        headers=headers, parts=parts, rows=rows, digest="", choices=tuple(choices), findings=tuple(findings)
    )


def _named(item: Input, job: Job, numbers: Iterator[int]) -> Iterator[Any]:
    """The tables of one input; a refusal that doesn't say which file it means is told."""
    try:
        yield from _tables(item, job, numbers)
    except Refusal as error:
        if item.name in error.message:
            raise
        raise Refusal(f"{item.name}: {error.message}", hint=error.hint, code=error.code) from error


def _tables(item: Input, job: Job, numbers: Iterator[int]) -> list[Any]:
    """The tables of one input, by what its first bytes say it is; numbers tell their files apart."""
    from pipeline.read.kinds import Kind, kind_of

    path, spool = Path(item.path), Path(job.spool)
    kind, first = kind_of(path, item.name), next(numbers)
    if kind is Kind.TEXT:
        from pipeline.read.delimited import read_delimited

        return [read_delimited(path, item.name, spool / f"part-{first}.arrow", spool, job.options)]
    if kind is Kind.GZIP or kind is Kind.ZIP:
        from pipeline.read.archive import tables_in

        def read(member: Input) -> list[Any]:
            return _tables(member, job, numbers)

        return tables_in(path, item.name, spool, job.options.limits, read, gzip=kind is Kind.GZIP)
    from pipeline.read.workbook import read_workbook

    return list(read_workbook(path, item.name, kind, spool, first, job.options))


def _bounded(job: Job) -> None:
    """Limits of the operating system behind the parent's watch: no cores, no endless files or allocations."""
    try:
        import resource
    except ImportError:  # Windows has none; the watch is what there is
        return
    limits = job.options.limits
    wanted = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 4 * limits.max_bytes),
        (resource.RLIMIT_AS, limits.memory_mb * 4_000_000 + 8_000_000_000),
    )
    for what, most in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _no_network() -> None:
    """Nothing in here has a reason to call anyone."""

    def guard(event: str, _: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
            _refuse(event)

    sys.addaudithook(guard)


def _refuse(event: str) -> NoReturn:
    raise PermissionError(f"{event} is not allowed while a file is parsed")


if __name__ == "__main__":
    sys.exit(main())
