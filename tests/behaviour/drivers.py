"""How each adapter is put round the same small app.

A driver is a function from a Policy to a function from a Request to a Response.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import falcon
import falcon.asgi
import fastapi
import flask
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

import cors_core.asgi
import cors_core.wsgi
import cors_core_falcon
import cors_core_flask
import cors_core_starlette
from cors_core import CORSRequest, Policy

from .small_app import CHUNKS, METHODS, Crash, Handled, plain_answer, wanted_headers
from .transports import Request, Response, call_asgi, call_wsgi

Driver = Callable[[Policy], Callable[[Request], Response]]


def core(policy: Policy) -> Callable[[Request], Response]:
    """Apply the decision with no framework: where this driver fails, the decision is wrong."""

    def send(request: Request) -> Response:
        fields: dict[str, str] = {}
        for name, value in request.headers:
            text = value.decode("latin-1")
            fields[name.lower()] = (
                f"{fields[name.lower()]},{text}" if name.lower() in fields else text
            )
        prefix = "access-control-request-"
        decision = policy.decide(
            CORSRequest(
                request.method,
                fields.get("origin"),
                fields.get(f"{prefix}method"),
                fields.get(f"{prefix}headers"),
                fields.get(f"{prefix}private-network"),
            )
        )
        if decision.status is not None:
            return Response(decision.status, list(decision.answer), decision.body.encode())
        try:
            status, headers, body = plain_answer(request)
        except Crash as error:
            return Response(500, decision.merged([]), b"crash", raised=error)
        return Response(status, decision.merged(headers), b"".join(body))

    return send


def asgi(policy: Policy) -> Callable[[Request], Response]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = tuple((n.decode().title(), v) for n, v in scope["headers"])
        status, lines, chunks = plain_answer(Request(scope["method"], scope["path"], headers))
        raw = [(name.lower().encode(), value.encode()) for name, value in lines]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    return partial(call_asgi, cors_core.asgi.CORSMiddleware(app, policy=policy))


def wsgi_app(environ: Any, start_response: Any) -> Iterable[bytes]:
    wanted = environ.get("HTTP_X_APP_HEADERS", "").encode()
    request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], (("X-App-Headers", wanted),))
    status, headers, chunks = plain_answer(request)
    start_response(f"{status} As It Is", headers)
    return chunks


def wsgi(policy: Policy) -> Callable[[Request], Response]:
    return partial(call_wsgi, cors_core.wsgi.CORSMiddleware(wsgi_app, policy=policy))


async def _echo(request: StarletteRequest) -> StarletteResponse:
    response = PlainTextResponse("app")
    for name, value in wanted_headers(request.headers.get("x-app-headers")):
        response.headers.append(name, value)
    return response


async def _own_options(request: StarletteRequest) -> StarletteResponse:
    return StarletteResponse(status_code=204, headers={"Allow": "GET", "X-App": "reached"})


async def _handled(request: StarletteRequest) -> StarletteResponse:
    raise HTTPException(409)


async def _crash(request: StarletteRequest) -> StarletteResponse:
    raise Crash


async def _stream(request: StarletteRequest) -> StarletteResponse:
    async def chunks() -> Any:
        for chunk in CHUNKS:
            yield chunk

    return StreamingResponse(chunks(), headers={"X-App": "reached"})


def starlette(policy: Policy) -> Callable[[Request], Response]:
    routes = [
        Route("/", _echo, methods=METHODS),
        Route("/own-options", _own_options, methods=["OPTIONS"]),
        Route("/get-only", _echo, methods=["GET"]),
        Route("/handled", _handled),
        Route("/crash", _crash),
        Route("/stream", _stream),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(cors_core_starlette.CORSMiddleware, policy=policy)
    return partial(call_asgi, app)


def fastapi_(policy: Policy) -> Callable[[Request], Response]:
    app = fastapi.FastAPI()
    app.add_middleware(cors_core_starlette.CORSMiddleware, policy=policy)

    @app.api_route("/", methods=METHODS)
    async def echo(request: fastapi.Request) -> fastapi.Response:
        return await _echo(request)

    @app.options("/own-options")
    async def own_options(request: fastapi.Request) -> fastapi.Response:
        return await _own_options(request)

    @app.get("/get-only")
    async def get_only(request: fastapi.Request) -> fastapi.Response:
        return await _echo(request)

    @app.get("/handled")
    async def handled() -> None:
        raise fastapi.HTTPException(409)

    @app.get("/crash")
    async def crash() -> None:
        raise Crash

    @app.get("/stream")
    async def stream(request: fastapi.Request) -> fastapi.Response:
        return await _stream(request)

    return partial(call_asgi, app)


def flask_(policy: Policy) -> Callable[[Request], Response]:
    app = flask.Flask("behaviour")
    cors_core_flask.CORS(app, policy=policy)
    app.logger.disabled = True  # the crashes of the cases are expected

    @app.route("/", methods=METHODS)
    def echo() -> flask.Response:
        response = flask.Response("app")
        for name, value in wanted_headers(flask.request.headers.get("X-App-Headers")):
            response.headers.add(name, value)
        return response

    @app.route("/own-options", methods=["OPTIONS"], provide_automatic_options=False)
    def own_options() -> flask.Response:
        return flask.Response(status=204, headers={"Allow": "GET", "X-App": "reached"})

    app.get("/get-only", endpoint="get-only")(echo)

    @app.get("/handled")
    def handled() -> flask.Response:
        raise Handled

    @app.errorhandler(Handled)
    def conflict(error: Handled) -> flask.Response:
        return flask.Response("conflict", status=409)

    @app.get("/crash")
    def crash() -> flask.Response:
        raise Crash

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(iter(CHUNKS), headers={"X-App": "reached"})

    return partial(call_wsgi, app)


def _django(policy: Policy, call: Any, handler: Callable[[], Any]) -> Callable[[Request], Response]:
    overridden = override_settings(CORS_CORE=policy)
    with overridden:
        app = handler()

    def send(request: Request) -> Response:
        with overridden:
            response: Response = call(app, request)
        return response

    return send


def django_wsgi(policy: Policy) -> Callable[[Request], Response]:
    return _django(policy, call_wsgi, WSGIHandler)


def django_asgi(policy: Policy) -> Callable[[Request], Response]:
    return _django(policy, call_asgi, ASGIHandler)


class _Falcon:
    """The routes of the Falcon app; each responder serves `falcon.App` as it is."""

    def echo(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"
        for name, value in wanted_headers(req.get_header("X-App-Headers")):
            resp.append_header(name, value)

    on_get = on_put = on_post = on_patch = on_delete = on_head = on_options = on_query = echo

    def on_options_own(self, req: Any, resp: Any) -> None:
        resp.status = 204
        resp.set_header("Allow", "GET")
        resp.set_header("X-App", "reached")

    on_get_only = echo

    def on_get_handled(self, req: Any, resp: Any) -> None:
        raise falcon.HTTPConflict

    def on_get_crash(self, req: Any, resp: Any) -> None:
        raise Crash

    def on_get_stream(self, req: Any, resp: Any) -> None:
        resp.set_header("X-App", "reached")
        resp.stream = self.chunks()

    def chunks(self) -> Any:
        return iter(CHUNKS)


def _falcon_async(responder: Callable[..., None]) -> Any:
    async def respond(self: Any, req: Any, resp: Any) -> None:
        responder(self, req, resp)

    return respond


class _FalconAsync(_Falcon):
    async def _chunks(self) -> Any:
        for chunk in CHUNKS:
            yield chunk

    chunks = _chunks


for _name in [name for name in dir(_Falcon) if name.startswith("on_")]:
    setattr(_FalconAsync, _name, _falcon_async(getattr(_Falcon, _name)))


def _falcon_app(app: Any, resource: _Falcon) -> Any:
    app.add_route("/", resource)
    for suffix in ("own", "only", "handled", "crash", "stream"):
        path = {"own": "/own-options", "only": "/get-only"}.get(suffix, f"/{suffix}")
        app.add_route(path, resource, suffix=suffix)
    return app


def falcon_wsgi(policy: Policy) -> Callable[[Request], Response]:
    app = falcon.App(middleware=[cors_core_falcon.CORSMiddleware(policy=policy)])
    return partial(call_wsgi, _falcon_app(app, _Falcon()))


def falcon_asgi(policy: Policy) -> Callable[[Request], Response]:
    app = falcon.asgi.App(middleware=[cors_core_falcon.CORSMiddleware(policy=policy)])
    return partial(call_asgi, _falcon_app(app, _FalconAsync()))


DRIVERS: dict[str, Driver] = {
    "core": core,
    "asgi": asgi,
    "wsgi": wsgi,
    "starlette": starlette,
    "fastapi": fastapi_,
    "flask": flask_,
    "django-wsgi": django_wsgi,
    "django-asgi": django_asgi,
    "falcon-wsgi": falcon_wsgi,
    "falcon-asgi": falcon_asgi,
}
