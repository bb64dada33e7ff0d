"""Falcon: sinks, static routes, own OPTIONS, error handlers, other middleware, on both apps."""

from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest

from cors_core import Policy
from cors_core_falcon import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Request, Response, call_asgi, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])


class Sync:
    """Responders and middleware for `falcon.App`."""

    App = falcon.App
    call = staticmethod(call_wsgi)

    @staticmethod
    def function(body: Any) -> Any:
        def respond(*arguments: Any, **more: Any) -> None:
            body(*arguments)

        return respond


class Async:
    """Responders and middleware for `falcon.asgi.App`."""

    App = falcon.asgi.App
    call = staticmethod(call_asgi)

    @staticmethod
    def function(body: Any) -> Any:
        async def respond(*arguments: Any, **more: Any) -> None:
            body(*arguments)

        return respond


@pytest.fixture(params=[Sync, Async], ids=["wsgi", "asgi"])
def flavour(request: pytest.FixtureRequest) -> Any:
    return request.param


def covered(flavour: Any, app: Any, asked: Request, status: int) -> Response:
    response: Response = flavour.call(app, asked)
    assert response.status == status
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert response.raised is None
    return response


def set_text(req: Any, resp: Any, *_: Any) -> None:
    resp.text = "sink"


def test_sinks_and_static_routes(flavour: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("static")
    app = flavour.App(middleware=[CORSMiddleware(policy=POLICY)])
    app.add_sink(flavour.function(set_text), "/sink")
    app.add_static_route("/files", str(tmp_path))
    assert covered(flavour, app, request(path="/sink/x"), 200).body == b"sink"
    covered(flavour, app, request(path="/files/a.txt"), 200)
    covered(flavour, app, request(path="/missing"), 404)
    for path in ("/sink/x", "/files/a.txt", "/missing"):
        assert covered(flavour, app, preflight(path=path), 200).body == b"OK"


def test_one_object_serves_both_apps() -> None:
    middleware = CORSMiddleware(allow_origins=[ORIGIN])
    covered(Sync, Sync.App(middleware=[middleware]), request(), 404)
    covered(Async, Async.App(middleware=[middleware]), request(), 404)


def raise_unauthorized(self: Any, req: Any, resp: Any) -> None:
    raise falcon.HTTPUnauthorized


@pytest.mark.parametrize("independent", [True, False])
def test_a_preflight_is_answered_before_authentication(flavour: Any, independent: bool) -> None:
    name = "process_request" if flavour is Sync else "process_request_async"
    authentication = type("Auth", (), {name: flavour.function(raise_unauthorized)})()
    app = flavour.App(
        middleware=[CORSMiddleware(policy=POLICY), authentication],
        independent_middleware=independent,
    )
    assert covered(flavour, app, preflight(), 200).body == b"OK"
    covered(flavour, app, request(), 401)


def set_cors_headers(self: Any, req: Any, resp: Any, *_: Any) -> None:
    resp.set_header("Access-Control-Allow-Origin", "*")
    resp.set_header("Access-Control-Allow-Credentials", "true")


@pytest.mark.parametrize("independent", [True, False])
@pytest.mark.parametrize("asked", [request(), preflight()])
def test_later_middleware_cannot_add_cors_headers(
    flavour: Any, independent: bool, asked: Request
) -> None:
    name = "process_response" if flavour is Sync else "process_response_async"
    other = type("Other", (), {name: flavour.function(set_cors_headers)})()
    app = flavour.App(
        middleware=[CORSMiddleware(policy=POLICY), other], independent_middleware=independent
    )
    response = flavour.call(app, asked)
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert response.values("access-control-allow-credentials") == []
    if asked.method == "OPTIONS":
        assert response.values("content-type") == ["text/plain"]


def test_beside_falcons_own(flavour: Any) -> None:
    app = flavour.App(cors_enable=True, middleware=[CORSMiddleware(policy=POLICY)])
    covered(flavour, app, request(), 404)
    refused = flavour.call(app, request("https://evil.example"))
    assert refused.values("access-control-allow-origin") == []


def resource(flavour: Any) -> Any:
    def crash(self: Any, req: Any, resp: Any) -> None:
        raise ZeroDivisionError

    def options(self: Any, req: Any, resp: Any) -> None:
        resp.status = 204
        resp.set_header("Allow", "GET")

    def unserializable(self: Any, req: Any, resp: Any) -> None:
        resp.media = object()

    responders = {"on_get": crash, "on_options": options, "on_put": unserializable}
    functions = {name: flavour.function(body) for name, body in responders.items()}
    return type("Resource", (), functions)()


def test_error_handlers_and_own_options(flavour: Any) -> None:
    app = flavour.App(middleware=[CORSMiddleware(policy=POLICY)])
    app.add_route("/", resource(flavour))
    covered(flavour, app, request(), 500)
    covered(flavour, app, request(method="PUT"), 500)
    covered(flavour, app, request(method="OPTIONS"), 204)
    assert covered(flavour, app, preflight(), 200).body == b"OK"

    def teapot(req: Any, resp: Any, error: Exception, params: Any) -> None:
        resp.status = 418
        resp.set_header("Access-Control-Allow-Origin", "*")

    app.add_error_handler(Exception, flavour.function(teapot))
    covered(flavour, app, request(), 418)
