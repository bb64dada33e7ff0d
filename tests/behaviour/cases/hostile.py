"""R16: what no browser sends. Nothing raises, nothing grows, nothing is copied unvalidated."""

from collections.abc import Mapping
from typing import Any

from tests.behaviour.case import (
    ORIGIN,
    PREFLIGHT_VARY,
    SAFELISTED,
    Case,
    Differs,
    Expected,
    preflight,
    request,
)
from tests.behaviour.transports import Request

POLICY = {"allow_origins": [ORIGIN], "allow_headers": ["X-Token"], "max_age": None}
ANY_HEADER = {**POLICY, "allow_headers": ["*"], "allow_credentials": True}
SUBDOMAINS = {**POLICY, "allow_origins": ["https://*.app.example"]}
KIB_64 = 64 * 1024

SHOWN = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": f"{SAFELISTED}, X-Token",
    "Vary": PREFLIGHT_VARY,
}
SHOWN_ANY = {
    **SHOWN,
    "Access-Control-Allow-Headers": SAFELISTED,
    "Access-Control-Allow-Credentials": "true",
}
NO_ORIGIN = {"Vary": PREFLIGHT_VARY}

ORIGINS: dict[str, bytes] = {
    "long": b"https://" + b"a" * KIB_64,
    "long-subdomain": b"https://" + b"a." * (KIB_64 // 2) + b"app.example",
    "only-commas": b"," * 5000,
    "not-utf-8": b"https://\xff\xfe.app.example",
    "utf-8": "https://\u0430pp.example".encode(),  # a Cyrillic a
    "full-width-dot": "https://app\uff0eexample".encode(),
    "line-breaks": b"https://app.example\r\nSet-Cookie: a=b",
    "bare-line-feed": b"https://app.example\n",
    "null-byte": b"https://app.example\x00.evil.example",
    "every-byte": bytes(range(256)),
    "brackets": b"https://[" + b":" * 1000 + b"]",
    "digits": b"https://app.example:" + b"9" * 5000,
    "markup": b"<script>alert(1)</script>",
    "quoted": b'"https://app.example"',
}
HEADERS: dict[str, bytes] = {
    "long-name": b"x" * KIB_64,
    "commas": b"," * KIB_64,
    "thousands-of-commas": b"," * 3000,
    "commas-round-a-name": b"," * 2000 + b"x-token" + b"," * 2000,
    "thousands-of-names": b",".join(b"x-%d" % number for number in range(5000)),
    "a-name-thousands-of-times": b",".join([b"x-token"] * 5000),
    "blanks": b" " * KIB_64 + b"x-token",
    "not-utf-8": b"x-\xff\xfe",
    "line-breaks": b"x-token\r\nSet-Cookie: a=b",
    "null-byte": b"x-token\x00",
    "every-byte": bytes(range(256)),
}


def refused(
    id: str, policy: Mapping[str, Any], asked: Request, what: str, shown: Mapping[str, str]
) -> Case:
    expected = Expected(shown, 400, f"Disallowed CORS {what}", app=False)
    return Case(id, "R16", policy, asked, expected)


def quart_crash(origin: bytes) -> dict[str, Differs]:
    """Return how Quart differs where a header has a line break, which no server lets through."""
    if b"\n" not in origin:
        return {}
    reason = "Quart raises while it reads the request, before its own error handling"
    return {"quart": Differs(reason, Expected({"Vary": "Origin"}, 500, app=False))}


CASES = [
    *(
        Case(
            f"origin-{name}",
            "R16",
            SUBDOMAINS,
            request(origin),
            Expected({"Vary": "Origin"}),
            quart_crash(origin),
        )
        for name, origin in ORIGINS.items()
    ),
    *(
        refused(
            f"origin-{name}-preflight", SUBDOMAINS, preflight(origin=origin), "origin", NO_ORIGIN
        )
        for name, origin in ORIGINS.items()
    ),
    *(
        refused(f"method-{name}", POLICY, preflight(method), "method", SHOWN)
        for name, method in {
            "long": b"G" * KIB_64,
            "commas": b"," * KIB_64,
            "not-utf-8": b"\xff",
            "line-breaks": b"GET\r\nSet-Cookie: a=b",
            "null-byte": b"GET\x00",
        }.items()
    ),
    *(
        refused(f"headers-{name}", POLICY, preflight("GET", value), "headers", SHOWN)
        for name, value in HEADERS.items()
    ),
    *(
        refused(f"any-headers-{name}", ANY_HEADER, preflight("GET", value), "headers", SHOWN_ANY)
        for name, value in HEADERS.items()
    ),
    refused(
        "headers-in-a-thousand-lines",
        ANY_HEADER,
        preflight("GET", *[f"x-{number}" for number in range(1000)]),
        "headers",
        SHOWN_ANY,
    ),
    Case(
        "two-origin-lines",
        "R4",
        POLICY,
        Request("GET", "/", (("Origin", ORIGIN.encode()), ("Origin", b"https://evil.example"))),
        Expected({"Vary": "Origin"}),
    ),
    Case(
        "two-origin-lines-the-same",
        "R4",
        POLICY,
        Request("GET", "/", (("Origin", ORIGIN.encode()), ("Origin", ORIGIN.encode()))),
        Expected({"Vary": "Origin"}),
    ),
    refused(
        "two-origin-lines-preflight",
        POLICY,
        Request(
            "OPTIONS",
            "/",
            (
                ("Origin", b"https://evil.example"),
                ("Origin", ORIGIN.encode()),
                ("Access-Control-Request-Method", b"GET"),
            ),
        ),
        "origin",
        NO_ORIGIN,
    ),
    refused(
        "two-request-method-lines",
        POLICY,
        preflight("GET", access_control_request_method="GET"),
        "method",
        SHOWN,
    ),
]
