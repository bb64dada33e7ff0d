"""PEP 3333 on every server: with the middleware, all is as without, but for the headers.

The bare app runs beside ours on the same server, so that what a server does by itself is no
difference. A crash before the response has begun is answered by ours, alike on every server.
"""

from pathlib import Path

import pytest

from examples.demo.serving import Running
from tests.servers.conftest import token
from tests.servers.running import WSGI_SERVERS
from tests.servers.shared import ORIGIN
from tests.servers.table import BETTER_THAN_BARE, SAYS_ONLY_BARE
from tests.servers.wire import Answer, Connection, request

pytestmark = pytest.mark.servers

on_wsgi = pytest.mark.parametrize("server", WSGI_SERVERS, indirect=True)

ALLOWED = f"Origin: {ORIGIN}"
OURS = {"access-control-allow-origin", "vary"}
OF_THE_MOMENT = {"date"}
UNCHANGED = [
    "/", "/mid-crash", "/sent-exc-info", "/started-twice", "/file", "/closed", "/written",
    "/written-crash", "/no-content", "/not-modified", "/late-stream", "/stream",
]  # fmt: skip
BEFORE_THE_FIRST_CHUNK = [
    "/crash", "/start-crash", "/iterated-crash", "/iterated-start-crash", "/start-iterated-crash",
]  # fmt: skip


def ask(server: Running, app: str, path: str, mark: str, method: str = "GET") -> Answer:
    """Send one request that the policy allows."""
    lines = [ALLOWED, "Connection: close"] if method == "HEAD" else [ALLOWED]
    with Connection(server.port) as connection:
        connection.send(request(f"/{app}{path}?token={mark}", *lines, method=method))
        answer = connection.answer(method)
        if method == "HEAD":
            connection.drain()
        return answer


def essence(answer: Answer) -> tuple[object, ...]:
    """Return all of an answer but what the middleware adds."""
    lines = [
        (name.lower(), value)
        for name, value in answer.headers
        if name.lower() not in OURS | OF_THE_MOMENT
    ]
    return answer.status, answer.version, sorted(lines), answer.body, answer.complete


@on_wsgi
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", UNCHANGED)
def test_nothing_but_the_headers_changes(
    server: Running, path: str, method: str, tmp_path: Path
) -> None:
    if (server.name, path) in BETTER_THAN_BARE:
        pytest.skip(BETTER_THAN_BARE[server.name, path])
    mark = str(tmp_path)  # also the file that the streams wait for
    bare, ours = (ask(server, app, path, mark, method) for app in ("bare", "cors"))
    assert essence(ours) == essence(bare)
    if ours.status and not ours.status >= 500:  # else the server answered
        assert ours.values("access-control-allow-origin") == [ORIGIN]
        assert ours.values("vary") == ["Origin"]


@on_wsgi
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_crash_before_the_first_chunk_is_answered_and_logged_once(
    server: Running, method: str
) -> None:
    marks = {path: token() for path in BEFORE_THE_FIRST_CHUNK}
    for path, mark in marks.items():
        answer = ask(server, "cors", path, mark, method)
        assert answer.status == 500, path
        assert answer.body == (b"Internal Server Error" if method == "GET" else b""), path
        assert answer.complete, path
        for name, value in (("content-length", "21"), ("access-control-allow-origin", ORIGIN)):
            assert answer.values(name) == [value], path
    last = token()
    ask(server, "cors", "/crash", last, method)
    for mark in (*marks.values(), last):
        server.await_written(f"Crash: {mark}")
    written = server.written()
    assert {path: written.count(f"Crash: {mark}") for path, mark in marks.items()} == dict.fromkeys(
        marks, 1
    )


@on_wsgi
def test_a_crash_says_that_the_connection_ends_where_the_bare_server_does(server: Running) -> None:
    bare, ours = (ask(server, app, "/crash", token()) for app in ("bare", "cors"))
    if server.name in SAYS_ONLY_BARE:
        assert (bare.values("connection"), ours.values("connection")) == (["close"], [])
    elif bare.status:  # uWSGI answers nothing
        assert ours.values("connection") == bare.values("connection")


@on_wsgi
@pytest.mark.parametrize("path", ["/exc-info", "/iterated-exc-info"])
def test_a_start_that_replaces_another_leaves_nothing_of_it(server: Running, path: str) -> None:
    answer = ask(server, "cors", path, token())
    assert (answer.status, answer.body) == (503, b"later")
    assert answer.complete
    assert answer.values("content-length") == ["5"]
    assert answer.values("x-first") == []
    assert answer.values("access-control-allow-origin") == [ORIGIN]
    assert answer.values("vary") == ["Origin"]


@on_wsgi
@pytest.mark.parametrize("app", ["bare", "cors"])
@pytest.mark.parametrize("path", ["/stream", "/late-stream"])
def test_a_chunk_is_sent_before_the_next_is_made(
    server: Running, path: str, app: str, tmp_path: Path
) -> None:
    arrived = tmp_path / "arrived"
    with Connection(server.port) as connection:
        connection.send(request(f"/{app}{path}?token={arrived}", ALLOWED))
        assert b"one" in connection.some(b"one")
        arrived.touch()  # the app waits for it
        assert b"two" in connection.some(b"two")


@on_wsgi
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/closed", "/iterated-closed", "/mid-crash"])
def test_a_body_is_closed_once(server: Running, path: str, method: str) -> None:
    first, last = token(), token()
    ask(server, "cors", path, first, method)
    ask(server, "cors", "/closed", last)
    for mark in (first, last):
        server.await_written(f"closed {mark}")
    assert server.written().count(f"closed {first}") == 1


@on_wsgi
def test_a_file_wrapper_is_the_servers_own(server: Running) -> None:
    marks = [token(), token()]
    bare, ours = (
        ask(server, app, "/file", mark) for app, mark in zip(("bare", "cors"), marks, strict=True)
    )
    assert ours.body == bare.body
    assert b"def file(" in ours.body
    for mark in marks:
        server.await_written(f" {mark}")
    lines = server.written().splitlines()
    assert len({line.partition(" ")[0] for line in lines if line.endswith(tuple(marks))}) == 1


@on_wsgi
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
