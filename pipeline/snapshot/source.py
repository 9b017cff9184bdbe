"""What a download asks of a shop; `market.client.Client` is the real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pipeline.market.products import Page


class Source(Protocol):
    """A shop's product list, page by page; called from several threads."""

    @property
    def latency(self) -> float | None:
        """Seconds that an answer takes lately; None before the first."""
        ...

    def server_now(self) -> float:
        """The shop's time, seconds since the epoch."""
        ...

    def products_page(self, params: Mapping[str, str]) -> Page:
        """GetProducts, one call.

        Raises:
            ShopError: no page to be had.
        """
        ...
