"""Who calls, and may they: the steps that every call passes, in an order that can be switched."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, quote_plus

from pipeline.sandbox.canon import instant
from pipeline.sandbox.errors import ApiError
from pipeline.sandbox.options import SandboxOptions

REQUIRED = ("Action", "Timestamp", "UserID", "Version", "Signature")
ORDER_ACTIONS = frozenset({"GetOrders", "GetOrder", "GetOrderItems", "GetMultipleOrderItems"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A credential of the seller."""

    user: str
    key: str
    role: str = "all"


def logins(options: SandboxOptions) -> dict[str, Login]:
    """All credentials by user."""
    first = Login(user=options.user, key=options.key, role=options.role)
    others = [Login(**_named(entry)) for entry in options.credential]
    return {login.user: login for login in (first, *others)}


def canonical(params: Mapping[str, str], plus: bool = False) -> str:
    """What is signed: all parameters but the signature, sorted by name as bytes, RFC 3986 (reference 1.2)."""
    code = quote_plus if plus else quote
    pairs = sorted((name, text) for name, text in params.items() if name != "Signature")
    return "&".join(f"{code(name, safe='-_.~')}={code(text, safe='-_.~')}" for name, text in pairs)


def signature(params: Mapping[str, str], key: str, plus: bool = False) -> str:
    """Lower case hex of HMAC-SHA256."""
    return hmac.new(key.encode(), canonical(params, plus).encode(), sha256).hexdigest()


class Doorman:
    """Judges one call's common parameters."""

    def __init__(
        self, options: SandboxOptions, actions: frozenset[str], params: Mapping[str, str], now: float
    ) -> None:
        self._options = options
        self._actions = actions
        self._params = params
        self._now = now
        self._login = logins(options).get(params.get("UserID", ""))

    def check(self) -> None:
        """Let the call pass, or not.

        Raises:
            ApiError: E001, E002, E003, E004, E007, E008 or E009, whichever comes first in the order.
        """
        if self._params.get("Action") == "GetBrands" and self._options.open_brands == "yes":
            return
        steps = {
            "params": self._complete,
            "version": self._version,
            "timestamp": self._timestamp,
            "signature": self._signature,
            "role": self._role,
            "action": self._action,
        }
        for step in self._options.auth_order.split(","):
            steps[step]()

    def _complete(self) -> None:
        for name in REQUIRED:
            if not self._params.get(name):
                raise ApiError(1, f"Parameter {name} is mandatory")

    def _version(self) -> None:
        if self._params.get("Version") != "1.0":
            raise ApiError(2, "Invalid Version")

    def _timestamp(self) -> None:
        when = instant(self._params.get("Timestamp", ""))
        if when is None:
            raise ApiError(4, "Invalid Timestamp format")
        window = self._options.timestamp_window
        if window and abs(self._now - when) > window:
            raise ApiError(3, "Timestamp has expired")

    def _signature(self) -> None:
        """Over decoded pairs, so the order on the wire is free; blanks may be signed as ``+`` (1.2)."""
        given = self._params.get("Signature", "")
        if self._login is None or not given.isascii():
            raise ApiError(7, "Login failed. Signature mismatching")
        key = self._login.key
        good = (signature(self._params, key), signature(self._params, key, plus=True))
        if not any(hmac.compare_digest(given, expected) for expected in good):
            raise ApiError(7, "Login failed. Signature mismatching")

    def _role(self) -> None:
        role = self._login.role if self._login else "all"
        orders = self._params.get("Action") in ORDER_ACTIONS
        if (role == "product" and orders) or (role == "order" and not orders):
            raise ApiError(9, "Access Denied")

    def _action(self) -> None:
        if self._params.get("Action") not in self._actions:
            raise ApiError(8, "Invalid Action")


def _named(entry: str) -> dict[str, str]:
    """``USER:KEY`` or ``USER:KEY:ROLE``."""
    return dict(zip(("user", "key", "role"), entry.split(":", 2), strict=False))
