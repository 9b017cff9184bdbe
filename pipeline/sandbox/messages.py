"""What passes between the sockets and the shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.sandbox.faults import Rule
from pipeline.sandbox.nodes import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request before its body was read."""

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and the way in which it reaches the caller, or does not."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml; charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    delivery: str = "plain"
    seconds: float = 0.0

    @property
    def answered(self) -> int | str:
        """For the log: the status of a whole answer, else what became of it."""
        return self.status if self.delivery in ("plain", "slow", "drip", "bomb") else self.delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A call at the door: counted, and its fault drawn, before its body is read."""

    head: Head
    params: Mapping[str, str]
    when: float
    allowed: bool
    fault: Rule | None = None

    @property
    def action(self) -> str:
        """What is asked for."""
        return self.params.get("Action", "")

    @property
    def json(self) -> bool:
        """Whether the answer is asked for as JSON; without a Format it is XML."""
        return self.params.get("Format", "").upper() == "JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was let in."""

    action: str
    params: Mapping[str, str]
    now: float
    style: Style
    body: bytes = b""
    late: float | None = None

    def text(self, name: str) -> str:
        """A parameter; an empty one counts as absent (reference 11.3)."""
        return self.params.get(name, "").strip()


@dataclass(slots=True, kw_only=True)
class Entry:
    """A line of the request log."""

    n: int
    time: float
    verb: str
    action: str
    params: dict[str, str]
    agent: str
    body_sha256: str | None = None
    answered: int | str = 200
    error: int | None = None
    accepted: bool = False
    feed: str | None = None
    skus: list[str] = field(default_factory=list)
    fault: str | None = None

    def as_json(self) -> dict[str, object]:
        """For the control API."""
        return {name: getattr(self, name) for name in self.__slots__}
