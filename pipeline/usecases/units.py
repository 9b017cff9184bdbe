"""What the shop held of products' business units when a run was planned, for the run's manual kit."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.diff.plan import Plan
from pipeline.errors import PipelineError
from pipeline.rollback.units import unit_columns
from pipeline.snapshot import shelf
from pipeline.snapshot.snapshot import Snapshot
from pipeline.usecases.workspace import Workspace
from schemas.fields import KEY


def units_of(ws: Workspace, plan: Plan, skus: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """SKU → field → text, of some products; those that no snapshot tells of are left out."""
    import pyarrow.parquet as pq

    held = _snapshot(ws, plan)
    if held is None:
        return {}
    columns = [KEY, *unit_columns(held.columns())]
    found = pq.read_table(held.path, columns=columns, filters=[(KEY, "in", list(skus))])
    return {row.pop(KEY): {name: text or "" for name, text in row.items()} for row in found.to_pylist()}


def _snapshot(ws: Workspace, plan: Plan) -> Snapshot | None:
    """The plan's; a rollback looks at its products only and keeps none: the newest then."""
    try:
        return shelf.load(ws.snapshots, plan.snapshot)
    except PipelineError:
        return shelf.latest(ws.snapshots, plan.identity) if ws.snapshots.is_dir() else None
