"""The words that all renderers share: what a count, a verdict or a reason means to a merchant."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.diff.plan import Guard, Held
from pipeline.report.model import DiffReport, Ending
from pipeline.report.text import visible
from pipeline.values.counted import grouped, plural

#: Columns of a table of changes, in every format that has one; the review workbook is read back by them.
CHANGE_COLUMNS = ("record", "sku", "effect", "field", "before", "after")
ORIGIN_COLUMNS = ("name", "file", "sheet", "row", "cell", "expression", "drift", "acquitted")

COUNT_WORDS = {
    "create": "new products",
    "update": "products updated",
    "deactivate": "products deactivated",
    "remove": "products removed",
    "unchanged": "already as the file says",
    "blocked": "held back: the reason stands with each",
    "rejected": "refused by validation",
    "not_listed": "not in this shop, left alone",
}

RUN_WORDS = {
    "planned": "planned",
    "sent": "sent",
    "accepted": "accepted by the shop",
    "verified": "verified",
    "not_applied": "not applied",
    "refused": "refused by the shop",
    "skipped": "skipped",
    "unknown": "outcome unknown",
    "pending": "still pending",
}

VERDICT_WORDS = {"ok": "ok", "refused": "REFUSED", "allowed": "allowed"}

REASON_WORDS = {
    "manual": "to be done by hand",
    "quarantine": "rests in quarantine",
    "drift": "edited in the shop",
    "conflict": "changed again since",
    "volatile": "changes by itself",
    "in-flight": "in a feed that isn't finished",
    "unsettable": "the API can't set it",
    "incomplete": "a new product that lacks what the shop demands",
    "contradiction": "contradicts what the shop holds",
    "declined": "declined in review",
    "lossy": "not all of it comes back",
}


def changing(report: DiffReport) -> int:
    """SKUs that pushing the plan would touch."""
    counts = report.plan.counts
    return counts.create + counts.update + counts.deactivate + counts.remove


def verdict_line(report: DiffReport) -> str:
    """In one sentence: may this be pushed, and what would it touch?"""
    touched = plural(changing(report), "product")
    if report.refused:
        rules = ", ".join(guard.rule for guard in report.refused)
        return f"Stopped by {plural(len(report.refused), 'guard')}: {rules}. {touched} would change."
    if not changing(report):
        wanted = "what the file says" if report.plan.kind == "import" else "the old values"
        return f"Nothing to change: the shop already holds {wanted}."
    return f"Ready to push: {touched} would change."


def push_command(report: DiffReport) -> str:
    """What to type next to push this plan; "" where there is nothing to push."""
    if not changing(report):
        return ""
    path = visible(report.path or report.plan.id)
    named = f'"{path}"' if " " in path else path
    rules = "".join(f" --allow {guard.rule}" for guard in report.refused)
    return f"sellercenter push {named}{rules}" + (' --reason "…"' if rules else "")


def number_text(number: float) -> str:
    """A measured number as short as it is exact: 12, 12.5, 1 000."""
    return grouped(int(number)) if number == int(number) else grouped(round(number, 2))


def by_verdict(guards: Iterable[Guard]) -> list[Guard]:
    """Guards as they matter: refused, allowed, ok."""
    order = {"refused": 0, "allowed": 1, "ok": 2}
    return sorted(guards, key=lambda guard: order[guard.verdict])


def telling(guards: Iterable[Guard]) -> list[Guard]:
    """Those that have something to say, as they matter: they refuse, were allowed, or say why they don't."""
    return [guard for guard in by_verdict(guards) if guard.verdict != "ok" or guard.message]


def guard_words(guard: Guard) -> str:
    """What a guard says, and why someone allowed it."""
    return f"{guard.message}; allowed: {guard.reason}" if guard.reason else guard.message


def guard_title(rule: str) -> str:
    """A rule as words: "price-down" → "Price down"."""
    return rule.replace("-", " ").capitalize()


def held_words(held: Held) -> str:
    """Why a change is held, what the shop holds instead, and where a person can do it."""
    parts = [held.message or REASON_WORDS.get(held.reason, held.reason)]
    if held.theirs is not None:
        parts.append(f"the shop holds {held.theirs or 'nothing'}")
    if held.place:
        parts.append(f"by hand at {held.place}")
    return "; ".join(parts)


def ending_words(ending: Ending) -> str:
    """What the shop said of a record, and what it holds where that isn't what we meant."""
    told = ((each.field, *map(_held_text, (each.before, each.ours, each.theirs))) for each in ending.fields)
    moved = (f"{name}: {before} → {ours}, the shop holds {theirs}" for name, before, ours, theirs in told)
    return "; ".join(part for part in (ending.message, *moved) if part)


def _held_text(value: str | None) -> str:
    return "unknown" if value is None else value or "nothing"
