"""A shop that may be asked, where that's possible: what doesn't need it goes on without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import PipelineError, SettingsError, ShopError
from pipeline.usecases.connection import Connected, connected
from pipeline.usecases.workspace import Workspace


@contextmanager
def if_reachable(ws: Workspace) -> Iterator[Connected | None]:
    """The shop, or None (said aloud) where its key is missing or it doesn't answer."""
    try:
        ws.api_key  # noqa: B018 - resolves the reference
    except SettingsError as error:
        _alone(ws, error)
        yield None
        return
    with connected(ws) as shop:
        yield shop if _answers(ws, shop) else None


def _answers(ws: Workspace, shop: Connected) -> bool:
    try:
        shop.client.probe()
    except ShopError as error:
        _alone(ws, error)
        return False
    return True


def _alone(ws: Workspace, error: PipelineError) -> None:
    ws.progress.warn(f"the shop isn't asked for brands, categories and attributes: {error.message}")
