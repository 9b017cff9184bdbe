"""A shop, connected: client, budget and journal, joined for one command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.market.feeds import Action, Feed, Receipt
from pipeline.usecases.workspace import Workspace
from pipeline.values.context import Context
from pipeline.values.currency import decimals_of_currency

if TYPE_CHECKING:
    from pipeline.budget.ledger import Ledger
    from pipeline.journal.journal import Journal
    from pipeline.market.calls import Call
    from pipeline.market.client import Client
    from pipeline.settings import Shop

FEEDS_A_PAGE = 100
#: How often a list that moves while it's read is read again.
LIST_PASSES = 5
#: Parameters of a call that the journal keeps, characters: a list of SKUs may fill kilobytes.
PARAMS_KEPT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """One shop under a budget."""

    client: Client
    ledger: Ledger
    market: MarketDoor


class MarketDoor:
    """`push.ports.Market` over the client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def products(self, skus: Sequence[str], *, deleted: bool = False) -> Mapping[str, Mapping[str, str]]:
        found = self._client.products(skus)
        missing = [sku for sku in skus if sku not in found] if deleted else []
        return {**found, **self._client.products(missing, filter_="deleted")} if missing else found

    def post_feed(self, action: Action, body: bytes) -> Receipt:
        return self._client.post_feed(action, body)

    def feed_status(self, feed: str) -> Feed:
        return self._client.feed_status(feed)

    def server_now(self) -> float:
        return self._client.server_now()

    def feeds_since(self, since: float) -> list[Feed]:
        """All feeds, though the list moves while it's read.

        A feed that moves to pages already read pushes others onto the next page, where they come
        again: then it's read once more from the start. A shop's pages may be smaller than asked for.
        """
        found: dict[str, Feed] = {}
        for _ in range(LIST_PASSES):
            listed = [feed for page in self._feed_pages(since) for feed in page]
            found |= {feed.id: feed for feed in listed}
            if len(listed) == len({feed.id for feed in listed}):
                break
        return list(found.values())

    def _feed_pages(self, since: float) -> Iterator[tuple[Feed, ...]]:
        """Pages from the first to the one that is empty, or says nothing new."""
        offset, seen = 0, set[str]()
        while page := self._client.feed_offset_list(
            offset=offset, page_size=FEEDS_A_PAGE, created_after=since
        ):
            yield page
            if seen.issuperset(feed.id for feed in page):
                return
            seen.update(feed.id for feed in page)
            offset += len(page)

    def feed_raw_input(self, feeds: Sequence[str]) -> Mapping[str, bytes]:
        return self._client.feed_raw_input(feeds)

    def feed_cancel(self, feed: str) -> None:
        self._client.feed_cancel(feed)


@contextmanager
def connected(ws: Workspace, observe: Callable[[Call], None] = lambda _: None) -> Iterator[Connected]:
    """The shop of this command, under its seller's budget.

    Raises:
        SettingsError: its key can't be resolved.
    """
    from pipeline.budget.ledger import Ledger
    from pipeline.market.client import Client

    shop, key = ws.shop, ws.api_key

    with (
        Ledger(ws.ledger, shop.budget, shop.limits, ws.clock) as ledger,
        Client(shop, key, throttle=ledger, clock=ws.clock, observer=observe) as client,
    ):
        yield Connected(client=client, ledger=ledger, market=MarketDoor(client))


@contextmanager
def journal_of(ws: Workspace, *, trusted: bool = True) -> Iterator[Journal]:
    """The journal of the state folder.

    Args:
        trusted: refuse a database that was replaced by an older copy.

    Raises:
        StateError: it can't be opened, or was replaced by an older copy.
    """
    from pipeline.journal.journal import Journal
    from pipeline.journal.schema import MIGRATIONS
    from pipeline.store.engine import open_store

    folder = ws.open_state()
    store = open_store(folder / "state.db", kind="journal", migrations=MIGRATIONS)
    try:
        journal = Journal(store, folder / "state.head")
        if trusted:
            journal.check_head()
        yield journal
    finally:
        store.close()


def observer(journal: Journal) -> Callable[[Call], None]:
    """Hands every call on to the journal, without what must not be kept."""
    from pipeline.journal.journal import Call as Kept

    def observe(call: Call) -> None:
        params = json.dumps(dict(call.params), sort_keys=True, ensure_ascii=False)[:PARAMS_KEPT]
        outcome = call.outcome if call.outcome == "ok" else f"{call.outcome}: {call.message}"[:PARAMS_KEPT]
        journal.observe(
            Kept(
                at=call.started, action=call.action, params=params, outcome=outcome,
                seconds=round(call.answered - call.started, 3), bytes=call.sent or call.received,
            )
        )  # fmt: skip

    return observe


def context_of(shop: Shop, categories: Mapping[str, str] | None = None) -> Context:
    """What comparing values of this shop has to know.

    Args:
        categories: id → name, where the tree is known.
    """
    codes = {"": shop.currency, **shop.currency_by_operator}
    own = {code: decimals_of_currency(currency) for code, currency in codes.items()}
    decimals = {**own, "": shop.decimals} if shop.decimals is not None else own
    return Context(
        decimals=decimals, currencies=codes, timezone=ZoneInfo(shop.timezone), category_names=categories or {}
    )
