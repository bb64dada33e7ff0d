"""A framework's own CORS beside ours, by mistake: nothing is doubled, and ours decides."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.config.cors import CORSConfig
from quart import Quart
from quart_cors import cors
from sanic import Sanic, empty
from sanic_ext import Extend

from cors_core import Policy
from cors_core.asgi import CORSMiddleware
from tests.behaviour.apps.sanic import started
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.transports import Request, call_asgi

pytestmark = pytest.mark.examples

POLICY = Policy(allow_origins=[ORIGIN])


def litestar_app() -> Any:
    return Litestar([], cors_config=CORSConfig(allow_origins=[OTHER_ORIGIN]), logging_config=None)


def quart_app() -> Any:
    return cors(Quart("app"), allow_origin=OTHER_ORIGIN)


def sanic_app() -> Any:
    app = Sanic("beside", configure_logging=False)
    app.config.CORS_ORIGINS = OTHER_ORIGIN
    Extend(app)
    app.add_route(lambda request: empty(200), "/")
    return started(app)


APPS = {"litestar": litestar_app(), "quart": quart_app(), "sanic": sanic_app()}


@pytest.mark.parametrize("framework", APPS)
def test_alone_theirs_would_decide(framework: str) -> None:
    assert allowed_origin(APPS[framework], request(OTHER_ORIGIN)) == [OTHER_ORIGIN]


@pytest.mark.parametrize("framework", APPS)
def test_ours_decides(framework: str) -> None:
    app = CORSMiddleware(APPS[framework], policy=POLICY)
    for asked in (request, preflight):
        assert allowed_origin(app, asked(origin=ORIGIN)) == [ORIGIN]
        assert allowed_origin(app, asked(origin=OTHER_ORIGIN)) == []


def allowed_origin(app: Any, asked: Request) -> list[str]:
    return call_asgi(app, asked).values("Access-Control-Allow-Origin")
