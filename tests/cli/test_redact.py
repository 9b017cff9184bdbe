"""No secret passes, in whatever form it comes."""

from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli import logs
from pipeline.cli.redact import SHORTEST, Redactor

KEY = "CANARY/KEY+123=="
HEX = "0123456789abcdef" * 4

keys = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=SHORTEST, max_size=40).filter(
    lambda text: set(text) != {"*"}
)


@given(key=keys)
def test_a_secret_it_was_told_of_is_masked_in_every_spelling(key: str) -> None:
    redact = Redactor()
    redact.learn(key)
    for spelling in (key, quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]):
        assert redact(f"<{spelling}>") == "<***>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("GET /?Action=A&Signature=ab12&UserID=me%40x.com&V=1",
                     "GET /?Action=A&Signature=***&UserID=***&V=1", id="a signed address"),
        pytest.param(f"signed {HEX}", "signed ***", id="a bare signature"),
        pytest.param(f"plan sha256:{HEX}", f"plan sha256:{HEX}", id="a digest stays"),
        pytest.param("api_key = 's3cr3t'", "api_key = '***'", id="a key in settings"),
        pytest.param("api_key = 'env:KEY'", "api_key = 'env:KEY'", id="a reference stays"),
        pytest.param("Authorization: Basic dXNlcg==", "Authorization: Basic ***", id="a header"),
        pytest.param("https://me:pw@proxy:3128/", "https://***@proxy:3128/", id="a proxy's login"),
        pytest.param("SKU 00123 costs 7.50", "SKU 00123 costs 7.50", id="a catalog's values stay"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert Redactor()(text) == expected


@pytest.fixture
def logged(monkeypatch):
    """What the log says, by format; the root logger is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    redact = Redactor()
    redact.learn(KEY)

    def configure(verbosity: int = 0, *, debug: bool = False, style: str = "text") -> io.StringIO:
        stream = io.StringIO()
        logs.configure(redact, verbosity=verbosity, debug=debug, environ={logs.FORMAT: style}, stream=stream)
        return stream

    yield configure
    root.handlers[:] = before
    root.setLevel(level)
    for name in logs.LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_log_lines_are_masked_with_their_tracebacks(logged) -> None:
    for style in ("text", "json"):
        stream = logged(style=style)
        try:
            raise ValueError(KEY)
        except ValueError:
            logging.getLogger("pipeline.x").exception("failed with %s", KEY)
        assert "ValueError" in stream.getvalue()
        assert KEY not in stream.getvalue()


def test_json_lines_are_one_object_a_line(logged) -> None:
    stream = logged(style="json")
    logging.getLogger("pipeline.push").warning("run %s\nstopped", "20261123-1")
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("level", "logger", "message")} == {
        "level": "warning",
        "logger": "pipeline.push",
        "message": "run 20261123-1\nstopped",
    }


@pytest.mark.parametrize(
    ("verbosity", "debug", "shown"),
    [
        pytest.param(-1, False, ["error"], id="-q"),
        pytest.param(0, False, ["error", "warning"], id="by default"),
        pytest.param(1, False, ["error", "warning", "info"], id="-v"),
        pytest.param(2, False, ["error", "warning", "info", "debug"], id="-vv"),
        pytest.param(0, True, ["error", "warning", "info", "debug"], id="--debug"),
    ],
)
def test_how_much_is_said(verbosity: int, debug: bool, shown: list[str], logged) -> None:
    stream = logged(verbosity, debug=debug)
    for name in ("error", "warning", "info", "debug"):
        getattr(logging.getLogger("pipeline.x"), name)("<%s>", name)
    assert [
        name for name in ("error", "warning", "info", "debug") if f"<{name}>" in stream.getvalue()
    ] == shown


def test_libraries_never_tell_what_they_send(logged) -> None:
    stream = logged(2, debug=True)
    logging.getLogger("urllib3.connectionpool").debug("GET /?Signature=abc")
    assert stream.getvalue() == ""
