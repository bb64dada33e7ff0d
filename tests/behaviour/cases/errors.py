"""R15: error responses carry the headers as well, the crash of an app included."""

from collections.abc import Mapping

from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, Case, Differs, Expected, request

FULL = {"allow_origins": [ORIGIN], "allow_credentials": True, "expose_headers": ["X-Id"]}
ALLOWED = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "X-Id",
    "Vary": "Origin",
}
ERRORS = [
    ("not-found", "GET", "/missing", 404),
    ("method-not-allowed", "PUT", "/get-only", 405),
    ("handled", "GET", "/handled", 409),
    ("crash", "GET", "/crash", 500),
]


def falcon_errors(headers: Mapping[str, str], status: int | None) -> dict[str, Differs]:
    """Return how Falcon's own error responses differ: it negotiates their type, and says so."""
    vary = ", ".join(filter(None, ["Accept", headers.get("Vary")]))
    differs = Differs(
        "Falcon writes errors in the type that Accept asks for, and sets Vary: Accept",
        Expected({**headers, "Vary": vary}, status, app=None),
    )
    return {"falcon-wsgi": differs, "falcon-asgi": differs}


def pyramid_errors(headers: Mapping[str, str], status: int) -> dict[str, Differs]:
    """Return how Pyramid differs: its views are chosen by the method, among other predicates."""
    if status != 405:
        return {}
    reason = "Pyramid answers 404 where no view takes the method"
    return {"pyramid": Differs(reason, Expected(headers, 404, app=None))}


CASES = [
    Case(
        f"{name}{suffix}",
        "R15",
        FULL,
        request(origin, method, path),
        Expected(headers, status, app=None),
        {**falcon_errors(headers, status), **pyramid_errors(headers, status)},
    )
    for name, method, path, status in ERRORS
    for suffix, origin, headers in (
        ("", ORIGIN, ALLOWED),
        ("-refused", OTHER_ORIGIN, {"Vary": "Origin"}),
        ("-without-origin", None, {"Vary": "Origin"}),
    )
]
