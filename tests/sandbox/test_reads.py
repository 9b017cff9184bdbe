"""GetProducts and the look-ups: both formats, every parameter."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

WIRE_TEA = {
    "SellerSku": "TEA-01",
    "ShopSku": "SB000000001",
    "ProductSin": "",
    "Name": "Green Tea 50g",
    "Variation": "...",
    "ParentSku": "TEA-01",
    "Quantity": "7",
    "Available": "7",
    "Price": "4.90",
    "SalePrice": "",
    "SaleStartDate": "",
    "SaleEndDate": "",
    "Status": "active",
    "ProductId": "",
    "Url": "",
    "MainImage": "https://cdn.example.test/tea.jpg",
    "Images": {"Image": "https://cdn.example.test/tea.jpg"},
    "Description": "<p>Loose & <b>green</b></p>",
    "TaxClass": "",
    "Brand": "GENERIC",
    "PrimaryCategory": "Category 504",
    "Categories": "",
    "ProductData": {
        "ConditionType": "Nuevo",
        "PackageHeight": "",
        "PackageWidth": "",
        "PackageLength": "",
        "PackageWeight": "",
        "Color": "green",
    },
}
UNIT = {
    "BusinessUnit": "Falabella",
    "OperatorCode": "facl",
    "Price": "4.90",
    "SpecialPrice": "",
    "SpecialFromDate": "",
    "SpecialToDate": "",
    "Stock": "7",
    "Status": "active",
    "IsPublished": "1",
}


def as_dict(element: ET.Element) -> object:
    """XML as the JSON projection would show it."""
    if len(element) == 0:
        return element.text or ""
    result: dict[str, object] = {}
    for child in element:
        if child.tag not in result:
            result[child.tag] = as_dict(child)
        elif isinstance(result[child.tag], list):
            result[child.tag].append(as_dict(child))
        else:
            result[child.tag] = [result[child.tag], as_dict(child)]
    return result


def test_a_classic_product_in_both_formats(shop, tea):
    caller = shop(products=[tea])
    envelope = caller.call("GetProducts", Format="JSON").json()
    assert envelope == {
        "SuccessResponse": {
            "Head": {
                "RequestId": "",
                "RequestAction": "GetProducts",
                "ResponseType": "Products",
                "Timestamp": "2024-05-06T12:00:00+0000",
            },
            "Body": {"Products": {"Product": WIRE_TEA}},
        }
    }
    root = ET.fromstring(caller.call("GetProducts").content)
    assert as_dict(root) == envelope["SuccessResponse"]


def test_a_falabella_product_has_its_values_per_business_unit(shop, tea):
    caller = shop(products=[tea], dialect="falabella", operators="facl,fape")
    plain = ("Quantity", "Available", "Price", "SalePrice", "SaleStartDate", "SaleEndDate", "Status")
    expected = {name: text for name, text in WIRE_TEA.items() if name not in plain}
    units = [UNIT, {**UNIT, "OperatorCode": "fape"}]
    assert caller.products() == [
        {**expected, "BusinessUnits": {"BusinessUnit": units}, "QCStatus": "approved"}
    ]


def test_json_escapes_as_php_does(shop, tea):
    text = shop(products=[{**tea, "Name": "Té/ñ"}]).call("GetProducts", Format="JSON").text
    assert '"Name":"T\\u00e9\\/\\u00f1"' in text


def test_descriptions_are_escaped_once_in_xml(shop, tea):
    text = shop(products=[{**tea, "Description": "a &amp; <b>\r\n"}]).call("GetProducts").text
    assert "<Description>a &amp;amp; &lt;b&gt;&#13;\n</Description>" in text


def test_without_products_the_container_is_empty(shop):
    caller = shop(products=[])
    assert caller.body("GetProducts") == {"Products": ""}
    assert "<Body><Products/></Body>" in caller.call("GetProducts").text


def test_lists_of_one_can_stay_lists(shop, tea):
    product = shop(products=[tea], always_array="yes").body("GetProducts")["Products"]["Product"]
    assert product == [{**WIRE_TEA, "Images": {"Image": ["https://cdn.example.test/tea.jpg"]}}]


def test_both_shapes_serve_every_client(shop, tea):
    product = shop(products=[tea], shapes="both").products()[0]
    assert (product["Price"], product["BusinessUnits"]["BusinessUnit"]["Price"]) == ("4.90", "4.90")


def goods(sku: str, **given: str) -> dict[str, str]:
    return {
        "SellerSku": sku,
        "Name": f"Thing {sku}",
        "Price": "1",
        "Quantity": "1",
        "Images": "http://x/1",
        **given,
    }


SHELF = [
    goods("LIVE"),
    goods("OFF", Status="inactive"),
    goods("GONE", Status="deleted"),
    goods("BARE", Images=""),
    goods("SOLD", Quantity="0"),
    goods("WAIT", QCStatus="pending"),
    goods("BAD", QCStatus="rejected"),
]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("", ["LIVE", "OFF", "BARE", "SOLD", "WAIT", "BAD"]),
        ("all", ["LIVE", "OFF", "BARE", "SOLD", "WAIT", "BAD"]),
        ("live", ["LIVE"]),
        ("inactive", ["OFF"]),
        ("deleted", ["GONE"]),
        ("image-missing", ["BARE"]),
        ("sold-out", ["SOLD"]),
        ("pending", ["WAIT"]),
        ("rejected", ["BAD"]),
    ],
)
def test_filters(shop, status, expected):
    assert shop(products=SHELF).skus(Filter=status) == expected


DATED = [
    goods("OLD", CreatedAt="2024-01-01 10:00:00", UpdatedAt="2024-05-01 10:00:00"),
    goods("NEW", CreatedAt="2024-05-01 10:00:00", UpdatedAt="2024-05-02 10:00:00"),
]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"CreatedAfter": "2024-05-01T10:00:00+00:00"}, ["NEW"]),
        ({"CreatedBefore": "2024-01-01T10:00:00"}, ["OLD"]),
        ({"UpdatedAfter": "2024-05-01T10:00:00Z"}, ["OLD", "NEW"]),
        ({"UpdatedAfter": "2024-05-01T10:00:01Z"}, ["NEW"]),
        ({"UpdatedAfter": "2024-05-01T12:00:01+0200"}, ["NEW"]),
        ({"UpdatedBefore": "2024-05-02T09:59:59Z"}, ["OLD"]),
        ({"UpdatedAfter": "2024-05-01", "UpdatedBefore": "2024-05-02"}, ["OLD"]),
        ({"Search": "thing n"}, ["NEW"]),
        ({"Search": "ol"}, ["OLD"]),
        ({"Limit": "1"}, ["OLD"]),
        ({"Limit": "1", "Offset": "1"}, ["NEW"]),
        ({"Offset": "2"}, []),
        ({"SkuSellerList": '["NEW","NOPE","OLD","NEW"]'}, ["NEW", "OLD"]),
        ({"SkuSellerList": '["NEW","OLD"]', "Limit": "1", "Offset": "1"}, ["OLD"]),
        ({"SkuSellerList": "", "Search": "", "Filter": ""}, ["OLD", "NEW"]),
        ({"Unknown": "ignored"}, ["OLD", "NEW"]),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_parameters(shop, params, expected):
    assert shop(products=DATED).skus(**params) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"Filter": "sold"}, ("36", "E036: Invalid status filter")),
        ({"Limit": "0"}, ("19", 'E019: "0" Invalid Limit')),
        ({"Limit": "ten"}, ("19", 'E019: "ten" Invalid Limit')),
        ({"Limit": "9" * 5000}, ("19", f'E019: "{"9" * 5000}" Invalid Limit')),
        ({"SkuSellerList": "[" * 100_000}, ("70", "E070: You have corrupt data in your sku seller list.")),
        ({"Offset": "-1"}, ("14", 'E014: "-1" Invalid Offset')),
        ({"UpdatedAfter": "soon"}, ("17", 'E017: "soon" Invalid Date Format')),
        ({"UpdatedAfter": "2024-13-01"}, ("17", 'E017: "2024-13-01" Invalid Date Format')),
        ({"SkuSellerList": "[a,b]"}, ("70", "E070: You have corrupt data in your sku seller list.")),
        (
            {"SkuSellerList": 'a:1:{i:0;s:1:"a";}'},
            ("70", "E070: You have corrupt data in your sku seller list."),
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_wrong_parameters(shop, params, expected):
    assert shop().error("GetProducts", **params) == expected


def test_pages_are_clamped_to_the_dialects_limit_or_refused(shop):
    many = [goods(f"S{number}") for number in range(6)]
    assert len(shop(products=many, max_limit=5).skus(Limit="9")) == 5
    assert shop(products=many, max_limit=5, over_limit="error").error("GetProducts", Limit="9")[0] == "19"
    assert len(shop(products=many, max_limit=5, over_limit="error").skus()) == 5


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("inserted", ["B", "A", "C"]),
        ("sku", ["A", "B", "C"]),
        ("newest", ["C", "A", "B"]),
        ("updated", ["A", "C", "B"]),
    ],
)
def test_orders_of_the_list(shop, order, expected):
    caller = shop(products=[goods("B"), goods("A"), goods("C")], order=order)
    caller.clock.advance(5)
    caller.control("PATCH", "products/B", {"Name": "Later"})
    assert caller.skus() == expected


def test_brands_and_categories_that_products_name_join_the_lists(shop, tea):
    deep = {**tea, "SellerSku": "DEEP", "PrimaryCategory": "Casa > Cocina > Tazas", "Brand": "Ñandú"}
    caller = shop(products=[tea, deep])
    lookups = caller.control("GET", "lookups")
    by_label = {row["label"]: row for row in lookups["categories"]}
    assert by_label["504"]["id"] == "504"
    assert by_label["504"]["leaf"] is True
    assert by_label["Casa > Cocina > Tazas"]["name"] == "Tazas"
    assert [by_label[name]["leaf"] for name in ("Casa", "Casa > Cocina")] == [False, False]
    assert lookups["brands"][-1] == "Ñandú"
    assert caller.product("DEEP")["PrimaryCategory"] == "Casa > Cocina > Tazas"
    assert caller.products()[1]["PrimaryCategory"] == "Tazas"


def test_brands(shop, mug):
    brands = shop(products=[mug]).body("GetBrands")["Brands"]["Brand"]
    assert brands[0] == {"BrandId": "1", "Name": "GENERIC", "GlobalIdentifier": "generic"}
    assert brands[-1]["Name"] == "Claywork"


def test_the_tree_nests_and_leaves_have_empty_children(shop, tea):
    categories = shop(products=[tea]).body("GetCategoryTree")["Categories"]["Category"]
    assert categories[0]["Children"]["Category"]["Children"]["Category"][0]["Name"] == "Mugs"
    assert categories[-1] == {
        "Name": "Category 504",
        "CategoryId": "504",
        "GlobalIdentifier": "category_504",
        "AttributeSetId": "1",
        "Children": "",
    }


def test_category_attributes(shop, tea):
    caller = shop(products=[{**tea, "ProductData": {"Talla": "M"}}])
    found = {
        row["FeedName"]: row
        for row in caller.body("GetCategoryAttributes", PrimaryCategory="504")["Attribute"]
    }
    assert {name for name, row in found.items() if row["isMandatory"] == "1"} == {
        "Name",
        "Description",
        "Brand",
        "PrimaryCategory",
        "Price",
    }
    assert found["Talla"]["Name"] == "talla"
    assert found["PackageHeight"]["Name"] == "package_height"
    assert [row["Name"] for row in found["ConditionType"]["Options"]["Option"]][:2] == [
        "Nuevo",
        "Reacondicionado",
    ]
    assert caller.error("GetCategoryAttributes", PrimaryCategory="9")[0] == "57"
    assert caller.error("GetCategoryAttributes") == ("1", "E001: Parameter PrimaryCategory is mandatory")


def test_categories_by_attribute_set(shop):
    sets = shop().body("GetCategoriesByAttributeSet", AttributeSet="[1]")["AttributeSets"]["AttributeSet"]
    assert sets["AttributeSetId"] == "1"
    assert shop().error("GetCategoriesByAttributeSet", AttributeSet="[7]")[0] == "64"


def test_qc_status_spells_the_sku_its_own_way(shop):
    caller = shop(products=SHELF)
    listed = json.dumps(["WAIT", "LIVE"])
    assert caller.body("GetQcStatus", SkuSellerList=listed) == {
        "Status": {
            "State": [
                {"SellerSKU": "WAIT", "Status": "pending", "DataChanged": "0", "Reason": ""},
                {"SellerSKU": "LIVE", "Status": "approved", "DataChanged": "0", "Reason": ""},
            ]
        }
    }


def test_orders_are_read_only_samples(shop):
    caller = shop()
    assert caller.error("GetOrders") == ("18", "E018: Either CreatedAfter or UpdatedAfter is mandatory")
    found = caller.body("GetOrders", CreatedAfter="2024-05-02T00:00:00")["Orders"]["Order"]
    assert (found["OrderId"], found["ItemsCount"], found["Price"]) == ("5002", "1", "15.00")
    items = caller.body("GetOrderItems", OrderId="5001")["OrderItems"]["OrderItem"]
    assert [item["ItemPrice"] for item in items] == ["24.90", "3.10"]
    assert caller.body("GetOrder", OrderId="5001")["Orders"]["Order"]["OrderNumber"] == "300100"
    assert caller.error("GetOrder", OrderId="1")[0] == "16"


@pytest.mark.parametrize(
    ("switch", "start"),
    [("xml", b"<?xml"), ("json", b'{"SuccessResponse"'), ("error", b"<?xml")],
)
def test_an_unknown_format(shop, switch, start):
    answer = shop(unknown_format=switch).call("GetProducts", Format="YAML").content
    assert answer.startswith(start)
    assert (b"E005" in answer) == (switch == "error")
