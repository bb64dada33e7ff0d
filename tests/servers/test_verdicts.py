"""A browser gets the same verdict from every adapter on every server, and so does an attacker."""

import pytest

from examples.demo.serving import Running
from tests.servers.conftest import token
from tests.servers.running import ASGI_SERVERS, WSGI_SERVERS
from tests.servers.shared import ORIGIN
from tests.servers.table import DIFFERS, ONE_LINE_KEPT
from tests.servers.wire import Answer, Connection, request

pytestmark = pytest.mark.servers

EVIL = "https://evil.example"
ALLOWED = f"Origin: {ORIGIN}"
REFUSED = f"Origin: {EVIL}"
PUT = "Access-Control-Request-Method: PUT"
DELETE = "Access-Control-Request-Method: DELETE"

WSGI_APPS = ["cors", "flask", "django", "falcon"]
ASGI_APPS = ["cors", "starlette", "django", "falcon"]
ON_SERVERS = [
    *[(name, app) for name in WSGI_SERVERS for app in WSGI_APPS],
    *[(name, app) for name in ASGI_SERVERS for app in ASGI_APPS],
]


def ask(server: Running, path: str, *lines: str | bytes, **more: str) -> Answer:
    """Send one request on a connection of its own."""
    with Connection(server.port) as connection:
        connection.send(request(path, *lines, **more))  # type: ignore[arg-type]  # no body here
        return connection.answer(more.get("method", "GET"))


def shown(answer: Answer) -> list[str]:
    """Return what the answer says of the origin, of methods and of ages, and what it varies on."""
    names = ("allow-origin", "allow-methods", "allow-headers", "max-age")
    found = [value for name in names for value in answer.values(f"access-control-{name}")]
    return [*found, *answer.values("vary")]


on_servers = pytest.mark.parametrize(
    ("server", "app"), ON_SERVERS, indirect=["server"], ids=[f"{s}-{a}" for s, a in ON_SERVERS]
)


@on_servers
def test_verdicts(server: Running, app: str) -> None:
    root = f"/{app}/"
    vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    names = "Accept, Accept-Language, Content-Language, Content-Type, X-Token"
    table = {
        "actual": (ask(server, root, ALLOWED), 200, [ORIGIN, "Origin"]),
        "actual, refused": (ask(server, root, REFUSED), 200, ["Origin"]),
        "no origin": (ask(server, root), 200, ["Origin"]),
        "lower-case": (ask(server, root, f"origin: {ORIGIN}"), 200, [ORIGIN, "Origin"]),
        "upper-case": (ask(server, root, f"ORIGIN: {ORIGIN}"), 200, [ORIGIN, "Origin"]),
        "no blank": (ask(server, root, f"Origin:{ORIGIN}"), 200, [ORIGIN, "Origin"]),
        "preflight": (
            ask(server, root, ALLOWED, PUT, method="OPTIONS"),
            200,
            [ORIGIN, "GET, PUT", names, "60", vary],
        ),
        "preflight of a 404": (
            ask(server, f"{root}nowhere", ALLOWED, PUT, method="OPTIONS"),
            200,
            [ORIGIN, "GET, PUT", names, "60", vary],
        ),
        "preflight, refused origin": (
            ask(server, root, REFUSED, PUT, method="OPTIONS"),
            400,
            [vary],
        ),
        "preflight, refused method": (
            ask(server, root, ALLOWED, DELETE, method="OPTIONS"),
            400,
            [ORIGIN, "GET, PUT", names, "60", vary],
        ),
    }
    found = {case: (answer.status, shown(answer)) for case, (answer, _, _) in table.items()}
    assert found == {case: (status, lines) for case, (_, status, lines) in table.items()}
    assert all(answer.complete for answer, _, _ in table.values())


def skip_if_it_differs(test: str, server: Running, app: str) -> None:
    """Skip what a server and a framework do by themselves, with or without us."""
    reason = DIFFERS.get((test, server.name, app))
    if reason is not None:
        pytest.skip(reason)


@on_servers
def test_a_crash_is_readable_and_logged_once(server: Running, app: str) -> None:
    skip_if_it_differs("crash", server, app)
    mark, last = token(), token()
    answer = ask(server, f"/{app}/crash?token={mark}", ALLOWED)
    assert answer.status == 500
    assert answer.complete
    assert answer.values("access-control-allow-origin") == [ORIGIN]
    assert len(answer.values("content-length")) <= 1
    # By the time that the second crash is logged, a second record of the first would stand there.
    ask(server, f"/{app}/crash?token={last}", ALLOWED)
    for each in (mark, last):
        server.await_written(f"Crash: {each}")
    assert server.written().count(f"Crash: {mark}") == 1


HOSTILE: dict[str, list[str | bytes]] = {
    "comma-joined": [f"Origin: {ORIGIN}, {EVIL}"],
    "comma-joined, twice the same": [f"Origin: {ORIGIN},{ORIGIN}"],
    "folded": [f"Origin: {ORIGIN}", " .evil.example"],
    "64 KiB": [f"Origin: {ORIGIN}{'a' * 65536}"],
    "64 KiB of blanks": [f"Origin: {ORIGIN}{' ' * 65536}x"],
    "not ASCII": [b"Origin: https://app.example\xff"],
    "NUL": [b"Origin: https://app.example\x00"],
    "underscore": ["Access_Control_Request_Method: PUT", f"X_Origin: {ORIGIN}"],
    "blank before the colon": [f"Origin : {ORIGIN}, {EVIL}"],
    "user info": ["Origin: https://app.example@evil.example"],
}


@on_servers
def test_nothing_malformed_is_allowed(server: Running, app: str) -> None:
    """The server may refuse such a request by itself, or close the connection."""
    for case, lines in HOSTILE.items():
        for method in ("GET", "OPTIONS"):
            more = [PUT] if method == "OPTIONS" else []
            answer = ask(server, f"/{app}/", *lines, *more, method=method)
            assert answer.values("access-control-allow-origin") == [], case
            # 0: closed; 405: no preflight to the server, and no OPTIONS in the app. Never a crash.
            assert answer.status in (0, 200, 400, 405, 414, 431), f"{case}: {answer.status}"
    assert ask(server, f"/{app}/", ALLOWED).status == 200, "the server still serves"


@on_servers
def test_two_origin_lines(server: Running, app: str) -> None:
    found = {
        second: ask(server, f"/{app}/", f"Origin: {first}", f"Origin: {second}").values(
            "access-control-allow-origin"
        )
        for first, second in ((EVIL, ORIGIN), (ORIGIN, EVIL))
    }
    kept = ONE_LINE_KEPT.get(server.name)
    assert found == {
        ORIGIN: [ORIGIN] if kept == "last" else [],
        EVIL: [ORIGIN] if kept == "first" else [],
    }


@on_servers
def test_http_1_0(server: Running, app: str) -> None:
    skip_if_it_differs("HTTP/1.0", server, app)
    answer = ask(server, f"/{app}/", ALLOWED, version="HTTP/1.0")
    assert (answer.status, shown(answer)) == (200, [ORIGIN, "Origin"])
    answer = ask(server, f"/{app}/", ALLOWED, PUT, version="HTTP/1.0", method="OPTIONS")
    assert (answer.status, answer.body) == (200, b"OK")


@on_servers
def test_pipelined_requests_are_answered_each_by_its_own_origin(server: Running, app: str) -> None:
    path = f"/{app}/"
    with Connection(server.port) as connection:
        connection.send(
            request(path, ALLOWED)
            + request(path, REFUSED)
            + request(path, ALLOWED, PUT, method="OPTIONS")
            + request(path, "Connection: close")
        )
        answers = [connection.answer() for _ in range(4)]
    seen = [(each.status, each.values("access-control-allow-origin")) for each in answers]
    wanted = [(200, [ORIGIN]), (200, []), (200, [ORIGIN]), (200, [])]
    answered = sum(1 for each in answers if each.status)
    assert answered in (1, 4), "all, or the first one of a server that closes after each"
    assert seen[:answered] == wanted[:answered]
