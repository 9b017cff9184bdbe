"""Where the numbers of a job go: a file for Prometheus, a collector of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.budget.ledger import Ledger
from pipeline.budget.usage import Usage
from pipeline.errors import PipelineError
from pipeline.journal.journal import Journal
from pipeline.usecases import secrets
from pipeline.usecases.job_record import Attempt, attempts
from pipeline.usecases.metrics import labels_of, measured, write_metrics
from pipeline.usecases.otlp import encoded, send
from pipeline.usecases.workspace import Workspace


def measure(ws: Workspace, attempt: Attempt, journal: Journal | None) -> None:
    """The same numbers by every way there is; one that fails is said aloud, and holds up nobody."""
    metrics = ws.settings.metrics
    if journal is None or (metrics.textfile is None and metrics.otlp is None):
        return
    past = list(attempts(journal, job=attempt.job, identity=attempt.identity))
    found, labels = list(measured(past, usage_of(ws))), labels_of(attempt)
    if metrics.textfile is not None:
        with _said(ws, "no numbers in the textfile"):
            write_metrics(ws.base / Path(metrics.textfile).expanduser(), found, labels)
    if metrics.otlp is not None:
        with _said(ws, "no numbers by OpenTelemetry"):
            body = encoded(found, labels, begun=past[-1].started, ended=attempt.ended)
            send(metrics.otlp, body, _headers(ws))


@contextmanager
def _said(ws: Workspace, what: str) -> Iterator[None]:
    try:
        yield
    except PipelineError as error:
        hint = f" ({error.hint})" if error.hint else ""
        ws.progress.warn(f"{what}: {error.message}{hint}")


def _headers(ws: Workspace) -> dict[str, str]:
    """What the collector asks for; from now on nothing we write shows it.

    Raises:
        SettingsError: a reference leads nowhere.
    """
    found = {}
    for name, reference in ws.settings.metrics.otlp_headers.items():
        found[name] = secrets.resolve(reference, base=ws.base, environ=ws.environ).reveal()
        ws.heard(found[name])
    return found


def usage_of(ws: Workspace) -> Usage:
    """The seller's budget as it stands."""
    with Ledger(ws.ledger, ws.shop.budget, ws.shop.limits, ws.clock) as ledger:
        return ledger.usage()
