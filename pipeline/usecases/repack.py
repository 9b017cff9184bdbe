"""A plan's records in other batches: the same changes, a few of them first and apart."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.diff.build import Assembly
from pipeline.diff.paid import market_of
from pipeline.diff.plan import Plan, Record
from pipeline.diff.planfile import held, plan_path, records
from pipeline.usecases.workspace import Workspace


def with_canary(
    ws: Workspace, plan: Plan, path: Path, canary: int
) -> tuple[Plan, Callable[[], Iterable[Record]]]:
    """The plan with a first batch of `canary` records, which must verify before the rest leaves.

    It keeps its id and digest: it is the plan that was reviewed, and it is used up by this.
    """
    folder = ws.open_state() / "plans"
    packed = plan_path(folder, f"{plan.id}-canary-{canary}")
    market = market_of(plan.basis)
    with (
        tempfile.TemporaryDirectory(dir=ws.state) as scratch,
        Assembly(Path(scratch), ws.shop, market) as assembly,
    ):
        assembly.take(records(path), held(path))
        made = assembly.seal(packed, plan, seconds=lambda *_: plan.forecast.seconds, canary=canary)
    kept = replace(made, digest=plan.digest, guards=plan.guards, notices=plan.notices)
    return kept, partial(records, packed)
