"""How each adapter is put round the same small app.

A driver is a function from a policy, and what else an adapter takes, to a function from a Request
to a Response.
"""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

import falcon
import falcon.asgi
import fastapi
import flask
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from falcon.routing import CompiledRouter
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
from cors_core import CORSRequest, cors_exempt, cors_policy
from cors_core.adapters import PolicyChoice

from .small_app import (
    CHUNKS,
    MARKED,
    METHODS,
    OWN_HEADERS,
    Crash,
    Handled,
    plain_answer,
    plain_mark,
    wanted_headers,
)
from .transports import Request, Response, call_asgi, call_wsgi

Send = Callable[[Request], Response]
Driver = Callable[..., Send]


def core(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    """Apply the decision with no framework: where this driver fails, the decision is wrong."""
    chooser = PolicyChoice(policy, {}, choice.get("policies"), choice.get("paths"), awaits=False)

    def send(request: Request) -> Response:
        fields: dict[str, str] = {}
        for line, value in request.headers:
            name, text = line.lower(), value.decode("latin-1")
            fields[name] = f"{fields[name]},{text}" if name in fields else text
        prefix = "access-control-request-"
        asked = CORSRequest(
            request.method,
            fields.get("origin"),
            fields.get(f"{prefix}method"),
            fields.get(f"{prefix}headers"),
            fields.get(f"{prefix}private-network"),
            fields.get("host", ""),
            request.path,
        )
        mark = plain_mark(request.path, asked.served_method) if marked else None
        source = chooser.source_for(request.path) if mark is None else mark
        decision = chooser.choose(source, asked).decide(asked)
        if decision.status is not None:
            return Response(decision.status, list(decision.text.answer), decision.raw.body)
        try:
            status, headers, body = plain_answer(request)
        except Crash as error:
            return Response(500, decision.text.join([]), b"crash", raised=error)
        return Response(status, decision.text.join(headers), b"".join(body))

    return send


def asgi(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = tuple((n.decode().title(), v) for n, v in scope["headers"])
        status, lines, chunks = plain_answer(Request(scope["method"], scope["path"], headers))
        raw = [(name.lower().encode(), value.encode()) for name, value in lines]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    return partial(call_asgi, cors_core.asgi.CORSMiddleware(app, policy=policy, **choice))


def wsgi_app(environ: Any, start_response: Any) -> Iterable[bytes]:
    wanted = environ.get("HTTP_X_APP_HEADERS", "").encode()
    request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], (("X-App-Headers", wanted),))
    status, headers, chunks = plain_answer(request)
    start_response(f"{status} As It Is", headers)
    return chunks


def wsgi(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    return partial(call_wsgi, cors_core.wsgi.CORSMiddleware(wsgi_app, policy=policy, **choice))


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


async def _exempt(request: StarletteRequest) -> StarletteResponse:
    return PlainTextResponse("app", headers=dict(OWN_HEADERS))


def _marked(endpoint: Any, mark: Any) -> Any:
    """Return a marked endpoint with the same work: the one given serves unmarked apps too."""

    @wraps(endpoint)
    def copy(*arguments: Any, **more: Any) -> Any:
        return endpoint(*arguments, **more)

    @wraps(endpoint)
    async def copy_async(*arguments: Any, **more: Any) -> Any:
        return await endpoint(*arguments, **more)

    return mark(copy_async if iscoroutinefunction(endpoint) else copy)


def _marked_routes() -> list[Route]:
    return [
        Route("/marked", _marked(_echo, cors_policy(MARKED)), methods=["GET", "PUT"]),
        Route("/marked-crash", _marked(_crash, cors_policy(MARKED))),
        Route("/exempt", _marked(_exempt, cors_exempt), methods=["GET", "OPTIONS"]),
    ]


def starlette(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    routes = [
        Route("/", _echo, methods=METHODS),
        Route("/own-options", _own_options, methods=["OPTIONS"]),
        Route("/get-only", _echo, methods=["GET"]),
        Route("/handled", _handled),
        Route("/crash", _crash),
        Route("/stream", _stream),
    ]
    app = Starlette(routes=routes + (_marked_routes() if marked else []))
    app.add_middleware(cors_core_starlette.CORSMiddleware, policy=policy, **choice)
    return partial(call_asgi, app)


def fastapi_(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    app = fastapi.FastAPI()
    app.add_middleware(cors_core_starlette.CORSMiddleware, policy=policy, **choice)

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

    if marked:
        on_marked = app.api_route("/marked", methods=["GET", "PUT"], operation_id="marked")
        on_marked(_marked(echo, cors_policy(MARKED)))
        app.get("/marked-crash")(_marked(crash, cors_policy(MARKED)))

        @app.api_route("/exempt", methods=["GET", "OPTIONS"])
        @cors_exempt
        async def exempt(request: fastapi.Request) -> fastapi.Response:
            return await _exempt(request)

    return partial(call_asgi, app)


def flask_(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    app = flask.Flask("behaviour")
    cors_core_flask.CORS(app, policy=policy, **choice)
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

    if marked:
        view = _marked(echo, cors_policy(MARKED))
        app.add_url_rule("/marked", "marked", view, methods=["GET", "PUT"])
        app.add_url_rule("/marked-crash", "marked-crash", _marked(crash, cors_policy(MARKED)))

        @app.route("/exempt", methods=["GET", "OPTIONS"], provide_automatic_options=False)
        @cors_exempt
        def exempt() -> flask.Response:
            return flask.Response("app", headers=OWN_HEADERS)

    return partial(call_wsgi, app)


def _django(policy: Any, choice: dict[str, Any], call: Any, handler: Callable[[], Any]) -> Send:
    marked = choice.pop("marked", False)
    overridden = override_settings(
        CORS_CORE={"policy": policy, **choice} if choice else policy,
        ROOT_URLCONF=f"tests.behaviour.django_{'marked_' if marked else ''}site",
    )
    with overridden:
        app = handler()

    def send(request: Request) -> Response:
        with overridden:
            response: Response = call(app, request)
        return response

    return send


def django_wsgi(policy: Any, **choice: Any) -> Send:
    return _django(policy, choice, call_wsgi, WSGIHandler)


def django_asgi(policy: Any, **choice: Any) -> Send:
    return _django(policy, choice, call_asgi, ASGIHandler)


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


class _FalconMarked(_Falcon):
    """The marked responders."""

    @cors_policy(MARKED)
    def on_get_marked(self, req: Any, resp: Any) -> None:
        self.echo(req, resp)

    on_put_marked = on_get_marked

    @cors_policy(MARKED)
    def on_get_marked_crash(self, req: Any, resp: Any) -> None:
        raise Crash

    @cors_exempt
    def on_get_exempt(self, req: Any, resp: Any) -> None:
        resp.text = "app"
        resp.set_headers(OWN_HEADERS)

    on_options_exempt = on_get_exempt


class _FalconMarkedAsync(_FalconAsync):
    @cors_policy(MARKED)
    async def on_get_marked(self, req: Any, resp: Any) -> None:
        _Falcon.echo(self, req, resp)

    on_put_marked = on_get_marked

    @cors_policy(MARKED)
    async def on_get_marked_crash(self, req: Any, resp: Any) -> None:
        raise Crash

    @cors_exempt
    async def on_get_exempt(self, req: Any, resp: Any) -> None:
        resp.text = "app"
        resp.set_headers(OWN_HEADERS)

    on_options_exempt = on_get_exempt


def _falcon_marked(app: Any, resource: _Falcon) -> None:
    for suffix in ("marked", "marked_crash", "exempt"):
        app.add_route(f"/{suffix.replace('_', '-')}", resource, suffix=suffix)


def falcon_wsgi(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    router = CompiledRouter()
    middleware = cors_core_falcon.CORSMiddleware(policy=policy, router=router, **choice)
    app = falcon.App(middleware=[middleware], router=router)
    if marked:
        _falcon_marked(app, _FalconMarked())
    return partial(call_wsgi, _falcon_app(app, _Falcon()))


def falcon_asgi(policy: Any, *, marked: bool = False, **choice: Any) -> Send:
    router = CompiledRouter()
    middleware = cors_core_falcon.CORSMiddleware(policy=policy, router=router, **choice)
    app = falcon.asgi.App(middleware=[middleware], router=router)
    if marked:
        _falcon_marked(app, _FalconMarkedAsync())
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
