"""Recorded answers of other clients' test suites, where they lie beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from pipeline.market import feed_answers, lookup_answers
from pipeline.market.answers import Answer, ErrorAnswer, read
from pipeline.market.nodes import Unreadable
from pipeline.market.products import page_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "wire-fixtures"
CASES = json.loads((FOLDER / "expected.json").read_text()) if FOLDER.is_dir() else []
WHOLE = [case for case in CASES if case["expect"]["kind"] != "invalid"]
BROKEN = [case for case in CASES if case["expect"]["kind"] == "invalid"]

pytestmark = pytest.mark.skipif(not CASES, reason="no recorded answers here")


def name(case: dict[str, Any]) -> str:
    return str(case["file"])


def twin(body: bytes) -> bytes | None:
    """The same answer in XML; None where a name in it is no element's."""

    def element(tag: str, node: Any) -> etree._Element:
        made = etree.Element(tag)
        if isinstance(node, dict):
            for child, value in node.items():
                made.extend(element(child, one) for one in (value if isinstance(value, list) else [value]))
        elif node not in ([], None):
            made.text = ("1" if node else "0") if isinstance(node, bool) else str(node)
        return made

    ((tag, node),) = orjson.loads(body).items()
    try:
        return etree.tostring(element(tag, node), encoding="UTF-8", xml_declaration=True, pretty_print=True)
    except ValueError:
        return None


def seen(answer: Answer, kind: str) -> dict[str, Any]:
    """What we make of it, in the words of expected.json."""
    body = answer.body
    if kind == "products":
        rows = page_of(body).table.to_pylist()
        return {"products": [product(row) for row in rows]}
    if kind == "brands":
        return {"names": list(lookup_answers.brands(body))}
    if kind == "attributes":
        found = lookup_answers.category_attributes(body)
        return {
            "names": [one.name for one in found],
            "mandatory": [one.name for one in found if one.mandatory],
            "options": [len(one.options) for one in found],
        }
    if kind == "category_tree":
        tree = lookup_answers.category_tree(body)
        return {"nodes": [[one.id, one.name, len(one.path) - 1] for one in tree.values()]}
    if kind == "feed_list":
        return {"feeds": [feed(one) for one in feed_answers.feed_list(body)]}
    if kind == "feed_status":
        return feed(feed_answers.feed_detail(body))
    return {}


def product(row: dict[str, Any]) -> dict[str, Any]:
    units = sorted({key.split(".")[1] for key in row if key.startswith("BusinessUnits.")})
    return {
        "sku": row["SellerSku"],
        "name": row.get("Name"),
        "price": row.get("Price"),
        "quantity": row.get("Quantity"),
        "status": row.get("Status"),
        "images": len([one for one in (row.get("Images") or "").split("\n") if one]),
        "business_units": units,
    }


def feed(one: feed_answers.Feed) -> dict[str, Any]:
    return {
        "feed_id": one.id,
        "status": one.status,
        "action": one.action,
        "created": one.created,
        "total": one.total,
        "processed": one.processed,
        "failed": one.failed,
        "errors": [{"code": row.code, "sku": row.sku, "message": row.message} for row in one.errors],
        "warnings": [{"sku": row.sku, "message": row.message} for row in one.warnings],
        "failure_report": one.failure_report[0] if one.failure_report else None,
    }


def check(answer: Answer | ErrorAnswer, expect: dict[str, Any]) -> None:
    kind = expect["kind"]
    if kind == "error":
        assert isinstance(answer, ErrorAnswer)
        got = (answer.action, answer.kind, answer.number, answer.message, len(answer.details))
        want = (expect["action"], expect["error_type"], expect["error_code"], expect["error_message"], 0)
        assert got == tuple("" if one is None and at != 2 else one for at, one in enumerate(want))
        return
    assert isinstance(answer, Answer)
    assert answer.request_id == expect.get("request_id", answer.request_id)
    if kind not in ("feed_status",):
        assert answer.action == (expect["action"] or "")
    assert (answer.response_type, answer.timestamp) == (
        expect["response_type"] or "",
        expect["timestamp"] or "",
    )
    if kind == "other":
        assert list(answer.body if isinstance(answer.body, dict) else ()) == expect["body_keys"]
    got = seen(answer, kind)
    if kind == "category_tree":
        got["nodes"] = sorted(got["nodes"])
        expect = {**expect, "nodes": sorted([str(one), *rest] for one, *rest in expect["nodes"])}
    assert got == {key: expect[key] for key in got}


@pytest.mark.parametrize("case", WHOLE, ids=name)
def test_a_recorded_answer_is_read(case: dict[str, Any]) -> None:
    check(read((FOLDER / case["file"]).read_bytes()), case["expect"])


@pytest.mark.parametrize("case", WHOLE, ids=name)
def test_its_xml_twin_is_read_alike(case: dict[str, Any]) -> None:
    body = twin((FOLDER / case["file"]).read_bytes())
    if body is None:
        pytest.skip("a name in it is no element's")
    check(read(body), case["expect"])


@pytest.mark.parametrize("case", BROKEN, ids=name)
def test_a_broken_answer_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read((FOLDER / case["file"]).read_bytes())
