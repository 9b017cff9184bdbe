"""The page in a real browser: quick, offline, by keyboard, in the dark, on paper.

`UPDATE_SCREENSHOTS=1 pytest tests/report -k screenshots` takes the pictures of the documentation anew.
"""

from __future__ import annotations

import os
import shutil
import statistics
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.report.files import render

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: How much slower than a laptop the machine may be that runs the tests.
SLOW = 5
IMAGES = Path(__file__).parents[2] / "docs" / "images"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Opened:
    """A page and everything that it asked for or complained about."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.asked: list[str] = []
        self.trouble: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda told: self.trouble.append(told.text) if told.type == "error" else None)
        page.route("https://**", lambda route: route.fulfill(body=picture(), content_type="image/png"))


def picture() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\x99")) + chunk(b"IEND", b"")


Open = Callable[..., Opened]


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    contexts = []

    def opened(path: Path, **options: Any) -> Opened:
        size = {"width": options.pop("width", 1360), "height": options.pop("height", 900)}
        context = chromium.new_context(viewport=size, **options)
        contexts.append(context)
        result = Opened(context.new_page())
        result.page.goto(path.as_uri())
        result.page.wait_for_selector("html[data-ready=yes]")
        return result

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def report(make_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    render(make_shop().report(), path)
    return path


@pytest.fixture(scope="module")
def large(make_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = make_shop(13_500, creates=120, deactivates=40, removes=20, seed=3)
    assert shop.report().lines > 20_000
    path = tmp_path_factory.mktemp("large") / "report.html"
    render(shop.report(), path)
    return path


def status(page: Any) -> str:
    return str(page.locator("#changes [data-status]").inner_text()).replace("\u202f", " ")


def items(page: Any) -> Any:
    return page.locator("#changes-list .item")


def test_it_opens_without_network_or_trouble(report: Path, open_page: Open) -> None:
    opened = open_page(report, offline=True)
    assert opened.asked == [report.as_uri()]
    assert opened.trouble == []
    assert status(opened.page) == "264 products"


def test_20_000_changes_open_in_two_seconds_and_hold_few_rows(large: Path, open_page: Open) -> None:
    opened = open_page(large, offline=True)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        opened.page.goto(large.as_uri())
        opened.page.wait_for_selector("#changes-list .item")
        took.append(time.perf_counter() - start)
    assert min(took) < 2 * SLOW
    assert items(opened.page).count() < 60


FILTER = """async (word) => {
  const input = document.querySelector('#changes input[type=search]');
  const took = [];
  for (let length = 0; length <= word.length; length++) {
    const start = performance.now();
    input.value = word.slice(0, length);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    took.push(performance.now() - start);
  }
  return took;
}"""


def test_filtering_20_000_changes_has_no_visible_lag(large: Path, open_page: Open) -> None:
    page = open_page(large).page
    page.evaluate(FILTER, "ke")
    rounds = [statistics.median(page.evaluate(FILTER, "kettle aurora")) for _ in range(4)]
    assert min(rounds) < 100 * SLOW
    assert 0 < items(page).count() < 60
    assert " of 13 680 products" in status(page)
    page.locator("#changes-list").evaluate("list => { list.scrollTop = list.scrollHeight / 2; }")
    page.wait_for_timeout(50)
    assert 0 < items(page).count() < 60


def test_search_ignores_case_and_accents_and_looks_into_values(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    search = page.locator("#changes input[type=search]")
    search.fill("ALGODON")
    page.wait_for_timeout(50)
    found = status(page)
    assert found.endswith(" of 264 products")
    assert "Hamaca" in items(page).first.inner_text()
    search.fill("dishwasher safe")
    page.wait_for_timeout(50)
    assert status(page) not in (found, "0 of 264 products", "264 products")


def test_the_filters_count_what_the_report_counts(report: Path, open_page: Open, shop: Any) -> None:
    page = open_page(report).page
    for effect, number in (("create", 18), ("update", 240), ("deactivate", 4), ("remove", 2)):
        page.select_option("#changes select[data-facet=effect]", effect)
        assert status(page) == f"{number} of 264 products"
    page.select_option("#changes select[data-facet=effect]", "")
    field_products = len({r.sku for r in shop.records if any(c.field == "Description" for c in r.changes)})
    page.select_option("#changes select[data-facet=field]", "Description")
    assert status(page) == f"{field_products} of 264 products"
    page.locator("#changes [data-clear]").click()
    assert status(page) == "264 products"


def test_a_guard_shows_its_products(report: Path, open_page: Open, shop: Any) -> None:
    page = open_page(report).page
    row = page.locator("[data-guard=price-down]")
    row.locator("summary").click()
    row.locator("button").click()
    skus = {sku for guard in shop.plan.guards if guard.rule == "price-down" for sku in guard.skus}
    assert status(page) == f"{len(skus)} of 264 products"


def test_sorting_by_price_fall_puts_the_farthest_first(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.select_option("#changes select[data-sort]", "fall")
    assert "−62.0" in items(page).first.inner_text()


def test_the_keyboard_goes_everywhere(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("moka")
    page.wait_for_timeout(50)
    page.locator("#changes-list").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "PageDown", "ArrowDown"):
        page.keyboard.press(key)
    chosen = page.locator("#changes-list .item[aria-selected=true]")
    assert chosen.count() == 1
    assert page.get_attribute("#changes-list", "aria-activedescendant") == chosen.get_attribute("id")
    assert page.locator("#changes [data-detail] h3").inner_text() == chosen.locator(".title").inner_text()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.hasAttribute('data-detail')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "changes-list"


def test_focus_is_seen(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.keyboard.press("/")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_screen_readers_find_their_way(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("searchbox", name="Search products").count() == 1
    assert page.get_by_role("listbox", name="Changes").count() == 1
    assert page.locator("#changes [data-status]").get_attribute("aria-live") == "polite"
    first = items(page).first
    assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", "264")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter("
        "e => !(e.textContent || e.getAttribute('aria-label') || '').trim()).length"
    )
    assert unnamed == 0


def test_before_and_after_are_told_apart_word_by_word(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.select_option("#changes select[data-facet=field]", "Description")
    page.select_option("#changes select[data-facet=effect]", "update")
    field = page.locator("#changes [data-detail] .field").filter(has_text="Description")
    assert field.locator("del").count() > 0
    assert field.locator("ins").count() > 0
    assert "spring-prices.xlsx › Articles › D" in field.inner_text()


DIFF = """([before, after]) => {
  const parts = wordDiff(before, after);
  const of = (own) => parts.filter(([kind]) => kind === 'same' || kind === own);
  const side = (own) => of(own).map(([, text]) => text).join('');
  return { before: side('gone'), after: side('new'), parts };
}"""


def test_the_word_difference_loses_nothing(chromium: Any) -> None:
    assets = Path(__file__).parents[2] / "pipeline" / "report" / "assets"
    page = chromium.new_page()
    page.add_script_tag(content=(assets / "worddiff.js").read_text(encoding="utf-8"))
    pairs = [
        ("", ""),
        ("a", ""),
        ("", "b"),
        ("Blue cup, 2 dl", "Blue mug, 3 dl"),
        ("<p>one < two</p>", "<p>one > two</p>"),
        ("日本語 テスト", "日本語 試験"),
        ("😀 e\u0301", "😁 é"),
        ("word. " * 3000, "word! " * 2500 + "<b>end</b>"),
        ("x" * 20_000, "y" * 20_000),
    ]
    for before, after in pairs:
        told = page.evaluate(DIFF, [before, after])
        assert (told["before"], told["after"]) == (before, after)
    parts = page.evaluate(DIFF, list(pairs[3]))["parts"]
    assert [tuple(part) for part in parts] == [
        ("same", "Blue "), ("gone", "cup"), ("new", "mug"), ("same", ", "),
        ("gone", "2"), ("new", "3"), ("same", " dl"),
    ]  # fmt: skip
    phrase = page.evaluate(DIFF, ["made by hand, cheap", "sold on order, cheap"])["parts"]
    assert [tuple(part) for part in phrase] == [
        ("gone", "made by hand"), ("new", "sold on order"), ("same", ", cheap"),
    ]  # fmt: skip
    page.close()


def test_pictures_load_only_when_asked_for_and_only_over_https(
    make_shop: Any, tmp_path: Path, open_page: Open
) -> None:
    shop = make_shop()
    skus = list(shop.names)
    hosts = ("https://images.example.com/{}.jpg", "http://plain.example.com/{}.jpg", "file:///etc/{}")
    images = {sku: hosts[no % 3].format(sku) for no, sku in enumerate(skus)}
    render(replace(shop.report(), images=images), tmp_path / "r.html")
    opened = open_page(tmp_path / "r.html")
    assert len(opened.asked) == 1
    opened.page.locator("[data-images]").click()
    opened.page.wait_for_timeout(300)
    loaded = opened.asked[1:]
    assert loaded
    assert all(address.startswith("https://images.example.com/") for address in loaded)
    assert opened.page.locator("[data-images]").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(
    "text", ["</script><script>boom()</script>", "<img src=x onerror=boom()>", "\u202egpj.exe"]
)
def test_hostile_text_is_only_text(text: str, hostile: Any, tmp_path: Path, open_page: Open) -> None:
    render(hostile(text).report(), tmp_path / "r.html")
    opened = open_page(tmp_path / "r.html")
    opened.page.wait_for_timeout(50)
    assert opened.trouble == []
    assert len(opened.asked) == 1
    assert opened.page.locator("main img").count() == 0
    assert "\u202e" not in opened.page.locator("body").inner_text()


def test_dark_and_light(report: Path, open_page: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page(report).page, open_page(report, color_scheme="dark").page
    assert light.evaluate(background) == "rgb(245, 246, 248)"
    assert dark.evaluate(background) == "rgb(18, 22, 28)"
    light.locator("[data-theme-toggle]").click()
    assert light.evaluate(background) == dark.evaluate(background)
    light.reload()
    assert light.evaluate(background) == dark.evaluate(background)


CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('main *')) {
    if (!node.innerText || !node.offsetParent) continue;
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([node.className, node.innerText.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_enough(scheme: str, report: Path, open_page: Open) -> None:
    assert open_page(report, color_scheme=scheme).page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 768, 1100])
def test_nothing_sticks_out_on_small_screens(width: int, report: Path, open_page: Open) -> None:
    page = open_page(report, width=width, height=800).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_the_filtered_rows_are_a_table(report: Path, open_page: Open) -> None:
    page = open_page(report).page
    page.select_option("#changes select[data-facet=effect]", "create")
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    rows = page.locator("#changes [data-paper] tbody tr")
    assert rows.count() == 18 * 6
    page.emulate_media(media="print")
    assert page.locator("#changes [data-paper]").is_visible()
    assert not page.locator("#changes-list").is_visible()


def test_findings_are_filtered_by_file(make_shop: Any, tmp_path: Path, open_page: Open) -> None:
    from pipeline.report.model import findings_report

    render(findings_report(make_shop().findings, rows=9, accepted=6, rejected=3), tmp_path / "f.html")
    opened = open_page(tmp_path / "f.html")
    page = opened.page
    told = page.locator("#findings [data-status]")
    assert told.inner_text() == "4 findings"
    page.select_option("#findings select[data-facet=file]", "new-items.csv")
    assert told.inner_text() == "1 of 4 findings"
    assert "B9 Name" in page.locator("#findings [data-detail]").inner_text()
    assert opened.trouble == []


@pytest.mark.skipif(not os.environ.get("UPDATE_SCREENSHOTS"), reason="UPDATE_SCREENSHOTS=1 takes them anew")
def test_screenshots_for_the_documentation(report: Path, open_page: Open) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    page = open_page(report, width=1360, height=930).page
    page.screenshot(path=IMAGES / "report.png")
    page.select_option("#changes select[data-facet=field]", "Description")
    page.select_option("#changes select[data-facet=effect]", "update")
    page.select_option("#changes select[data-sort]", "name")
    page.evaluate("document.getElementById('changes').scrollIntoView({ behavior: 'instant' })")
    page.keyboard.press("Escape")
    page.screenshot(path=IMAGES / "report-changes.png")
    dark = open_page(report, width=1360, height=930, color_scheme="dark").page
    dark.screenshot(path=IMAGES / "report-dark.png")
