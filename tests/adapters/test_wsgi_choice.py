"""The WSGI middleware by itself: paths, named policies, and policies chosen while serving."""

import logging
from typing import Any

import pytest

from cors_core import OriginLookup, Policy, PolicyError, PolicyRequest
from cors_core.wsgi import CORSMiddleware
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])
OPEN = Policy(allow_origins=["*"])
CLOSED = Policy()


def app(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("X-App", "reached")])
    return [b"app"]


def allowed(response: Response) -> list[str]:
    return response.values("access-control-allow-origin")


def allowed_at(middleware: CORSMiddleware, path: str) -> list[str]:
    """Return the origin that a path allows, after a look that its preflight says the same."""
    actual = allowed(call_wsgi(middleware, request(path=path)))
    assert allowed(call_wsgi(middleware, preflight(path=path))) == actual
    return actual


def test_paths_are_prefixes_of_whole_segments_in_the_declared_order() -> None:
    middleware = CORSMiddleware(
        app,
        policy=POLICY,
        policies={"open": OPEN},
        paths=[("/api/admin/", CLOSED), ("/api/", "open"), ("/public", "open")],
    )
    for path in ("/api", "/api/", "/api/users", "/public", "/public/x", "/api/adminx", "//api/x"):
        assert allowed_at(middleware, path) == ["*"]
    for path in ("/api/admin", "/api/admin/", "/api/admin/users"):
        assert allowed_at(middleware, path) == []
    for path in ("/", "/publicity", "/API/", "/x/api/"):
        assert allowed_at(middleware, path) == [ORIGIN]


def test_the_path_has_the_script_name_and_is_decoded_once() -> None:
    middleware = CORSMiddleware(app, paths=[("/app/café/", OPEN)])
    seen: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> Any:
        seen.extend(name for name, _ in headers)

    def names(script: str, path: str) -> list[str]:
        seen.clear()
        path = path.encode().decode("latin-1")
        environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": script, "PATH_INFO": path}
        assert list(middleware(environ, start_response)) == [b"app"]  # type: ignore[arg-type]  # takes no exc_info
        return seen

    assert "Access-Control-Allow-Origin" in names("/app", "/café/x")
    assert "Access-Control-Allow-Origin" not in names("", "/café/x")
    assert "Access-Control-Allow-Origin" not in names("/app", "/caf%C3%A9/x")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"paths": [("/a/", "open")]}, r"paths\[0\] 'open' is no name in policies"),
        ({"paths": [("/", POLICY), ("/a/", POLICY)]}, r"'/a/' can never be reached"),
        ({"policies": {"open": 1}}, r"policies\['open'\] 1 is no policy"),
        ({"policy": POLICY, "max_age": 5}, "give either a policy or options"),
    ],
)
def test_a_bad_choice_is_an_error_at_the_start(options: Any, match: str) -> None:
    with pytest.raises(PolicyError, match=match):
        CORSMiddleware(app, **options)


async def _choose_async(asked: PolicyRequest) -> Policy:
    return POLICY


async def _look_up_async(origin: str) -> bool:
    return True


ASYNC_LOOKUP = Policy(allow_origins=OriginLookup(_look_up_async))


@pytest.mark.parametrize("source", [_choose_async, ASYNC_LOOKUP])
def test_what_is_async_is_refused_at_the_start(source: Any) -> None:
    for options in ({"policy": source}, {"policies": {"a": source}}, {"paths": [("/a/", source)]}):
        with pytest.raises(PolicyError, match="this adapter cannot await"):
            CORSMiddleware(app, **options)
    with pytest.raises(PolicyError, match="this adapter cannot await"):
        CORSMiddleware(app, allow_origins=OriginLookup(_look_up_async))


def test_a_callable_is_told_of_the_request() -> None:
    seen: list[PolicyRequest] = []

    def by_host(asked: PolicyRequest) -> Policy | None:
        seen.append(asked)
        return POLICY if asked.host == "a.example" else None

    middleware = CORSMiddleware(app, policy=by_host)
    assert allowed(call_wsgi(middleware, request(path="/x", host="a.example"))) == [ORIGIN]
    refused = call_wsgi(middleware, request(path="/x", host="b.example"))
    assert (refused.status, refused.body, allowed(refused)) == (200, b"app", [])
    assert refused.values("vary") == ["Origin"]
    asked = preflight("PUT", path="/x", host="b.example")
    assert call_wsgi(middleware, asked).status == 400
    call_wsgi(middleware, request(None))
    assert [asked[:4] for asked in seen] == [
        ("a.example", "/x", "GET", ORIGIN),
        ("b.example", "/x", "GET", ORIGIN),
        ("b.example", "/x", "PUT", ORIGIN),
        ("", "/", "GET", None),
    ]


def failing(asked: PolicyRequest) -> Policy:
    raise ZeroDivisionError


def lying(asked: PolicyRequest) -> Any:
    return "open"


@pytest.mark.parametrize("source", [failing, lying])
def test_a_failing_callable_closes_and_is_logged(
    source: Any, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = CORSMiddleware(app, policy=source)
    with caplog.at_level(logging.ERROR, "cors_core"):
        for _ in range(3):
            response = call_wsgi(middleware, request())
    assert (response.status, response.body, allowed(response)) == (200, b"app", [])
    assert response.values("vary") == ["Origin"]
    assert len(caplog.records) == 1
    assert call_wsgi(middleware, preflight()).status == 400


def test_a_lookup_is_asked_once_while_its_answer_is_good() -> None:
    asked: list[str] = []

    def look_up(origin: str) -> bool:
        asked.append(origin)
        return origin == ORIGIN

    middleware = CORSMiddleware(app, allow_origins=OriginLookup(look_up))
    for _ in range(3):
        assert allowed_at(middleware, "/") == [ORIGIN]
        for refused in (OTHER_ORIGIN, "no origin"):
            assert allowed(call_wsgi(middleware, request(refused))) == []
    assert asked == [ORIGIN, OTHER_ORIGIN]


def test_a_lookup_that_fails_is_a_no(caplog: pytest.LogCaptureFixture) -> None:
    def look_up(origin: str) -> bool:
        raise ZeroDivisionError

    policy = Policy(allow_origins=OriginLookup(look_up))
    middleware = CORSMiddleware(app, paths=[("/", policy)])
    for _ in range(3):
        response = call_wsgi(middleware, request())
    assert (response.body, allowed(response)) == (b"app", [])
    assert response.values("vary") == ["Origin"]
    assert len(caplog.records) == 1


def test_an_adapter_that_looks_for_marks_and_finds_none_has_the_default_decide() -> None:
    class Looking(CORSMiddleware):
        def reads_marks(self) -> bool:
            return True

    assert allowed_at(Looking(app, policy=POLICY), "/") == [ORIGIN]
