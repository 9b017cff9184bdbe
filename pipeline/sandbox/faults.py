"""Faults on demand: which call, feed, record or page goes wrong, decided only by rule, seed and count."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

WRITES = ("ProductCreate", "ProductUpdate", "ProductRemove", "Image")

#: Calls that do what was asked although their answer is lost or strange.
ACCEPTING = frozenset(
    {
        "accept-then-reset",
        "accept-then-hang",
        "accept-then-500",
        "accept-then-html",
        "accept-then-truncate",
        "late-accept",
        "slow",
        "warning-detail",
    }
)
#: Calls that do nothing.
REFUSING = frozenset(
    {
        "drop-before-accept",
        "reset-mid-body",
        "e429",
        "http-429",
        "http-500",
        "http-503",
        "redirect",
        "empty-body",
        "html",
        "drip",
        "gzip-bomb",
        "expired",
        "login",
    }
)
CALL = ACCEPTING | REFUSING
FEED = frozenset({"stuck", "canceled", "unknown-status", "list-lag"})
RECORD = frozenset({"partial", "not-applied", "warn"})
PAGE = frozenset({"page-repeat", "page-miss", "page-shift", "page-reorder"})
REWRITE = "rewrite"
GONE = "field-gone"
NAMES = CALL | FEED | RECORD | PAGE | {GONE, REWRITE}
_KEYS = frozenset({"action", "fault", "count", "rate", "seed", "seconds", "skus", "status", "rows", "kinds"})


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault as it was asked for, and how often it has struck.

    ``count``: so many of what it concerns, from the first on. ``rate``: a share of them, drawn from the
    seed and a counter of this rule's own, so that threads cannot change the draw. Neither: calls and
    feeds once, records, pages' values always.
    """

    action: str
    fault: str
    count: int | None = None
    rate: float | None = None
    seed: int = 0
    seconds: float | None = None
    skus: frozenset[str] = frozenset()
    status: str = ""
    rows: int = 0
    kinds: tuple[str, ...] = ()
    struck: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def concerns(self, action: str) -> bool:
        """``*`` and ``any`` are all actions; ``writes`` and ``reads`` are what they say."""
        if self.action in ("*", "any", action):
            return True
        return self.action == ("writes" if action in WRITES else "reads")

    def strikes(self, key: str) -> bool:
        """Decide, and count the decision."""
        self._seen[key] += 1
        if self.count is not None:
            hit = self.struck < self.count
        else:
            hit = self.rate is None or share(self.seed, self.fault, key, self._seen[key]) < self.rate
        self.struck += hit
        return hit

    def release(self) -> None:
        """The call was refused for another reason, so the fault has not happened yet."""
        self.struck -= 1

    def as_json(self) -> dict[str, object]:
        """For the control API."""
        shown = {"action": self.action, "fault": self.fault, "count": self.count, "rate": self.rate}
        return {**shown, "seed": self.seed, "seconds": self.seconds, "struck": self.struck}


def share(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def rule_from(given: Mapping[str, object], seed: int) -> Rule:
    """A rule from what the control API or a flag says.

    Raises:
        ValueError: an unknown fault or key, or a value out of range.
    """
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise ValueError(f"unknown key of a fault: {', '.join(unknown)}")
    name = str(given.get("fault", ""))
    if name not in NAMES:
        raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(NAMES))}")
    own_seed = _whole(given, "seed")
    rule = Rule(
        action=str(given.get("action") or "*"),
        fault=name,
        count=_whole(given, "count"),
        rate=_number(given, "rate"),
        seed=seed if own_seed is None else own_seed,
        seconds=_number(given, "seconds"),
        skus=frozenset(_texts(given.get("skus"))),
        status=str(given.get("status") or ""),
        rows=_whole(given, "rows") or 0,
        kinds=tuple(_texts(given.get("kinds"))),
    )
    if rule.rate is not None and not 0 <= rule.rate <= 1:
        raise ValueError("rate must lie between 0 and 1")
    if rule.count is None and rule.rate is None and name in CALL | FEED | PAGE:
        rule.count = 1
    return rule


def parse_flag(text: str) -> dict[str, object]:
    """``action=ProductUpdate,fault=accept-then-reset,count=1``, or the same as a JSON object."""
    if text.lstrip().startswith("{"):
        value = json.loads(text)
        return {str(key): item for key, item in value.items()}
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


class Faults:
    """All rules in force, asked in the order in which they came."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rules: list[Rule] = []

    def add(self, given: Mapping[str, object]) -> Rule:
        """Put a rule in force."""
        rule = rule_from(given, self._seed)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """All goes well again."""
        self.rules.clear()

    def call(self, action: str) -> Rule | None:
        """The fault that befalls this call, if any; the first rule that strikes wins."""
        return next((rule for rule in self._of(CALL, action) if rule.strikes(action)), None)

    def page(self, action: str) -> Rule | None:
        """The fault of this page.

        A rule for all actions means the products' pages: a list of feeds that lies is asked for by name.
        """
        rules = [rule for rule in self._of(PAGE, action) if action in ("GetProducts", rule.action)]
        return next((rule for rule in rules if rule.strikes(action)), None)

    def feed(self, action: str) -> list[Rule]:
        """The faults of this feed; several may befall it."""
        return [rule for rule in self._of(FEED, action) if rule.strikes(action)]

    def record(self, action: str, sku: str) -> Rule | None:
        """The fault of this record; drawn by SKU, so that batches may be cut in any way."""
        for rule in self._of(RECORD, action):
            if (not rule.skus or sku in rule.skus) and rule.strikes(sku):
                return rule
        return None

    def rewrites(self, action: str) -> list[Rule]:
        """The rules that change values on this action's way."""
        return self._of({REWRITE}, action)

    def gone(self, action: str) -> frozenset[str]:
        """The tags that this action's answers leave out."""
        return frozenset(tag for rule in self._of({GONE}, action) for tag in rule.kinds)

    def _of(self, kind: frozenset[str] | set[str], action: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.fault in kind and rule.concerns(action)]


def _number(given: Mapping[str, object], name: str) -> float | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    try:
        return float(str(value))
    except ValueError:
        raise ValueError(f"{name} of a fault must be a number, not {value!r}") from None


def _whole(given: Mapping[str, object], name: str) -> int | None:
    value = _number(given, name)
    return None if value is None else int(value)


def _texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return [part for part in str(value or "").split("|") if part]
