"""What came of a job's attempts: one event of the journal each, which metrics and notices are made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from pipeline.journal import schema
from pipeline.journal.journal import Journal
from pipeline.journal.states import Kind
from pipeline.settings import Word
from pipeline.usecases.job_source import Imported, SourceFile

#: What a file came to when it went through.
IMPORTED: tuple[Word, ...] = ("done", "incomplete")
#: What is as good as done: the shop holds what the newest file says.
WELL: tuple[Word, ...] = ("done", "nothing-new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a job at one shop, from its beginning to its end.

    Attributes:
        started, ended: seconds since the epoch.
        code: the error's name, or ""; message, hint: what was said of it.
        rows: SKUs by what becomes of them, as the plan counts; records: as the run counts.
        guards: (rule, message) of those that refused.
        drift: fields that someone else changed in the shop since we wrote them.
        snapshot_taken: when the shop was looked at, 0 = it wasn't.
    """

    run: str
    job: str
    shop: str
    identity: str
    started: float
    ended: float
    exit_code: int
    word: Word
    code: str = ""
    message: str = ""
    hint: str = ""
    file: SourceFile | None = None
    rows: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    guards: tuple[tuple[str, str], ...] = ()
    drift: int = 0
    snapshot_taken: float = 0.0
    plan: str = ""
    report: str = ""


def keep(journal: Journal, attempt: Attempt) -> None:
    """Write an attempt down."""
    journal.append(attempt.run, Kind.JOB, at=attempt.ended, data=asdict(attempt))


def attempts(journal: Journal, *, job: str = "", identity: str = "", run: str = "") -> Iterator[Attempt]:
    """Attempts, newest first; of one job, shop or run where named."""
    event = schema.EVENT
    query = select(event.c.data).where(event.c.kind == Kind.JOB.value).order_by(event.c.seq.desc())
    if run:
        query = query.where(event.c.run == run)
    with journal.store.read() as db:
        texts = db.scalars(query).all()
    for text in texts:
        data = json.loads(text)
        if job in ("", data["job"]) and identity in ("", data["identity"]):
            yield attempt_of(data)


def attempt_of(data: dict[str, Any]) -> Attempt:
    """An attempt from its event."""
    guards = tuple((rule, message) for rule, message in data["guards"])
    return Attempt(**{**data, "file": file_of(data["file"]), "guards": guards})


def file_of(data: dict[str, Any] | None) -> SourceFile | None:
    """A file from its event."""
    return SourceFile(**{**data, "names": tuple(data["names"])}) if data else None


def imported(journal: Journal, job: str, identity: str) -> list[Imported]:
    """The files that went through, newest first."""
    return [
        Imported(digest=a.file.digest, modified=a.file.modified, clean=a.exit_code == 0, run=a.run)
        for a in attempts(journal, job=job, identity=identity)
        if a.file is not None and a.word in IMPORTED
    ]
