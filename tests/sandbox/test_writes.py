"""The four writing actions: what is refused, in which words, and what a good record changes."""

from __future__ import annotations

import pytest

FULL = (
    "<Product><SellerSku>NEW</SellerSku><Name>New thing</Name><Brand>GENERIC</Brand>"
    "<PrimaryCategory>504</PrimaryCategory><Description>Quite new</Description><Price>3.5</Price>{}</Product>"
)
BAD_PRICE = "The price must be positive, with a dot as separator and at most 2 decimals."


def tea(inner: str) -> str:
    return f"<Product><SellerSku>TEA-01</SellerSku>{inner}</Product>"


def problem(name: str, value: str, text: str) -> str:
    return f"Field {name} with value '{value}' has a problem: {text}"


REFUSED_UPDATES = {
    "unknown sku": ("<Product><SellerSku>X</SellerSku></Product>", "Seller SKU 'X' not found"),
    "no sku": ("<Product><Name>Tea</Name></Product>", "SellerSku cannot be empty"),
    "comma": (tea("<Price>4,90</Price>"), problem("Price", "4,90", BAD_PRICE)),
    "three decimals": (tea("<Price>4.901</Price>"), problem("Price", "4.901", BAD_PRICE)),
    "zero price": (tea("<Price>0</Price>"), problem("Price", "0", BAD_PRICE)),
    "negative price": (tea("<Price>-1</Price>"), "Negative value is not allowed"),
    "negative quantity": (tea("<Quantity>-1</Quantity>"), "Negative value is not allowed"),
    "absurd quantity": (
        tea(f"<Quantity>{'9' * 5000}</Quantity>"),
        problem("Quantity", "9" * 5000, "This value should be a whole number."),
    ),
    "absurd price": (tea(f"<Price>{'9' * 50}</Price>"), problem("Price", "9" * 50, BAD_PRICE)),
    "half a piece": (
        tea("<Quantity>1.5</Quantity>"),
        problem("Quantity", "1.5", "This value should be a whole number."),
    ),
    "status": (
        tea("<Status>live</Status>"),
        problem("Status", "live", "This value should be one of: active, inactive, deleted"),
    ),
    "brand": (
        tea("<Brand>Nobody</Brand>"),
        problem("Brand", "Nobody", "This brand does not exist in our database. Please contact our support."),
    ),
    "category": (
        tea("<PrimaryCategory>4</PrimaryCategory>"),
        problem("PrimaryCategory", "4", "Primary category Id is invalid"),
    ),
    "category by name": (
        tea("<PrimaryCategory>Tazas</PrimaryCategory>"),
        problem("PrimaryCategory", "Tazas", "Primary category Id is invalid"),
    ),
    "no leaf": (
        tea("<PrimaryCategory>900001</PrimaryCategory>"),
        problem("PrimaryCategory", "900001", "Primary category must be on a lower level"),
    ),
    "other category": (tea("<Categories>504,2438</Categories>"), "2438 is not a valid category id."),
    "short name": (
        tea("<Name>T</Name>"),
        problem("Name", "T", "The length must be between 2 and 255 characters."),
    ),
    "short description": (
        tea("<Description>12345</Description>"),
        problem("Description", "12345", "The length must be between 6 and 25000 characters."),
    ),
    "sale above price": (
        tea("<SalePrice>4.90</SalePrice><SaleStartDate>2024-05-01</SaleStartDate>"),
        problem("SalePrice", "4.90", "SalePrice must be lower than Price."),
    ),
    "sale without date": (
        tea("<SalePrice>4</SalePrice>"),
        problem("SalePrice", "4.00", "SaleStartDate or SaleEndDate is mandatory."),
    ),
    "date without sale": (
        tea("<SaleEndDate>2024-05-01</SaleEndDate>"),
        problem("SaleEndDate", "2024-05-01 00:00:00", "SalePrice is mandatory."),
    ),
    "no date": (
        tea("<SaleStartDate>soon</SaleStartDate>"),
        problem("SaleStartDate", "soon", "This value is not a valid date."),
    ),
    "foreign field": (
        tea("<VolumetricWeight>1</VolumetricWeight>"),
        "Field(s) VolumetricWeight is/are invalid",
    ),
    "images": (tea("<Images><Image>http://x/1</Image></Images>"), "Field(s) Images is/are invalid"),
    "business units": (
        tea("<BusinessUnits><BusinessUnit/></BusinessUnits>"),
        "Field(s) BusinessUnits is/are invalid",
    ),
    "option": (
        tea("<ProductData><ConditionType>Roto</ConditionType></ProductData>"),
        problem("ConditionType", "Roto", "This value is not one of the attribute's options."),
    ),
}


@pytest.mark.parametrize(("record", "message"), REFUSED_UPDATES.values(), ids=REFUSED_UPDATES.keys())
def test_a_refused_update_says_why_and_changes_nothing(shop, record, message):
    caller = shop()
    before = caller.control("GET", "state")["products"]
    assert message in caller.errors("ProductUpdate", record)
    assert caller.control("GET", "state")["products"] == before


def test_one_bad_record_leaves_the_others_alone(shop):
    caller = shop()
    found = caller.feed(
        "ProductUpdate", tea("<Price>5</Price>"), tea("<Price>x</Price>"), tea("<Quantity>9</Quantity>")
    )
    assert {
        name: found[name] for name in ("Status", "TotalRecords", "ProcessedRecords", "FailedRecords")
    } == {
        "Status": "Finished",
        "TotalRecords": "3",
        "ProcessedRecords": "3",
        "FailedRecords": "1",
    }
    assert found["FeedErrors"] == {
        "Error": {"Code": "0", "Message": problem("Price", "x", BAD_PRICE), "SellerSku": "TEA-01"}
    }
    product = caller.product("TEA-01")
    assert (product["Price"], product["Quantity"]) == ("5.00", "9")


CHANGES = {
    "price gets two decimals": ("<Price>5</Price>", {"Price": "5.00"}),
    "stock zero": ("<Quantity>0</Quantity>", {"Quantity": "0"}),
    "cdata": (
        "<Description><![CDATA[<p>Fired &amp; <b>glazed</b></p>]]></Description>",
        {"Description": "<p>Fired &amp; <b>glazed</b></p>"},
    ),
    "empty is ignored": ("<Name/><Brand></Brand><Quantity> </Quantity>", {}),
    "sale": (
        "<SalePrice>4</SalePrice><SaleStartDate>2024-05-01T10:00:00+02:00</SaleStartDate>",
        {"SalePrice": "4.00", "SaleStartDate": "2024-05-01 08:00:00"},
    ),
    "attribute joins the others": (
        "<ProductData><Size>L</Size><Color/></ProductData>",
        {"ProductData": {"Color": "green", "Size": "L"}},
    ),
    "category by id": ("<PrimaryCategory>900007</PrimaryCategory>", {"PrimaryCategory": "Tazas"}),
    "text is kept as sent": ("<Name> Tea  two </Name>", {"Name": " Tea  two "}),
}


@pytest.mark.parametrize(("inner", "changes"), CHANGES.values(), ids=CHANGES.keys())
def test_an_update_changes_what_it_names(shop, inner, changes):
    caller = shop()
    before = caller.product("TEA-01")
    assert caller.errors("ProductUpdate", tea(inner)) == []
    assert caller.product("TEA-01") == {**before, **changes}


ON_SALE = {"SalePrice": "4.00", "SaleStartDate": "2024-05-01 00:00:00", "SaleEndDate": "2024-06-01 00:00:00"}
MOBLY = "<SalePrice/><SaleStartDate/><SaleEndDate/>"


@pytest.mark.parametrize(("switch", "left"), [("clears", {}), ("ignored", ON_SALE)])
def test_an_empty_sale_price_ends_the_promotion_or_not(shop, switch, left, request):
    base = request.getfixturevalue("tea")
    caller = shop(products=[{**base, **ON_SALE}], empty_sale_price=switch)
    assert caller.errors("ProductUpdate", tea(MOBLY)) == []
    product = caller.product("TEA-01")
    assert {name: product[name] for name in ON_SALE if name in product} == left


def test_the_price_is_judged_against_the_sale_price_that_the_shop_holds(shop, request):
    base = request.getfixturevalue("tea")
    rows = [{**base, **ON_SALE}]
    expected = [problem("SalePrice", "4.00", "SalePrice must be lower than Price.")]
    assert shop(products=rows).errors("ProductUpdate", tea("<Price>3</Price>")) == expected
    assert shop(products=rows, price_check="record").errors("ProductUpdate", tea("<Price>3</Price>")) == []


def test_a_created_product_has_what_it_was_given_and_the_defaults(shop):
    caller = shop()
    assert caller.errors("ProductCreate", FULL.format("<ProductData><Size>L</Size></ProductData>")) == []
    assert caller.product("NEW") == {
        "SellerSku": "NEW",
        "Status": "active",
        "Quantity": "0",
        "Name": "New thing",
        "Brand": "GENERIC",
        "PrimaryCategory": "504",
        "Description": "Quite new",
        "Price": "3.50",
        "Images": [],
        "ProductData": {"Size": "L"},
    }
    assert caller.skus() == ["TEA-01", "MUG/2", "NEW"]


def test_a_create_needs_the_mandatory_fields(shop):
    names = ("Name", "PrimaryCategory", "Description", "Brand", "Price")
    expected = [problem(name, "", "This field is mandatory.") for name in names]
    assert shop().errors("ProductCreate", "<Product><SellerSku>NEW</SellerSku></Product>") == expected


def test_a_create_of_a_known_sku_is_refused(shop):
    expected = [problem("SellerSku", "TEA-01", "This seller SKU already exists.")]
    assert shop().errors("ProductCreate", FULL.replace("NEW", "TEA-01").format("")) == expected


def test_removed_products_stay_readable_and_can_come_back(shop):
    caller = shop()
    assert caller.errors("ProductRemove", tea("")) == []
    assert (caller.skus(), caller.skus(Filter="deleted")) == (["MUG/2"], ["TEA-01"])
    assert caller.errors("ProductUpdate", tea("<Status>active</Status>")) == []
    assert (caller.skus(), caller.skus(Filter="deleted")) == (["TEA-01", "MUG/2"], [])
    assert caller.errors("ProductRemove", "<Product><SellerSku>X</SellerSku></Product>") == [
        "Seller SKU 'X' not found"
    ]


def test_a_renamed_product_keeps_its_place(shop):
    caller = shop()
    assert caller.errors("ProductUpdate", tea("<NewSellerSku>TEA-02</NewSellerSku>")) == []
    assert caller.skus() == ["TEA-02", "MUG/2"]
    assert caller.errors(
        "ProductUpdate", "<Product><SellerSku>TEA-02</SellerSku><NewSellerSku>MUG/2</NewSellerSku></Product>"
    ) == [problem("NewSellerSku", "MUG/2", "This seller SKU already exists.")]


def pictures(count: int) -> str:
    urls = "".join(f"<Image>https://x/{place}.jpg</Image>" for place in range(count))
    return f"<ProductImage><SellerSku>TEA-01</SellerSku><Images>{urls}</Images></ProductImage>"


def test_images_replace_all_others(shop):
    caller = shop()
    assert caller.errors("Image", pictures(2)) == []
    assert caller.product("TEA-01")["Images"] == ["https://x/0.jpg", "https://x/1.jpg"]
    assert caller.products()[0]["MainImage"] == "https://x/0.jpg"


def test_more_than_eight_images_are_refused_or_cut(shop):
    refused = shop()
    assert len(refused.errors("Image", pictures(9))) == 1
    assert refused.product("TEA-01")["Images"] == ["https://cdn.example.test/tea.jpg"]
    cut = shop(extra_images="truncate")
    assert cut.errors("Image", pictures(9)) == []
    assert len(cut.product("TEA-01")["Images"]) == 8


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ("30", "E030: Empty Request")),
        ("<Request><Product>", ("5", "E005: Invalid Request Format")),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><Request/>", ("5", "E005: Invalid Request Format")),
        ("<Request/>", ("1000", "Format Error Detected")),
        ('<a:Request xmlns:a="b"><a:Product/></a:Request>', ("5", "E005: Invalid Request Format")),
        ("<Request><ProductImage/></Request>", ("1000", "Format Error Detected")),
    ],
    ids=["empty", "malformed", "document type", "no records", "foreign names", "other action's records"],
)
def test_bodies_that_make_no_feed(shop, body, expected):
    caller = shop()
    assert caller.error("ProductUpdate", body) == expected
    assert caller.body("FeedCount")["FeedCount"]["Total"] == "0"


def test_strictness_about_attributes_is_a_switch(shop):
    record = tea("<ProductData><color>x</color></ProductData>")
    assert shop().errors("ProductUpdate", record) == []
    assert shop(unknown_attributes="reject").errors("ProductUpdate", record) == [
        "Field color (for Seller SKU: TEA-01) with value 'Invalid Field' has a problem: Field(s) color is/are"
        " not part of the attribute set 1 of the primary category 504"
    ]
    known = tea("<ProductData><Color>x</Color></ProductData>")
    assert shop(unknown_attributes="reject").errors("ProductUpdate", known) == []


def test_a_sku_twice_in_a_feed_is_taken_in_order_or_refused(shop):
    twice = (tea("<Price>5</Price>"), tea("<Price>6</Price>"))
    lenient, strict = shop(), shop(duplicate_sku="reject")
    assert lenient.errors("ProductUpdate", *twice) == []
    assert strict.errors("ProductUpdate", *twice) == ["Seller SKU 'TEA-01' is given more than once"]
    assert (lenient.product("TEA-01")["Price"], strict.product("TEA-01")["Price"]) == ("6.00", "5.00")


def test_a_parent_must_be_known_where_the_shop_is_strict(shop):
    record = FULL.format("<ParentSku>MUM</ParentSku>")
    assert shop().errors("ProductCreate", record) == []
    strict = shop(parents="known")
    expected = [problem("ParentSku", "MUM", "This parent SKU does not exist.")]
    assert strict.errors("ProductCreate", record, FULL.replace("NEW", "MUM").format("")) == expected
    assert strict.errors("ProductCreate", record) == []


def unit(inner: str, code: str = "facl") -> str:
    coded = f"<OperatorCode>{code}</OperatorCode>{inner}"
    return f"<BusinessUnits><BusinessUnit>{coded}</BusinessUnit></BusinessUnits>"


NO_UNIT = problem("BusinessUnits", "", "At least one business unit with its operator code is needed.")
FALABELLA_REFUSED = {
    "no unit": (tea("<Name>Tea two</Name>"), NO_UNIT),
    "unit without value": (tea(unit("<Price/>")), NO_UNIT),
    "operator": (
        tea(unit("<Price>1</Price>", "faco")),
        problem("OperatorCode", "faco", "This operator code is invalid."),
    ),
    "plain field": (tea(f"<Price>3</Price>{unit('<Stock>1</Stock>')}"), "Field(s) Price is/are invalid"),
    "field of the other dialect": (tea(unit("<Quantity>1</Quantity>")), "Field(s) Quantity is/are invalid"),
    "special price": (
        tea(unit("<SpecialPrice>9</SpecialPrice><SpecialToDate>2024-06-01</SpecialToDate>")),
        problem("SpecialPrice", "9.00", "SpecialPrice must be lower than Price."),
    ),
}


@pytest.mark.parametrize(("record", "message"), FALABELLA_REFUSED.values(), ids=FALABELLA_REFUSED.keys())
def test_falabella_refuses(shop, record, message):
    caller = shop(dialect="falabella", operators="facl,fape")
    assert message in caller.errors("ProductUpdate", record)


def test_falabella_updates_one_business_unit_and_leaves_the_other(shop):
    caller = shop(dialect="falabella", operators="facl,fape")
    before = caller.product("TEA-01")
    assert caller.errors("ProductUpdate", tea(f"<Name>Tea two</Name>{unit('<Stock>3</Stock>')}")) == []
    assert caller.product("TEA-01") == {**before, "Name": "Tea two", "BusinessUnits.facl.Stock": "3"}


def test_falabella_takes_content_alone_where_the_shop_is_older(shop):
    caller = shop(dialect="falabella", require_units="no")
    assert caller.errors("ProductUpdate", tea("<Name>Tea two</Name>")) == []


def test_falabella_creates_with_units_and_removes_all_of_them(shop):
    caller = shop(dialect="falabella", operators="facl,fape")
    record = FULL.replace("<Price>3.5</Price>", "")
    assert caller.errors("ProductCreate", record.format("")) == [NO_UNIT]
    assert caller.errors("ProductCreate", record.format(unit("<Stock>2</Stock>"))) == [
        problem("Price", "", "This field is mandatory.")
    ]
    assert caller.errors("ProductCreate", record.format(unit("<Price>3</Price>", "FAPE"))) == []
    assert caller.product("NEW")["BusinessUnits.fape.Price"] == "3.00"
    assert caller.errors("ProductRemove", "<Product><SellerSku>TEA-01</SellerSku></Product>") == []
    assert caller.skus(Filter="deleted") == ["TEA-01"]


def test_falabella_ends_a_promotion_with_an_empty_special_price(shop, request):
    base = request.getfixturevalue("tea")
    caller = shop(products=[{**base, **ON_SALE}], dialect="falabella")
    assert caller.errors("ProductUpdate", tea(unit("<SpecialPrice/>"))) == [NO_UNIT]
    assert caller.errors("ProductUpdate", tea(unit("<SpecialPrice/><Stock>7</Stock>"))) == []
    assert "BusinessUnits.facl.SpecialPrice" not in caller.product("TEA-01")


def test_a_shop_of_both_shapes_takes_plain_fields_for_every_operator(shop):
    caller = shop(dialect="falabella", operators="facl,fape", shapes="both")
    assert caller.errors("ProductUpdate", tea("<Price>6</Price>")) == []
    product = caller.product("TEA-01")
    assert [product[f"BusinessUnits.{code}.Price"] for code in ("facl", "fape")] == ["6.00", "6.00"]


def test_quality_control_takes_its_time_for_content_only(shop):
    caller = shop(qc_delay=60)
    caller.feed("ProductUpdate", tea("<Price>5</Price>"))
    assert caller.skus(Filter="pending") == []
    caller.feed("ProductUpdate", tea("<Name>Tea two</Name>"))
    assert caller.skus(Filter="pending") == ["TEA-01"]
    caller.clock.advance(60)
    assert caller.skus(Filter="pending") == []
