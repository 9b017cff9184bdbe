"""Accepted × Snapshot × Memory → what becomes of every product, as a stream.

Three passes, each by columns and batches, none over the whole in memory:

1. the file, mostly while it is validated: which row of the shop holds the SKU (`tables`), and in which
   fields hashes don't acquit it (`screen`, `suspects`);
2. the shop: of rows that aren't acquitted the columns in doubt are laid aside (`suspects`, `pairs`);
3. the file again, a stretch at a time: what wasn't acquitted is compared field by field, first as
   columns by meaning (`meet`); only what does differ becomes Python objects (`decider`, `decide`,
   `settle`), in a second process beside where there is much of it (`hands`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import numpy as np

from pipeline.diff.absent import absent, active, undecidable
from pipeline.diff.decider import Decider
from pipeline.diff.hands import Hands
from pipeline.diff.meet import Meeting, Met, by_sku
from pipeline.diff.memory import Memory
from pipeline.diff.offers import needed
from pipeline.diff.origins import Origins
from pipeline.diff.paid import Market
from pipeline.diff.pairs import STRETCH, Aside
from pipeline.diff.plan import Basis, Counts
from pipeline.diff.portion import Portion, fields_changed, portion_of
from pipeline.diff.rows import NOWHERE, Flags
from pipeline.diff.rules import Rules
from pipeline.diff.settle import Breach, Decided
from pipeline.diff.suspects import Doubts, FirstLook, Looked, lay_aside, look_again, unsure
from pipeline.diff.tables import our_rows, partners, shop_columns
from pipeline.diff.told import findings_of
from pipeline.diff.untold import untold
from pipeline.giveback import give_back
from pipeline.read.finding import Finding
from pipeline.snapshot.snapshot import Snapshot
from pipeline.validate.accepted import Accepted
from schemas.fields import KEY, Field

#: Portions after which what they took is given back.
_GIVING_BACK = 4
#: What is counted of products of the file, and of those that only the shop holds.
_OURS, _THEIRS = frozenset({"create", "update", "unchanged", "blocked"}), frozenset({"deactivate", "remove"})


class Draft:
    """What a comparison finds, product by product; counts are right once it was read to its end.

    Iterating yields what isn't plainly unchanged: the file's products in its order, then the shop's.
    In mode create-only what the shop holds already counts as unchanged, whatever the file says of it.

    Args:
        folder: for what is needed only meanwhile; stretch: rows of the file that are met at a time.
        barred: variant → the refused row of its group, that holds it too (`Decider`).
        look: what was taken of the file while it was validated (`look_at`).

    Attributes:
        fields_changed: field → how many products that exist change in it.
        breaches: what of the file contradicts the shop.
    """

    def __init__(
        self,
        accepted: Accepted,
        snapshot: Snapshot,
        memory: Memory,
        rules: Rules,
        folder: Path,
        *,
        stretch: int = STRETCH,
        barred: Mapping[str, str] = MappingProxyType({}),
        look: FirstLook | None = None,
    ) -> None:
        self._barred = barred
        self._accepted = accepted
        self._snapshot = snapshot
        self._memory = memory
        self._rules = rules
        self._folder = folder
        self._stretch = stretch
        self._columns = shop_columns(snapshot.path)
        self._readable, self._unreadable = _fields(accepted.fields, self._columns, rules)
        give_back()  # what validation took
        looked = self._looked(look)
        self._partners, self._may_differ = partners(accepted, snapshot, looked.rows), looked.doubts
        self._fates: Counter[str] = Counter()
        self._undecidable = undecidable(accepted, snapshot, self._columns, rules)
        self.fields_changed: Counter[str] = Counter()
        self.breaches: list[Breach] = []

    def __iter__(self) -> Iterator[Decided]:
        """Decisions product by product."""
        decider = self._decider()
        for met in self._met(self._doubts()):
            for decided in decider.decide(met):
                yield self._counted(decided, _OURS)
        for decided in self._theirs():
            yield self._counted(decided, _THEIRS)

    def portions(self, market: Market) -> Iterator[Portion]:
        """The same decisions, written down, with what they say to guards; worked out by two processes
        where there are many."""
        found = self._doubts()
        products = int(self._wanted(found).sum())
        with Hands(self._decider(), market, products=products, folder=self._folder) as hands:
            for number, portion in enumerate(hands.portions(self._met(found)), start=1):
                yield self._added(portion, _OURS)
                if number % _GIVING_BACK == 0:
                    give_back()
        theirs = iter(self._theirs())
        while some := list(islice(theirs, STRETCH)):
            yield self._added(portion_of(some, self._rules.dialect, market), _THEIRS)

    @property
    def counts(self) -> Counts:
        """Products by what becomes of them; every row of the file in exactly one."""
        fates, rows = self._fates, len(self._partners.listed)
        unlisted = int((~self._partners.listed).sum()) if self._rules.mode == "update-only" else 0
        return Counts(
            create=fates["create"],
            update=fates["update"],
            deactivate=fates["deactivate"],
            remove=fates["remove"],
            unchanged=rows - fates["create"] - fates["update"] - fates["blocked"] - unlisted,
            blocked=fates["blocked"],
            rejected=self._accepted.total - rows,
            not_listed=unlisted,
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know beside the changes."""
        if self._rules.absent == "ignore" or not self._undecidable:
            return ()
        asked = f"absent = {self._rules.absent!r}"
        return (f"Nothing follows from what the file lacks, in spite of {asked}: {self._undecidable}.",)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What contradicts the shop, at its cells; where of severity error, the row is held."""
        return findings_of(self.breaches, self._accepted)

    def basis(self, source: str) -> Basis:
        """What the guards measure these changes against."""
        before = self._memory.source(source)
        now = source_columns(self._accepted)
        listed = int(self._partners.listed.sum())
        unproven = len(self._partners.listed) - listed
        if self._rules.absent != "ignore" and not self._rules.partial:
            unproven += int((self._partners.of_shop == NOWHERE).sum())
        return Basis(
            rows=self._accepted.total,
            rows_before=before.rows if before else None,
            columns_lost=tuple(name for name in before.columns if name not in now) if before else (),
            listed=listed,
            shop=len(self._partners.of_shop),
            active=active(self._snapshot, self._columns, self._rules),
            unproven=unproven,
            complete=self._snapshot.complete,
            doubt=self._snapshot.doubt,
            partial=self._rules.partial,
            untold=untold(self._snapshot, self._rules.dialect),
        )

    def _counted(self, decided: Decided, fates: Collection[str]) -> Decided:
        self._fates[decided.fate] += decided.fate in fates
        self.breaches.extend(decided.breaches)
        self.fields_changed.update(fields_changed(decided.records))
        return decided

    def _added(self, portion: Portion, fates: Collection[str]) -> Portion:
        self._fates.update({fate: count for fate, count in portion.fates.items() if fate in fates})
        self.breaches.extend(portion.breaches)
        self.fields_changed.update(portion.fields_changed)
        return portion

    def _decider(self) -> Decider:
        return Decider(
            readable=self._readable,
            unreadable=self._unreadable,
            resting=by_sku(self._memory.resting()),
            origins=Origins(self._accepted.mapped),
            rules=self._rules,
            barred=dict(self._barred),
        )

    def _wanted(self, found: Doubts) -> Flags:
        """Rows of the file that have to be looked at."""
        return found.ours if self._rules.mode == "update-only" else found.ours | ~self._partners.listed

    def _met(self, found: Doubts) -> Iterator[Met]:
        """Stretches of the file beside the shop."""
        meeting = Meeting(
            readable=self._readable, unreadable=self._unreadable, memory=self._memory, rules=self._rules
        )
        listed, wanted = self._partners.listed, self._wanted(found)
        with Aside(self._folder, wanted, self._stretch) as aside:
            self._lay_aside(aside, found)
            give_back()
            ours = our_rows(self._accepted, wanted, aside.ends)
            for (start, end, theirs), mine in zip(aside.stretches(), ours, strict=True):
                if mine.height:
                    here = wanted[start:end]
                    yield meeting.compare(
                        mine, theirs, listed[start:end][here], found.fields[start:end][here]
                    )

    def _looked(self, look: FirstLook | None) -> Looked:
        """What was taken of the file while it was validated, if that is of use here; else taken now."""
        fields, ctx = _looked_at(self._readable, self._rules), self._rules.ctx
        looked = None
        if look and (look.fields, look.snapshot, look.ctx) == (tuple(fields), self._snapshot, ctx):
            looked = look.at(self._accepted)
        return looked or look_again(self._accepted, self._snapshot, fields, ctx)

    def _doubts(self) -> Doubts:
        if self._rules.mode == "create-only":
            return Doubts(np.zeros(len(self._may_differ), dtype=np.bool_), np.zeros_like(self._may_differ))
        sure = self._may_differ.any(axis=1)
        asked = unsure(self._accepted, self._unreadable, self._memory, self._rules) & self._partners.listed
        return Doubts(sure | asked, self._may_differ)

    def _lay_aside(self, aside: Aside, found: Doubts) -> None:
        lay_aside(
            aside,
            self._snapshot,
            self._partners,
            found,
            fields=self._readable,
            columns=[KEY, *needed(self._columns, {of.name for of in (*self._readable, *self._unreadable)})],
            always=[KEY, *(of.name for of in self._unreadable)],
        )

    def _theirs(self) -> Iterator[Decided]:
        """Products of the shop that the file lacks."""
        if self._rules.absent == "ignore" or self._undecidable:
            return iter(())
        return absent(
            self._accepted,
            self._snapshot,
            self._partners,
            columns=self._columns,
            resting=by_sku(self._memory.resting()),
            rules=self._rules,
        )


def _fields(names: Iterable[str], columns: Iterable[str], rules: Rules) -> tuple[list[Field], list[Field]]:
    """Those of a file's fields that the shop shows, and those that it doesn't."""
    fields = [of for name in names if name != KEY and (of := rules.field(name))]
    readable = [of for of in fields if of.readable and of.name in columns]
    return readable, [of for of in fields if of not in readable]


def look_at(names: Iterable[str], snapshot: Snapshot, rules: Rules) -> FirstLook:
    """Takes what comparing with a snapshot needs, while rows of these fields are validated."""
    readable, _ = _fields(names, shop_columns(snapshot.path), rules)
    return FirstLook(_looked_at(readable, rules), snapshot, rules.ctx)


def _looked_at(readable: Sequence[Field], rules: Rules) -> Sequence[Field]:
    """Fields that a first look compares: none where what exists is left alone."""
    return () if rules.mode == "create-only" else readable


def source_columns(accepted: Accepted) -> tuple[str, ...]:
    """The fields that a file speaks of: what the next file of its source is expected to have."""
    return (*accepted.fields, *accepted.internal)
