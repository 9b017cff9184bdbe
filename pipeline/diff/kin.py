"""A variant that is held for the sake of another one of its group (`skip-group`). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from pipeline.diff.plan import Change, Held, Origin
from pipeline.diff.settle import Breach, Decided
from pipeline.read.finding import Severity
from schemas.fields import KEY

PARENT = "ParentSku"
GROUP_REFUSED = "group-refused"


def held_back(decided: Decided, by: str, fields: Collection[str]) -> Decided:
    """What was decided of a variant, held for the sake of another one of its group.

    Args:
        fields: those of the file, by which the finding gets its cell.
    """
    changes = [change for record in decided.records for change in record.changes]
    if not changes:
        return decided
    told = f"held with its variant group: {by} contradicts the shop"
    held = (_held(decided.sku, change, told) for change in changes)
    breach = Breach(
        code=GROUP_REFUSED, severity=Severity.ERROR, sku=decided.sku, value=by, message=told,
        field=PARENT if PARENT in fields else KEY, origin=_origin(changes),
    )  # fmt: skip
    return replace(
        decided, fate="blocked", records=(), held=(*decided.held, *held), breaches=(*decided.breaches, breach)
    )


def _held(sku: str, change: Change, told: str) -> Held:
    return Held(
        sku=sku, reason="contradiction", field=change.field, before=change.before, after=change.after,
        message=told,
    )  # fmt: skip


def _origin(changes: Iterable[Change]) -> Origin | None:
    return next((change.origin for change in changes if change.origin), None)
