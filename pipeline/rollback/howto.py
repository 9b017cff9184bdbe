"""HOWTO.md of a run's kit: how to undo it by hand, in plain words, with this run's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.rollback.invert import Reversal


@dataclass(frozen=True, slots=True, kw_only=True)
class HowTo:
    """The numbers that the text tells."""

    run: str
    shop: str
    records: int
    outcomes: Mapping[str, int]
    products: int
    created: tuple[str, ...]
    removed: tuple[str, ...]
    cleared: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        run: str,
        shop: str,
        reversals: Mapping[str, Reversal],
        outcomes: Mapping[str, int],
    ) -> HowTo:
        """Args: outcomes: outcome, or how far they came → records."""
        backs = reversals.values()
        return cls(
            run=run,
            shop=shop,
            records=sum(outcomes.values()),
            outcomes=outcomes,
            products=len(reversals),
            created=tuple(back.sku for back in backs if back.created),
            removed=tuple(back.sku for back in backs if back.removed),
            cleared=tuple(
                (back.sku, name) for back in backs for name, value in back.values.items() if not value
            ),
        )


def howto(numbers: HowTo) -> str:
    """The text; Markdown that reads well as plain text too."""
    told = (
        ", ".join(f"{count} {word}" for word, count in sorted(numbers.outcomes.items()))
        or "nothing known yet"
    )
    return f"""# How to undo run {numbers.run} by hand

This folder lets you take back what run `{numbers.run}` did to shop `{numbers.shop}`, without our program.
With it, `sellercenter rollback {numbers.run}` does the same, checks every value first, and is safer.

The run planned {numbers.records} records. Of these: {told}.
{numbers.products} products have something to put back.

## What is here

- `changes.csv`: every change: product, field, the value before, the value we sent, the feed, what came of it.
  Where a product and field stand there twice (while the run goes on), the later line counts.
- `rollback.xlsx` and `rollback.csv`: the old values, one row a product. An empty cell means: leave alone.
- `rollback.xml`: the same as the body of a ProductUpdate request; images in `rollback-images.xml`, for Image.
- `result.json`: how the run ended.

## What to do

1. Open `changes.csv` and look at the products you care about. Rows whose outcome is `refused` or
   `skipped` never reached the shop.
2. In Seller Center open *Products > Import products*, choose *Update existing products*, and upload
   `rollback.xlsx` (columns carry the API's names; rename them if your upload template differs).
3. Wait until the import is finished and read its error report.
4. Look up three products in Seller Center and compare them with the `before` column of `changes.csv`.

Stock is not in the rollback files: it has been sold from since. Its old values are in `changes.csv`.
{_special(numbers)}"""


def _special(numbers: HowTo) -> str:
    parts = []
    if numbers.created:
        parts.append(
            _listed("Products that the run created; they are set inactive, not deleted", numbers.created)
        )
    if numbers.removed:
        parts.append(
            _listed(
                "Products that the run removed; ratings, sales rank and links may not come back",
                numbers.removed,
            )
        )
    if numbers.cleared:
        cells = [f"{sku}: {name}" for sku, name in numbers.cleared]
        text = "Fields that were empty before. The API ignores empty values: clear them on the product's page"
        parts.append(_listed(text, cells))
    return "".join(f"\n## {part}" for part in parts)


def _listed(title: str, items: tuple[str, ...] | list[str]) -> str:
    shown = "\n".join(f"- {item}" for item in items[:50])
    more = f"\n- … and {len(items) - 50} more in changes.csv" if len(items) > 50 else ""
    return f"{title}\n\n{shown}{more}\n"
