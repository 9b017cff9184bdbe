"""What a comparison has to know beside the two values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from schemas.fields import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the text of one column is to be read.

    Attributes:
        decimal: decimal separator, "." or ",", or "" to accept either where it's unambiguous.
        thousands: thousands separator, or "" for none.
        dates: strptime patterns tried in order, after ISO 8601; () = ISO only.
        blank: what an empty cell means: "keep", "clear" or "error".
        separator: between the items of a list, or "" for the kind's own rule.
    """

    decimal: str = ""
    thousands: str = ""
    dates: tuple[str, ...] = ()
    blank: str = "keep"
    separator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The shop's side of meaning.

    Attributes:
        decimals: operator ("" for none) → decimals of its currency.
        timezone: zone of dates without an offset.
        category_names: category id → name, from the shop's tree; {} if it isn't known.
        options: attribute FeedName → its options, for exact spelling; {} if not known.
    """

    decimals: Mapping[str, int] = field(default_factory=lambda: {"": 2})
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    category_names: Mapping[str, str] = field(default_factory=dict)

    def decimals_of(self, field_: Field) -> int:
        """Decimals of the currency that a money field is in."""
        return self.decimals.get(field_.operator, self.decimals.get("", 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a text is no value of its kind: a finding without its place."""

    code: str
    message: str
    hint: str = ""
