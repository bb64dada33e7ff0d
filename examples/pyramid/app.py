"""Pyramid quick start, from the root of the repository:

`PYTHONPATH=. pserve examples/pyramid/development.ini http_port=6543`

A tween would stand inside Pyramid, and not see an exception that no view handles.
"""

from typing import Any
from wsgiref.types import WSGIApplication

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from cors_core.wsgi import CORSMiddleware
from examples.policy import policy

note = {"text": "Hello from Pyramid"}


def read_note(request: Request) -> dict[str, str]:
    return note


def write_note(request: Request) -> dict[str, str]:
    note["text"] = request.json_body["text"]
    return note


def delete_note(request: Request) -> Response:
    note["text"] = ""
    return Response(status=204)


def count_visits(request: Request) -> Response:
    count = int(request.cookies.get("visits", "0")) + 1
    response = Response(json_body={"visits": count})
    response.set_cookie("visits", str(count))
    return response


def crash(request: Request) -> Response:
    raise RuntimeError("nobody catches this")


def main(global_config: dict[str, str], **settings: Any) -> WSGIApplication:
    """Return the app, as `development.ini` asks for it."""
    config = Configurator(settings=settings)
    for name in ("note", "visits", "crash"):
        config.add_route(name, f"/{name}")
    config.add_view(read_note, route_name="note", request_method="GET", renderer="json")
    config.add_view(write_note, route_name="note", request_method="PUT", renderer="json")
    config.add_view(delete_note, route_name="note", request_method="DELETE")
    config.add_view(count_visits, route_name="visits")
    config.add_view(crash, route_name="crash")
    return CORSMiddleware(config.make_wsgi_app(), policy=policy)
