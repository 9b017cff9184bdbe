"""The manual way back, on disk before the first POST: a person with a spreadsheet can undo the run with it.

`changes.csv` names every change with its before-value; `rollback.csv`, `rollback.xlsx` and
`rollback.xml` put the old values back; `HOWTO.md` says how. At any instant they name at least every
record that the shop accepted, with right before-values; outcomes are filled in as they become known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipeline.budget.throttle import Clock
from pipeline.diff.plan import Record
from pipeline.market.bodies import feed_body
from pipeline.market.feeds import Action
from pipeline.rollback.howto import HowTo, howto
from pipeline.rollback.invert import Reversal, Wanted, invert
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.store.safe_csv import write_catalog_csv, write_catalog_xlsx
from schemas.fields import CLEAR, KEY, Dialect, Kind, field_named

HEADERS = ("sku", "field", "before", "after", "action", "feed", "outcome", "time")
#: Seconds between two rewritings of the files while a push runs: a long run mustn't spend its time on them.
PAUSE = 2.0
#: Outcomes after which the shop surely doesn't hold our value.
NOT_OURS = ("refused", "skipped", "not_applied")


class Kit:
    """The manual rollback kit of one run.

    Args:
        folder: the run's folder.
        records: reads the run's records from the start, as often as it's called.
        category_id: a category's name → its id, or "" (request bodies need ids).
    """

    def __init__(
        self,
        folder: Path,
        *,
        run: str,
        shop: str,
        dialect: Dialect,
        operators: tuple[str, ...],
        records: Callable[[], Iterable[Record]],
        clock: Clock,
        category_id: Callable[[str], str] = lambda name: name,
    ) -> None:
        self._folder = folder
        self._run, self._shop = run, shop
        self._dialect, self._operators = dialect, operators
        self._records = records
        self._clock = clock
        self._category_id = category_id
        self._befores: dict[tuple[int, str], str | None] = {}
        self._known: dict[int, tuple[str, str, float]] = {}
        self._written = 0.0

    def know(
        self, outcomes: Mapping[int, tuple[str, str, float]], befores: Mapping[tuple[int, str], str | None]
    ) -> None:
        """Take up what the journal knows: record → (feed, outcome, time), and refreshed before-values."""
        self._known.update(outcomes)
        self._befores.update(befores)

    def write(self) -> None:
        """Write all files anew, each whole or not at all."""
        private_folder(self._folder)
        reversals = self._reversals()
        write_catalog_csv(self._folder / "changes.csv", HEADERS, self._rows())
        headers = rollback_headers(reversals, self._dialect)
        write_catalog_csv(self._folder / "rollback.csv", headers, rollback_rows(reversals, headers))
        write_catalog_xlsx(self._folder / "rollback.xlsx", headers, rollback_rows(reversals, headers))
        self._write_bodies(reversals)
        text = howto(HowTo.of(self._run, self._shop, reversals, self._known, sum(1 for _ in self._records())))
        write_atomic(self._folder / "HOWTO.md", text.encode())
        self._written = self._clock.now()

    def refresh(self, befores: Mapping[tuple[int, str], str | None]) -> None:
        """Before-values just read again: on disk before the POST that makes them history."""
        self._befores.update(befores)
        write_catalog_csv(self._folder / "changes.csv", HEADERS, self._rows())

    def progress(self, outcomes: Iterable[tuple[int, str, str]]) -> None:
        """(record, feed, outcome) as they become known; on disk within a pause."""
        now = self._clock.now()
        self._known.update({no: (feed, outcome, now) for no, feed, outcome in outcomes})
        if now - self._written >= PAUSE:
            started = now
            write_catalog_csv(self._folder / "changes.csv", HEADERS, self._rows())
            took = self._clock.now() - started
            self._written = self._clock.now() + took * 10

    def _reversals(self) -> dict[str, Reversal]:
        undone = (r for r in self._records() if self._known.get(r.no, ("", "", 0))[1] not in NOT_OURS)
        return invert(undone, self._befores, self._dialect, self._operators, Wanted())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for record in self._records():
            feed, outcome, at = self._known.get(record.no, ("", "planned", 0.0))
            when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
            for change in record.changes:
                before = self._befores.get((record.no, change.field), change.before)
                yield (
                    record.sku,
                    change.field,
                    before or "",
                    change.after,
                    record.action.value,
                    feed,
                    outcome,
                    when,
                )

    def _write_bodies(self, reversals: Mapping[str, Reversal]) -> None:
        """`rollback.xml` for ProductUpdate; images need an action, and so a file, of their own."""
        plain, images = [], []
        for back in reversals.values():
            fields = {name: self._as_sent(name, value) for name, value in back.values.items()}
            pictures = fields.pop("Images", None)
            if fields:
                plain.append((back.sku, fields))
            if pictures:
                images.append((back.sku, {"Images": pictures}))
        write_atomic(self._folder / "rollback.xml", feed_body(Action.UPDATE, plain, self._dialect))
        if images:
            write_atomic(self._folder / "rollback-images.xml", feed_body(Action.IMAGE, images, self._dialect))

    def _as_sent(self, name: str, value: str) -> str:
        if field_named(name, self._dialect).kind is Kind.CATEGORY:
            return self._category_id(value) or value
        return value


def rollback_headers(reversals: Mapping[str, Reversal], dialect: Dialect) -> tuple[str, ...]:
    """SellerSku, then every field that anything goes back on, in the vocabulary's order."""
    names = {name for back in reversals.values() for name in back.values}
    order = {name: place for place, name in enumerate(_vocabulary(dialect))}
    return (KEY, *sorted(names, key=lambda name: (order.get(name, len(order)), name)))


def _vocabulary(dialect: Dialect) -> list[str]:
    from schemas.fields import fields_of

    return [known.name for known in fields_of(dialect)]


def rollback_rows(reversals: Mapping[str, Reversal], headers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A catalog that puts old values back: blank = leave alone, the sentinel = it was empty before."""
    for back in reversals.values():
        cells = (back.values.get(name) for name in headers[1:])
        yield (back.sku, *("" if value is None else value or CLEAR for value in cells))
