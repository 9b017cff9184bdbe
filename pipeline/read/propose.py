"""`sellercenter map`: a mapping proposed from a catalog's headers and values, for a person to review."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.read.catalog import Catalog
from pipeline.read.traits import Traits, traits_of
from pipeline.read.vocabulary import WORDS, either, folded, is_cost, meant, within
from schemas.fields import KEY, Dialect, canonical_names

#: Proposed outright; below it a line stands in the file as a comment.
LIKELY = 0.5
#: What an article is bought for: an internal column, never sent.
COST = "@cost"
#: What a catalog needs: while one of these has no column, no other column is put aside.
_NEEDED = (KEY, "Price", "Quantity")
#: Headers that give a shop system's export away.
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "shopify": ("Handle", "Title", "Variant Price", "Option1 Value"),
    "woocommerce": ("Type", "SKU", "Regular price", "Published"),
    "magento2": ("sku", "product_type", "attribute_set_code", "additional_attributes"),
    "prestashop": ("Product ID", "Active (0/1)", "Categories (x,y,z...)"),
    "google-merchant": ("id", "title", "link", "image link", "availability", "condition"),
}
_SIZES = ("PackageWeight", "PackageLength", "PackageWidth", "PackageHeight")
_NUMBERS = ("Price", "SalePrice", "Quantity", *(f"ProductData.{size}" for size in _SIZES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One column and the field that it may feed.

    Attributes:
        confidence: from 0 to 1.
        why: what speaks for it and against it.
        extras: keys beside `column`, such as decimal.
        short: its texts are a line long, without html.
    """

    field: str
    header: str
    confidence: float
    why: str
    extras: tuple[tuple[str, object], ...] = ()
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed for a catalog.

    Attributes:
        preset: the mapping of ours that its headers are made for, or "".
        guesses: best first in the order of the fields; those below LIKELY are only hinted at.
        unmapped: headers that nothing is proposed for.
        toml: all of it as a mapping file.
    """

    preset: str
    guesses: tuple[Guess, ...]
    unmapped: tuple[str, ...]
    toml: str


def propose(catalog: Catalog, dialect: Dialect, operators: Sequence[str] = ()) -> Proposal:
    """A mapping for a catalog, with a confidence for each column and the reasons for it."""
    preset = _preset(catalog)
    if preset:
        return Proposal(preset=preset, guesses=(), unmapped=(), toml=_extending(catalog, preset))
    traits = traits_of(catalog)
    guesses = _assigned(_candidates(catalog, traits, dialect, operators))
    taken = {guess.header for guess in guesses}
    unmapped = tuple(header for header in catalog.headers if header not in taken)
    return Proposal(
        preset="", guesses=guesses, unmapped=unmapped, toml=_toml(catalog, guesses, unmapped, traits)
    )


def _preset(catalog: Catalog) -> str:
    found = {folded(header) for header in catalog.headers}
    for name, signs in _SIGNS.items():
        if all(folded(sign) in found for sign in signs):
            return name
    return ""


def _candidates(
    catalog: Catalog, traits: Mapping[str, Traits], dialect: Dialect, operators: Sequence[str]
) -> list[Guess]:
    """Every field that a header's words or a column's values speak for."""
    found: list[Guess] = []
    for header in catalog.headers:
        exact = canonical_names(header, dialect, operators)
        for name, base, why in _by_words(header, exact):
            if name == COST or canonical_names(name, dialect, operators):
                found.append(_weighed(name, header, base, why, traits[header]))
        if traits[header].ean > 0.9 and traits[header].distinct > 0.5:
            found.append(_weighed("ProductId", header, 0.4, "no usual header", traits[header]))
        if traits[header].image > 0.9:
            found.append(_weighed("Images", header, 0.4, "no usual header", traits[header]))
    return found + _unsaid(catalog, traits, found)


def _unsaid(catalog: Catalog, traits: Mapping[str, Traits], found: Sequence[Guess]) -> list[Guess]:
    """What values speak for where no header does: for fields that nothing was found for."""
    likely = {guess.field for guess in found if guess.confidence >= LIKELY}
    named = {guess.header for guess in found if guess.confidence >= LIKELY}
    return [
        _weighed(name, header, base, why, traits[header])
        for header in catalog.headers
        if header not in named
        for name, base, why in _by_values(traits[header])
        if name not in likely
    ]


def _by_words(header: str, exact: Sequence[str]) -> list[tuple[str, float, str]]:
    if exact:
        return [(header, 0.95, "a canonical name")]
    if folded(header) in either():
        why = "the header means the number of an article, or its name"
        return [(KEY, 0.6, why), ("Name", 0.6, why)]
    if is_cost(header):
        return [(COST, 0.7, "the header says what an article is bought for")]
    known = meant(header)
    if known is not None:
        return [(known[0], max(0.8 - 0.004 * known[1], 0.6), f"the header usually means {known[0]}")]
    inside = within(header)
    if inside is None:
        return []
    return [(inside[0], 0.45, f"{inside[1]!r} in the header usually means it")]


def _by_values(traits: Traits) -> list[tuple[str, float, str]]:
    """Fields that a column's values alone speak for: strong enough for a SKU, a hint for numbers."""
    if not traits.count or traits.url > 0.5 or traits.html > 0.1:
        return []
    if traits.number < 0.9:
        coded = traits.code > 0.95 and traits.digits > 0.9 and traits.filled == 1 and traits.distinct > 0.98
        return [(KEY, 0.4, "no usual header, but a different code in every row")] if coded else []
    money = max(traits.comma, traits.dot) > 0.3 or traits.signed > 0.5
    if money and traits.ean < 0.1:
        return [("Price", 0.2, "no usual header, but amounts with decimals")]
    if traits.whole > 0.95 and traits.distinct < 0.98 and traits.ean < 0.1:
        return [("Quantity", 0.2, "no usual header, but small whole numbers")]
    unique = traits.whole > 0.95 and traits.filled == 1 and traits.distinct == 1
    return [(KEY, 0.25, "no usual header, but a different number in every row")] if unique else []


def _weighed(name: str, header: str, base: float, why: str, traits: Traits) -> Guess:
    """A guess from words, strengthened or weakened by what stands in the column."""
    delta, reason = _evidence(name, traits)
    extras: tuple[tuple[str, object], ...] = ()
    if name in (*_NUMBERS, COST) and traits.decimal == ",":
        extras = (("decimal", ","), *((("thousands", traits.thousands),) if traits.thousands else ()))
    if name in ("SaleStartDate", "SaleEndDate") and traits.dates and "%Y-%m-%d" not in traits.dates:
        extras = (("dates", [max(traits.dates, key=lambda key: traits.dates[key])]),)
    if name in ("SalePrice",):
        extras = (*extras, ("blank", "clear"))
    if not traits.filled:
        delta, reason = -0.5, "the column is empty"
    confidence = min(max(base + delta, 0.0), 0.99)
    short = traits.letters < 80 and traits.html < 0.1
    return Guess(
        field=name,
        header=header,
        confidence=round(confidence, 3),
        why=f"{why}; {reason}",
        extras=extras,
        short=short,
    )


def _evidence(name: str, traits: Traits) -> tuple[float, str]:
    if name == KEY:
        return _as_key(traits)
    if name in _NUMBERS or name == COST:
        return _as_number(traits)
    if name == "ProductId":
        return (
            0.25 if traits.ean > 0.8 else -0.2
        ), f"{traits.ean:.0%} are article numbers with a right check digit"
    if name == "Images":
        return (0.15 if traits.url > 0.8 else -0.3), f"{traits.url:.0%} are addresses"
    if name == "Description":
        return (
            0.1 if traits.letters > 60 or traits.html > 0.3 else -0.15
        ), f"{traits.letters:.0f} characters each"
    if name in ("Name", "Brand", "PrimaryCategory"):
        odd = traits.number > 0.9 or (name == "Name" and traits.code > 0.9 and traits.digits > 0.9)
        return (-0.25 if odd else 0.1), f"filled in {traits.filled:.0%}, {traits.letters:.0f} characters"
    return 0.0, f"filled in {traits.filled:.0%} of the rows"


def _as_key(traits: Traits) -> tuple[float, str]:
    """A SKU is filled in and different everywhere; a few slips of a person's don't make it another column."""
    blank, repeated = traits.rows - traits.count, round(traits.count * (1 - traits.distinct))
    if not blank and not repeated:
        prose = traits.code < 0.5
        return (
            (0.0, "all different, but several words each")
            if prose
            else (0.15, "filled in every row, all different")
        )
    slips = [f"blank in {blank} rows"] if blank else []
    slips += [f"{repeated} repeated, such as {traits.twice!r}"] if repeated else []
    why = ", ".join(slips)
    return _forgiven(blank + repeated, traits.rows, -0.35), why


def _as_number(traits: Traits) -> tuple[float, str]:
    odd = round(traits.count * (1 - traits.number))
    if not odd:
        return 0.15, f"numbers{_style(traits)}"
    why = f"numbers{_style(traits)}, but for {odd}, such as {traits.odd!r}"
    if traits.number <= 0.5:
        return -0.4, f"only {traits.number:.0%} are numbers"
    return _forgiven(odd, traits.count, -0.4), why


def _forgiven(slips: int, cells: int, worst: float) -> float:
    """What slips cost: hardly anything while they are few, however short the table."""
    if slips <= max(2, cells * 0.02) and slips < cells / 2:
        return 0.05
    return 0.0 if slips <= cells * 0.1 else -0.1 if slips <= cells * 0.25 else worst


def _style(traits: Traits) -> str:
    return f" with a decimal {'comma' if traits.decimal == ',' else 'point'}" if traits.decimal else ""


def _assigned(candidates: Sequence[Guess]) -> tuple[Guess, ...]:
    """The best guess for each field and each header; images may have many columns."""
    fields: set[str] = set()
    headers: set[str] = set()
    kept: list[Guess] = []
    for guess in sorted(candidates, key=lambda item: -item.confidence):
        if guess.header in headers or (guess.field in fields and guess.field != "Images"):
            continue
        fields.add(guess.field)
        headers.add(guess.header)
        kept.append(guess)
    kept = _named(kept)
    order = list(WORDS)
    return tuple(
        sorted(kept, key=lambda item: order.index(item.field) if item.field in order else len(order))
    )


def _named(kept: list[Guess]) -> list[Guess]:
    """Where nothing feeds Name, a column of short descriptions does: many systems call it that."""
    short = next((guess for guess in kept if guess.field == "Description" and guess.short), None)
    if short is None or any(guess.field == "Name" for guess in kept):
        return kept
    why = "no column is called a name, and these descriptions are short"
    return [replace(guess, field="Name", why=why) if guess is short else guess for guess in kept]


_HEAD = """\
# Proposed by `sellercenter map` from {names}: {rows} rows, {count} columns.
# Read every line: only what stands here is ever written to the shop. The number is how sure the
# proposal is, from 0 to 1; lines behind a # are guesses too weak to be taken. See docs/mapping.md.
"""


def _names(catalog: Catalog) -> str:
    return ", ".join(dict.fromkeys(part.file.replace("\n", " ") for part in catalog.parts))


def _extending(catalog: Catalog, preset: str) -> str:
    head = _HEAD.format(names=_names(catalog), rows=catalog.rows, count=len(catalog.headers))
    return (
        f"{head}\n# The headers are those of a {preset} export: our mapping for it is the base.\n"
        f'name = "{preset}-mine"\nextends = "{preset}"\n\n[columns]\n'
        "# What stands here takes the place of the base's own lines, for example:\n"
        '# Brand = { constant = "My brand" }\n'
    )


def _toml(
    catalog: Catalog, guesses: Sequence[Guess], unmapped: Sequence[str], traits: Mapping[str, Traits]
) -> str:
    """The proposal as a mapping file with a reason behind every line."""
    lines = [
        _HEAD.format(names=_names(catalog), rows=catalog.rows, count=len(catalog.headers)),
        'name = "proposed"',
    ]
    missing = lacking(guesses)
    if missing:
        lines += ["", *_undecided(missing, unmapped, traits)]
    else:
        lines += ["", "# Columns that feed nothing; without this list each of them is a warning."]
        lines += ["ignore = [", *(f"    {_text(header)}," for header in unmapped), "]"]
    lines += ["", "[columns]"]
    images = [guess for guess in guesses if guess.field == "Images" and guess.confidence >= LIKELY]
    for guess in guesses:
        if guess.field == COST or (guess in images and guess is not images[0]):
            continue
        joined = images if guess in images and len(images) > 1 else None
        lines.append(_line(guess, joined))
    if not has_key(guesses):
        lines += ["", *(f"# {line}" for line in WITHOUT_KEY), f'# {KEY} = "HEADER OF THE COLUMN"']
    costs = [replace(guess, field=COST[1:]) for guess in guesses if guess.field == COST]
    if costs:
        lines += ["", "[internal]  # never sent; rules and price formulas may use it as @cost"]
        lines += [_line(guess, None) for guess in costs]
    return "\n".join(lines) + "\n"


def lacking(guesses: Sequence[Guess]) -> tuple[str, ...]:
    """What a catalog needs and no column was taken for."""
    taken = {guess.field for guess in guesses if guess.confidence >= LIKELY}
    return tuple(name for name in _NEEDED if name not in taken)


def _undecided(missing: Sequence[str], unmapped: Sequence[str], traits: Mapping[str, Traits]) -> list[str]:
    """Columns that feed nothing so far, with what stands in them: nothing is put aside meanwhile."""
    if not unmapped:
        return []
    lines = [
        f"# No column was taken for {', '.join(missing)}. Is it one of these? Then write it under [columns];"
    ]
    lines.append("# what feeds nothing belongs into ignore = [...], else each of them is a warning.")
    for header in unmapped:
        some = ", ".join(_text(text) for text in traits[header].some) or "empty"
        lines.append(f"#     {_text(header)}: {some}")
    return lines


#: What a person does where no column is good enough for the SKU.
WITHOUT_KEY = (
    f"{KEY} is still to be filled in: without it nothing can be read with this mapping.",
    "Which column holds what tells one product from all others? Write its header in a line of its own",
    f'under [columns], without #: {KEY} = "Header". If none does, put one together from several:',
    f"""{KEY} = {{ value = 'join("-", [Model], [Color], [Size])' }}""",
)


def has_key(guesses: Sequence[Guess]) -> bool:
    """Whether a column was taken for the SKU."""
    return any(guess.field == KEY and guess.confidence >= LIKELY for guess in guesses)


def _line(guess: Guess, joined: Sequence[Guess] | None) -> str:
    key = guess.field if re.fullmatch(r"[A-Za-z0-9_-]+", guess.field) else _text(guess.field)
    if joined:
        value = f"{{ columns = [{', '.join(_text(item.header) for item in joined)}] }}"
    elif guess.extras:
        extras = "".join(f", {name} = {_text(value)}" for name, value in guess.extras)
        value = f"{{ column = {_text(guess.header)}{extras} }}"
    else:
        value = _text(guess.header)
    mark = "" if guess.confidence >= LIKELY else "# "
    return f"{mark}{key} = {value}  # {guess.confidence:.2f}: {guess.why}"


def _text(value: object) -> str:
    """A TOML string or list of strings."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
