"""The small app in FastAPI: path operations; its classes are Starlette's, as FastAPI has none."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI

from tests.behaviour.small_app import Route

from .starlette import endpoint, put_together


def add(app: Any, routes: Iterable[Route]) -> None:
    parts: dict[str, APIRouter] = {}
    for route in routes:
        router = parts.setdefault(route.part, APIRouter()) if route.part else app.router
        if route.is_class:
            router.add_route(route.path, endpoint(route))
        else:
            router.add_api_route(route.path, endpoint(route), methods=list(route.methods))
    for prefix, router in parts.items():
        app.include_router(router, prefix=prefix)


def build(policy: Any, **more: Any) -> Any:
    return put_together(FastAPI(), add, policy, **more)
