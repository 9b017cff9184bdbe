"""`validate CATALOG…`: findings only; nothing is compared, nothing is sent."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import Exit
from pipeline.report.files import render
from pipeline.report.json import document
from pipeline.report.model import FindingsReport, findings_report
from pipeline.usecases.judged import Judged, judge, read
from pipeline.usecases.online import if_reachable
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms, told_skipped
from pipeline.usecases.workspace import Workspace
from pipeline.validate.annotate import annotate
from pipeline.validate.rejected import write_rejected


def check(
    ws: Workspace, sources: Sequence[str], *, reports: Sequence[Path] = (), rejected: Path | None = None
) -> Outcome:
    """Judge a catalog; exit 4 where it couldn't be used, 7 where rows of it couldn't.

    Brands, categories and attributes are checked where the shop can be asked for them.

    Raises:
        InputRefused: it can't even be read.
    """
    check_forms(reports)
    with tempfile.TemporaryDirectory(prefix="validate-", dir=ws.open_state()) as scratch:
        folder = Path(scratch)
        mapped = read(ws, sources, folder)
        with if_reachable(ws) as shop:
            judged = judge(ws, mapped, folder, shop=shop, known=None)
        report = write_findings(ws, judged, reports)
        if rejected is not None:
            write_rejected(rejected, judged.accepted)
            ws.progress.say(f"rejected rows: {rejected}")
    code = _exit(judged)
    skipped = dict(judged.accepted.mapped.skipped)
    content = {**document(report), "skipped": skipped, "exit_code": int(code)}
    content.pop("schema")
    why = (judged.refusal.message,) if judged.refusal else ()
    return Outcome(document=content, exit_code=code, lines=(*told_skipped(skipped), *why), report=report)


def _exit(judged: Judged) -> Exit:
    if judged.refusal:
        return Exit.INPUT
    return Exit.INCOMPLETE if judged.accepted.rejected else Exit.DONE


def write_findings(ws: Workspace, judged: Judged, reports: Sequence[Path]) -> FindingsReport:
    """The findings in every form asked for; as a workbook it is the user's own, with its cells marked."""
    accepted = judged.accepted
    choices = accepted.mapped.catalog.choices
    report = findings_report(
        accepted.findings, rows=accepted.total, accepted=accepted.rows, rejected=accepted.rejected,
        choices=[(choice.file, choice.what, choice.why, choice.override) for choice in choices],
    )  # fmt: skip
    for file in reports:
        if file.suffix.lower() == ".xlsx":
            annotate(file, accepted)
        else:
            render(report, file)
        ws.progress.say(f"report: {file}")
    return report
