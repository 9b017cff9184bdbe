"""Is everything in place for a run? Each thing is looked at apart, and says what to do where it isn't."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.errors import Exit, PipelineError, StateError, worst
from pipeline.settings import Limits
from pipeline.store.atomic import write_atomic
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.secrets import exposure, secret_file
from pipeline.usecases.workspace import Workspace
from pipeline.values.counted import plural

DISK_LOW = 2_000_000_000  # bytes: room for a million rows, their snapshot and their plan
DISK_FULL = 100_000_000
SETTLE_SHORT = 60.0  # seconds; feed lists of real shops lag longer


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        hint: what to do, "" where all is well.
        exit_code: what a failure ends the command with.
    """

    name: str
    status: Status
    message: str
    hint: str = ""
    exit_code: Exit = Exit.DONE


Found = tuple[Status, str, str]
Look = Callable[[Workspace], Found]


def doctor(workspace: Workspace) -> Outcome:
    """Look at everything that a run needs; a thing that can't be looked at fails, the others go on."""
    checks = tuple(_checks(workspace))
    code = worst(*(check.exit_code for check in checks))
    rows = [{key: value for key, value in asdict(check).items() if key != "exit_code"} for check in checks]
    return Outcome(
        document={"checks": rows, "exit_code": int(code)},
        exit_code=code,
        lines=tuple(line for check in checks for line in _lines(check)),
    )


def _checks(workspace: Workspace) -> Iterator[Check]:
    settings = _look("settings", _settings, workspace)
    yield settings
    yield _look("state", _state, workspace)
    if settings.status is Status.FAIL:
        return
    yield _look("record", _record, workspace)
    yield _look("mapping", _mapping, workspace)
    secret = _look("secret", _secret, workspace)
    yield secret
    yield _look("budget", _budget, workspace)
    if secret.status is not Status.FAIL:
        yield from _shop(workspace)


def _look(name: str, look: Look, workspace: Workspace) -> Check:
    try:
        status, message, hint = look(workspace)
    except PipelineError as error:
        code = Exit(error.exit_code)
        return Check(name=name, status=Status.FAIL, message=error.message, hint=error.hint, exit_code=code)
    return Check(name=name, status=status, message=message, hint=hint)


def _lines(check: Check) -> Iterator[str]:
    yield f"{check.status:<4}  {check.name:<8}  {check.message}"
    if check.hint:
        yield f"{'':<16}{check.hint}"


def _settings(workspace: Workspace) -> Found:
    settings, shop = workspace.settings, workspace.shop
    if shop.limits.settle < SETTLE_SHORT and not shop.sandbox:
        hint = (
            f"limits.settle of at least {SETTLE_SHORT:g} keeps a slow feed list from looking like a lost feed"
        )
        return Status.WARN, f"{settings.path}: settle is {shop.limits.settle:g} s", hint
    return Status.OK, f"{settings.path}: shop {workspace.shop_name!r}, {shop.dialect} dialect, {shop.url}", ""


def _state(workspace: Workspace) -> Found:
    folder = workspace.open_state()
    probe = folder / ".doctor"
    write_atomic(probe, b"")
    probe.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    said = f"{folder}: writable, {free / 1e9:,.1f} GB free"
    if free < DISK_FULL:
        raise StateError(said, hint="free space on this disk, or name another folder with --state")
    if _others_read(folder):
        return Status.WARN, f"{folder}: other users can read it", f"chmod 700 {folder}"
    low = free < DISK_LOW
    return (Status.WARN if low else Status.OK), said, "large catalogs need more" if low else ""


def _others_read(folder: Path) -> bool:
    return os.name == "posix" and bool(folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _mapping(workspace: Workspace) -> Found:
    file = workspace.mapping_file(workspace.shop)
    workspace.settings_digest(workspace.shop)
    return Status.OK, str(file) if file else "none: headers are the canonical names", ""


def _secret(workspace: Workspace) -> Found:
    reference = workspace.shop.api_key
    _ = workspace.api_key
    scheme, _, rest = reference.partition(":")
    if scheme == "file":
        file = secret_file(rest, base=workspace.base, environ=workspace.environ)
        if exposure(file) == "group":
            return Status.WARN, f"{file}: your group can read it", f"chmod 600 {file}"
    return Status.OK, f"{reference} leads to a key", ""


def _record(workspace: Workspace) -> Found:
    if not workspace.database.exists():
        return Status.OK, "nothing has been sent from this state folder yet", ""
    from pipeline.journal.check import check
    from pipeline.usecases.connection import journal_of

    with journal_of(workspace, trusted=False) as journal:
        verified = check(journal)
    if not verified.whole:
        hint = "send nothing from this folder; restore it from a backup, and see `runs --check`"
        raise StateError("; ".join(verified.problems[:5]), hint=hint)
    return Status.OK, f"{plural(verified.events, 'event')}, all in place", ""


def _budget(workspace: Workspace) -> Found:
    from pipeline.budget.ledger import Ledger

    shop = workspace.shop
    with Ledger(workspace.ledger, shop.budget, shop.limits, workspace.clock) as ledger:
        usage = ledger.usage()
    said = (
        f"{usage.budget}: {usage.requests_left} of {usage.requests_limit} requests, "
        f"{usage.feeds_free} of {usage.feeds_limit} free feeds left"
    )
    if usage.feeds_free > 0:
        return Status.OK, said, ""
    return (
        Status.WARN,
        said,
        f"feeds leave one every {shop.limits.feed_interval:g} s until the free ones are new",
    )


def _shop(workspace: Workspace) -> Iterator[Check]:
    """The shop's answer, and from the same call its clock."""
    skews: list[float | None] = []

    def reach(workspace: Workspace) -> Found:
        from pipeline.usecases.connection import connected

        with connected(workspace) as shop:
            rows = shop.client.probe()
            skews.append(shop.client.skew)
        return Status.OK, f"{workspace.shop.url} lets us in" + ("" if rows else "; it holds no products"), ""

    reached = _look("shop", reach, workspace)
    yield reached
    if reached.status is not Status.FAIL and skews[0] is not None:
        yield clock_check(skews[0], workspace.shop.limits)


def clock_check(skew: float, limits: Limits) -> Check:
    """Signatures carry the time: a clock that is off gets them refused."""
    said = f"the shop's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
    hint = "set this machine's clock by NTP"
    if abs(skew) > limits.max_clock_skew:
        return Check(name="clock", status=Status.FAIL, message=said, hint=hint, exit_code=Exit.SHOP)
    if abs(skew) > limits.max_clock_skew / 2:
        return Check(name="clock", status=Status.WARN, message=said, hint=hint)
    return Check(name="clock", status=Status.OK, message="agrees with the shop's")
