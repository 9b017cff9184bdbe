"""The manual way back, on disk before the first POST: a person with a spreadsheet can undo the run with it.

`changes.csv` names every change with its before-value; `rollback.csv`, `rollback.xlsx` and
`rollback.xml` put the old values back; `HOWTO.md` says how. At any instant they name at least every
record that the shop accepted, with right before-values; outcomes are filled in as they become known.
Nothing of it is held in memory: the journal says all, and a run may be a million changes long.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.budget.throttle import Clock
from pipeline.diff.plan import Record
from pipeline.journal.standing import Standing
from pipeline.market.bodies import feed_body
from pipeline.market.feeds import Action
from pipeline.rollback.howto import HowTo, howto
from pipeline.rollback.invert import Reversal, Wanted, in_order, invert
from pipeline.rollback.units import Units, along, bare
from pipeline.store.atomic import append_durable, private_folder, write_atomic
from pipeline.store.disk_errors import disk_errors
from pipeline.store.safe_csv import unmarked_lines, write_catalog_csv, write_catalog_xlsx
from schemas.fields import CLEAR, KEY, Dialect, field_named

HEADERS = ("sku", "field", "before", "after", "action", "feed", "outcome", "time")
#: Seconds between two rewritings of `changes.csv` while a push runs, and how many times longer than the
#: last one took: a long run mustn't spend its time on them.
PAUSE, SHARE = 2.0, 50
#: Written in this order: the last one says that all of them are there.
FILES = ("changes.csv", "rollback.csv", "rollback.xlsx", "rollback.xml", "HOWTO.md")
#: Outcomes after which the shop surely doesn't hold our value.
NOT_OURS = ("refused", "skipped")
#: (field, old value) → the value to send for it, None where only a person can choose one.
Resolve = Callable[[str, str], str | None]
Choices = Callable[[str, str], str]
#: Products → (sku, field, the shop's text) → what we sent when it stored that.
Echoes = Callable[[Collection[str]], Mapping[tuple[str, str, str], str]]


class Kit:
    """The manual rollback kit of one run.

    Args:
        folder: the run's folder.
        standing: reads the run's records from the start, as far as they came, as often as it's called.
        resolve: an old value → the value to send (request bodies need the ids of categories).
        choices: an old value that only a person can choose → what there is to choose from, in words.
        echoes: what we sent where the shop has words of its own: sent again, its text is there again.
        units: what the shop held of products' business units when the run was planned.
    """

    def __init__(
        self,
        folder: Path,
        *,
        run: str,
        shop: str,
        dialect: Dialect,
        operators: tuple[str, ...],
        standing: Callable[[], Iterable[Standing]],
        clock: Clock,
        resolve: Resolve = lambda _, value: value,
        choices: Choices = lambda _, value: f"choose {value!r}",
        echoes: Echoes = lambda _: {},
        units: Units = lambda _: {},
    ) -> None:
        self._folder = folder
        self._run, self._shop = run, shop
        self._dialect, self._operators = dialect, operators
        self._standing = standing
        self._clock = clock
        self._resolve = resolve
        self._choices = choices
        self._echoes = echoes
        self._units = units
        self._next = 0.0

    @property
    def whole(self) -> bool:
        """Whether all files are there, and no line of them was cut off by a crash."""
        if not all((self._folder / name).exists() for name in FILES):
            return False
        with disk_errors("read", self._folder / FILES[0]), (self._folder / FILES[0]).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 1))
            return file.read() == b"\n"

    def write(self) -> None:
        """Write all files anew, each whole or not at all."""
        private_folder(self._folder)
        reversals, unclear = self._reversals()
        write_catalog_csv(self._folder / "changes.csv", HEADERS, self._rows(), marked=False)
        headers = rollback_headers(reversals, self._dialect)
        write_catalog_csv(self._folder / "rollback.csv", headers, rollback_rows(reversals, headers))
        write_catalog_xlsx(self._folder / "rollback.xlsx", headers, rollback_rows(reversals, headers))
        lacking = self._write_bodies(reversals)
        counted = Counter(one.outcome for one in self._standing())
        numbers = HowTo.of(
            self._run, self._shop, reversals, counted, unclear, dialect=self._dialect, bare=lacking
        )
        write_atomic(self._folder / "HOWTO.md", howto(numbers).encode())
        self._next = self._clock.now() + PAUSE

    def refresh(self, records: Iterable[Record], befores: Mapping[tuple[int, str], str | None]) -> None:
        """Before-values just read again: on disk before the POST that makes them history.

        They are added at the end of `changes.csv`, where a later line counts; the next rewriting
        puts them in their place.
        """
        rows = [
            (record.sku, change.field, befores[record.no, change.field] or "", change.after,
             record.action.value, "", "planned", "")
            for record in records
            for change in record.changes
            if (record.no, change.field) in befores
        ]  # fmt: skip
        append_durable(self._folder / FILES[0], unmarked_lines(rows))

    def progress(self) -> None:
        """The journal knows more than before: on disk within a pause."""
        started = self._clock.now()
        if started < self._next:
            return
        write_catalog_csv(self._folder / FILES[0], HEADERS, self._rows(), marked=False)
        now = self._clock.now()
        self._next = now + max(PAUSE, (now - started) * SHARE)

    def _reversals(self) -> tuple[dict[str, Reversal], list[tuple[str, str, str]]]:
        """What goes back, in words to be sent; and (sku, field, choices) where a person has to choose."""
        undone = (one.record for one in self._standing() if one.outcome not in NOT_OURS)
        found = invert(undone, {}, self._dialect, self._operators, Wanted())
        echoes, unclear = self._echoes(found), []
        for sku, back in found.items():
            values = {name: echoes.get((sku, name, value), value) for name, value in back.values.items()}
            lost = [name for name, value in values.items() if self._resolve(name, value) is None]
            unclear += [(sku, name, self._choices(name, values.pop(name))) for name in lost]
            if values != back.values:
                found[sku] = replace(back, values=values)
        return found, unclear

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for one in self._standing():
            when = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds") if one.at else ""
            for change in one.record.changes:
                values = (one.record.sku, change.field, change.before or "", change.after)
                yield (*values, one.record.action.value, one.feed, one.outcome, when)

    def _write_bodies(self, reversals: Mapping[str, Reversal]) -> int:
        """`rollback.xml` for ProductUpdate; images need an action, and so a file, of their own.

        Returns:
            How many products in it lack the business unit that the shop demands.
        """
        plain, images = {}, []
        for back in reversals.values():
            fields = {
                name: self._resolve(name, value) or ""
                for name, value in back.values.items()
                if value or field_named(name, self._dialect).clearable
            }
            pictures = fields.pop("Images", None)
            if fields:
                plain[back.sku] = fields
            if pictures:
                images.append((back.sku, {"Images": pictures}))
        lacking = self._complete(plain)
        write_atomic(self._folder / "rollback.xml", feed_body(Action.UPDATE, [*plain.items()], self._dialect))
        if images:
            write_atomic(self._folder / "rollback-images.xml", feed_body(Action.IMAGE, images, self._dialect))
        return lacking

    def _complete(self, plain: dict[str, dict[str, str]]) -> int:
        """Give each update the business unit that it needs; how many found none."""
        lacking = [sku for sku, fields in plain.items() if bare(fields, self._dialect)]
        units = self._units(lacking) if lacking else {}
        for sku in lacking:
            plain[sku] |= along(plain[sku], units.get(sku, {}))
        return sum(bare(plain[sku], self._dialect) for sku in lacking)


def rollback_headers(reversals: Mapping[str, Reversal], dialect: Dialect) -> tuple[str, ...]:
    """SellerSku, then every field that anything goes back on."""
    return (KEY, *in_order((name for back in reversals.values() for name in back.values), dialect))


def rollback_rows(reversals: Mapping[str, Reversal], headers: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A catalog that puts old values back: blank = leave alone, the sentinel = it was empty before."""
    for back in reversals.values():
        if not back.values:
            continue
        cells = (back.values.get(name) for name in headers[1:])
        yield (back.sku, *("" if value is None else value or CLEAR for value in cells))
