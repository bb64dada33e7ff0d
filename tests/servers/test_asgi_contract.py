"""ASGI on every server: with the middleware, all is as without, but for the headers.

The bare app runs beside ours on the same server, so that what a server does by itself is no
difference.
"""

import json
from pathlib import Path

import pytest

from examples.demo.serving import Running
from tests.servers.conftest import token
from tests.servers.running import ASGI_SERVERS
from tests.servers.shared import ORIGIN
from tests.servers.test_wsgi_contract import ALLOWED, ask, essence
from tests.servers.wire import Connection, request

pytestmark = pytest.mark.servers

on_asgi = pytest.mark.parametrize("server", ASGI_SERVERS, indirect=True)

UNCHANGED = [
    "/", "/extensions", "/trailers", "/pathsend", "/no-content", "/not-modified",
    "/start-crash", "/mid-crash", "/started-twice",
]  # fmt: skip
ENDS_DAPHNE = {"/pathsend", "/start-crash", "/mid-crash", "/started-twice", "/trailers"}
"""After an exception in a started response, daphne raises in its own timer, and ends no request."""


@on_asgi
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", UNCHANGED)
def test_nothing_but_the_headers_changes(server: Running, path: str, method: str) -> None:
    if server.name == "daphne" and path in ENDS_DAPHNE:
        pytest.skip("daphne serves nobody after an exception in a started response, bare or not")
    bare, ours = (ask(server, app, path, token(), method) for app in ("bare", "cors"))
    assert essence(ours) == essence(bare)
    if ours.status < 500:  # else the server answered
        assert ours.values("access-control-allow-origin") == [ORIGIN]
        assert ours.values("vary") == ["Origin"]


@on_asgi
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_crash_is_answered_and_logged_once(server: Running, method: str) -> None:
    first, last = token(), token()
    answer = ask(server, "cors", "/crash", first, method)
    assert answer.status == 500
    assert answer.body == (b"Internal Server Error" if method == "GET" else b"")
    assert answer.complete
    assert set(answer.values("connection")) == {"close"}  # daphne adds its own
    for name, value in (("content-length", "21"), ("access-control-allow-origin", ORIGIN)):
        assert answer.values(name) == [value]
    ask(server, "cors", "/crash", last, method)
    for mark in (first, last):
        server.await_written(f"Crash: {mark}")
    assert server.written().count(f"Crash: {first}") == 1


@on_asgi
def test_an_extension_that_the_server_has_is_used(server: Running) -> None:
    offered = json.loads(ask(server, "cors", "/extensions", token()).body)
    if "http.response.pathsend" in offered:
        answer = ask(server, "cors", "/pathsend", token())
        assert answer.body == (Path(__file__).parent / "asgi_site.py").read_bytes()
        assert answer.values("access-control-allow-origin") == [ORIGIN]


@on_asgi
def test_an_app_notices_that_its_client_has_left(server: Running) -> None:
    """Twenty clients each leave an endless stream, of the bare app and of ours in turn."""
    left: dict[str, list[str]] = {"bare": [], "cors": []}
    for _ in range(20):
        for app, marks in left.items():
            marks.append(token())
            with Connection(server.port) as connection:
                connection.send(request(f"/{app}/endless?token={marks[-1]}", ALLOWED))
                connection.some(b"xxx")
    for mark in (*left["bare"], *left["cors"]):
        server.await_written(f"left {mark} disconnect")


@on_asgi
@pytest.mark.parametrize("app", ["bare", "cors"])
def test_a_chunk_is_sent_before_the_next_is_made(server: Running, app: str, tmp_path: Path) -> None:
    arrived = tmp_path / "arrived"
    with Connection(server.port) as connection:
        connection.send(request(f"/{app}/stream?token={arrived}", ALLOWED))
        assert b"one" in connection.some(b"one")
        arrived.touch()  # the app waits for it
        assert b"two" in connection.some(b"two")


@on_asgi
def test_a_body_that_waits_for_100_continue(server: Running) -> None:
    interim = []
    for app in ("bare", "cors"):
        with Connection(server.port) as connection:
            lines = [ALLOWED, "Content-Length: 4", "Expect: 100-continue"]
            connection.send(request(f"/{app}/", *lines, method="POST"))
            if connection.readable(1.0):
                interim.append(connection.head().status)
            connection.send(b"body")
            assert connection.answer().body == b"appbody"
    assert interim in ([], [100, 100])
