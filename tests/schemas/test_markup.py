"""What a description may not hold, and where an image may not lie."""

from __future__ import annotations

import time

import pytest

from schemas.checks import is_article_number
from schemas.markup import has_active_content
from schemas.webaddress import image_fault


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="javascript&colon;alert(1)">x</a>',
        '<a href="java\nscript:alert(1)">x</a>',
        '<a href=" &#14; javascript:alert(1)">x</a>',
        '<img src="data:text/html,x">',
        "<svg><g/></svg>",
        "<math><mi//xlink:href='data:x,<script>1</script>'>",
        '<iframe src="https://a.example">',
        "<form action=/x><input></form>",
        "<style>p{}</style>",
        '<p style="background:url(https://a.example)">x</p>',
        '<p style="width:expression(alert(1))">x</p>',
        "<table><tr><td onclick=x()>x",
        '<div srcdoc="x">',
        "<meta http-equiv=refresh content=0>",
        "<base href=//a.example>",
        "<noscript><p title='</noscript><img src=x onerror=y>'>",
        "<template><script>x</script></template>",
    ],
)
def test_active_content_is_seen_in_every_disguise(text: str) -> None:
    assert has_active_content(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "a < b & c > d",
        "<p class='x' style='color: red; width: 50%'>x</p>",
        "<p>never closed <b>too",
        "<ul><li>a<li>b</ul><br/><hr>",
        '<a href="https://a.example/x?y=1&amp;z">x</a>',
        '<img src="https://a.example/x.jpg" alt="x">',
        "<!-- remark --><o:p>Word</o:p><custom-tag>x</custom-tag>",
        "<h1>t</h1><table border=1><tr><td colspan=2>x</td></tr></table>",
        "data: 5 g; onclick = never; javascript: the good parts",
    ],
)
def test_formatting_is_no_active_content(text: str) -> None:
    assert not has_active_content(text)


def test_a_text_made_to_take_long_is_refused_at_once() -> None:
    started = time.perf_counter()
    assert has_active_content("<div>" * 20_000)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("https://cdn.example.test/a.jpg", None),
        ("https://cdn.example.test/a.PNG?v=1#x", None),
        ("https://cdn.example.test/render/123", None),
        ("https://xn--bcher-kva.example/ü.jpg", None),
        ("https://8.8.8.8/a.png", None),
        ("http://cdn.example.test/a.jpg", "image-not-https"),
        ("https://cdn.example.test/a.gif", "image-type"),
        ("http://169.254.169.254/", "image-address"),
        ("https://[::1]/a.jpg", "image-address"),
        ("https://[::ffff:127.0.0.1]/a.jpg", "image-address"),
        ("https://0x7f000001/a.jpg", "image-address"),
        ("https://2130706433/a.jpg", "image-address"),
        ("https://127.1/a.jpg", "image-address"),
        ("https://10.0.0.8/a.jpg", "image-address"),
        ("https://localhost/a.jpg", "image-address"),
        ("https://nas.local/a.jpg", "image-address"),
        ("https://user:pw@host.example/a.jpg", "image-address"),
        ("https://bücher.example/a.jpg", "image-address"),
        ("https://host.example:99999/a.jpg", "image-address"),
        ("https://host.example/a b.jpg", "image-address"),
        ("https://host.example/" + "x" * 2048, "image-address"),
        ("file:///etc/passwd", "image-address"),
        ("gopher://host.example/", "image-address"),
        ("//host.example/a.jpg", "image-address"),
        ("C:\\images\\a.jpg", "image-address"),
        ("a.jpg", "image-address"),
        ("", "image-address"),
    ],
)
def test_where_an_image_may_lie(address: str, fault: str | None) -> None:
    assert image_fault(address) == fault


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("4006381333931", True),
        ("4006381333932", False),
        ("96385074", True),
        ("036000291452", True),
        ("00012345600012", True),
        ("0306406152", True),
        ("9780306406157", True),
        ("123456789X", True),
        ("400638133393", False),
        ("12AB", False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
    ],
)
def test_article_numbers_have_a_check_digit(number: str, good: bool) -> None:
    assert is_article_number(number) is good
