"""R11-R12: what an actual request's response says."""

from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, Case, Expected, request

from .errors import falcon_errors

POLICY = {"allow_origins": [ORIGIN]}
FULL = {
    "allow_origins": [ORIGIN, "https://b.example"],
    "allow_credentials": True,
    "expose_headers": ["X-Id", "ETag"],
}
PUBLIC = {"allow_origins": ["*"]}
PUBLIC_EXPOSING = {"allow_origins": ["*"], "expose_headers": ["X-Id"]}
EXPOSING_ALL = {"allow_origins": ["*"], "expose_headers": ["*"]}
EVERYBODY = {"Access-Control-Allow-Origin": "*"}

CASES = [
    Case(
        "actual-allowed",
        "R11",
        FULL,
        request(),
        Expected(
            {
                "Access-Control-Allow-Origin": ORIGIN,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "X-Id, ETag",
                "Vary": "Origin",
            },
            body="app",
        ),
    ),
    Case(
        "actual-refused",
        "R11",
        FULL,
        request(OTHER_ORIGIN),
        Expected({"Vary": "Origin"}, body="app"),
    ),
    Case(
        "actual-refused-post",
        "R11",
        FULL,
        request(OTHER_ORIGIN, "POST"),
        Expected({"Vary": "Origin"}, body="app"),
    ),
    Case(
        "same-origin-post-of-a-refused-origin",
        "R11",
        POLICY,
        request("https://api.example", "POST"),
        Expected({"Vary": "Origin"}, body="app"),
    ),
    Case(
        "streamed",
        "R11",
        POLICY,
        request(path="/stream"),
        Expected({"Access-Control-Allow-Origin": ORIGIN, "Vary": "Origin"}, body="one two three"),
    ),
    Case("public-actual", "R12", PUBLIC, request(), Expected(EVERYBODY)),
    Case("public-null", "R12", PUBLIC, request("null"), Expected(EVERYBODY)),
    Case("public-without-origin", "R12", PUBLIC, request(None), Expected(EVERYBODY)),
    Case("public-with-cookie", "R12", PUBLIC, request(cookie="session=1"), Expected(EVERYBODY)),
    Case(
        "public-without-origin-with-cookie",
        "R12",
        PUBLIC,
        request(None, cookie="session=1"),
        Expected(EVERYBODY),
    ),
    Case("public-plain-options", "R12", PUBLIC, request(None, "OPTIONS"), Expected(EVERYBODY)),
    Case(
        "public-exposing",
        "R12",
        PUBLIC_EXPOSING,
        request(),
        Expected({**EVERYBODY, "Access-Control-Expose-Headers": "X-Id"}),
    ),
    Case(
        "public-exposing-without-origin",
        "R12",
        PUBLIC_EXPOSING,
        request(None),
        Expected({**EVERYBODY, "Access-Control-Expose-Headers": "X-Id"}),
    ),
    Case(
        "public-exposing-all",
        "R12",
        EXPOSING_ALL,
        request(),
        Expected({**EVERYBODY, "Access-Control-Expose-Headers": "*"}),
    ),
    Case(
        "public-error",
        "R12",
        PUBLIC,
        request(path="/missing"),
        Expected(EVERYBODY, status=404, app=None),
        falcon_errors(EVERYBODY, 404),
    ),
    Case(
        "cookie-changes-nothing",
        "R12",
        FULL,
        request(None, cookie="session=1"),
        Expected({"Vary": "Origin"}),
    ),
]
