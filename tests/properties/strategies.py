"""Generated policies and page requests.

Origins come from a table beside the entries that mean them, or nearly: of random ones next to none
would be let in, and the near misses are where CORS layers have failed.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.fetch_model.browser import SERVER_ORIGIN, PageRequest
from tests.fetch_model.fetch_request import CredentialsMode

ENTRIES = {
    "https://app.example": [
        "https://app.example", "http://app.example", "https://app.example:8443",
        "https://app.example.", "https://www.app.example", "https://evilapp.example",
        "https://app.example.evil.test", "https://app-example", "https://app.exampl",
    ],
    "http://app.example:8080": [
        "http://app.example:8080", "http://app.example", "http://app.example:808",
        "http://app.example:8081", "https://app.example:8080",
    ],
    "https://*.example.com": [
        "https://a.example.com", "https://a.b.example.com", "https://example.com",
        "https://evilexample.com", "https://a.example.com.evil.test", "http://a.example.com",
        "https://a.example.com:8443", "https://a.example.com.", "https://a.examplexcom",
        "https://xn--bcher-kva.example.com", "https://a_b.example.com", "https://a.example.org",
    ],
    "http://*.dev.test:8000": [
        "http://a.dev.test:8000", "http://a.dev.test", "http://dev.test:8000",
        "http://a.dev.test:8001", "http://adev.test:8000",
    ],
    "http://localhost:*": [
        "http://localhost", "http://localhost:3000", "http://localhost:65535",
        "https://localhost:3000", "http://localhost.evil.test:3000", "http://a.localhost:3000",
        "http://127.0.0.1:3000",
    ],
    "https://*.any.example:*": [
        "https://a.any.example", "https://a.b.any.example:444", "https://any.example:444",
        "http://a.any.example:444", "https://many.example:444",
    ],
    "http://[::1]:8080": ["http://[::1]:8080", "http://[::1]", "http://[::2]:8080"],
    "http://127.0.0.1:*": ["http://127.0.0.1", "http://127.0.0.1:1", "http://127.0.0.10:1"],
    "capacitor://localhost": ["capacitor://localhost", "ionic://localhost", "https://localhost"],
    "null": ["null", "https://null"],
}  # fmt: skip
"""Entries of `allow_origins`: an origin that it means first, then others that it does or nearly."""

REGEXES = {
    r"https://[a-z0-9-]+\.preview\.example\.com": [
        "https://pr-7.preview.example.com", "https://preview.example.com",
        "https://a.b.preview.example.com", "https://a.preview.example.com.evil.test",
        "https://a.preview.example.com:8443",
    ],
    r"https?://(?:red|blue)\.team\.test(?::[0-9]+)?": [
        "http://red.team.test", "https://blue.team.test:444", "https://green.team.test",
        "https://infrared.team.test",
    ],
}  # fmt: skip
OPEN_REGEXES = {
    ".*": ["https://anybody.test", "null"],
    "https://.*": ["https://anybody.test:444", "http://anybody.test"],
}
OTHER_ORIGINS = ["null", "https://evil.test", "http://evil.test:8080", SERVER_ORIGIN]

ORIGINS_BY_TEXT = ENTRIES | REGEXES | OPEN_REGEXES
ALL_ORIGINS = [*OTHER_ORIGINS, *(origin for pool in ORIGINS_BY_TEXT.values() for origin in pool)]

METHODS = ["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "patch",
           "CHICKEN"]  # fmt: skip
ALLOWED_HEADERS = ["*", "X-Token", "x-other", "Authorization", "Range", "content-type"]
EXPOSED_HEADERS = ["*", "X-App", "x-app", "X-Count"]
MAX_AGES = [None, 0, 5, 600, 2**31 - 1, timedelta(hours=1)]

PAGE_METHODS = ["GET", "GET", "get", "HEAD", "POST", "post", "PUT", "put", "PATCH", "patch",
                "DELETE", "OPTIONS", "QUERY", "query", "CHICKEN", "*"]  # fmt: skip
PAGE_HEADERS = [
    ("Accept", "text/html"), ("Accept", "a" * 129), ("Accept", "a:b"), ("accept-language", "de"),
    ("Accept-Language", "de:CH"), ("Content-Language", "de"), ("Content-Type", "text/plain"),
    ("Content-Type", "Multipart/Form-Data; boundary=x"), ("content-type", "application/json"),
    ("X-Token", "1"), ("x-token", "2"), ("X-Other", ""), ("X-Others", "1"), ("Range", "bytes=0-"),
    ("Range", "bytes=-9"), ("Authorization", "Bearer x"), ("Cookie", "a=b"), ("Sec-Thing", "1"),
    ("*", "1"),
]  # fmt: skip
PATHS = ["/", "/own-options", "/get-only", "/handled", "/crash", "/stream", "/missing"]


@dataclass(frozen=True)
class Visit:
    """A page's origin, and what the page asks for."""

    origin: str
    asked: PageRequest


PolicyAndVisits = tuple[dict[str, Any], list[Visit]]


def _some_of(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=4, unique=True)


# Built once: to build a strategy takes longer than to draw from it.
_BOOLEAN = st.booleans()
_ONE_IN_FOUR = st.integers(0, 3).map(lambda number: number == 0)
_COMMON = st.fixed_dictionaries(
    {
        "allow_methods": _some_of(METHODS),
        "allow_headers": _some_of(ALLOWED_HEADERS),
        "max_age": st.sampled_from(MAX_AGES),
        "allow_private_network": _BOOLEAN,
    }
)
_WITH_CREDENTIALS = st.fixed_dictionaries(
    {
        "allow_credentials": st.just(True),
        "allow_origins": _some_of([entry for entry in ENTRIES if entry != "null"]),
        "allow_origin_regex": st.sampled_from([None, *REGEXES, *map(re.compile, REGEXES)]),
        "expose_headers": _some_of(EXPOSED_HEADERS[1:]),
    }
)
_WITHOUT_CREDENTIALS = st.fixed_dictionaries(
    {
        "allow_credentials": st.just(False),
        "allow_origins": _some_of(list(ENTRIES)),
        "allow_origin_regex": st.sampled_from([None, None, *REGEXES, *OPEN_REGEXES]),
        "expose_headers": _some_of(EXPOSED_HEADERS),
    }
)
_FOR_EVERYBODY = st.fixed_dictionaries(
    {
        "allow_credentials": st.just(False),
        "allow_origins": st.just(["*"]),
        "expose_headers": _some_of(EXPOSED_HEADERS),
    }
)
_OPTIONS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda common, more: common | more,
    _COMMON,
    st.one_of(_WITH_CREDENTIALS, _WITHOUT_CREDENTIALS, _FOR_EVERYBODY),
)
_ANY_ORIGIN = st.sampled_from(ALL_ORIGINS)
_NEAR_ORIGINS = {
    text: st.sampled_from([*[pool[0]] * len(pool), *pool]) for text, pool in ORIGINS_BY_TEXT.items()
}
_ANY_METHOD = st.sampled_from(PAGE_METHODS)
_ANY_HEADERS = st.lists(
    st.sampled_from(PAGE_HEADERS), max_size=3, unique_by=lambda header: header[0].lower()
)
_PATH = st.sampled_from(PATHS)
_CREDENTIALS_MODE: st.SearchStrategy[CredentialsMode] = st.sampled_from(
    ["same-origin", "omit", "include"]
)


@st.composite
def policies_and_visits(draw: st.DrawFn, most: int = 1) -> PolicyAndVisits:
    """Draw the options of a policy, and pages that visit its server one after the other."""
    policy = draw(_OPTIONS)
    number = 1 if most == 1 else draw(st.integers(2, most))
    return policy, [_visit(draw, policy) for _ in range(number)]


def options() -> st.SearchStrategy[dict[str, Any]]:
    """Return options that make a policy."""
    return _OPTIONS


def _visit(draw: st.DrawFn, policy: dict[str, Any]) -> Visit:
    """Draw a visit: mostly of an origin and with a method and headers that the policy lists."""
    regex = policy.get("allow_origin_regex")
    texts = [*policy["allow_origins"], getattr(regex, "pattern", regex)]
    near = [text for text in texts if text in _NEAR_ORIGINS]
    origin = draw(_ANY_ORIGIN)
    if near and not draw(_ONE_IN_FOUR):
        origin = draw(_NEAR_ORIGINS[draw(st.sampled_from(near))])
    method = draw(_ANY_METHOD)
    if policy["allow_methods"] and draw(_BOOLEAN):
        method = draw(st.sampled_from(policy["allow_methods"]))
    headers = draw(_ANY_HEADERS) if draw(_BOOLEAN) else []
    if policy["allow_headers"] and draw(_BOOLEAN):
        headers = [(draw(st.sampled_from(policy["allow_headers"])), "bytes=-9")]
    mode = draw(_CREDENTIALS_MODE)
    return Visit(origin, PageRequest(method, draw(_PATH), tuple(headers), mode))
