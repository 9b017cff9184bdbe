"""`diff CATALOG…`: what a catalog would change, saved as a plan; nothing is sent, no run is made.

What only a fresh comparison needs (Polars, pandas, all of `diff` that compares) takes longer to import than
an earlier one takes to be sealed anew: it's imported where it's used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.diff.forecast import forecast
from pipeline.diff.plan import Forecast, Plan
from pipeline.diff.planfile import plan_path, skus
from pipeline.diff.rules import rules_of
from pipeline.errors import Exit, InputRefused, worst
from pipeline.journal.journal import Journal
from pipeline.journal.memory import JournalMemory
from pipeline.market.lookups import Category, Lookups
from pipeline.read.finding import Finding
from pipeline.rollback.invert import status_fields
from pipeline.snapshot.snapshot import Snapshot
from pipeline.usecases import again
from pipeline.usecases.connection import Connected, connected, context_of, journal_of, observer
from pipeline.usecases.judged import Judged, ask, asks_brands, hint_of, judge, of_kit, read, tell
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.planned import Looked, check_forms, planned
from pipeline.usecases.snapshot import named
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context
from schemas.fields import KEY

if TYPE_CHECKING:
    from pipeline.diff.suspects import FirstLook
    from pipeline.validate.accepted import Accepted
    from pipeline.validate.known import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A plan and what led to it.

    Attributes:
        rejected: rows refused, by themselves or beside what the shop holds (these are held in the plan).
        categories: the shop's tree.
    """

    plan: Plan
    folder: Path
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    rejected: int
    skipped: Mapping[str, int]
    categories: Mapping[str, Category] = field(default_factory=dict)


def compare(
    ws: Workspace,
    sources: Sequence[str],
    *,
    snapshot: str = "fresh",
    out: Path | None = None,
    reports: Sequence[Path] = (),
    decisions: Path | None = None,
    source: str | None = None,
    partial: bool = False,
    exit_code: bool = False,
) -> Outcome:
    """Compare a catalog with the shop; the plan and the report are written also where a guard refuses.

    Raises:
        InputRefused: nothing of the catalog can be used; the findings are reported all the same.
    """
    check_forms(reports)
    if decisions is not None:
        from pipeline.usecases.review import reviewed

        plan, folder = reviewed(ws, sources, decisions)
        codes = (Exit.CHANGES,) if exit_code and plan.records else ()
        return planned(ws, plan, folder, out=out, reports=reports, codes=codes)
    with journal_of(ws) as journal, connected(ws, observer(journal)) as shop:
        found = comparison(
            ws, journal, shop, sources, snapshot=snapshot, reports=reports, source=source, partial=partial
        )
    return report(ws, found, out=out, reports=reports, exit_code=exit_code)


def comparison(
    ws: Workspace,
    journal: Journal,
    shop: Connected,
    sources: Sequence[str],
    *,
    snapshot: str,
    reports: Sequence[Path] = (),
    source: str | None,
    partial: bool,
) -> Comparison:
    """Read, validate, compare.

    Raises:
        InputRefused: nothing of the catalog can be used; the findings are reported first.
    """
    partial = partial or of_kit(ws, sources)
    asked = source or " ".join(sources)
    ws.open_state()
    key = again.key_of(ws, sources, source=asked, partial=partial, kit=of_kit(ws, sources))
    memory = _memory(ws, journal)
    earlier = again.recall(ws, key, sources)
    held = named(ws, shop, snapshot) if earlier else None
    if earlier and held and (known := _again(ws, journal, shop, earlier, held, memory)):
        return known
    from pipeline.diff.build import make_plan
    from pipeline.diff.compare import look_at

    with tempfile.TemporaryDirectory(prefix="diff-", dir=ws.state) as scratch:
        folder = Path(scratch)
        mapped = read(ws, sources, folder)
        held = held or named(ws, shop, snapshot)
        looks: list[FirstLook] = []

        def look(ctx: Context) -> FirstLook:
            looks.append(look_at(mapped.fields, held, rules_of(ws.shop, ctx, partial=partial)))
            return looks[0]

        judged = judge(ws, mapped, folder, shop=shop, known=skus_of(held), beside=look)
        if judged.refusal:
            _tell_findings(ws, judged, reports)
            raise judged.refusal
        before = again.memory_of(journal, memory.resting())
        accepted = judged.accepted

        def beside(found: tuple[Finding, ...]) -> None:
            nonlocal accepted
            accepted = _beside_the_shop(ws, judged, found, reports)

        with ws.progress.stage("compare", total=judged.accepted.rows, unit="rows") as stage:
            plan = make_plan(
                judged.accepted, held, memory,
                shop=ws.shop, shop_name=ws.shop_name, identity=ws.identity(ws.shop), ctx=judged.context,
                settings_digest=ws.settings_digest(ws.shop),
                source=asked, sources=tuple(sources), partial=partial,
                now=ws.clock.now(), plan_id=ws.new_id(), folder=ws.plans,
                forecast=lambda requests, feeds: shop.ledger.forecast(feeds, requests), tell=beside,
                look=looks[0],
            )  # fmt: skip
            stage.advance(judged.accepted.rows)
    found = again.asked_of(judged.lookups, brands=asks_brands(ws.shop, mapped.fields), ids=judged.ids)
    again.remember(
        ws, key, plan, plan_path(ws.plans, plan.id), held, before, found, mapped.catalog,
        accepted.findings, rejected=accepted.rejected, skipped=mapped.skipped,
    )  # fmt: skip
    return Comparison(
        plan=plan, folder=ws.plans, snapshot=held, findings=accepted.findings,
        rejected=accepted.rejected, skipped=mapped.skipped, categories=judged.lookups.categories,
    )  # fmt: skip


def _beside_the_shop(
    ws: Workspace, judged: Judged, found: tuple[Finding, ...], reports: Sequence[Path]
) -> Accepted:
    """What passed, less the rows that contradict the shop: they count in the error budget as any others.

    Raises:
        InputRefused: there are too many of them; the findings are reported first.
    """
    from pipeline.diff.told import with_findings
    from pipeline.validate.budget import over_budget

    accepted = with_findings(judged.accepted, found)
    why = over_budget(accepted, ws.shop.catalog) if found else None
    if why:
        refusal = InputRefused(why, hint=hint_of(ws, accepted))
        _tell_findings(ws, replace(judged, accepted=accepted, refusal=refusal), reports)
        raise refusal
    return accepted


def _tell_findings(ws: Workspace, judged: Judged, reports: Sequence[Path]) -> None:
    from pipeline.usecases.validate import write_findings

    write_findings(ws, judged, reports)


def _memory(ws: Workspace, journal: Journal) -> JournalMemory:
    status = status_fields(ws.shop.dialect, ws.shop.operators)
    return JournalMemory(journal.store, ws.identity(ws.shop), status)


def _again(
    ws: Workspace, journal: Journal, shop: Connected, earlier: again.Earlier, held: Snapshot,
    memory: JournalMemory,
) -> Comparison | None:  # fmt: skip
    """The earlier comparison, if all that it rests on is as it was; None = make it afresh."""
    if not again.holds(earlier, held, again.memory_of(journal, memory.resting())):
        return None
    tree = shop.client.category_tree()
    said = earlier.asked
    if again.tree_digest(Lookups(categories=tree)) != said.tree:
        return None
    if again.answer_digest(ask(ws, shop, tree, brands=said.brands, ids=said.ids)) != said.answer:
        return None

    def cost(old: Plan) -> Forecast:
        return forecast(old.batches, ws.shop.limits, lambda calls, feeds: shop.ledger.forecast(feeds, calls))

    change = {"created": ws.clock.now(), "snapshot": held.id, "snapshot_taken": held.taken, "forecast": cost}
    plan = again.seal_again(ws.plans, earlier, ws.new_id(), context_of(ws.shop), change)
    if plan is None:
        return None
    tell(ws, earlier.choices)
    ws.progress.say("files, settings, shop and journal are those of an earlier comparison: its plan holds")
    return Comparison(
        plan=plan, folder=ws.plans, snapshot=held, findings=earlier.findings,
        rejected=earlier.rejected, skipped=earlier.skipped, categories=tree,
    )  # fmt: skip


def report(
    ws: Workspace,
    found: Comparison,
    *,
    out: Path | None = None,
    reports: Sequence[Path] = (),
    exit_code: bool = False,
) -> Outcome:
    """What a comparison found, in every form asked for."""
    codes = [Exit.INCOMPLETE] if found.rejected else []
    if exit_code and found.plan.records:
        codes.append(Exit.CHANGES)
    path = plan_path(found.folder, found.plan.id)
    return planned(
        ws, found.plan, found.folder, out=out, reports=reports, findings=found.findings,
        products=Looked(lambda: shown(found.snapshot, skus(path))),
        codes=(worst(*codes),), skipped=found.skipped,
        categories={each.id: " > ".join(each.path) for each in found.categories.values()},
    )  # fmt: skip


def skus_of(snapshot: Snapshot) -> Known:
    """What the shop lists."""
    from pipeline.diff.shopindex import ShopIndex
    from pipeline.diff.tables import shop_batches
    from pipeline.validate.known import Known  # it brings pandas: who finds nothing new doesn't wait for it

    return Known(
        skus=lambda: (frame[KEY] for frame in shop_batches(snapshot.path, [KEY])),
        hashes=ShopIndex(snapshot).hashes,
    )


def shown(snapshot: Snapshot, skus: Iterable[str]) -> Mapping[str, Mapping[str, str | None]]:
    """Names and pictures of some products, for the report."""
    import polars as pl

    wanted = pl.Series(list(dict.fromkeys(skus)), dtype=pl.String).implode()
    names = [name for name in (KEY, "Name", "Images") if name in snapshot.columns()]
    found = pl.scan_parquet(snapshot.path, glob=False).filter(pl.col(KEY).is_in(wanted)).select(names)
    return {row[KEY]: row for row in found.collect().iter_rows(named=True)}
