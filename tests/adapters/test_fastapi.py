"""What only FastAPI has: path operations in included routers, and a prefix that a proxy keeps."""

from functools import partial

import fastapi
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from cors_core import cors_exempt, cors_policy
from cors_core_starlette import CORSMiddleware
from tests.adapters.starlette_apps import (
    BOTH_DEFAULT,
    BOTH_EXEMPT,
    BOTH_MARK,
    DEFAULT,
    MARK,
    decided_by,
    marked,
    plain,
    with_cors,
)
from tests.behaviour.case import request
from tests.behaviour.transports import call_asgi


def fastapi_app() -> fastapi.FastAPI:
    """Return an app with marked path operations in every corner."""

    def signed_in(request: fastapi.Request) -> None:
        if request.headers.get("authorization") == "no":
            raise fastapi.HTTPException(401)

    app = fastapi.FastAPI(dependencies=[fastapi.Depends(signed_in)])
    inner, outer = fastapi.APIRouter(prefix="/inner"), fastapi.APIRouter(prefix="/outer")

    @app.get("/below")
    @cors_policy(MARK)
    def below() -> str:
        return "below"

    @cors_policy("named")
    @app.put("/above")
    async def above(number: int = 0) -> int:
        return number

    @app.get("/above")
    def unmarked() -> str:
        return "unmarked"

    for router in (inner, outer):

        @router.put("/{number}")
        @cors_policy(MARK)
        def item(number: int) -> int:
            return 1 // number

        @router.delete("/{number}")
        @cors_exempt
        def delete(number: int) -> int:
            return number

        router.add_route("/starlette", marked)

    outer.mount("/mount", Starlette(routes=[Route("/marked", marked), Route("/x", plain)]))
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    app.include_router(inner)
    late = fastapi.APIRouter()
    late.add_api_route("/late", below)
    app.include_router(late)
    return app


@pytest.mark.parametrize("prefix", ["", "/sub"])
def test_fastapi(prefix: str) -> None:
    app = fastapi_app()
    if prefix:
        outermost = fastapi.FastAPI()
        outermost.mount(prefix, app)
        app = outermost
    with_cors(app)
    asked = partial(decided_by, app)
    assert asked("GET", f"{prefix}/below") == BOTH_MARK
    assert asked("POST", f"{prefix}/below") == BOTH_DEFAULT
    assert asked("GET", f"{prefix}/late") == BOTH_MARK
    assert asked("PUT", f"{prefix}/above") == BOTH_MARK
    assert asked("PUT", f"{prefix}/above", authorization="no") == BOTH_MARK
    assert asked("GET", f"{prefix}/above") == BOTH_DEFAULT
    for router in ("/inner", "/v1/outer", "/v1/outer/inner"):
        at = prefix + router
        assert asked("PUT", f"{at}/1") == BOTH_MARK
        assert asked("PUT", f"{at}/0") == BOTH_MARK, "a crash"
        assert asked("PUT", f"{at}/x") == BOTH_MARK, "a 422"
        assert asked("DELETE", f"{at}/1") == BOTH_EXEMPT
        assert asked("POST", f"{at}/1") == BOTH_DEFAULT, "a 405"
    assert asked("GET", f"{prefix}/missing") == BOTH_DEFAULT
    assert asked("PUT", f"{prefix}/outer/1") == BOTH_DEFAULT
    # What is not FastAPI's own takes no prefix of its router, only that of include_router.
    for at in (prefix, f"{prefix}/v1"):
        assert asked("GET", f"{at}/starlette") == BOTH_MARK
        assert asked("POST", f"{at}/starlette") == BOTH_DEFAULT, "a 405"
    # FastAPI before 0.137 includes no mounts.
    if call_asgi(app, request(path=f"{prefix}/v1/mount/x")).body == b"plain":
        assert asked("GET", f"{prefix}/v1/mount/marked") == BOTH_MARK
        assert asked("GET", f"{prefix}/v1/mount/x") == BOTH_DEFAULT


def test_fastapi_behind_a_proxy_that_keeps_the_prefix() -> None:
    app = fastapi.FastAPI()
    app.root_path = "/proxied"  # as an argument it is deprecated
    app.get("/marked")(cors_policy(MARK)(lambda: "marked"))
    for wrapped in (CORSMiddleware(app, policy=DEFAULT), with_cors(app)):
        assert decided_by(wrapped, "GET", "/proxied/marked") == BOTH_MARK
        assert decided_by(wrapped, "GET", "/marked") == BOTH_MARK
        assert decided_by(wrapped, "GET", "/proxied/missing") == BOTH_DEFAULT
