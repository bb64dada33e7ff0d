"""The small app that every driver puts its adapter round: its routes as data, and their answers.

Its own responses carry `X-App: reached`. `apps` has it once in each framework.

    /              any method: 200 "app", with the headers that the request's X-App-Headers asks for
    /own-options   a route that answers OPTIONS itself: 204
    /get-only      GET, and 405 for the rest
    /handled       an error that the app handles: 409
    /crash         an exception that nobody handles: 500
    /stream        200, the body in three chunks
    /meanwhile     200, and something happens while the app answers: see `meanwhile`
    /redirect      a redirect to the Location that X-App-Headers asks for
    else           404

MARKED_ROUTES and LATE_ROUTES are there only if a driver is told so.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cors_core import EXEMPT, OriginLookup, Policy, PolicyRequest, cors_exempt, cors_policy

from .transports import Request

PARTNER = "https://partner.example"
"""The origin that marked routes allow."""
LOOKED_UP = "https://db.example"
"""The origin that the mark of one route looks up."""

MARK = Policy(allow_origins=[PARTNER], allow_methods=["GET", "PUT"])
"""What most of the marked routes want."""
OTHER_MARK = Policy(allow_origins=[PARTNER], allow_methods=["POST"], max_age=5)
LOOKUP_MARK = Policy(allow_origins=[OriginLookup(lambda origin: origin == LOOKED_UP)])

OWN_HEADERS = [("X-App", "reached"), ("Access-Control-Allow-Origin", "*")]
"""What the exempt routes set."""

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"]
CHUNKS = [b"one ", b"two ", b"three"]

Answer = tuple[int, list[tuple[str, str]], list[bytes]]
"""A status, header lines, and the chunks of the body."""


class Crash(Exception):
    """What nobody handles."""


class Handled(Exception):
    """What the app handles, with a 409."""


class BrokenConverter(Exception):
    """What the converter of `{value:broken}` raises: no framework takes it for a 404."""


def failing_mark(_: PolicyRequest) -> Policy:
    """Fail, as a policy that is chosen at run time may."""
    raise TimeoutError("the database is away")


def chosen_mark(asked: PolicyRequest) -> Policy | None:
    """Choose by origin: everybody's policy for one of them."""
    return Policy(allow_origins=["*"]) if asked.origin == PARTNER else None


@dataclass(frozen=True)
class Route:
    """A path of the small app, and who serves it: one function, or a class with methods.

    A path parameter is written as in Starlette: `{number:int}`, or `{value:broken}`, whose
    converter raises BrokenConverter.
    """

    path: str
    methods: Mapping[str, Any]
    """The mark of each method's handler, if it has one of its own."""
    mark: Any = None
    """The mark of the function or the class."""
    is_class: bool = False
    part: str = ""
    """The prefix of the part of the app that the route is in: a mount, a blueprint, an include."""

    @property
    def full_path(self) -> str:
        return self.part + self.path


def function(path: str, methods: Iterable[str] = ("GET",), mark: Any = None, **more: Any) -> Route:
    return Route(path, dict.fromkeys(methods), mark, **more)


def resource(path: str, methods: Mapping[str, Any], mark: Any = None) -> Route:
    return Route(path, methods, mark, is_class=True)


ROUTES = [
    function("/", METHODS),
    function("/own-options", ["OPTIONS"]),
    function("/get-only"),
    function("/handled"),
    function("/crash"),
    function("/stream"),
    function("/meanwhile"),
    function("/redirect", ["GET", "PUT"]),
]
MARKED_ROUTES = [
    function("/marked", ["GET", "PUT", "OPTIONS"], MARK),
    function("/named", mark="named"),
    function("/exempt", ["GET", "OPTIONS"], EXEMPT),
    function("/marked-handled", mark=MARK),
    function("/marked-crash", mark=MARK),
    function("/marked-stream", mark=MARK),
    function("/looked-up", mark=LOOKUP_MARK),
    function("/failing", mark=failing_mark),
    function("/chosen", mark=chosen_mark),
    function("/items/{number:int}", mark=MARK),
    function("/broken/{value:broken}", mark=MARK),
    function("/folder/", mark=MARK),
    function("/marked", mark=MARK, part="/part"),
    function("/plain", part="/part"),
    function("/split", ["GET"]),
    function("/split", ["PUT"], MARK),
    resource("/things", {"GET": None, "OPTIONS": None, "POST": OTHER_MARK, "PUT": EXEMPT}, MARK),
    resource("/single", {"GET": None, "PUT": MARK}),
    resource("/heads", {"GET": MARK}),
    resource("/own-heads", {"GET": MARK, "HEAD": None}),
]
LATE_ROUTES = [function("/late", mark=MARK), function("/unknown", mark="unknown")]
"""Added when the adapter is in place, and where the framework allows it, has served a request."""


def routes(*, marked: bool = False, late: bool = False) -> list[Route]:
    """Return the routes of an app."""
    return ROUTES + (MARKED_ROUTES if marked else []) + (LATE_ROUTES if late else [])


def by_path(routes: Iterable[Route]) -> list[Route]:
    """Return the routes with one for each path, for frameworks where a path has one endpoint.

    Functions that share a path become the methods of one class.
    """
    merged: dict[str, Route] = {}
    for route in routes:
        before = merged.get(route.full_path)
        if before is not None:
            methods = {method: one.mark for one in (before, route) for method in one.methods}
            route = Route(route.path, methods, is_class=True, part=route.part)
        merged[route.full_path] = route
    return list(merged.values())


def marked(endpoint: Any, mark: Any) -> Any:
    """Return the endpoint, marked as an app's author would do it."""
    if mark is None:
        return endpoint
    return cors_exempt(endpoint) if mark is EXEMPT else cors_policy(mark)(endpoint)


def wanted_headers(asked: str | None) -> list[tuple[str, str]]:
    """Return the headers that the app sets of its own, as the request's X-App-Headers says."""
    return [("X-App", "reached"), *map(tuple, json.loads(asked or "[]"))]


def answer(path: str, method: str, asked: str | None) -> Answer:
    """Return what the route of `path` answers.

    :raises Handled: for the framework to answer with a 409.
    :raises Crash: for nobody to catch.
    """
    name = path.removeprefix("/part").removeprefix("/marked-").strip("/")
    if name == "crash":
        raise Crash
    if name == "handled":
        raise Handled
    if name == "own-options":
        return 204, [("Allow", "GET"), ("X-App", "reached")], []
    if name == "exempt" or (name, method) == ("things", "PUT"):
        return 200, list(OWN_HEADERS), [b"app"]
    if name == "redirect":
        return 302, wanted_headers(asked), []
    if name == "meanwhile":
        _meanwhile[-1]()
    return 200, wanted_headers(asked), CHUNKS if name == "stream" else [b"app"]


_meanwhile: list[Callable[[], None]] = [lambda: None]


@contextmanager
def meanwhile(action: Callable[[], None]) -> Iterator[None]:
    """Have `action` happen while `/meanwhile` answers, as long as the `with` block lasts."""
    _meanwhile.append(action)
    try:
        yield
    finally:
        _meanwhile.pop()


# The app with no framework at all.

_PARAMETERS = {"int": r"\d+", "broken": "[^/]+"}


def find(path: str, method: str, *, marked: bool = False, late: bool = False) -> list[Route]:
    """Return the route that serves `method` at `path`, if there is one, then others of the path."""
    found = [
        route
        for route in routes(marked=marked, late=late)
        if re.fullmatch(
            re.sub(r"{\w+:(\w+)}", lambda match: _PARAMETERS[match[1]], route.full_path), path
        )
    ]
    return sorted(found, key=lambda route: not serves(route, method))


def serves(route: Route, method: str) -> bool:
    """Say whether a route serves a method, as GET serves HEAD."""
    return method in route.methods or (method == "HEAD" and "GET" in route.methods)


def mark_for(route: Route, method: str) -> Any:
    """Return the mark that applies to `method`: of its handler, else of its function or class."""
    if not serves(route, method):
        return None
    handler = route.methods[method if method in route.methods else "GET"]
    return route.mark if handler is None else handler


def plain_answer(request: Request, *, marked: bool = False, late: bool = False) -> Answer:
    """Be the app with no framework.

    :raises Crash: where the app crashes.
    """
    found = find(request.path, request.method, marked=marked, late=late)
    asked = dict(request.headers).get("X-App-Headers", b"").decode()
    if not found or not serves(found[0], request.method):
        return 405 if found else 404, wanted_headers(asked), [b"error"]
    try:
        return answer(found[0].full_path, request.method, asked)
    except Handled:
        return 409, wanted_headers(asked), [b"error"]
