"""R20-R21: which policy applies by path and at run time, and what fails. Marks are in `marks`."""

import json
from typing import Any

from cors_core import EXEMPT, OriginLookup, Policy, PolicyRequest, ReloadablePolicy
from tests.behaviour.case import (
    ORIGIN,
    OTHER_ORIGIN,
    PREFLIGHT_VARY,
    SAFELISTED,
    Case,
    Expected,
    preflight,
    request,
)
from tests.behaviour.small_app import LOOKED_UP
from tests.behaviour.transports import Request

DEFAULT = {"allow_origins": [ORIGIN], "max_age": None}
PUBLIC = Policy(allow_origins=["*"])
PATHS = {"paths": [("/stream/", PUBLIC), ("/handled", "named")], "policies": {"named": PUBLIC}}
REFUSED = {"Vary": PREFLIGHT_VARY}
CLOSED = {"Vary": "Origin"}
CLOSED_PREFLIGHT = Expected(REFUSED, 400, "Disallowed CORS origin, method", app=False)


def to(origin: str) -> dict[str, str]:
    """Return the headers of an actual request that is allowed."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def shown(origin: str, methods: str, **more: str) -> dict[str, str]:
    """Return the headers of a preflight whose origin is allowed."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": SAFELISTED,
        "Vary": PREFLIGHT_VARY,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def allowed(origin: str, methods: str, **more: str) -> Expected:
    """Return what is expected of an allowed preflight."""
    return Expected(shown(origin, methods, **more), body="OK", app=False)


def case(id: str, sent: Request, expected: Expected, rule: str = "R20", **more: Any) -> Case:
    return Case(id, rule, DEFAULT, sent, expected, **more)


TEN_MINUTES = {"Access_Control_Max_Age": "600"}
PUBLIC_ACTUAL = Expected({"Access-Control-Allow-Origin": "*"})
PUBLIC_PREFLIGHT = allowed(
    "*",
    "GET",
    **TEN_MINUTES,
    Vary="Access-Control-Request-Method, Access-Control-Request-Headers",
)

BY_PATH = [
    case("path", request(OTHER_ORIGIN, path="/stream"), PUBLIC_ACTUAL, choice=PATHS),
    case("no-path-matches", request(), Expected(to(ORIGIN)), choice=PATHS),
    case(
        "path-preflight",
        preflight("GET", origin=OTHER_ORIGIN, path="/stream/deep/er"),
        PUBLIC_PREFLIGHT,
        choice=PATHS,
    ),
    case(
        "path-of-a-longer-segment",
        preflight("GET", origin=OTHER_ORIGIN, path="/streams"),
        Expected(REFUSED, 400, "Disallowed CORS origin", app=False),
        choice=PATHS,
    ),
    case(
        "path-by-name-preflight",
        preflight("GET", origin=OTHER_ORIGIN, path="/handled"),
        PUBLIC_PREFLIGHT,
        choice=PATHS,
    ),
    # Spellings of a path that frameworks and file servers take for another: CVE-2020-25032 and
    # CVE-2019-18978 were of this class.
    *(
        case(
            f"path-with-runs-of-slashes-{number}",
            preflight("GET", origin=OTHER_ORIGIN, path=path),
            PUBLIC_PREFLIGHT,
            choice=PATHS,
        )
        for number, path in enumerate(["//stream", "/stream//x", "///stream///", "//handled//x"])
    ),
    *(
        case(
            f"path-with-dot-segments-{number}",
            preflight("GET", path=path),
            CLOSED_PREFLIGHT,
            choice=PATHS,
        )
        for number, path in enumerate(
            [
                "/stream/../",
                "/./stream",
                "/..",
                "/stream/..\\x",
                "//..//stream",
                "/stream/.",
                "\\.\\",
            ]
        )
    ),
    case(
        "path-with-dots-in-a-name",
        preflight("GET", origin=OTHER_ORIGIN, path="/stream/..a/b../.c/..."),
        PUBLIC_PREFLIGHT,
        choice=PATHS,
    ),
    case(
        "dot-segments-where-nothing-is-chosen-by-path",
        preflight("GET", path="/stream/../"),
        allowed(ORIGIN, "GET"),
    ),
]


EXEMPT_PATHS = {"paths": [("/stream/", EXEMPT), ("/own-options", EXEMPT)]}
BY_EXEMPT_PATH = [
    case("exempt-path", request(path="/stream"), Expected({}), choice=EXEMPT_PATHS),
    case("beside-an-exempt-path", request(), Expected(to(ORIGIN)), choice=EXEMPT_PATHS),
    case(
        "exempt-path-preflight",
        preflight("GET", path="/own-options"),
        Expected({}, 204),
        choice=EXEMPT_PATHS,
    ),
]


def public_for_one(asked: PolicyRequest) -> Any:
    """Choose by origin, as one must not without a Vary."""
    return PUBLIC if asked.origin == OTHER_ORIGIN else None


def exempt_for_one(asked: PolicyRequest) -> Any:
    return EXEMPT if asked.origin == OTHER_ORIGIN else None


def by_header(asked: PolicyRequest) -> Any:
    tenants = asked.headers.get("x-TENANT", "").split(",")
    return Policy(allow_origins=[ORIGIN]) if [*map(str.strip, tenants)] == ["a", "b"] else None


OWN = {"Access-Control-Allow-Origin": "https://own.example"}
VARIES = [
    case(
        "everybody-chosen-by-origin-varies",
        request(OTHER_ORIGIN),
        Expected({"Access-Control-Allow-Origin": "*", "Vary": "Origin"}),
        source=public_for_one,
    ),
    case(
        "everybody-chosen-by-origin-varies-preflight",
        preflight("GET", origin=OTHER_ORIGIN),
        allowed("*", "GET", **TEN_MINUTES),
        source=public_for_one,
    ),
    case(
        "exempt-chosen-by-origin-varies",
        request(OTHER_ORIGIN, x_app_headers=json.dumps([*OWN.items()])),
        Expected({**OWN, "Vary": "Origin"}),
        source=exempt_for_one,
    ),
    case(
        "exempt-chosen-by-origin-merges-vary",
        request(OTHER_ORIGIN, x_app_headers=json.dumps([["Vary", "Accept"]])),
        Expected({"Vary": "Accept, Origin"}),
        source=exempt_for_one,
    ),
]

BY_HEADER = [
    case(
        "callable-sees-the-headers",
        Request("GET", "/", (*request().headers, ("X-Tenant", b"a"), ("x-tenant", b"b"))),
        Expected(to(ORIGIN)),
        source=by_header,
    ),
    case("callable-sees-no-header", request(), Expected(CLOSED), source=by_header),
    case(
        "callable-sees-one-spelling-of-a-path",
        preflight("GET", path="//a//b"),
        CLOSED_PREFLIGHT,
        source=lambda asked: None,
        asked=[PolicyRequest("", "/a/b", "GET", ORIGIN)],
    ),
    case(
        "callable-is-not-asked-about-dot-segments",
        preflight("GET", path="/a/../b"),
        CLOSED_PREFLIGHT,
        source=lambda asked: PUBLIC,
        asked=[],
    ),
]


def by_host(asked: PolicyRequest) -> Policy | None:
    return {"a.example": Policy(allow_origins=[ORIGIN], max_age=None)}.get(asked.host)


def by_method(asked: PolicyRequest) -> Policy:
    return Policy(allow_origins=[ORIGIN], allow_methods=[asked.method], max_age=None)


def failing(asked: PolicyRequest) -> Policy:
    raise TimeoutError("the database is away")


def returning_nonsense(asked: PolicyRequest) -> Any:
    return ["https://app.example"]


def looked_up(allowed: bool) -> Policy:
    return Policy(allow_origins=[ORIGIN, OriginLookup(lambda origin: allowed)])


AT_RUN_TIME = [
    case(
        "callable",
        request(host="a.example"),
        Expected(to(ORIGIN)),
        source=by_host,
        asked=[PolicyRequest("a.example", "/", "GET", ORIGIN)],
    ),
    case(
        "callable-without-origin",
        request(None, host="a.example"),
        Expected(CLOSED),
        source=by_host,
        asked=[PolicyRequest("a.example", "/", "GET", None)],
    ),
    case("callable-none", request(host="b.example"), Expected(CLOSED), source=by_host),
    case(
        "callable-none-preflight",
        preflight("GET", host="b.example"),
        CLOSED_PREFLIGHT,
        source=by_host,
    ),
    case(
        "callable-sees-the-requested-method",
        preflight("DELETE"),
        allowed(ORIGIN, "DELETE"),
        source=by_method,
        asked=[PolicyRequest("", "/", "DELETE", ORIGIN)],
    ),
    case(
        "callable-of-a-path",
        request(path="/stream"),
        Expected(to(ORIGIN)),
        source=by_host,
        choice={"paths": [("/", by_method)]},
        asked=[],
    ),
    case(
        "callable-asked-once-about-a-requested-method-without-origin",
        request(None, "OPTIONS", access_control_request_method="GET"),
        Expected(CLOSED),
        source=by_method,
        asked=[PolicyRequest("", "/", "OPTIONS", None)],
    ),
    *(
        case(f"{source.__name__}{suffix}", sent, expected, "R21", source=source, logged=[cause])
        for source, cause in ((failing, TimeoutError), (returning_nonsense, TypeError))
        for suffix, sent, expected in (
            ("", request(), Expected(CLOSED, body="app")),
            ("-without-origin", request(None), Expected(CLOSED, body="app")),
            ("-preflight", preflight("GET"), CLOSED_PREFLIGHT),
        )
    ),
    case(
        "reloadable",
        request(),
        Expected(to(ORIGIN)),
        source=ReloadablePolicy(Policy(allow_origins=[ORIGIN])),
    ),
    *(
        case(
            f"replaced-while-the-app-answers{suffix}",
            request(path="/meanwhile"),
            Expected(to(ORIGIN)),
            replaced_by=Policy(),
            choice=choice,
        )
        for suffix, choice in (
            ("", {}),
            ("-beside-marks", {"marked": True, "policies": {"named": PUBLIC}}),
        )
    ),
    case("lookup-yes", request(LOOKED_UP), Expected(to(LOOKED_UP)), source=looked_up(True)),
    case("lookup-no", request(OTHER_ORIGIN), Expected(CLOSED), source=looked_up(False)),
    case(
        "lookup-not-asked-about-the-malformed",
        request("https://app.example/"),
        Expected(CLOSED),
        source=looked_up(True),
    ),
    case(
        "lookup-preflight",
        preflight("GET", origin=LOOKED_UP),
        allowed(LOOKED_UP, "GET", **TEN_MINUTES),
        source=looked_up(True),
    ),
]

CASES = [*BY_PATH, *BY_EXEMPT_PATH, *VARIES, *BY_HEADER, *AT_RUN_TIME]
