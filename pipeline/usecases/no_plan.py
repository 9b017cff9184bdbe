"""A catalog where a plan is expected: the likeliest slip of a first day, and one with a way out."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UsageError

CATALOGS = frozenset((
    ".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers",
    ".xml", ".html", ".htm", ".json", ".gz", ".zip",
))  # fmt: skip


def refuse_catalog(path: Path) -> None:
    """Let everything pass that may be a plan, also a damaged one: that is judged by its seal.

    Raises:
        UsageError: it's a catalog; says the way from there to a plan.
    """
    if path.suffix.lower() not in CATALOGS or _begins_as_plan(path):
        return
    plan = path.with_suffix(".plan").name
    raise UsageError(
        f"{path} is a catalog, not a plan: nothing is sent",
        hint=f"`sellercenter diff {path} --out {plan}` shows what it would change, "
        f"`sellercenter push {plan}` sends that; `sellercenter run {path}` does both",
    )


def _begins_as_plan(path: Path) -> bool:
    """Every line of a plan is a JSON object; what can't be read is for others to judge."""
    try:
        with path.open("rb") as file:
            return file.read(1) in (b"{", b"")
    except OSError:
        return True
