"""Apps of Starlette and FastAPI with marked endpoints, and whose policy decided at a path."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute

from cors_core import Policy, cors_exempt, cors_policy
from cors_core_starlette import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.small_app import PARTNER
from tests.behaviour.transports import Response, call_asgi

DEFAULT = Policy(allow_origins=[ORIGIN])
MARK = Policy(allow_origins=[PARTNER], allow_methods=["GET", "PUT"])

App = Callable[..., Awaitable[None]]


async def plain(_: Request) -> PlainTextResponse:
    return PlainTextResponse("plain", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy(MARK)
async def marked(request: Request) -> PlainTextResponse:
    return PlainTextResponse("marked", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy("named")
def named(_: Request) -> PlainTextResponse:
    return PlainTextResponse("named")


@cors_exempt
async def exempt(_: Request) -> PlainTextResponse:
    return PlainTextResponse("exempt", headers={"Access-Control-Allow-Origin": "app"})


@cors_policy(MARK)
async def crash(_: Request) -> Any:
    raise ZeroDivisionError


def with_cors(app: Any, *middleware: Any, **options: Any) -> Any:
    """Put our middleware into an app, round those given."""
    for one in middleware:
        app.add_middleware(one)
    app.add_middleware(CORSMiddleware, **{"policy": DEFAULT, "policies": {"named": MARK}} | options)
    return app


def starlette(*routes: BaseRoute, **options: Any) -> Any:
    return with_cors(Starlette(routes=routes), **options)


def decided_by(app: App, method: str, path: str, **headers: str) -> tuple[str, str]:
    """Say whose policy decided a preflight, and whose the actual request, at one path."""
    answers = []
    for asked in (
        partial(preflight, method, path=path),
        partial(request, method=method, path=path),
    ):
        shown = {
            origin: call_asgi(app, asked(origin=origin, **headers)) for origin in (ORIGIN, PARTNER)
        }
        answers.append(_decided_by(shown[ORIGIN], shown[PARTNER]))
    return answers[0], answers[1]


def _decided_by(default: Response, partner: Response) -> str:
    values = [one.values("access-control-allow-origin") for one in (default, partner)]
    vary = [one.values("vary") for one in (default, partner)]
    if values == [[ORIGIN], []]:
        assert all(vary)
        return "default"
    if values == [[], [PARTNER]]:
        assert all(vary)
        return "mark"
    if default.values("content-type") == ["text/plain"]:
        assert default.status == partner.status == 400, (values, default, partner)
        assert values == [[], []]
    else:
        assert values in ([["app"], ["app"]], [[], []])
        assert not any(vary)
    return "exempt"


BOTH_DEFAULT = ("default", "default")
BOTH_MARK = ("mark", "mark")
BOTH_EXEMPT = ("exempt", "exempt")
