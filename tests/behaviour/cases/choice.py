"""Which policy applies: marked routes, paths, callables, what changes while the app serves."""

from typing import Any

from cors_core import OriginLookup, Policy, PolicyRequest, ReloadablePolicy
from tests.behaviour.case import (
    ORIGIN,
    PREFLIGHT_VARY,
    SAFELISTED,
    STRANGER,
    Case,
    Differs,
    Expected,
    preflight,
    request,
)
from tests.behaviour.transports import Request

from .errors import falcon_errors

PARTNER = "https://partner.example"
DEFAULT = {"allow_origins": [ORIGIN], "max_age": None}
MARKED = {"marked": True}
PUBLIC = Policy(allow_origins=["*"])
PATHS = {"paths": [("/stream/", PUBLIC), ("/handled", "named")], "policies": {"named": PUBLIC}}
NOTHING = {"Vary": "Origin"}
REFUSED = {"Vary": PREFLIGHT_VARY}


def shown(origin: str, methods: str, **more: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": SAFELISTED,
        "Vary": PREFLIGHT_VARY,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def to(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def case(id: str, asked: Request, expected: Expected, **more: Any) -> Case:
    return Case(id, "choice", DEFAULT, asked, expected, **more)


WITHOUT_ROUTES = "no router, and so no routes that could be marked"


def marked(id: str, asked: Request, expected: Expected, unmarked: Expected, **more: Any) -> Case:
    """Return a case on marked routes; the two drivers without a router answer by the default."""
    differs = Differs(WITHOUT_ROUTES, unmarked)
    return case(
        id, asked, expected, choice=MARKED, differs={"asgi": differs, "wsgi": differs, **more}
    )


PREFLIGHT_OF_DEFAULT = Expected(shown(ORIGIN, "GET"), 400, "Disallowed CORS method", app=False)
ORIGIN_REFUSED = Expected(REFUSED, 400, "Disallowed CORS origin", app=False)
BOTH_REFUSED = Expected(REFUSED, 400, "Disallowed CORS origin, method", app=False)
MARKED_AGE = {"Access_Control_Max_Age": "600"}

MARKS = [
    marked(
        "marked-actual", request(PARTNER, path="/marked"), Expected(to(PARTNER)), Expected(NOTHING)
    ),
    marked(
        "marked-actual-of-the-defaults-origin",
        request(path="/marked"),
        Expected(NOTHING),
        Expected(to(ORIGIN)),
    ),
    marked(
        "marked-without-origin",
        request(None, path="/marked"),
        Expected(NOTHING),
        Expected(NOTHING),
    ),
    marked(
        "marked-preflight",
        preflight("PUT", origin=PARTNER, path="/marked"),
        Expected(shown(PARTNER, "GET, PUT", **MARKED_AGE), body="OK", app=False),
        BOTH_REFUSED,
    ),
    marked(
        "marked-preflight-of-the-defaults-origin",
        preflight("GET", path="/marked"),
        ORIGIN_REFUSED,
        Expected(shown(ORIGIN, "GET"), body="OK", app=False),
    ),
    marked(
        "marked-crash",
        request(PARTNER, path="/marked-crash"),
        Expected(to(PARTNER), 500, app=None),
        Expected(NOTHING, 500, app=None),
        **{
            driver: Differs(differs.reason, differs.expected)
            for driver, differs in falcon_errors(to(PARTNER), 500).items()
        },
    ),
    marked("unmarked-beside-marked", request(path="/"), Expected(to(ORIGIN)), Expected(to(ORIGIN))),
    marked(
        "preflight-of-unmarked-beside-marked",
        preflight("PUT", path="/"),
        PREFLIGHT_OF_DEFAULT,
        PREFLIGHT_OF_DEFAULT,
    ),
    marked(
        "preflight-of-a-missing-path",
        preflight("PUT", path="/missing"),
        PREFLIGHT_OF_DEFAULT,
        PREFLIGHT_OF_DEFAULT,
    ),
    marked(
        "exempt-actual",
        request(STRANGER, path="/exempt"),
        Expected({"Access-Control-Allow-Origin": "*"}),
        Expected(NOTHING),
    ),
    marked(
        "exempt-preflight",
        preflight("GET", path="/exempt"),
        Expected({"Access-Control-Allow-Origin": "*"}),
        Expected(shown(ORIGIN, "GET"), body="OK", app=False),
    ),
]

BY_PATH = [
    case("path", request(STRANGER, path="/stream"), Expected(to("*") | {}), choice=PATHS),
    case("path-by-name", request(path="/"), Expected(to(ORIGIN)), choice=PATHS),
    case(
        "path-preflight",
        preflight("GET", origin=STRANGER, path="/stream/deep/er"),
        Expected(shown("*", "GET", **MARKED_AGE), body="OK", app=False),
        choice=PATHS,
    ),
    case(
        "path-of-a-longer-segment",
        preflight("GET", origin=STRANGER, path="/streams"),
        ORIGIN_REFUSED,
        choice=PATHS,
    ),
    case(
        "path-by-name-preflight",
        preflight("GET", origin=STRANGER, path="/handled"),
        Expected(shown("*", "GET", **MARKED_AGE), body="OK", app=False),
        choice=PATHS,
    ),
]
# A policy of "*" adds no Origin to Vary.
for one in BY_PATH:
    if one.expected.headers.get("Access-Control-Allow-Origin") == "*":
        names = str(one.expected.headers["Vary"]).removeprefix("Origin").removeprefix(", ")
        one.expected.headers["Vary"] = names  # type: ignore[index]  # in fact a dict
        if not names:
            del one.expected.headers["Vary"]  # type: ignore[attr-defined]  # in fact a dict


def by_host(asked: PolicyRequest) -> Policy | None:
    return {"a.example": Policy(allow_origins=[ORIGIN], max_age=None)}.get(asked.host)


def by_method(asked: PolicyRequest) -> Policy:
    return Policy(allow_origins=[ORIGIN], allow_methods=[asked.method], max_age=None)


def failing(asked: PolicyRequest) -> Policy:
    raise TimeoutError("the database is away")


def returning_nonsense(asked: PolicyRequest) -> Any:
    return ["https://app.example"]


CLOSED_PREFLIGHT = Expected(REFUSED, 400, "Disallowed CORS origin, method", app=False)
AT_RUN_TIME = [
    case("callable", request(host="a.example"), Expected(to(ORIGIN)), source=by_host),
    case("callable-none", request(host="b.example"), Expected(NOTHING), source=by_host),
    case(
        "callable-none-preflight",
        preflight("GET", host="b.example"),
        CLOSED_PREFLIGHT,
        source=by_host,
    ),
    case(
        "callable-sees-the-requested-method",
        preflight("DELETE"),
        Expected(shown(ORIGIN, "DELETE"), body="OK", app=False),
        source=by_method,
    ),
    *(
        case(f"{source.__name__}{suffix}", asked, expected, source=source)
        for source in (failing, returning_nonsense)
        for suffix, asked, expected in (
            ("", request(), Expected(NOTHING, body="app")),
            ("-without-origin", request(None), Expected(NOTHING, body="app")),
            ("-preflight", preflight("GET"), CLOSED_PREFLIGHT),
        )
    ),
    case(
        "reloadable",
        request(),
        Expected(to(ORIGIN)),
        source=ReloadablePolicy(Policy(allow_origins=[ORIGIN])),
    ),
    case(
        "lookup-yes",
        request("https://db.example"),
        Expected(to("https://db.example")),
        source=Policy(
            allow_origins=[ORIGIN, OriginLookup(lambda origin: origin == "https://db.example")]
        ),
    ),
    case(
        "lookup-no",
        request(STRANGER),
        Expected(NOTHING),
        source=Policy(allow_origins=OriginLookup(lambda origin: False)),
    ),
    case(
        "lookup-not-asked-about-the-malformed",
        request("https://app.example/"),
        Expected(NOTHING),
        source=Policy(allow_origins=OriginLookup(lambda origin: True)),
    ),
    case(
        "lookup-preflight",
        preflight("GET", origin="https://db.example"),
        Expected(shown("https://db.example", "GET", **MARKED_AGE), body="OK", app=False),
        source=Policy(allow_origins=OriginLookup(lambda origin: True)),
    ),
]

CASES = [*MARKS, *BY_PATH, *AT_RUN_TIME]
