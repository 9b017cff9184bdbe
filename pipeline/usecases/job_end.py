"""The end of a job's attempt: written down, measured, told, and tidied up, whatever it came to."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.diff.planfile import plan_path, records
from pipeline.errors import Exit, Interrupted, PipelineError
from pipeline.journal.journal import Journal
from pipeline.report.model import DiffReport
from pipeline.settings import Word
from pipeline.usecases.connection import journal_of
from pipeline.usecases.diff import Comparison
from pipeline.usecases.job_numbers import measure
from pipeline.usecases.job_prune import prune
from pipeline.usecases.job_record import Attempt, keep
from pipeline.usecases.job_source import SourceFile
from pipeline.usecases.notify import tell
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.pushing import run_folder
from pipeline.usecases.results import document, error_document, facts, write_result
from pipeline.usecases.workspace import Workspace

log = logging.getLogger("sellercenter.job")

_WORDS: dict[int, Word] = {
    Exit.DONE: "done", Exit.INCOMPLETE: "incomplete", Exit.UNKNOWN: "unknown",
    Exit.INPUT: "refused", Exit.GUARD: "refused", Exit.PLAN: "refused",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Notes:
    """What is known of an attempt so far; an `Attempt` when it has ended."""

    run: str
    job: str
    started: float
    exit_code: Exit = Exit.UNEXPECTED
    word: Word | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    file: SourceFile | None = None
    rows: dict[str, int] | None = None
    guards: tuple[tuple[str, str], ...] = ()
    drift: int = 0
    snapshot_taken: float = 0.0
    plan: str = ""
    report: str = ""
    outcome: Outcome | None = None

    def planned(self, found: Comparison, shown: Outcome, report: Path) -> None:
        """Remember what a comparison found, and where people read it."""
        plan, path = found.plan, plan_path(found.folder, found.plan.id)
        self.rows = asdict(plan.counts)
        self.guards = tuple((guard.rule, guard.message) for guard in plan.refused)
        self.snapshot_taken, self.plan, self.report = found.snapshot.taken, str(path), str(report)
        self.drift = sum(c.drift is not None for record in records(path) for c in record.changes)
        if isinstance(shown.report, DiffReport):
            self.drift += shown.report.held_by_reason.get("drift", 0)

    def ended(self, outcome: Outcome) -> Outcome:
        """Remember how it ended; the outcome as it is shown."""
        self.exit_code, self.outcome = outcome.exit_code, outcome
        return outcome

    def failed(self, error: PipelineError) -> None:
        """Remember what ended it."""
        self.exit_code, self.code = Exit(error.exit_code), error.code
        self.message, self.hint = error.message, error.hint
        if error.code == "window-too-short":
            self.word = "postponed"


@contextmanager
def recorded(ws: Workspace, notes: Notes) -> Iterator[None]:
    """Whatever ends the body, it is written down, measured and told; none of that can fail the job."""
    try:
        yield
    except PipelineError as error:
        notes.failed(error)
        raise
    except KeyboardInterrupt:
        notes.failed(Interrupted("interrupted", signal_exit=Exit.SIGINT))
        raise
    except Exception as error:
        notes.failed(
            PipelineError(f"unexpected {type(error).__name__}", hint="--debug shows where it happened")
        )
        raise
    finally:
        if notes.code or notes.outcome is not None:  # else something stronger than us ended it
            _end(ws, notes)


def _end(ws: Workspace, notes: Notes) -> None:
    report = run_folder(ws, notes.run) / "report.html"
    notes.report = notes.report or (str(report) if report.exists() else "")
    try:
        with journal_of(ws) as journal:
            attempt = close(ws, notes, journal)
            keep(journal, attempt)
            _after(ws, attempt, journal)
    except PipelineError as error:
        ws.progress.warn(f"what came of run {notes.run} couldn't be written down: {error.message}")
        with suppress(PipelineError):
            _after(ws, close(ws, notes, None), None)


def _after(ws: Workspace, attempt: Attempt, journal: Journal | None) -> None:
    """Numbers and notices; each may fail without the other."""
    log.info(
        "job %s at shop %s ended: %s, exit %d", attempt.job, attempt.shop, attempt.word, attempt.exit_code
    )
    for act in (measure, _tell, _prune):
        try:
            act(ws, attempt, journal)
        except PipelineError as error:
            ws.progress.warn(f"after run {attempt.run}: {error.message}")


def _tell(ws: Workspace, attempt: Attempt, journal: Journal | None) -> None:
    tell(ws, journal, attempt)


def _prune(ws: Workspace, _: Attempt, journal: Journal | None) -> None:
    if journal is not None:
        prune(ws, journal)


def close(ws: Workspace, notes: Notes, journal: Journal | None) -> Attempt:
    """The attempt as it ended; its `result.json` says the same."""
    begun = journal is not None and journal.run(notes.run) is not None
    told = facts(journal, notes.run) if begun and journal is not None else None
    attempt = Attempt(
        run=notes.run, job=notes.job, shop=ws.shop_name, identity=ws.identity(ws.shop),
        started=notes.started, ended=ws.clock.now(), exit_code=int(notes.exit_code),
        word=notes.word or _WORDS.get(notes.exit_code, "failed"), code=notes.code, message=notes.message,
        hint=notes.hint, file=notes.file, rows=notes.rows or {},
        records=asdict(told.counts) if told else {}, guards=notes.guards, drift=notes.drift,
        snapshot_taken=notes.snapshot_taken, plan=notes.plan, report=notes.report,
    )  # fmt: skip
    if notes.outcome is not None:
        content = dict(notes.outcome.document)
    else:
        error = PipelineError(notes.message, hint=notes.hint, code=notes.code)
        base = document(told, notes.exit_code) if told else error_document(notes.run, error)
        content = {**base, "error": {"code": notes.code, "message": notes.message, "hint": notes.hint}}
    more = {"job": attempt.job, "shop": attempt.shop, "result": attempt.word, "plan": attempt.plan,
            "report": attempt.report, "exit_code": attempt.exit_code}  # fmt: skip
    write_result(run_folder(ws, notes.run), "run", {**content, **more})
    return attempt
