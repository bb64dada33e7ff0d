"""The small app in Pyramid."""

import warnings
from functools import lru_cache
from typing import Any

with warnings.catch_warnings():
    # Pyramid imports `pkg_resources`, and WebOb `cgi` before Python 3.13, both deprecated.
    warnings.simplefilter("ignore")
    from pyramid.config import Configurator  # type: ignore[import-untyped]  # it has no types
    from pyramid.httpexceptions import HTTPConflict  # type: ignore[import-untyped]  # has no stubs
    from pyramid.response import Response  # type: ignore[import-untyped]  # has no stubs

from cors_core.wsgi import CORSMiddleware
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer


def view(route: Route) -> Any:
    def serve(request: Any) -> Any:
        asked = request.headers.get("X-App-Headers")
        try:
            status, headers, chunks = answer(route.full_path, request.method, asked)
        except Handled:
            raise HTTPConflict from None
        response = Response(app_iter=chunks, status=status)
        for name, value in headers:
            response.headers.add(name, value)
        return response

    return serve


@lru_cache
def app_without_policy() -> Any:
    config = Configurator()
    for route in small_app.ROUTES:
        config.add_route(route.path, route.path)
        config.add_view(view(route), route_name=route.path, request_method=(*route.methods,))
    return config.make_wsgi_app()


def build(policy: Any, **choice: Any) -> Any:
    return CORSMiddleware(app_without_policy(), policy=policy, **choice)
