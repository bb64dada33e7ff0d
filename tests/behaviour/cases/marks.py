"""R20-R21 on marked routes, as each framework's own router finds them.

The drivers without a router have no part in these cases.
"""

from collections.abc import Mapping
from typing import Any

from cors_core import Policy, PolicyRequest
from tests.behaviour.case import (
    ORIGIN,
    OTHER_ORIGIN,
    Case,
    Differs,
    Expected,
    preflight,
    request,
)
from tests.behaviour.small_app import LOOKED_UP, MARK, PARTNER, BrokenConverter
from tests.behaviour.transports import Request

from .choice import (
    CLOSED,
    CLOSED_PREFLIGHT,
    REFUSED,
    TEN_MINUTES,
    allowed,
    by_method,
    case,
    shown,
    to,
)
from .errors import falcon_errors

EXEMPT = Expected({"Access-Control-Allow-Origin": "*"})
OWN_ANSWER = Expected({})
"""What an exempt endpoint answers to a preflight, without a word of CORS."""
MARKED = {"marked": True, "policies": {"named": MARK}}
GUARDED = {**MARKED, "guarded": True}
LATE = {**MARKED, "late": True}

DEFAULT_PREFLIGHT = allowed(ORIGIN, "GET")
MARK_PREFLIGHT = allowed(PARTNER, "GET, PUT", **TEN_MINUTES)
METHOD_REFUSED = Expected(shown(ORIGIN, "GET"), 400, "Disallowed CORS method", app=False)
ORIGIN_REFUSED = Expected(REFUSED, 400, "Disallowed CORS origin", app=False)
BOTH_REFUSED = Expected(REFUSED, 400, "Disallowed CORS origin, method", app=False)


def marked(id: str, sent: Request, expected: Expected, **more: Any) -> Case:
    return case(id, sent, expected, choice=more.pop("choice", MARKED), **more)


def error(
    id: str, sent: Request, headers: Mapping[str, str], status: int | None, **more: Any
) -> Case:
    """Return a case where the framework answers, or the app with an error."""
    differs = {**falcon_errors(headers, status), **more.pop("differs", {})}
    return marked(id, sent, Expected(headers, status, app=None), differs=differs, **more)


def decided_by_mark(id: str, path: str, **more: Any) -> list[Case]:
    """Return the cases of a route with the usual mark."""
    return [
        marked(f"{id}-actual", request(PARTNER, path=path), Expected(to(PARTNER)), **more),
        marked(f"{id}-refused", request(path=path), Expected(CLOSED), **more),
        marked(f"{id}-preflight", preflight(origin=PARTNER, path=path), MARK_PREFLIGHT, **more),
        marked(f"{id}-refused-preflight", preflight(path=path), ORIGIN_REFUSED, **more),
    ]


NO_HEAD = "it does not serve HEAD by the function of GET"
ANY_CASE = "it serves a method in lower case as in upper case, so the method's exemption applies"
IN_THE_VIEW = "a function view refuses methods itself, and so is what serves them"


def unlike(reason: str, expected: Expected, *drivers: str) -> dict[str, Differs]:
    return dict.fromkeys(drivers, Differs(reason, expected))


DJANGO = ("django-wsgi", "django-asgi")
FALCON = ("falcon-wsgi", "falcon-asgi")

FUNCTIONS = [
    *decided_by_mark("marked", "/marked"),
    *decided_by_mark("named", "/named"),
    *decided_by_mark("included", "/part/marked"),
    *decided_by_mark("parameter", "/items/5"),
    *decided_by_mark("slash", "/folder/"),
    *decided_by_mark("late", "/late", choice=LATE),
    marked("marked-without-origin", request(None, path="/marked"), Expected(CLOSED)),
    marked(
        "marked-preflight-of-put",
        preflight("PUT", origin=PARTNER, path="/marked"),
        MARK_PREFLIGHT,
    ),
    marked("marked-put", request(PARTNER, "PUT", "/marked"), Expected(to(PARTNER))),
    marked("marked-own-options", request(PARTNER, "OPTIONS", "/marked"), Expected(to(PARTNER))),
    marked(
        "marked-own-options-preflight",
        preflight("OPTIONS", path="/marked", origin=PARTNER),
        Expected(
            shown(PARTNER, "GET, PUT", **TEN_MINUTES), 400, "Disallowed CORS method", app=False
        ),
    ),
    marked(
        "marked-stream",
        request(PARTNER, path="/marked-stream"),
        Expected(to(PARTNER), body="one two three"),
    ),
    marked(
        "function-of-another-method",
        request(path="/split"),
        Expected(to(ORIGIN)),
    ),
    marked("function-of-this-method", request(PARTNER, "PUT", "/split"), Expected(to(PARTNER))),
    marked(
        "preflight-of-the-function-of-another-method", preflight(path="/split"), DEFAULT_PREFLIGHT
    ),
    marked(
        "preflight-of-the-function-of-this-method",
        preflight("PUT", path="/split", origin=PARTNER),
        MARK_PREFLIGHT,
    ),
    marked(
        "mark-that-looks-up",
        request(LOOKED_UP, path="/looked-up"),
        Expected(to(LOOKED_UP)),
    ),
    marked("mark-that-looks-up-in-vain", request(path="/looked-up"), Expected(CLOSED)),
    marked(
        "head-of-a-marked-get",
        request(PARTNER, "HEAD", "/named"),
        Expected(to(PARTNER), app=None),
        differs=unlike(NO_HEAD, Expected(CLOSED, 405, app=None), "fastapi")
        | unlike(NO_HEAD, Expected({"Vary": "Accept, Origin"}, 405, app=None), *FALCON),
    ),
    marked(
        "head-of-a-marked-get-preflight",
        preflight("HEAD", path="/named"),
        BOTH_REFUSED,
        differs=unlike(NO_HEAD, METHOD_REFUSED, "fastapi", *FALCON),
    ),
]

CLASSES = [
    marked("class-actual", request(PARTNER, path="/things"), Expected(to(PARTNER))),
    marked("class-preflight", preflight(origin=PARTNER, path="/things"), MARK_PREFLIGHT),
    marked("method-beats-class", request(OTHER_ORIGIN, "PUT", "/things"), EXEMPT),
    marked(
        "method-beats-class-preflight",
        preflight("PUT", origin=PARTNER, path="/things"),
        OWN_ANSWER,
    ),
    marked(
        "another-method-beats-class-preflight",
        preflight("POST", origin=PARTNER, path="/things"),
        allowed(PARTNER, "POST", Access_Control_Max_Age="5"),
    ),
    marked("unmarked-method", request(path="/single"), Expected(to(ORIGIN))),
    marked("marked-method", request(PARTNER, "PUT", "/single"), Expected(to(PARTNER))),
    marked("unmarked-method-preflight", preflight(path="/single"), DEFAULT_PREFLIGHT),
    marked(
        "marked-method-preflight", preflight("PUT", path="/single", origin=PARTNER), MARK_PREFLIGHT
    ),
    marked(
        "head-by-the-mark-of-get",
        request(PARTNER, "HEAD", "/heads"),
        Expected(to(PARTNER), app=None),
        differs=unlike(NO_HEAD, Expected({"Vary": "Accept, Origin"}, 405, app=None), *FALCON),
    ),
    marked(
        "head-by-the-mark-of-get-preflight",
        preflight("HEAD", path="/heads"),
        BOTH_REFUSED,
        differs=unlike(NO_HEAD, METHOD_REFUSED, *FALCON),
    ),
    marked("head-of-its-own", request(method="HEAD", path="/own-heads"), Expected(to(ORIGIN))),
    marked("head-of-its-own-preflight", preflight("HEAD", path="/own-heads"), METHOD_REFUSED),
    *(
        marked(f"hostile-method-{number}", preflight(method, path="/things"), METHOD_REFUSED)
        for number, method in enumerate(
            [
                "get ",
                "DISPATCH",
                "__INIT__",
                "AS_VIEW",
                "SETUP",
                "*",
                "NO SUCH",
                "\xff",
                "WEBSOCKET",
            ]
        )
    ),
    marked(
        "method-in-lower-case",
        preflight("put", path="/things"),
        METHOD_REFUSED,
        differs=unlike(ANY_CASE, OWN_ANSWER, "flask", *DJANGO),
    ),
    marked("hostile-method-empty", preflight("", path="/things"), METHOD_REFUSED),
    marked("hostile-method-long", preflight("X" * 9000, path="/things"), METHOD_REFUSED),
]

EXEMPTED = [
    marked(
        "everybody-chosen-by-a-mark-varies",
        request(PARTNER, path="/chosen"),
        Expected({"Access-Control-Allow-Origin": "*", "Vary": "Origin"}),
    ),
    marked("exempt-actual", request(OTHER_ORIGIN, path="/exempt"), EXEMPT),
    marked("exempt-without-origin", request(None, path="/exempt"), EXEMPT),
    marked("exempt-preflight", preflight("GET", path="/exempt"), EXEMPT),
]

NOT_SERVED = [
    marked("unmarked-beside-marked", request(), Expected(to(ORIGIN))),
    marked("preflight-of-unmarked-beside-marked", preflight(), DEFAULT_PREFLIGHT),
    marked("unmarked-in-a-part", request(path="/part/plain"), Expected(to(ORIGIN))),
    *(
        error(f"not-found{path.replace('/', '-')}", request(path=path), to(ORIGIN), 404)
        for path in ("/missing", "/part/missing", "/items/five", "/items/", "/named/x")
    ),
    *(
        marked(f"preflight-of-not-found-{number}", preflight(path=path), DEFAULT_PREFLIGHT)
        for number, path in enumerate(
            [
                "/missing",
                "/marked/",
                "/part/missing",
                "/items/five",
                "/%00",
                "/\0",
                "//",
                "/marked/" * 99,
            ]
        )
    ),
    error(
        "method-not-allowed",
        request(method="POST", path="/marked"),
        to(ORIGIN),
        405,
        differs=unlike(IN_THE_VIEW, Expected(CLOSED, 405, app=None), *DJANGO),
    ),
    marked(
        "preflight-of-a-method-not-allowed",
        preflight("POST", path="/marked"),
        METHOD_REFUSED,
        differs=unlike(IN_THE_VIEW, BOTH_REFUSED, *DJANGO),
    ),
    error(
        "method-not-allowed-of-a-class", request(method="DELETE", path="/things"), to(ORIGIN), 405
    ),
    marked(
        "preflight-of-a-method-not-allowed-of-a-class",
        preflight("DELETE", path="/things"),
        METHOD_REFUSED,
    ),
    error("redirect-to-the-slash", request(path="/folder"), to(ORIGIN), None),
    error("redirect-from-the-slash", request(path="/marked/"), to(ORIGIN), None),
    marked("redirect-to-the-slash-preflight", preflight(path="/folder"), DEFAULT_PREFLIGHT),
]

ERRORS = [
    error("marked-handled", request(PARTNER, path="/marked-handled"), to(PARTNER), 409),
    error("marked-handled-refused", request(path="/marked-handled"), CLOSED, 409),
    error("marked-crash", request(PARTNER, path="/marked-crash"), to(PARTNER), 500),
    error("marked-crash-refused", request(path="/marked-crash"), CLOSED, 500),
]

AUTHENTICATION = [
    error(
        "turned-away-from-marked",
        request(PARTNER, path="/marked", authorization="no"),
        to(PARTNER),
        401,
        choice=GUARDED,
    ),
    error(
        "turned-away-from-exempt",
        request(path="/exempt", authorization="no"),
        {},
        401,
        choice=GUARDED,
    ),
    error(
        "turned-away-from-unmarked",
        request(path="/", authorization="no"),
        to(ORIGIN),
        401,
        choice=GUARDED,
    ),
    error(
        "turned-away-from-nothing",
        request(path="/missing", authorization="no"),
        to(ORIGIN),
        401,
        choice=GUARDED,
    ),
    marked(
        "preflight-before-authentication",
        preflight("PUT", origin=PARTNER, path="/marked", authorization="no"),
        MARK_PREFLIGHT,
        choice=GUARDED,
    ),
    marked("signed-in", request(PARTNER, path="/marked"), Expected(to(PARTNER)), choice=GUARDED),
]

PATHS = {**MARKED, "paths": [("/marked", Policy()), ("/split", "named"), ("/part", Policy())]}
PRECEDENCE = [
    *decided_by_mark("mark-before-path", "/marked", choice=PATHS),
    marked("path-before-default", request(path="/part/plain"), Expected(CLOSED), choice=PATHS),
    marked(
        "path-of-an-unmarked-method",
        preflight(origin=PARTNER, path="/split"),
        MARK_PREFLIGHT,
        choice=PATHS,
    ),
    error("path-of-what-is-missing", request(path="/part/x"), CLOSED, 404, choice=PATHS),
    marked("default-beside-paths", request(), Expected(to(ORIGIN)), choice=PATHS),
]


def failing(_: object) -> Policy:
    raise TimeoutError("the database is away")


CALLABLES = [
    marked(
        f"callable-not-asked-on-{route}", sent, expected, source=failing, asked=[], differs=differs
    )
    for route, sent, expected, differs in (
        ("marked", request(PARTNER, path="/marked"), Expected(to(PARTNER)), {}),
        ("marked-refused", request(path="/marked"), Expected(CLOSED), {}),
        ("marked-preflight", preflight(origin=PARTNER, path="/marked"), MARK_PREFLIGHT, {}),
        ("exempt", request(path="/exempt"), EXEMPT, {}),
        ("exempt-preflight", preflight(path="/exempt"), EXEMPT, {}),
        (
            "marked-crash",
            request(PARTNER, path="/marked-crash"),
            Expected(to(PARTNER), 500, app=None),
            falcon_errors(to(PARTNER), 500),
        ),
    )
]

CALLABLES += [
    marked(
        "callable-asked-once-beside-marks",
        request(),
        Expected(to(ORIGIN)),
        source=by_method,
        asked=[PolicyRequest("", "/", "GET", ORIGIN)],
    ),
    marked(
        "callable-asked-once-beside-marks-preflight",
        preflight("DELETE", path="/missing"),
        allowed(ORIGIN, "DELETE"),
        source=by_method,
        asked=[PolicyRequest("", "/missing", "DELETE", ORIGIN)],
    ),
    error(
        "callable-asked-once-about-what-is-missing",
        request(path="/missing"),
        to(ORIGIN),
        404,
        source=by_method,
        asked=[PolicyRequest("", "/missing", "GET", ORIGIN)],
    ),
]

CLOSING = [
    marked(
        "failing-mark",
        request(path="/failing"),
        Expected(CLOSED, body="app"),
        rule="R21",
        logged=[TimeoutError],
    ),
    marked(
        "failing-mark-preflight",
        preflight(path="/failing"),
        CLOSED_PREFLIGHT,
        rule="R21",
        logged=[TimeoutError],
    ),
    marked(
        "unknown-name",
        request(path="/unknown"),
        Expected(CLOSED, body="app"),
        rule="R21",
        logged=[Exception],
        choice=LATE,
    ),
    marked(
        "unknown-name-preflight",
        preflight(path="/unknown"),
        CLOSED_PREFLIGHT,
        rule="R21",
        logged=[Exception],
        choice=LATE,
    ),
    marked(
        "default-beside-an-unknown-name", request(), Expected(to(ORIGIN)), rule="R21", choice=LATE
    ),
    error(
        "router-that-raises",
        request(path="/broken/x"),
        CLOSED,
        500,
        rule="R21",
        logged=[BrokenConverter],
    ),
    marked(
        "router-that-raises-preflight",
        preflight(path="/broken/x"),
        CLOSED_PREFLIGHT,
        rule="R21",
        logged=[BrokenConverter],
    ),
]

CASES = [
    *FUNCTIONS,
    *CLASSES,
    *EXEMPTED,
    *NOT_SERVED,
    *ERRORS,
    *AUTHENTICATION,
    *PRECEDENCE,
    *CALLABLES,
    *CLOSING,
]
