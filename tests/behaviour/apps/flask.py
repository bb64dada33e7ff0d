"""The small app in Flask."""

import re
from collections.abc import Iterable
from typing import Any

import flask
from flask.views import MethodView
from werkzeug.routing import BaseConverter

from cors_core_flask import CORS
from tests.behaviour import small_app
from tests.behaviour.small_app import Handled, Route, answer, marked


class Broken(BaseConverter):
    def to_python(self, value: str) -> str:
        raise small_app.BrokenConverter


def view(route: Route, name: str) -> Any:
    """Return the function or class-based view that serves a route, marked."""

    def handler() -> Any:
        def serve(*_: Any, **__: Any) -> flask.Response:
            request = flask.request
            asked = request.headers.get("X-App-Headers")
            status, headers, chunks = answer(route.full_path, request.method, asked)
            body: Any = iter(chunks) if len(chunks) > 1 else b"".join(chunks)
            response = flask.Response(body, status)
            response.headers.extend(headers)
            return response

        return serve

    if not route.is_class:
        return marked(handler(), route.mark)
    handlers = {method.lower(): marked(handler(), mark) for method, mark in route.methods.items()}
    view_class: Any = marked(type("Resource", (MethodView,), handlers), route.mark)
    return view_class.as_view(name)


def add(app: flask.Flask, routes: Iterable[Route]) -> None:
    app.url_map.converters["broken"] = Broken
    parts: dict[str, flask.Blueprint] = {}
    for route in routes:
        part = route.part
        owner: Any = app
        if part:
            owner = parts.setdefault(part, flask.Blueprint(part, __name__, url_prefix=part))
        name = " ".join([route.path, *route.methods])
        rule = re.sub(r"{(\w+):(\w+)}", r"<\2:\1>", route.path)
        methods = None if route.is_class else list(route.methods)
        owner.add_url_rule(rule, name, view(route, name), methods=methods)
    for blueprint in parts.values():
        app.register_blueprint(blueprint)


def new_app() -> flask.Flask:
    """Return an app that handles what the small app wants handled."""
    app = flask.Flask("small app")
    app.logger.disabled = True  # the crashes of the cases are expected
    app.register_error_handler(Handled, lambda error: flask.Response("conflict", 409))
    return app


def build(
    policy: Any,
    *,
    marked: bool = False,
    late: bool = False,
    guarded: bool = False,
    **choice: Any,
) -> Any:
    app = new_app()
    add(app, small_app.routes(marked=marked))
    CORS(app, policy=policy, **choice)
    if late:  # Flask takes no more routes once it has served a request
        add(app, small_app.LATE_ROUTES)

    @app.before_request
    def guard() -> None:
        if guarded and flask.request.headers.get("Authorization") == "no":
            flask.abort(401)

    return app
