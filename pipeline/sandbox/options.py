"""Every switch of the sandbox in one frozen value; flags, help and defaults are read from it.

Where the published documents leave a question open, the switch's first choice is the answer that the
reference proposes (part 10).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

AUTH_ORDER = "params,version,timestamp,signature,role,action"


def _opt(
    default: Any,
    help: str,  # noqa: A002 - argparse's and click's own word
    *,
    choices: tuple[str, ...] | None = None,
    kind: type = str,
) -> Any:
    meta = {"help": help, "choices": choices, "kind": kind}
    if default == ():
        return field(default_factory=tuple, metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """What a shop is like: where it listens, what it holds, how it limits, how it reads the protocol."""

    host: str = _opt("127.0.0.1", "address to bind; anything but loopback must be asked for")
    port: int = _opt(0, "port; 0 takes a free one", kind=int)
    products: Path | None = _opt(None, "CSV or JSON array with canonical names", kind=Path)  # noqa: RUF009 - a field
    keep: Path | None = _opt(None, "SQLite file that keeps the shop between runs", kind=Path)  # noqa: RUF009 - a field
    dialect: str = _opt("classic", "the protocol's two forms", choices=("classic", "falabella"))
    operators: str = _opt("facl", "operator codes of the falabella dialect, separated by commas")
    user: str = _opt("seller@sandbox.example", "UserID that may log in")
    key: str = _opt("sandbox-key-0001", "API key of that user")
    role: str = _opt("all", "what that user may do", choices=("all", "product", "order"))
    credential: tuple[str, ...] = _opt((), "further logins of the same seller, USER:KEY[:ROLE]")
    clock: str = _opt("real", "driven time moves only through POST clock", choices=("real", "driven"))
    seed: int = _opt(0, "seed of faults that name none", kind=int)
    fault: tuple[str, ...] = _opt((), "a fault from the start: action=…,fault=…,count=… or JSON")

    requests: int = _opt(30, "calls per window; 0 is without limit", kind=int)
    per_seconds: float = _opt(3.0, "length of that window", kind=float)
    count_refused: str = _opt("no", "do throttled calls count as calls", choices=("no", "yes"))
    feed_burst: int = _opt(50, "feeds a day before the interval holds", kind=int)
    feed_interval: float = _opt(120.0, "seconds since the last accepted feed, after the burst", kind=float)
    feed_reset: str = _opt("utc-day", "when the burst is new", choices=("utc-day", "rolling", "off"))
    retry_after: float = _opt(0.0, "Retry-After header of a throttled call; 0 sends none", kind=float)

    feed_delay: float = _opt(1.0, "seconds from acceptance to the end of a feed", kind=float)
    feed_per_record: float = _opt(0.0, "further seconds for each record", kind=float)
    feed_order: str = _opt("fifo", "order of feeds that wait together", choices=("fifo", "lifo", "random"))
    lag: float = _opt(0.0, "seconds from a feed's end until GetProducts shows it", kind=float)
    qc_delay: float = _opt(0.0, "seconds that changed content stays pending", kind=float)

    auth_order: str = _opt(AUTH_ORDER, "in which order a call is judged")
    error_status: int = _opt(200, "HTTP status of an ErrorResponse", kind=int)
    throttle_status: int = _opt(429, "HTTP status of a throttled call", kind=int)
    timestamp_window: float = _opt(900.0, "seconds a Timestamp may be off; 0 checks none", kind=float)
    open_brands: str = _opt("no", "GetBrands without a signature", choices=("no", "yes"))
    user_agent: str = _opt("any", "insist on Falabella's User-Agent", choices=("any", "required"))
    unknown_format: str = _opt("xml", "answer to an unknown Format", choices=("xml", "json", "error"))
    max_limit: int = _opt(0, "largest Limit; 0 is the dialect's own (5000, 1000)", kind=int)
    over_limit: str = _opt("clamp", "Limit above the largest", choices=("clamp", "error"))
    order: str = _opt("inserted", "order of GetProducts", choices=("inserted", "sku", "updated", "newest"))
    empty_sale_price: str = _opt("clears", "an empty SalePrice", choices=("clears", "ignored"))
    price_check: str = _opt(
        "merged", "what SalePrice < Price is judged on", choices=("merged", "record", "off")
    )
    partial_status: str = _opt(
        "Finished", "status of a feed with refused records", choices=("Finished", "Error")
    )
    processed: str = _opt("all", "does ProcessedRecords count refused ones", choices=("all", "successful"))
    raw_input: str = _opt("yes", "is GetFeedRawInput served", choices=("yes", "no"))
    extra_images: str = _opt("reject", "more than eight images", choices=("reject", "truncate"))
    duplicate_sku: str = _opt("apply", "a SKU twice in one feed", choices=("apply", "reject"))
    unknown_attributes: str = _opt(
        "accept", "ProductData tags outside the category", choices=("accept", "reject")
    )
    require_units: str = _opt(
        "yes", "falabella updates need a business unit with a value", choices=("yes", "no")
    )
    parents: str = _opt("any", "a ParentSku may name any SKU, or a known one", choices=("any", "known"))
    slash: str = _opt("escaped", "how JSON writes a slash", choices=("escaped", "plain"))
    always_array: str = _opt("no", "JSON lists of one stay lists", choices=("no", "yes"))
    fill: str = _opt("yes", "answer every field that some client insists on", choices=("yes", "no"))
    shapes: str = _opt("own", "speak only this dialect's product form, or both", choices=("own", "both"))

    @property
    def operator_codes(self) -> tuple[str, ...]:
        """The operator codes, lower case, in the order given."""
        return tuple(code.strip().lower() for code in self.operators.split(",") if code.strip())

    @property
    def largest_limit(self) -> int:
        """5000 products a page in the classic dialect, 1000 in Falabella's (reference 3.2)."""
        return self.max_limit or (5000 if self.dialect == "classic" else 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One switch as a command line needs it."""

    name: str
    flag: str
    kind: type
    default: Any
    choices: tuple[str, ...] | None
    multiple: bool
    help: str


def specs() -> tuple[OptionSpec, ...]:
    """All switches in the order of the value, for any command line library."""
    return tuple(_spec(item) for item in fields(SandboxOptions))


def build_parser() -> argparse.ArgumentParser:
    """The sandbox's own command line."""
    parser = argparse.ArgumentParser(
        prog="sandbox", description="Serves a local Seller Center to test against."
    )
    for spec in specs():
        _add(parser, spec)
    return parser


def parse_options(argv: Sequence[str]) -> SandboxOptions:
    """Options from command line words; a wrong one ends the program with status 2."""
    parser = build_parser()
    given = vars(parser.parse_args(argv))
    try:
        return checked(make_options(given))
    except ValueError as error:
        parser.error(str(error))


def make_options(given: dict[str, Any]) -> SandboxOptions:
    """Options from a mapping by name; None means the default."""
    chosen = {name: value for name, value in given.items() if value is not None}
    chosen = {name: tuple(v) if isinstance(v, list) else v for name, v in chosen.items()}
    return SandboxOptions(**chosen)


def changed(options: SandboxOptions, changes: dict[str, Any]) -> SandboxOptions:
    """The same shop with some switches turned.

    Raises:
        ValueError: an unknown switch, or a value outside its choices.
    """
    known = {spec.name: spec for spec in specs()}
    unknown = sorted(set(changes) - set(known))
    if unknown:
        raise ValueError(f"unknown setting: {', '.join(unknown)}")
    turned = {name: _coerced(known[name], value) for name, value in changes.items()}
    return checked(SandboxOptions(**{**asdict(options), **turned}))


def checked(options: SandboxOptions) -> SandboxOptions:
    """Refuse options that cannot work together.

    Raises:
        ValueError: saying which, and why.
    """
    if options.dialect == "falabella" and not options.operator_codes:
        raise ValueError("the falabella dialect needs at least one operator code")
    if sorted(options.auth_order.split(",")) != sorted(AUTH_ORDER.split(",")):
        raise ValueError(f"auth-order must order exactly these: {AUTH_ORDER}")
    if any(entry.count(":") < 1 for entry in options.credential):
        raise ValueError("credential must be USER:KEY or USER:KEY:ROLE")
    return options


def _spec(item: Field[Any]) -> OptionSpec:
    multiple = item.default is MISSING
    return OptionSpec(
        name=item.name,
        flag="--" + item.name.replace("_", "-"),
        kind=item.metadata["kind"],
        default=() if multiple else item.default,
        choices=item.metadata["choices"],
        multiple=multiple,
        help=item.metadata["help"],
    )


def _add(parser: argparse.ArgumentParser, spec: OptionSpec) -> None:
    action = "append" if spec.multiple else "store"
    shown = "" if spec.multiple or spec.default is None else f" (default: {spec.default})"
    parser.add_argument(
        spec.flag,
        dest=spec.name,
        action=action,
        type=spec.kind,
        choices=spec.choices,
        default=None,
        help=(spec.help + shown).replace("%", "%%"),
    )


def _coerced(spec: OptionSpec, value: Any) -> Any:
    if spec.multiple:
        return tuple(value)
    if value is None:
        return spec.default
    turned = spec.kind(value)
    if spec.choices and turned not in spec.choices:
        raise ValueError(f"{spec.name} must be one of {', '.join(spec.choices)}")
    return turned
