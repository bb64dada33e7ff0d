"""R7-R10: methods, header names, and what a preflight's answer says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

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
from tests.behaviour.transports import Request

POLICY = {
    "allow_origins": [ORIGIN],
    "allow_methods": ["GET", "PUT"],
    "allow_headers": ["X-Token", "Authorization"],
    "max_age": 60,
}
SHOWN = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": "GET, PUT",
    "Access-Control-Allow-Headers": f"{SAFELISTED}, X-Token, Authorization",
    "Access-Control-Max-Age": "60",
    "Vary": PREFLIGHT_VARY,
}
STANDARD = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY"
ANY_METHOD = {**POLICY, "allow_methods": ["*"]}
ANY_HEADER = {**POLICY, "allow_headers": ["*"]}
ANY_HEADER_WITH_CREDENTIALS = {**ANY_HEADER, "allow_credentials": True}
PUBLIC = {
    "allow_origins": ["*"],
    "allow_methods": ["*"],
    "allow_headers": ["*"],
    "expose_headers": ["X-Id"],
}
CREDENTIALS = {"Access-Control-Allow-Credentials": "true"}
PRIVATE = {"access_control_request_private_network": "true"}
PRIVATE_VARY = f"{PREFLIGHT_VARY}, Access-Control-Request-Private-Network"
"""Of a policy that answers private-network requests."""


def allowed(
    id: str, rule: str, asked: Request, policy: Mapping[str, Any] | None = None, **shown: str
) -> Case:
    headers = {name.replace("_", "-"): value for name, value in shown.items()}
    return Case(
        id,
        rule,
        policy or POLICY,
        asked,
        Expected({**SHOWN, **headers}, body="OK", app=False),
    )


def refused(
    id: str, rule: str, asked: Request, what: str, policy: Mapping[str, Any] | None = None
) -> Case:
    shown = {"Vary": PREFLIGHT_VARY} if "origin" in what else dict(SHOWN)
    if policy is ANY_HEADER:
        shown["Access-Control-Allow-Headers"] = SAFELISTED
    if policy is ANY_METHOD:
        shown["Access-Control-Allow-Methods"] = STANDARD
    expected = Expected(shown, 400, f"Disallowed CORS {what}", app=False)
    return Case(id, rule, policy or POLICY, asked, expected)


CASES = [
    allowed("method-listed", "R7", preflight("PUT")),
    refused("method-unlisted", "R7", preflight("DELETE"), "method"),
    refused("method-safelisted-but-unlisted", "R7", preflight("POST"), "method"),
    refused("method-lower-case", "R7", preflight("put"), "method"),
    refused("method-with-blank", "R7", preflight("PUT "), "method"),
    refused("method-list", "R7", preflight("GET, PUT"), "method"),
    *(
        allowed(
            f"any-method-{method}",
            "R7",
            preflight(method),
            ANY_METHOD,
            Access_Control_Allow_Methods=STANDARD,
        )
        for method in STANDARD.split(", ")
    ),
    *(
        refused(
            f"any-method-not-{method or 'empty'}", "R7", preflight(method), "method", ANY_METHOD
        )
        for method in ("patch", "query", "CONNECT", "TRACE", "PURGE", "*", "")
    ),
    allowed("header-listed", "R8", preflight("PUT", "x-token")),
    allowed("header-in-any-case", "R8", preflight("PUT", "X-TOKEN,AUTHORIZATION")),
    allowed(
        "headers-safelisted",
        "R8",
        preflight("PUT", "accept,accept-language,content-language,content-type"),
    ),
    allowed("header-blanks", "R8", preflight("PUT", " x-token ,\tauthorization\t")),
    allowed("header-empty-elements", "R8", preflight("PUT", ",x-token,, ,authorization,")),
    allowed("header-empty", "R8", preflight("PUT", "")),
    allowed("header-lines-joined", "R8", preflight("PUT", "x-token", "authorization")),
    refused("header-second-line-refused", "R8", preflight("PUT", "x-token", "x-other"), "headers"),
    refused("header-first-line-refused", "R8", preflight("PUT", "x-other", "x-token"), "headers"),
    refused("header-unlisted", "R8", preflight("PUT", "x-token,x-other"), "headers"),
    refused("header-longer", "R8", preflight("PUT", "x-token-2"), "headers"),
    refused("header-shorter", "R8", preflight("PUT", "x-toke"), "headers"),
    refused("header-literal-star", "R8", preflight("PUT", "*"), "headers"),
    refused("header-inner-blank", "R8", preflight("PUT", "x-token x-token"), "headers"),
    allowed(
        "any-header",
        "R8",
        preflight("PUT", "X-B,x-a"),
        ANY_HEADER,
        Access_Control_Allow_Headers="x-a, x-b",
    ),
    allowed(
        "any-header-authorization",
        "R8",
        preflight("PUT", "authorization"),
        ANY_HEADER,
        Access_Control_Allow_Headers="authorization",
    ),
    allowed(
        "any-header-none-asked",
        "R8",
        preflight("PUT"),
        ANY_HEADER,
        Access_Control_Allow_Headers=SAFELISTED,
    ),
    allowed(
        "any-header-repeated-name",
        "R8",
        preflight("PUT", "x-a,X-A", "x-a"),
        ANY_HEADER,
        Access_Control_Allow_Headers="x-a",
    ),
    *(
        refused(f"any-header-invalid-{index}", "R8", preflight("PUT", name), "headers", ANY_HEADER)
        for index, name in enumerate(
            ["*", "x a", "x:a", "x/a", '"x"', "x-\xe4", "x\x00", "x;a", "(x)"]
        )
    ),
    allowed("answer", "R9", preflight("GET")),
    refused("answer-origin", "R9", preflight("GET", origin=OTHER_ORIGIN), "origin"),
    refused("answer-method-and-headers", "R9", preflight("DELETE", "x-b"), "method, headers"),
    refused(
        "answer-everything",
        "R9",
        preflight("DELETE", "x-b", origin=OTHER_ORIGIN),
        "origin, method, headers",
    ),
    Case(
        "answer-with-credentials",
        "R10",
        {**POLICY, "allow_credentials": True},
        preflight("PUT", "x-token"),
        Expected({**SHOWN, **CREDENTIALS}, body="OK", app=False),
    ),
    Case(
        "answer-with-credentials-refused-method",
        "R10",
        {**POLICY, "allow_credentials": True},
        preflight("DELETE"),
        Expected({**SHOWN, **CREDENTIALS}, 400, "Disallowed CORS method", app=False),
    ),
    Case(
        "answer-with-credentials-refused-origin",
        "R10",
        {**POLICY, "allow_credentials": True},
        preflight("PUT", origin=OTHER_ORIGIN),
        Expected({"Vary": PREFLIGHT_VARY}, 400, "Disallowed CORS origin", app=False),
    ),
    Case(
        "answer-exposes-nothing",
        "R10",
        {**POLICY, "expose_headers": ["X-Id"]},
        preflight("PUT"),
        Expected(SHOWN, body="OK", app=False),
    ),
    allowed(
        "max-age-timedelta",
        "R10",
        preflight(),
        {**POLICY, "max_age": timedelta(hours=1)},
        Access_Control_Max_Age="3600",
    ),
    allowed(
        "max-age-zero", "R10", preflight(), {**POLICY, "max_age": 0}, Access_Control_Max_Age="0"
    ),
    Case(
        "max-age-none",
        "R10",
        {**POLICY, "max_age": None},
        preflight(),
        Expected({k: v for k, v in SHOWN.items() if "Max-Age" not in k}, body="OK", app=False),
    ),
    Case(
        "no-methods",
        "R10",
        {**POLICY, "allow_methods": []},
        preflight(),
        Expected(
            {k: v for k, v in SHOWN.items() if "Methods" not in k},
            400,
            "Disallowed CORS method",
            app=False,
        ),
    ),
    allowed("private-network-ignored", "R10", preflight(**PRIVATE)),
    allowed(
        "private-network-allowed",
        "R10",
        preflight(**PRIVATE),
        {**POLICY, "allow_private_network": True},
        Access_Control_Allow_Private_Network="true",
        Vary=PRIVATE_VARY,
    ),
    allowed(
        "private-network-not-asked",
        "R10",
        preflight(),
        {**POLICY, "allow_private_network": True},
        Vary=PRIVATE_VARY,
    ),
    allowed(
        "private-network-other-value",
        "R10",
        preflight(access_control_request_private_network="false"),
        {**POLICY, "allow_private_network": True},
        Vary=PRIVATE_VARY,
    ),
    Case(
        "private-network-refused-origin",
        "R10",
        {**POLICY, "allow_private_network": True},
        preflight(origin=OTHER_ORIGIN, **PRIVATE),
        Expected({"Vary": PRIVATE_VARY}, 400, "Disallowed CORS origin", app=False),
    ),
    Case(
        "public",
        "R12",
        PUBLIC,
        preflight("PATCH", "x-a,authorization", origin="https://any.example"),
        Expected(
            {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Methods": STANDARD,
                "Access-Control-Allow-Headers": "x-a, authorization",
                "Access-Control-Max-Age": "600",
                "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
            },
            body="OK",
            app=False,
        ),
    ),
    Case(
        "no-star-with-credentials",
        "R12",
        {**ANY_HEADER_WITH_CREDENTIALS, "allow_methods": ["*"]},
        preflight("PATCH", "x-a"),
        Expected(
            {
                **SHOWN,
                **CREDENTIALS,
                "Access-Control-Allow-Methods": STANDARD,
                "Access-Control-Allow-Headers": "x-a",
            },
            body="OK",
            app=False,
        ),
    ),
    Case(
        "no-star-with-credentials-none-asked",
        "R12",
        ANY_HEADER_WITH_CREDENTIALS,
        preflight("PUT"),
        Expected(
            {**SHOWN, **CREDENTIALS, "Access-Control-Allow-Headers": SAFELISTED},
            body="OK",
            app=False,
        ),
    ),
    Case(
        "actual-request-unlisted-method",
        "R11",
        POLICY,
        request(method="DELETE"),
        Expected({"Access-Control-Allow-Origin": ORIGIN, "Vary": "Origin"}),
    ),
]
