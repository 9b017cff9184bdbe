"""Comparison → packed, judged, sealed plan: the one way a plan comes to be, also a rollback's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from pipeline.collector import rarely_collecting
from pipeline.diff.batches import pack
from pipeline.diff.compare import Draft, source_columns
from pipeline.diff.forecast import forecast
from pipeline.diff.guards import FACTOR, FILLED, one_factor, one_price, verdicts, went_back
from pipeline.diff.kin import GROUP_REFUSED
from pipeline.diff.measure import Measures
from pipeline.diff.memory import Memory
from pipeline.diff.paid import Market, market_of
from pipeline.diff.plan import Basis, Counts, Forecast, Held, Inputs, Plan, Record
from pipeline.diff.planfile import dated, plan_path, seal_lines
from pipeline.diff.portion import Portion
from pipeline.diff.rules import rules_of
from pipeline.diff.spool import Spool
from pipeline.diff.suspects import FirstLook
from pipeline.diff.variants import taken_along
from pipeline.read.finding import Finding
from pipeline.settings import Shop
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from pipeline.values.context import Context
from pipeline.values.counted import plural
from schemas.rules import severity_of

Seconds = Callable[[int, int], float]
ACQUITTED = "no guard judges them."
ALONE = "only cost and floor judge it."
_OURS = (ACQUITTED, ALONE, FACTOR, FILLED)


def make_plan(
    accepted: Accepted,
    snapshot: Snapshot,
    memory: Memory,
    *,
    shop: Shop,
    shop_name: str,
    identity: str,
    ctx: Context,
    settings_digest: str,
    source: str,
    partial: bool,
    now: float,
    plan_id: str,
    folder: Path,
    forecast: Seconds,
    sources: tuple[str, ...] = (),
    look: FirstLook | None = None,
    tell: Callable[[tuple[Finding, ...]], None] = lambda _: None,
) -> Plan:
    """Compare a file with a shop and seal what would change, in `folder`/<plan_id>.plan.jsonl.

    A plan that a guard refuses is written like any other: its verdicts stand in it.

    Args:
        now: seconds since the epoch; forecast: (requests, feeds) → seconds, given the budget now.
        look: what was taken of the file while it was validated; None = it's taken now.
        tell: is told what of the file contradicts the shop, before the plan is sealed; to raise is to
            have no plan.

    Raises:
        StateError: the disk said no.
    """
    rules = rules_of(shop, ctx, partial=partial)
    market = market_of(dated(Basis(), ctx, now))
    header = Plan(
        id=plan_id,
        kind="import",
        shop=shop_name,
        identity=identity,
        dialect=shop.dialect.value,
        operators=shop.operators,
        created=now,
        source=source,
        sources=sources,
        source_rows=accepted.total,
        source_columns=source_columns(accepted),
        partial=partial,
        snapshot=snapshot.id,
        snapshot_taken=snapshot.taken,
        inputs=Inputs(
            source=accepted.mapped.digest or accepted.mapped.catalog.digest,
            snapshot=snapshot.digest,
            settings=settings_digest,
        ),
        counts=Counts(),
        fields_changed={},
        guards=(),
        batches=(),
        forecast=Forecast(requests=0, feeds=0, seconds=0.0),
        records=0,
    )
    barred: dict[str, str] = {}
    while True:
        draft = Draft(accepted, snapshot, memory, rules, folder, barred=barred, look=look)
        with Assembly(folder, shop, market) as assembly, rarely_collecting():
            for portion in draft.portions(market):
                assembly.add(portion)
            if not barred and (barred := _barred(accepted, snapshot, draft, shop)):
                continue  # who was taken already must stay behind: once more, knowing them
            tell(draft.findings)
            header = replace(
                header,
                counts=draft.counts,
                fields_changed=dict(sorted(draft.fields_changed.items())),
                basis=dated(draft.basis(source), ctx, now),
                notices=draft.notices,
            )
            return assembly.seal(plan_path(folder, plan_id), header, seconds=forecast)


def _barred(accepted: Accepted, snapshot: Snapshot, draft: Draft, shop: Shop) -> dict[str, str]:
    """Variants that stay behind with one of their group, where the settings keep groups together."""
    together = shop.catalog.on_error == "skip-group"
    if not together or severity_of(GROUP_REFUSED, shop.catalog.severity) != "error":
        return {}
    return taken_along(accepted, snapshot, draft.breaches)


def first_prices(skus: Collection[str]) -> str:
    """Prices that nothing can be said of, in words."""
    listed = ", ".join(list(skus)[:5]) + (" …" if len(skus) > 5 else "")
    gets = plural(len(skus), "product gets its", "products get their")
    return (
        f"{gets} first price somewhere ({listed}), with no price in the same currency to compare it with:"
        f" {ALONE}"
    )


class Assembly:
    """Takes records as they are decided, and makes the plan of them: numbered, packed, judged, sealed."""

    def __init__(self, folder: Path, shop: Shop, market: Market) -> None:
        self._shop = shop
        self._spool = Spool(folder, shop.dialect)
        self._measures = Measures(market=market)

    def __enter__(self) -> Assembly:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def take(self, records: Iterable[Record], held: Iterable[Held] = ()) -> None:
        """Records whose numbers don't count yet, and what is held back."""
        for record in records:
            self._spool.add(record)
            self._measures.see(record)
        for one in held:
            self._spool.hold(one)

    def add(self, portion: Portion) -> None:
        """Records that are written down already, and what is held back with them."""
        self._spool.extend(portion.bodies, portion.lengths, portion.entries)
        self._measures.count(portion.told)
        for one in portion.held:
            self._spool.hold(one)

    def seal(self, path: Path, header: Plan, *, seconds: Seconds, canary: int = 0) -> Plan:
        """The plan, written.

        Args:
            header: all that isn't said by the records: id, inputs, counts, basis, notices …
        """
        limits = self._shop.limits
        packing = pack(
            self._spool.entries,
            most=limits.feed_max_products,
            most_bytes=limits.feed_max_bytes,
            canary=canary,
        )
        plan = replace(
            header,
            guards=verdicts(self._measures, header.basis, self._shop.guards),
            batches=packing.batches,
            forecast=forecast(packing.batches, limits, seconds),
            records=len(packing.order),
            notices=(*(n for n in header.notices if not n.endswith(_OURS)), *self._notices()),
        )
        return seal_lines(path, plan, self._spool.record_lines(packing), self._spool.held_lines())

    def _notices(self) -> Iterable[str]:
        if self._measures.back["values"]:
            yield f"{went_back(self._measures, 'values')}: {ACQUITTED}"
        if self._measures.alone:
            yield first_prices(self._measures.alone)
        for say in (one_price, one_factor):
            if said := say(self._measures, self._shop.guards):
                yield said
