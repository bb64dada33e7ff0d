"""What a browser makes of real responses: the few steps of the Fetch standard that decide on CORS.

Read from the standard, not from a policy: nothing here knows cors-core. Left out, for the demo's
page does none of it: redirects, the preflight cache, service workers, long or unsafe values of
CORS-safelisted request-headers.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple

from examples.demo.situations import BLOCKED, READABLE, PageFetch

Pairs = tuple[tuple[str, str], ...]

_SAFELISTED_METHODS = {"GET", "HEAD", "POST"}
_SAFELISTED_NAMES = {"accept", "accept-language", "content-language"}
_SAFELISTED_TYPES = {
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
}
_ALLOW_ORIGIN = "Access-Control-Allow-Origin"
_ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
_ALLOW_METHODS = "Access-Control-Allow-Methods"
_ALLOW_HEADERS = "Access-Control-Allow-Headers"
_NON_WILDCARD_NAME = "authorization"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Request(NamedTuple):
    """What goes to the server."""

    method: str
    path: str
    headers: Pairs
    body: str | None = None


class Response(NamedTuple):
    """What came back, header lines in their order."""

    status: int
    headers: Pairs
    body: str = ""

    def get(self, name: str) -> str | None:
        """Get a header: its lines joined by commas, or `None`. #concept-header-list-get"""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Exchange(NamedTuple):
    """A request with its response."""

    request: Request
    response: Response


class Outcome(NamedTuple):
    """What the page is left with after one fetch, and why."""

    verdict: str
    reason: str
    exchanges: tuple[Exchange, ...]


Send = Callable[[Request], Response]
Cookies = dict[str, str]


def outcome_of(fetch: PageFetch, origin: str, cookies: Cookies, send: Send) -> Outcome:
    """Do what a browser does for `fetch` in a page of `origin`. #http-fetch"""
    exchanges: list[Exchange] = []

    def exchanged(request: Request) -> Response:
        response = send(request)
        exchanges.append(Exchange(request, response))
        return response

    if needs_preflight(fetch):
        answer = exchanged(preflight_for(fetch, origin))
        failure = preflight_failure(fetch, origin, answer)
        if failure:
            return Outcome(BLOCKED, f"the preflight's response {failure}", tuple(exchanges))
    response = exchanged(_request_for(fetch, origin, cookies))
    if fetch.include_credentials:
        _store_cookies(response, cookies)
    failure = cors_check_failure(fetch, origin, response)
    if failure:
        return Outcome(BLOCKED, f"the response {failure}", tuple(exchanges))
    reason = f"the response has {_ALLOW_ORIGIN}: {response.get(_ALLOW_ORIGIN)}"
    if fetch.include_credentials:
        reason += f" and {_ALLOW_CREDENTIALS}: true"
    return Outcome(f"{READABLE} {response.status}", reason, tuple(exchanges))


def needs_preflight(fetch: PageFetch) -> bool:
    """Say whether the browser asks first. #main-fetch"""
    return fetch.method not in _SAFELISTED_METHODS or bool(unsafe_names(fetch))


def unsafe_names(fetch: PageFetch) -> list[str]:
    """Return the CORS-unsafe request-header names, sorted. #cors-unsafe-request-header-names"""
    names = {name.lower(): value for name, value in fetch.headers.items()}
    return sorted(
        name
        for name, value in names.items()
        if name not in _SAFELISTED_NAMES
        and not (
            name == "content-type" and value.split(";")[0].strip().lower() in _SAFELISTED_TYPES
        )
    )


def preflight_for(fetch: PageFetch, origin: str) -> Request:
    """Return the CORS-preflight request. #cors-preflight-fetch"""
    headers = [
        ("Accept", "*/*"),
        ("Origin", origin),
        ("Access-Control-Request-Method", fetch.method),
    ]
    names = unsafe_names(fetch)
    if names:
        headers.append(("Access-Control-Request-Headers", ",".join(names)))
    return Request("OPTIONS", fetch.path, tuple(headers))


def preflight_failure(fetch: PageFetch, origin: str, answer: Response) -> str | None:
    """Return what in the preflight's answer stops the fetch, or `None`. #cors-preflight-fetch

    All must hold, so their order is free: what the standard would find out first, the status, is
    what tells a person least.
    """
    return (
        cors_check_failure(fetch, origin, answer)
        or _method_failure(fetch, answer)
        or _names_failure(fetch, answer)
        or (
            None if 200 <= answer.status <= 299 else f"has the status {answer.status}, no ok status"
        )
    )


def cors_check_failure(fetch: PageFetch, origin: str, response: Response) -> str | None:
    """Return what makes the CORS check fail, or `None`. #cors-check"""
    allowed = response.get(_ALLOW_ORIGIN)
    if allowed is None:
        return f"has no {_ALLOW_ORIGIN}"
    if allowed == "*" and not fetch.include_credentials:
        return None
    if allowed != origin:
        return f"has {_ALLOW_ORIGIN}: {allowed}, and the page's origin is {origin}"
    if not fetch.include_credentials:
        return None
    credentials = response.get(_ALLOW_CREDENTIALS)
    if credentials != "true":
        return (
            f"has {_ALLOW_CREDENTIALS}: {credentials}, which must be true"
            if credentials is not None
            else f"has no {_ALLOW_CREDENTIALS}"
        )
    return None


def _method_failure(fetch: PageFetch, answer: Response) -> str | None:
    methods = _listed(answer, _ALLOW_METHODS)
    if methods is None:
        return f"has a malformed {_ALLOW_METHODS}"
    if fetch.method in _SAFELISTED_METHODS or fetch.method in methods:
        return None
    if "*" in methods and not fetch.include_credentials:
        return None
    return f"has {_ALLOW_METHODS}: {', '.join(methods)}; {fetch.method} is missing"


def _names_failure(fetch: PageFetch, answer: Response) -> str | None:
    listed = _listed(answer, _ALLOW_HEADERS)
    if listed is None:
        return f"has a malformed {_ALLOW_HEADERS}"
    names = {name.lower() for name in listed}
    any_name = "*" in names and not fetch.include_credentials
    for name in unsafe_names(fetch):
        if name not in names and (name == _NON_WILDCARD_NAME or not any_name):
            return f"has {_ALLOW_HEADERS}: {', '.join(listed)}; {name} is missing"
    return None


def _listed(response: Response, name: str) -> list[str] | None:
    """Return the tokens of a list header, `None` if malformed. #extract-header-list-values"""
    elements = [element.strip(" \t") for element in (response.get(name) or "").split(",")]
    tokens = [element for element in elements if element]
    return tokens if all(map(_TOKEN.fullmatch, tokens)) else None


def _request_for(fetch: PageFetch, origin: str, cookies: Cookies) -> Request:
    headers = [("Accept", "*/*"), ("Origin", origin), *fetch.headers.items()]
    if fetch.include_credentials and cookies:
        headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
    return Request(fetch.method, fetch.path, tuple(headers), fetch.body)


def _store_cookies(response: Response, cookies: Cookies) -> None:
    """Store what Set-Cookie says; Secure ones not, for WebKit keeps none of those from http."""
    for name, line in response.headers:
        if name.lower() != "set-cookie":
            continue
        try:
            morsels = SimpleCookie(line)
        except CookieError:
            continue
        cookies.update({m.key: m.value for m in morsels.values() if not m["secure"]})
