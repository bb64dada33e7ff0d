"""R1-R3: which request it is, and who answers it."""

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

POLICY = {"allow_origins": [ORIGIN], "max_age": None}
ALLOWED = {"Access-Control-Allow-Origin": ORIGIN, "Vary": "Origin"}
PREFLIGHT_ALLOWED = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": SAFELISTED,
    "Vary": PREFLIGHT_VARY,
}

CASES = [
    Case("no-origin", "R1", POLICY, request(None), Expected({"Vary": "Origin"})),
    Case(
        "no-origin-but-request-method",
        "R1",
        POLICY,
        request(None, "OPTIONS", access_control_request_method="GET"),
        Expected({"Vary": "Origin"}),
    ),
    Case("actual", "R1", POLICY, request(), Expected(ALLOWED)),
    *(
        Case(f"actual-{method}", "R1", POLICY, request(method=method), Expected(ALLOWED))
        for method in ("POST", "PUT", "DELETE", "PATCH")
    ),
    Case("plain-options", "R1", POLICY, request(None, "OPTIONS"), Expected({"Vary": "Origin"})),
    Case(
        "plain-options-with-a-cookie",
        "R1",
        POLICY,
        request(None, "OPTIONS", cookie="a=b"),
        Expected({"Vary": "Origin"}),
    ),
    Case("cors-options", "R1", POLICY, request(method="OPTIONS"), Expected(ALLOWED)),
    Case(
        "own-options-reached",
        "R1",
        POLICY,
        request(method="OPTIONS", path="/own-options"),
        Expected(ALLOWED, status=204),
    ),
    Case(
        "request-method-without-options",
        "R1",
        POLICY,
        request(access_control_request_method="GET"),
        Expected(ALLOWED),
    ),
    Case(
        "options-with-request-headers-only",
        "R1",
        POLICY,
        request(method="OPTIONS", access_control_request_headers="x-a"),
        Expected(ALLOWED),
    ),
    Case(
        "empty-origin-is-an-origin",
        "R1",
        POLICY,
        preflight(origin=""),
        Expected({"Vary": PREFLIGHT_VARY}, 400, "Disallowed CORS origin", app=False),
    ),
    Case(
        "empty-request-method-is-a-preflight",
        "R1",
        POLICY,
        preflight(""),
        Expected(PREFLIGHT_ALLOWED, 400, "Disallowed CORS method", app=False),
    ),
    *(
        Case(
            f"preflight-of-{path.strip('/') or 'root'}",
            "R2",
            POLICY,
            preflight(path=path),
            Expected(PREFLIGHT_ALLOWED, body="OK", app=False),
        )
        for path in ("/", "/own-options", "/get-only", "/crash", "/handled", "/missing", "/stream")
    ),
    *(
        Case(
            f"refused-preflight-of-{path.strip('/')}",
            "R2",
            POLICY,
            preflight(path=path, origin=OTHER_ORIGIN),
            Expected({"Vary": PREFLIGHT_VARY}, 400, "Disallowed CORS origin", app=False),
        )
        for path in ("/own-options", "/missing")
    ),
]
