"""HOWTO.md of a run's kit: how to undo it by hand, in plain words, with this run's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.diff.places import place_of
from pipeline.rollback.invert import Reversal
from schemas.fields import Dialect, field_named

#: How far a record came, in plain words; the order is that of the text.
WORDS = {
    "verified": "arrived, and were seen in the shop",
    "not_applied": "were accepted, but never seen in the shop (they may have arrived since)",
    "refused": "were refused by the shop",
    "skipped": "were not sent, since the product had changed meanwhile",
    "accepted": "were accepted by the shop; what became of them isn't known yet",
    "finished": "were processed by the shop; they haven't been looked at yet",
    "intent": "may have been sent",
    "unknown": "may have been sent: the answer got lost",
    "human": "may have been sent: somebody has to look",
    "planned": "have not been sent yet",
}
LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HowTo:
    """The numbers that the text tells.

    Attributes:
        outcomes: outcome, or how far they came → records.
        products: with something in the rollback files.
        bare: of `rollback.xml`, without the business unit that the shop demands.
        by_hand: (where, what to put there), for what no file can do.
    """

    run: str
    shop: str
    outcomes: Mapping[str, int]
    products: int
    created: tuple[str, ...]
    removed: tuple[str, ...]
    images: int
    bare: int
    by_hand: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        run: str,
        shop: str,
        reversals: Mapping[str, Reversal],
        outcomes: Mapping[str, int],
        unclear: Sequence[tuple[str, str, str]] = (),
        *,
        dialect: Dialect = Dialect.CLASSIC,
        bare: int = 0,
    ) -> HowTo:
        """The numbers of a run.

        Args:
            unclear: (sku, field, choices) where only a person can choose.
            bare: products whose update lacks the business unit that the shop demands.
        """
        backs = reversals.values()
        return cls(
            run=run,
            shop=shop,
            outcomes=outcomes,
            products=sum(1 for back in backs if back.values),
            created=tuple(back.sku for back in backs if back.created),
            removed=tuple(back.sku for back in backs if back.removed and not back.created),
            images=sum(1 for back in backs if back.values.get("Images")),
            bare=bare,
            by_hand=tuple(_by_hand(backs, unclear, dialect)),
        )


def _by_hand(
    backs: Iterable[Reversal], unclear: Iterable[tuple[str, str, str]], dialect: Dialect
) -> Iterator[tuple[str, str]]:
    for back in backs:
        for name, value in back.values.items():
            known = field_named(name, dialect)
            if not value and not known.clearable:
                yield place_of(known, back.sku), "empty it: nothing stood there before"
        for name in back.unknown:
            yield place_of(field_named(name, dialect), back.sku), "nobody knows what stood there before"
    for sku, name, words in unclear:
        yield place_of(field_named(name, dialect), sku), words


def howto(numbers: HowTo) -> str:
    """The text; Markdown that reads well as plain text too."""
    head = f"""# How to undo run {numbers.run} by hand

With this folder you can take back what run `{numbers.run}` did to shop `{numbers.shop}`, without our program.
If you have the program, `sellercenter rollback {numbers.run}` does the same and is safer: it looks at
every product first, and leaves alone what somebody has changed since.

{_told(numbers)}
"""
    if not numbers.products and not numbers.by_hand:
        return f"{head}\nNothing of it has to be put back.\n"
    return f"{head}\n{_files(numbers)}\n{_steps(numbers)}\n{_special(numbers)}"


def _told(numbers: HowTo) -> str:
    total = sum(numbers.outcomes.values())
    order = [*WORDS, *sorted(set(numbers.outcomes) - set(WORDS))]
    lines = [
        f"- {numbers.outcomes[word]} {WORDS.get(word, word)}" for word in order if numbers.outcomes.get(word)
    ]
    counted = "1 product has" if numbers.products == 1 else f"{numbers.products} products have"
    planned = "1 record" if total == 1 else f"{total} records"
    return "\n".join(
        [f"The run planned {planned}. Of these:", "", *lines, "", f"{counted} old values to put back."]
    )


def _files(numbers: HowTo) -> str:
    images = (
        "\n- `rollback-images.xml`: the old images, as the body of an Image request."
        if numbers.images
        else ""
    )
    return f"""## What is here

- `changes.csv`: every change: product, field, the value before, the value we sent, the feed, and what
  came of it. Where a product and field stand there twice (while the run goes on), the later line counts.
- `rollback.xlsx` and `rollback.csv`: the old values, one row a product. An empty cell means: leave it as
  it is. `__CLEAR__` means: it was empty before.
- `rollback.xml`: the same as the body of a ProductUpdate request.{images}
- `result.json`: how the run ended, once it has.

In the two CSV files a value that a spreadsheet would take for a formula has an apostrophe in front.
"""


def _steps(numbers: HowTo) -> str:
    bare = (
        f"""
`rollback.xml` names no business unit for {numbers.bare} of the products; this shop refuses an update
without one. Add one with the status that the product has now, or use `rollback.xlsx`.
"""
        if numbers.bare
        else ""
    )
    return f"""## What to do

1. Open `changes.csv`. Lines whose outcome is `refused`, `skipped` or `planned` never reached the shop;
   those products need nothing.
2. Look up a few products in Seller Center. Where it shows neither the value before nor the one we sent,
   somebody has changed it since: take that product out of the rollback file, or decide which value is right.
3. In Seller Center open *Products > Import Products*, choose to update existing products, and upload
   `rollback.xlsx`. Its columns carry the names of the API; rename them where the upload page wants others,
   and delete `__CLEAR__` cells where it doesn't know them.
4. Wait until the import is finished, and read its error report.
5. Look up three products, and compare them with the column `before` of `changes.csv`.

Stock isn't in the rollback files, since it has been sold from. Its old values are in `changes.csv`.
{bare}"""


def _special(numbers: HowTo) -> str:
    parts = [
        (
            "Products that the run created: the files set them inactive, they don't delete them",
            numbers.created,
        ),
        (
            "Products that the run removed: the files list them again; what the shop has lost of them"
            " (ratings, sales rank, links) doesn't come back",
            numbers.removed,
        ),
        (
            "What no file can put back: do it on the product's page",
            [f"{place}: {what}" for place, what in numbers.by_hand],
        ),
    ]
    return "\n".join(_listed(title, items) for title, items in parts if items)


def _listed(title: str, items: Sequence[str]) -> str:
    shown = "\n".join(f"- {item}" for item in items[:LISTED])
    more = f"\n- … and {len(items) - LISTED} more; all are in `changes.csv`" if len(items) > LISTED else ""
    return f"## {title}\n\n{shown}{more}\n"
