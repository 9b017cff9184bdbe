"""Files → Catalog: the sources are found, held still, digested, and parsed by a guarded child."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import InputRefused
from pipeline.read import guard
from pipeline.read.catalog import Catalog, ReadOptions
from pipeline.read.job import Answer, Input, Job
from pipeline.read.sources import digest_of, inputs_of, look

ARROW = "catalog.arrow"


def read_catalog(
    sources: Sequence[str],
    options: ReadOptions | None = None,
    *,
    folder: Path,
    stdin: BinaryIO | None = None,
) -> Catalog:
    """Read files as one catalog; its rows come to stand in `folder`/catalog.arrow.

    Args:
        sources: paths, globs, remote urls, or "-" for standard input.
        folder: an existing folder of the caller's that outlives the catalog.
        stdin: what "-" reads, the process's own if None.

    Raises:
        UsageError: a source that is not there or is no file.
        InputRefused: a file that holds no table with a header, exceeds a limit or changes while read.
    """
    options = options or ReadOptions()
    out = folder / ARROW
    spool = Path(tempfile.mkdtemp(prefix="reading-", dir=folder))
    try:
        items = inputs_of(sources, spool, options.limits, stdin)
        answer, digest = _steady(items, out, spool, options)
    finally:
        shutil.rmtree(spool, ignore_errors=True)
    return Catalog(
        path=out,
        headers=answer.headers,
        parts=answer.parts,
        rows=answer.rows,
        digest=digest,
        choices=answer.choices,
        findings=answer.findings,
    )


def _run(job: Job) -> Answer:
    """Do a job; where the quick readers can't hold a workbook, once more by those that stream."""
    try:
        return guard.run(job)
    except InputRefused as error:
        if error.code not in ("parser-crashed", "memory-limit") or not job.options.quick:
            raise
    return guard.run(replace(job, options=replace(job.options, quick=False)))


def _steady(items: list[Input], out: Path, spool: Path, options: ReadOptions) -> tuple[Answer, str]:
    """Parse and digest files that are the same before and after; a changed one is read once more."""
    job = Job(inputs=tuple(items), out=str(out), spool=str(spool), options=options)
    for _ in range(2):
        before = [look(item, options.limits) for item in items]
        with ThreadPoolExecutor(max_workers=1) as beside:
            digest = beside.submit(digest_of, items)
            try:
                answer = _run(job)
            except InputRefused:
                if [look(item, options.limits) for item in items] == before:
                    raise
                continue
            digested = digest.result()
        after = [look(item, options.limits) for item in items]
        if after == before:
            return answer, digested
    names = ", ".join(item.name for item in items)
    hint = "wait until it is written, then try again"
    raise InputRefused(f"{names} changes while it is read", hint=hint, code="changing-file")
