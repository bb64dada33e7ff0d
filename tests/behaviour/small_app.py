"""The small app that every driver puts its adapter round, and its answers without a framework.

Its own responses carry `X-App: reached`.

    /              any method: 200 "app", with the headers that the request's X-App-Headers asks for
    /own-options   a route that answers OPTIONS itself: 204
    /get-only      GET, and 405 for the rest
    /handled       an error that the app handles: 409
    /crash         an exception that nobody handles: 500
    /stream        200, the body in three chunks
    /marked        GET and PUT, only where the routes are marked: the policy MARKED
    /marked-crash  the same, an exception that nobody handles
    /exempt        GET and OPTIONS, only where the routes are marked: no policy, its own header
    else           404
"""

import json

from cors_core import EXEMPT, Policy

from .transports import Request

MARKED = Policy(allow_origins=["https://partner.example"], allow_methods=["GET", "PUT"])
"""What the marked routes want."""

OWN_HEADERS = [("X-App", "reached"), ("Access-Control-Allow-Origin", "*")]
"""What the exempt route sets."""

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"]
CHUNKS = [b"one ", b"two ", b"three"]


class Crash(Exception):
    """What nobody handles."""


class Handled(Exception):
    """What the app handles."""


def wanted_headers(asked: str | None) -> list[tuple[str, str]]:
    """Return the headers that the app sets of its own, as the request's X-App-Headers says."""
    return [("X-App", "reached"), *map(tuple, json.loads(asked or "[]"))]


def plain_answer(request: Request) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    """Be the app with no framework at all."""
    headers = wanted_headers(dict(request.headers).get("X-App-Headers", b"").decode())
    status = {
        "/": 200,
        "/own-options": 204,
        "/get-only": 200 if request.method == "GET" else 405,
        "/handled": 409,
        "/stream": 200,
        "/marked": 200,
        "/exempt": 200,
    }.get(request.path, 404)
    if request.path in ("/crash", "/marked-crash"):
        raise Crash
    if request.path == "/exempt":
        headers = OWN_HEADERS
    chunks = {204: [], 200: [b"app"]}.get(status, [b"error"])
    return status, headers, CHUNKS if request.path == "/stream" else chunks


def plain_mark(path: str, method: str) -> object:
    """Return the mark of the endpoint for `method` at `path`, as a router would find it."""
    marks: dict[tuple[str, str], object] = {
        ("/marked", "GET"): MARKED,
        ("/marked", "PUT"): MARKED,
        ("/marked-crash", "GET"): MARKED,
        ("/exempt", "GET"): EXEMPT,
    }
    return marks.get((path, method))
