"""A plan is believed only if every byte is what was sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.diff.plan import Change, Held, Plan, Record
from pipeline.diff.planfile import (
    check,
    dates,
    held,
    open_plan,
    records,
    seal,
    seal_again,
)
from pipeline.errors import PlanRefused, UsageError

OURS = [
    {"SellerSku": "A", "Name": "new", "Price": "12.00", "Quantity": ""},
    {"SellerSku": "B", "Name": "Ñandú \u2028 \U0001f600"},
]
THEIRS = [
    {"SellerSku": "A", "Name": "old", "Price": "10.00", "Quantity": "3"},
    {"SellerSku": "B", "Name": "x"},
]


@pytest.fixture
def made(diff: Any) -> Any:
    return diff(OURS, THEIRS)


def test_what_is_read_is_what_was_made(made: Any) -> None:
    assert open_plan(made.path) == made.plan
    assert [record.sku for record in records(made.path)] == ["A", "B"]
    assert [one.field for one in held(made.path)] == ["Quantity"]


def test_the_file_is_json_lines_with_a_checkable_seal(made: Any) -> None:
    raw = made.path.read_bytes()
    lines = [json.loads(line) for line in raw.splitlines()]
    assert [line["kind"] for line in lines] == ["plan", "record", "record", "held", "seal"]
    assert lines[0]["schema"] == "sellercenter/plan/1"
    body = raw[: raw.rindex(b'{"kind":"seal"')]
    assert lines[-1]["sha256"] == hashlib.sha256(body).hexdigest()
    assert made.plan.digest == f"sha256:{lines[-1]['sha256']}"


def test_the_same_inputs_make_the_same_bytes(diff: Any) -> None:
    first = diff(OURS, THEIRS).path.read_bytes()
    assert diff(OURS, THEIRS).path.read_bytes() == first


def test_sealing_records_by_hand_makes_the_same_file(made: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    plan = seal(copy, replace(made.plan, digest=""), made.records, made.held)
    assert copy.read_bytes() == made.path.read_bytes()
    assert plan == made.plan


@pytest.fixture
def large(made: Any, tmp_path: Path) -> tuple[Path, set[str]]:
    """A plan of several blocks, its records many and one of them long, and the dates in its records."""
    [first, _] = made.records
    said = [f"2026-11-{day:02d} 10:00:00" for day in range(1, 29)]
    texts = ["x" * 3_000_000, *(f"{text} of {no}" for no in range(300) for text in said)]

    def each() -> Iterator[Record]:
        for no, text in enumerate(texts, 1):
            yield replace(first, no=no, changes=(Change(field="Name", before="", after=f" {text}"),))

    one = made.held[0]
    path = tmp_path / "large.jsonl"
    seal(path, replace(made.plan, digest=""), each(), _held_dates(one))
    return path, set(texts[1:])


def _held_dates(one: Held) -> Iterator[Held]:
    for _ in range(5_000):
        yield replace(one, before="1999-01-01", after="1999-01-02")


def test_dates_are_those_of_the_records_alone(large: tuple[Path, set[str]]) -> None:
    path, said = large
    assert path.stat().st_size > 5_000_000
    assert dates(path) == said


def test_a_plan_sealed_again_is_the_one_that_its_records_make(
    made: Any, large: tuple[Path, set[str]], tmp_path: Path
) -> None:
    for old in (made.path, large[0]):
        later = replace(made.plan, id="p2", created=made.plan.created + 60, digest="")
        plan = seal_again(old, tmp_path / "again.jsonl", later)
        assert plan == seal(tmp_path / "hand.jsonl", later, records(old), held(old))
        assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "hand.jsonl").read_bytes()


@pytest.mark.parametrize("place", [200, -1_000_000, -200, -40])
def test_what_was_changed_is_not_sealed_again(
    large: tuple[Path, set[str]], made: Any, tmp_path: Path, place: int
) -> None:
    path = large[0]
    changed = bytearray(path.read_bytes())
    changed[place] ^= 1
    path.write_bytes(changed)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(PlanRefused):
        seal_again(path, tmp_path / "again.jsonl", made.plan)
    with pytest.raises(PlanRefused):
        dates(path)
    assert set(tmp_path.rglob("*")) == before


def test_one_byte_changed_anywhere_is_refused(made: Any) -> None:
    raw = made.path.read_bytes()
    for position in [*range(0, len(raw), 7), *range(len(raw) - 90, len(raw))]:
        for mask in (0x01, 0x20):
            changed = bytearray(raw)
            changed[position] ^= mask
            made.path.write_bytes(changed)
            with pytest.raises(PlanRefused):
                open_plan(made.path)
            with pytest.raises((PlanRefused, ValueError)):
                list(records(made.path))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda raw: raw[:-1], id="last line end lost"),
        pytest.param(lambda raw: raw[: len(raw) // 2], id="half"),
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw + b"\n", id="a line end more"),
        pytest.param(lambda raw: raw + raw.splitlines(keepends=True)[1], id="a record after the seal"),
        pytest.param(lambda raw: raw + raw, id="twice"),
        pytest.param(lambda raw: b"".join(raw.splitlines(keepends=True)[:-1]), id="seal cut off"),
        pytest.param(lambda raw: b"SellerSku,Name\nA,Tea\n", id="another file"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="line ends converted"),
    ],
)
def test_a_spoiled_plan_is_refused(made: Any, spoil: Any) -> None:
    made.path.write_bytes(spoil(made.path.read_bytes()))
    with pytest.raises(PlanRefused) as caught:
        open_plan(made.path)
    assert str(made.path) in caught.value.message
    assert caught.value.hint == "make a new one with `sellercenter diff`"
    with pytest.raises(PlanRefused):
        list(records(made.path))


def test_a_plan_of_another_version_is_refused_though_its_seal_fits(made: Any) -> None:
    body = made.path.read_bytes().replace(b"sellercenter/plan/1", b"sellercenter/plan/9")
    body = body[: body.rindex(b'{"kind":"seal"')]
    sha = hashlib.sha256(body).hexdigest().encode()
    made.path.write_bytes(body + b'{"kind":"seal","sha256":"%s"}\n' % sha)
    with pytest.raises(PlanRefused, match="no plan that this version reads"):
        open_plan(made.path)


def test_a_plan_that_is_not_there_is_a_wrong_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no plan"):
        open_plan(tmp_path / "none.plan.jsonl")


def fits(plan: Plan, **other: Any) -> None:
    given = {
        "shop": "demo",
        "identity": "sha256:shop",
        "now": plan.created + 60,
        "max_age": 3600.0,
        "settings_digest": "sha256:settings",
        **other,
    }
    check(plan, **given)


def test_a_fresh_plan_of_this_shop_fits(made: Any) -> None:
    fits(made.plan)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param({"identity": "sha256:other"}, "was made for shop 'demo'", id="another shop"),
        pytest.param({"settings_digest": "sha256:x"}, "under other settings", id="other settings"),
        pytest.param(
            {"now": 2_000.0 + 7_300}, "is 2.0 hours old; plans are good for 1.0 hours", id="too old"
        ),
        pytest.param({"now": 2_000.0 - 1_200}, "made 20 minutes in the future", id="from the future"),
    ],
)
def test_a_plan_for_something_else_is_refused(made: Any, other: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanRefused, match=words) as caught:
        fits(made.plan, **other)
    assert caught.value.hint


def test_nothing_is_left_behind_in_the_folder(made: Any) -> None:
    left = {path.name for path in made.path.parent.iterdir()}
    assert left == {"catalog.csv.accepted.arrow", "snap.parquet", "snap.hashes", "p1.plan.jsonl"}
