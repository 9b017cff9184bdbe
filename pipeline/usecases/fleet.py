"""Several shops by one command: each by itself, so that one's trouble is not another's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import Exit, PipelineError, worst
from pipeline.usecases.outcome import Outcome
from pipeline.usecases.workspace import Workspace

log = logging.getLogger("sellercenter.fleet")


def over_shops(ws: Workspace, shops: Sequence[str], do: Callable[[Workspace], Outcome]) -> Outcome:
    """Do the same for every shop, one after the other; the exit code is the worst of them."""
    done = [(shop, _alone(ws.under(shop=shop), do)) for shop in shops]
    code = worst(*(outcome.exit_code for _, outcome in done))
    rows = [{"shop": shop, "exit_code": int(o.exit_code), **o.document} for shop, o in done]
    return Outcome(document={"shops": rows, "exit_code": int(code)}, exit_code=code, parts=tuple(done))


def all_shops(ws: Workspace, do: Callable[[Workspace], Outcome]) -> Outcome:
    """The same for all shops of the settings, in their order."""
    return over_shops(ws, tuple(ws.settings.shops), do)


def of_shop(paths: Sequence[Path], shop: str) -> tuple[Path, ...]:
    """Files of one shop among several."""
    return tuple(named(path, shop) for path in paths)


def named(path: Path, shop: str) -> Path:
    """`report.html` is `report-lima.html` for the shop lima."""
    return path.with_name(f"{path.stem}-{shop}{path.suffix}")


def _alone(ws: Workspace, do: Callable[[Workspace], Outcome]) -> Outcome:
    ws.progress.say(f"== {ws.asked_shop} ==")
    try:
        return do(ws)
    except PipelineError as error:
        return _failed(error)
    except Exception as error:
        log.exception("shop %s", ws.asked_shop)
        hint = f"`--shop {ws.asked_shop} --debug` shows where it happened"
        return _failed(PipelineError(f"unexpected {type(error).__name__}", hint=hint))


def _failed(error: PipelineError) -> Outcome:
    told: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    lines = (f"error: {error.message}", *((f"hint: {error.hint}",) if error.hint else ()))
    code = Exit(error.exit_code)
    return Outcome(document={"error": told, "exit_code": int(code)}, exit_code=code, lines=lines)
