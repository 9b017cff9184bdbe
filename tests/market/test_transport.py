"""The door: what was sent is known, nothing waits for ever, nothing secret gets out."""

from __future__ import annotations

import gzip
import http.client
import inspect
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from pipeline.errors import AnswerLost, PipelineError, Unreachable
from pipeline.market.redact import guard_logs, redacted
from pipeline.market.transport import FOREIGN, Door, reason

CERTIFICATE = Path(__file__).parent / "data" / "self-signed.pem"
QUERY = "Action=FeedList&UserID=canary%40mail.test&Signature=" + "c0ffee" * 10


@contextmanager
def door(url: str, **more: Any) -> Iterator[Door]:
    made = Door(url, **{"connect_timeout": 5, "max_bytes": 1_000_000, **more})
    yield made
    made.close()


def ask(url: str, *, verb: Any = "GET", body: bytes | None = None, seconds: float = 5, **more: Any) -> Any:
    with door(url, **more) as made:
        return made.call(verb, QUERY, headers={"User-Agent": "x"}, seconds=seconds, body=body)


def raised(kind: type[PipelineError], call: Callable[[], object]) -> PipelineError:
    """The error, after a look for what it mustn't show."""
    with pytest.raises(kind) as caught:
        call()
    error: BaseException | None = caught.value
    assert type(error) is kind
    while error is not None:
        shown = f"{error!r} {error.args} {getattr(error, 'hint', '')}"
        assert "c0ffee" not in shown
        assert "canary" not in shown
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return caught.value


def test_the_query_goes_out_byte_for_byte(scripted: Any, whole_answer: Any) -> None:
    server = scripted(whole_answer(b"hi"))
    query = "Search=Caf%C3%A9%20%2850%25%29%20%2Anew%2A%20it%27s%20~A%2FB%26C&x=%7B%22a%22%5D&Signature=ab"
    with door(server.url) as made:
        answer = made.call("GET", query, headers={}, seconds=5)
    assert (answer.status, answer.body, server.queries) == (200, b"hi", [query])


def test_only_gzip_is_asked_for_and_nothing_else_is_told(scripted: Any, whole_answer: Any) -> None:
    server = scripted(whole_answer(gzip.compress(b"packed"), headers={"Content-Encoding": "gzip"}))
    assert ask(server.url).body == b"packed"
    lines = {line.split(b":")[0].lower() for line in server.requests[0].split(b"\r\n")[1:] if line}
    assert lines == {b"host", b"user-agent", b"accept", b"accept-encoding"} | ({b"connection"} & lines)
    assert b"Accept-Encoding: gzip\r\n" in server.requests[0]


def test_reads_share_connections_and_posts_don_t(scripted: Any) -> None:
    def twice(conn: socket.socket) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
        conn.settimeout(2)
        if conn.recv(65_536):
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")

    server = scripted(twice)
    with door(server.url) as made:
        first, second = (made.call("GET", QUERY, headers={}, seconds=5).body for _ in range(2))
        assert (first, second, len(server.requests)) == (b"1", b"2", 1)
        posted = [made.call("POST", QUERY, headers={}, seconds=5, body=b"<R/>").body for _ in range(2)]
        assert (posted, len(server.requests)) == ([b"1", b"1"], 3)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_a_refused_connection_is_proof_that_nothing_was_sent() -> None:
    error = raised(Unreachable, lambda: ask(closed_port(), verb="POST", body=b"x"))
    assert "refuses connections" in error.message


def test_an_unknown_name_is_proof_that_nothing_was_sent() -> None:
    raised(Unreachable, lambda: ask("http://no-such-host.invalid/", verb="POST", body=b"x"))


@contextmanager
def greeting(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers a connection's first bytes, whatever they are."""
    listener = socket.create_server(("", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                conn, _ = listener.accept()
                with conn, suppress(OSError):
                    answer(conn)

    threading.Thread(target=serve, daemon=True).start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()


def test_tls_that_fails_is_proof_that_nothing_was_sent() -> None:
    with greeting(lambda conn: conn.sendall(conn.recv(1)[:0] + b"no TLS here\r\n\r\n")) as url:
        error = raised(Unreachable, lambda: ask(url, verb="POST", body=b"x"))
    assert "TLS" in error.message


def shake_hands(conn: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with context.wrap_socket(conn, server_side=True) as secured:
        secured.recv(65_536)
        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure")


def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_byte_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    with greeting(shake_hands) as url:
        error = raised(Unreachable, lambda: ask(url, verb="POST", body=b"x"))
        assert "certificate" in error.message
        assert ask(url, ca_bundle=str(CERTIFICATE)).body == b"secure"
        elsewhere = url.replace("127.0.0.1", "127.0.0.2")
        raised(Unreachable, lambda: ask(elsewhere, ca_bundle=str(CERTIFICATE)))


def test_a_proxy_that_refuses_is_proof_that_nothing_was_sent(scripted: Any) -> None:
    proxy = scripted(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    raised(Unreachable, lambda: ask("https://127.0.0.1:9/", verb="POST", body=b"x", proxy=proxy.url))


def no_answer(conn: socket.socket) -> None:
    del conn


def reset(conn: socket.socket) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


CUT = {
    "closed": no_answer,
    "reset": reset,
    "garbage": b"\x00\x01\x02 nonsense\r\n\r\n",
    "short of its length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "cut chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n",
    "broken gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    "endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_whatever_breaks_after_the_request_left_is_ambiguous(scripted: Any, script: Any, verb: str) -> None:
    server = scripted(script)
    raised(AnswerLost, lambda: ask(server.url, verb=verb, body=b"x" if verb == "POST" else None))
    assert len(server.requests) == 1, "nothing is ever sent a second time"


def drip_body(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        conn.sendall(b"x")
        time.sleep(0.05)


def drip_headers(conn: socket.socket) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        conn.sendall(b"X")
        time.sleep(0.05)


def silence(conn: socket.socket) -> None:
    conn.recv(1)


@pytest.mark.parametrize("script", [drip_body, drip_headers, silence], ids=["body", "headers", "silence"])
def test_a_drip_doesn_t_outlast_the_deadline(scripted: Any, script: Any) -> None:
    server = scripted(script)
    begun = time.monotonic()
    error = raised(AnswerLost, lambda: ask(server.url, seconds=0.4))
    assert time.monotonic() - begun < 20
    assert "too long" in error.message


def test_a_body_that_isn_t_taken_doesn_t_outlast_the_deadline(scripted: Any) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    begun = time.monotonic()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    raised(AnswerLost, lambda: ask(url, verb="POST", body=b"x" * 50_000_000, seconds=0.4))
    listener.close()
    assert time.monotonic() - begun < 20


def test_a_bomb_is_cut_at_the_cap(scripted: Any, whole_answer: Any) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    server = scripted(whole_answer(bomb, headers={"Content-Encoding": "gzip"}))
    error = raised(AnswerLost, lambda: ask(server.url))
    assert "more than 1000000 bytes" in error.message


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_redirect_isn_t_followed(scripted: Any, whole_answer: Any, verb: str, status: str) -> None:
    target = scripted(whole_answer(b"elsewhere"))
    server = scripted(whole_answer(b"", status=status, headers={"Location": target.url}))
    answer = ask(server.url, verb=verb, body=b"x" if verb == "POST" else None)
    assert (answer.status, target.requests) == (int(status[:3]), [])


def test_a_429_is_one_whatever_its_body(scripted: Any) -> None:
    server = scripted(
        b"HTTP/1.1 429 Slow Down\r\nContent-Encoding: gzip\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\n\xff"
    )
    answer = ask(server.url)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"")


def test_the_environment_has_no_say(
    scripted: Any, whole_answer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    proxy, server = scripted(whole_answer(b"proxied")), scripted(whole_answer(b"direct"))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ask(server.url).body == b"direct"
    assert proxy.requests == []
    assert b"Authorization" not in server.requests[0]


def test_a_proxy_of_the_settings_is_used(scripted: Any, whole_answer: Any) -> None:
    proxy = scripted(whole_answer(b"proxied"))
    assert ask("http://127.0.0.1:9/", proxy=proxy.url).body == b"proxied"


def test_cookies_aren_t_kept(scripted: Any, whole_answer: Any) -> None:
    server = scripted(whole_answer(b"", headers={"Set-Cookie": "a=b; Path=/"}))
    with door(server.url) as made:
        for _ in range(2):
            made.call("GET", QUERY, headers={}, seconds=5)
    assert b"Cookie" not in server.requests[1]


def foreign_classes() -> list[type[BaseException]]:
    """Every exception that the libraries under us define."""
    modules = (requests.exceptions, urllib3.exceptions, http.client, socket, ssl)
    found = {
        thing
        for module in modules
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, Exception) and not issubclass(thing, Warning) and thing.__name__[0] != "_"
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


@pytest.mark.parametrize("kind", foreign_classes(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_foreign_exception_is_translated(kind: type[BaseException]) -> None:
    """Each is among those that the door catches, and its words are ours, not the library's."""
    assert issubclass(kind, FOREIGN), f"{kind} would leave the door untranslated"
    error = kind.__new__(kind)
    error.args = (f"http://host/?{QUERY}",)
    assert "c0ffee" not in reason(error)
    assert "canary" not in reason(error)


def test_logs_of_the_libraries_hold_no_signature(
    scripted: Any, whole_answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")  # a test of the command line may have set it higher
    server = scripted(
        whole_answer(b"x", headers={"X-Odd": "y"}), b"HTTP/1.1 200 OK\r\n: bad\r\nContent-Length: 0\r\n\r\n"
    )
    ask(server.url)
    ask(server.url)
    with pytest.raises(Unreachable):
        ask(closed_port())
    assert "GET /?Action=FeedList&UserID=***&Signature=***" in caplog.text
    assert "c0ffee" not in caplog.text
    assert "canary" not in caplog.text


def test_redaction_knows_both_names_and_is_put_on_once() -> None:
    assert redacted("a?UserID=x%40y&Signature=ab HTTP/1.1") == "a?UserID=***&Signature=*** HTTP/1.1"
    guard_logs()
    guard_logs()
    assert len(logging.getLogger("urllib3.connectionpool").filters) == 1
