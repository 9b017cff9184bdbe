"""Opening what a shop's use cases work with: its budget, its line to the API."""

from __future__ import annotations

from pipeline.budget.ledger import Ledger
from pipeline.budget.throttle import Throttle
from pipeline.market.calls import Observer, unobserved
from pipeline.market.client import Client
from pipeline.usecases.workspace import Workspace


def open_ledger(workspace: Workspace) -> Ledger:
    """The budget of the shop's seller, shared with every process of this user and machine."""
    shop = workspace.shop
    return Ledger(workspace.ledger, shop.budget, shop.limits, workspace.clock)


def open_client(workspace: Workspace, throttle: Throttle, observer: Observer = unobserved) -> Client:
    """The shop, ready to be called; its key is resolved here."""
    key = workspace.api_key
    return Client(workspace.shop, key, throttle=throttle, clock=workspace.clock, observer=observer)
