"""A sandbox in this process on a driven clock, and a caller that signs by the published rule."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
import requests

from pipeline.sandbox import DrivenClock, Sandbox, SandboxOptions

NOON = 1_714_996_800.0  # 2024-05-06 12:00:00 UTC

TEA = {
    "SellerSku": "TEA-01",
    "Name": "Green Tea 50g",
    "Brand": "GENERIC",
    "PrimaryCategory": "504",
    "Description": "<p>Loose & <b>green</b></p>",
    "Price": "4.90",
    "Quantity": "7",
    "Status": "active",
    "Images": ["https://cdn.example.test/tea.jpg"],
    "ProductData": {"Color": "green"},
}
MUG = {
    "SellerSku": "MUG/2",
    "Name": "Stone Mug 300 ml",
    "Brand": "Claywork",
    "PrimaryCategory": "Tazas",
    "Description": "Fired and glazed",
    "Price": "12.00",
    "Quantity": "0",
    "Status": "inactive",
}


@dataclass(kw_only=True)
class Caller:
    """Calls one sandbox over HTTP."""

    sandbox: Sandbox
    clock: DrivenClock
    session: requests.Session = field(default_factory=requests.Session)

    def query(self, params: Mapping[str, str], *, key: str | None = None) -> str:
        """A signed query string."""
        now = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        common = {"Timestamp": now, "UserID": self.sandbox.user_id, "Version": "1.0"}
        pairs = {name: text for name, text in {**common, **params}.items() if text is not None}
        text = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(pairs.items()))
        secret = (key or self.sandbox.api_key).encode()
        return f"{text}&Signature={hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}"

    def call(self, action: str, body: str | bytes | None = None, **params: str) -> requests.Response:
        """One call; with a body it is a POST."""
        url = f"{self.sandbox.base_url}?{self.query({'Action': action, **params})}"
        data = body.encode() if isinstance(body, str) else body
        verb = "GET" if body is None else "POST"
        return self.session.request(verb, url, data=data, timeout=10, allow_redirects=False)

    def body(self, action: str, **params: str) -> Any:
        """The body of a JSON answer."""
        return self.call(action, Format="JSON", **params).json()["SuccessResponse"]["Body"]

    def error(self, action: str, body: str | None = None, **params: str) -> tuple[str, str]:
        """Code and message of a refusal."""
        head = self.call(action, body, Format="JSON", **params).json()["ErrorResponse"]["Head"]
        return head["ErrorCode"], head["ErrorMessage"]

    def products(self, **params: str) -> list[dict[str, Any]]:
        """The products of an answer, always as a list."""
        inner = self.body("GetProducts", **params)["Products"]
        found = inner["Product"] if inner else []
        return found if isinstance(found, list) else [found]

    def skus(self, **params: str) -> list[str]:
        """Their SKUs."""
        return [product["SellerSku"] for product in self.products(**params)]

    def post(self, action: str, *records: str) -> str:
        """Send a feed of XML records; its id."""
        answer = self.call(action, f"<Request>{''.join(records)}</Request>")
        return ET.fromstring(answer.content).findtext("Head/RequestId") or ""

    def feed(self, action: str, *records: str) -> dict[str, Any]:
        """Send a feed and wait until the shop is done with it: what FeedStatus says then."""
        feed_id = self.post(action, *records)
        self.clock.advance(10)
        return self.status(feed_id)

    def status(self, feed_id: str) -> dict[str, Any]:
        """What FeedStatus says."""
        return dict(self.body("FeedStatus", FeedID=feed_id)["FeedDetail"])

    def errors(self, action: str, *records: str) -> list[str]:
        """The messages with which a feed's records are refused."""
        found = self.feed(action, *records)["FeedErrors"]
        rows = found["Error"] if found else []
        return [row["Message"] for row in (rows if isinstance(rows, list) else [rows])]

    def control(self, verb: str, resource: str, value: object = None) -> Any:
        """A control request; its JSON."""
        data = None if value is None else json.dumps(value)
        answer = self.session.request(verb, self.sandbox.control_url + resource, data=data, timeout=10)
        return answer.json()

    def product(self, sku: str) -> dict[str, Any]:
        """A product as the shop holds it."""
        return dict(self.control("GET", f"products/{quote(sku, safe='')}"))

    def log(self) -> list[dict[str, Any]]:
        """Every API request so far."""
        return list(self.control("GET", "requests?since=0")["requests"])


Open = Callable[..., Caller]


@pytest.fixture
def shop() -> Iterator[Open]:
    """Opens sandboxes: ``shop(products=…, option=…)``."""
    opened: list[Sandbox] = []

    def start(products: Sequence[Mapping[str, object]] = (TEA, MUG), **options: Any) -> Caller:
        clock = DrivenClock(NOON)
        sandbox = Sandbox(SandboxOptions(**options), clock=clock, products=products)
        opened.append(sandbox)
        sandbox.start()
        return Caller(sandbox=sandbox, clock=clock)

    yield start
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def tea() -> dict[str, Any]:
    """A product that is for sale."""
    return dict(TEA)


@pytest.fixture
def mug() -> dict[str, Any]:
    """One that is not, in a category given by name, its SKU with a slash."""
    return dict(MUG)
