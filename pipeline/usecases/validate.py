"""`validate CATALOG…`: findings only; nothing is compared, nothing is sent."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import Exit
from pipeline.read.finding import Severity
from pipeline.report.files import render
from pipeline.report.json import document
from pipeline.report.model import FindingsReport, findings_report
from pipeline.usecases.judged import Judged, judge, read
from pipeline.usecases.online import if_reachable
from pipeline.usecases.our_files import named_table
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import check_forms, told_skipped
from pipeline.usecases.widespread import widespread
from pipeline.usecases.workspace import Workspace
from pipeline.validate.accepted import Accepted
from pipeline.validate.annotate import annotate
from pipeline.validate.rejected import write_rejected

#: Findings that are errors where the product is new to the shop, and NEW_UNKNOWN where nobody knows.
OF_NEW = ("missing-required", "incomplete-product")
NEW_UNKNOWN = (
    "missing-required and incomplete-product are warnings here, because `validate` doesn't look which "
    "products the shop has: a new one is refused for them, and `diff`, which looks, counts them as errors"
)


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
            ws.progress.say(_told_rejected(judged.accepted, rejected))
    code = _exit(judged)
    skipped = dict(judged.accepted.mapped.skipped)
    content = {**document(report), "skipped": skipped, "exit_code": int(code)}
    content.pop("schema")
    why = (judged.refusal.message,) if judged.refusal else ()
    return Outcome(document=content, exit_code=code, lines=(*told_skipped(skipped), *why), report=report)


def _told_rejected(accepted: Accepted, path: Path) -> str:
    if not accepted.rejected:
        return f"rejected rows: none; {path} holds the headings only"
    return f"rejected rows: {named_table(path)}; corrected, feed that file alone, with --partial"


def _exit(judged: Judged) -> Exit:
    if judged.refusal:
        return Exit.INPUT
    return Exit.INCOMPLETE if judged.accepted.rejected else Exit.DONE


def notices_of(ws: Workspace, accepted: Accepted) -> tuple[str, ...]:
    """What stands above all findings: what nearly every row has, and what only the shop can decide."""
    common = widespread(accepted.findings, accepted.total, ws.shop, ws.shop_name)
    undecided = any(one.code in OF_NEW and one.severity is Severity.WARNING for one in accepted.findings)
    return (*common, NEW_UNKNOWN) if undecided else common


def write_findings(ws: Workspace, judged: Judged, reports: Sequence[Path]) -> FindingsReport:
    """The findings in every form asked for; as a workbook it is the user's own, with its cells marked."""
    accepted = judged.accepted
    choices = accepted.mapped.catalog.choices
    report = findings_report(
        accepted.findings, rows=accepted.total, accepted=accepted.rows, rejected=accepted.rejected,
        choices=[(choice.file, choice.what, choice.why, choice.override) for choice in choices],
        notices=notices_of(ws, accepted),
    )  # fmt: skip
    for file in reports:
        if file.suffix.lower() == ".xlsx":
            annotate(file, accepted)
        else:
            render(report, file)
        ws.progress.say(f"report: {file}")
    return report
