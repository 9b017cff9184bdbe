"""What a comparison has to know beside the two values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        category_paths: category id → names from the root down to it; {} if not known.
        options: attribute FeedName, or "Brand" → casefolded option → its exact spelling in the
            shop (see `spellings`); {} if not known.
        currencies: operator ("" for none) → ISO 4217 code; {} = not known, no sign passes.
    """

    decimals: Mapping[str, int] = field(default_factory=lambda: {"": 2})
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    category_names: Mapping[str, str] = field(default_factory=dict)
    category_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    currencies: Mapping[str, str] = field(default_factory=dict)

    def decimals_of(self, field_: Field) -> int:
        """Decimals of the currency that a money field is in."""
        return self.decimals.get(field_.operator, self.decimals.get("", 2))

    def currency_of(self, field_: Field) -> str:
        """ISO code of the currency that a money field is in, "" if it isn't known."""
        return self.currencies.get(field_.operator, self.currencies.get("", ""))

    def spelling(self, tag: str, text: str) -> str | None:
        """The shop's own spelling of an option (of each of several, comma-joined); None = unknown."""
        known = self.options.get(tag)
        if not known or text in known.values():
            return None
        if (whole := known.get(text.casefold())) is not None:
            return whole
        parts = [known.get(part.strip().casefold()) for part in text.split(",")]
        return None if None in parts else ",".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a text is no value of its kind: a finding without its place."""

    code: str
    message: str
    hint: str = ""


def spellings(options: Iterable[str]) -> dict[str, str]:
    """Casefolded → exact, leaving out those that only case tells apart."""
    known: dict[str, str] = {}
    twice: set[str] = set()
    for option in options:
        key = option.casefold()
        if known.setdefault(key, option) != option:
            twice.add(key)
    return {key: option for key, option in known.items() if key not in twice}
