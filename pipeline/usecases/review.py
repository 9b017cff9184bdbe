"""`diff --decisions reviewed.xlsx`: the part of a reviewed plan that a person agreed to."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.diff.decisions import narrow
from pipeline.diff.plan import Plan
from pipeline.diff.planfile import open_plan, plan_path
from pipeline.diff.reviewed import Workbook
from pipeline.errors import PlanRefused
from pipeline.report.tables import cell_text
from pipeline.usecases.connection import connected
from pipeline.usecases.judged import read
from pipeline.usecases.workspace import Workspace


def reviewed(ws: Workspace, sources: Sequence[str], decisions: Path) -> tuple[Plan, Path]:
    """Seal what was approved, and say in which folder it lies.

    The plan that the workbook reviews must lie in this state folder and have been made of the
    catalog as it still is.

    Raises:
        PlanRefused: it was made of something else, or the workbook shows other values than the plan.
    """
    plans = ws.open_state() / "plans"
    with tempfile.TemporaryDirectory(prefix="review-", dir=ws.state) as scratch:
        folder = Path(scratch)
        workbook = Workbook(decisions, folder)
        path = _plan_of(plans, workbook, decisions)
        _same_source(ws, sources, open_plan(path), folder)
        with connected(ws) as shop:
            plan = narrow(
                path, workbook, shop=ws.shop, plan_id=ws.new_id(), folder=plans, scratch=folder,
                forecast=lambda requests, feeds: shop.ledger.forecast(feeds, requests), shown=cell_text,
            )  # fmt: skip
    return plan, plans


def _plan_of(plans: Path, workbook: Workbook, decisions: Path) -> Path:
    path = plan_path(plans, workbook.plan()[0])
    if not path.exists():
        hint = "review a report that `sellercenter diff` wrote with this state folder"
        raise PlanRefused(f"{decisions} reviews plan {workbook.plan()[0]}, which isn't here", hint=hint)
    return path


def _same_source(ws: Workspace, sources: Sequence[str], plan: Plan, folder: Path) -> None:
    """What was approved was approved of this file and no other."""
    mapped = read(ws, sources, folder)
    if (mapped.digest or mapped.catalog.digest) != plan.inputs.source:
        named = " ".join(sources)
        raise PlanRefused(
            f"{named} isn't what plan {plan.id} was made of: it changed since, or is another file",
            hint="make a new diff and review its report",
        )
