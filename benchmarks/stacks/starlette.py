"""A Starlette app with the layers in its own way, `add_middleware`."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware as StarletteCORS
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.situations import OPTIONS
from benchmarks.stacks.asgi import starlette_options
from benchmarks.stacks.floors import ASGIFloor
from cors_core_starlette import CORSMiddleware

TITLE = "Starlette app, add_middleware"
PEER = "Starlette's CORSMiddleware"
TRANSPORT = "asgi"


async def _items(request: Request) -> JSONResponse:
    return JSONResponse({"items": []})


def bare() -> Starlette:
    """Return the app without a CORS layer."""
    return Starlette(routes=[Route("/items", _items, methods=["GET", "PUT"])])


def variants(origins: list[str]) -> dict[str, Any]:
    """Return the app in each layer."""
    layers: dict[str, tuple[Any, dict[str, Any]]] = {
        "floor": (ASGIFloor, {}),
        "peer": (StarletteCORS, starlette_options(origins)),
        "ours": (CORSMiddleware, {"allow_origins": origins, **OPTIONS}),
    }
    apps = {"bare": bare()}
    for name, (layer, options) in layers.items():
        apps[name] = bare()
        apps[name].add_middleware(layer, **options)
    return apps
