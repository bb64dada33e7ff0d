"""The behaviour table as a page can make it: which of its cases, how, and why not the others.

A case of the table is a request on the wire; a page only calls `fetch()`, and its browser writes
the request. So a preflight is made by the fetch that needs it, and an actual request that needs a
preflight comes with one.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from types import ModuleType

from tests.behaviour.case import Case
from tests.behaviour.cases import (
    actual_requests,
    classification,
    errors,
    headers_of_the_app,
    hostile,
    origins,
    preflights,
)
from tests.behaviour.small_app import plain_answer
from tests.behaviour.transports import Request
from tests.browsers.page_case import OWN, PROBED, PROBES, Meant, PageCase, PageFetch
from tests.fetch_model import methods
from tests.fetch_model.browser import SERVER_ORIGIN

THEMES = (
    classification, origins, preflights, actual_requests, headers_of_the_app, errors, hostile,
)  # fmt: skip

NOT_SERIALIZED = "no browser serializes an origin so"
NOT_A_HOST = "no page can be there: the host's name is too long or has a star, or the port is 0"
OF_AN_APP = "the origin of an app's or an extension's page, not of one from a web server"
TWO_ORIGINS = "a browser sends one Origin"
NO_ORIGIN = "a browser leaves Origin out only of GET and HEAD to the page's own origin"
COOKIE = "Cookie is a forbidden request-header; the theme `credentials` has real cookies"
BROWSERS_OWN = "Access-Control-Request-* are forbidden request-headers, set by the browser alone"
PRIVATE_NETWORK = "Private Network Access was withdrawn: no browser asks for it any more"
NOT_A_METHOD = "`fetch()` throws: not a method, or a forbidden one"
NORMALIZED = "the browser puts this method in upper case before it asks"
NOT_A_NAME = "`fetch()` throws: not a header name"
ONE_LINE = "a browser asks for header names in one line, without blanks or empty elements"
TOO_LONG = "the request is longer than the servers read"

_LONGEST_HEADERS = 8000
_HOST = re.compile(r"\.?[a-z0-9_*-]+(\.{1,2}[a-z0-9_*-]+)*\.?")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9_.*-]+)(?::([1-9]\d{0,4}|0))?")
_UNSAFE_VALUES = {
    "accept": 'text/plain; q="1"',
    "accept-language": "en_GB",
    "content-language": "en_GB",
    "content-type": "application/json",
}
"""Values for which a browser asks: these names are CORS-safelisted with others."""
_ASKED_FOR = ("Content-Type", "application/json")
"""What makes a browser ask for GET, HEAD and POST too; every policy allows it (R8)."""
_ASKED = "access-control-request-"


class NotMade(Exception):
    """A page cannot make the case; says why."""


@cache
def page_cases() -> tuple[PageCase, ...]:
    """Return the cases of the table that a page can make."""
    return tuple(made for _, made in _translated() if isinstance(made, PageCase))


@cache
def not_made() -> tuple[tuple[Case, str], ...]:
    """Return the other cases of the table, and why a page cannot make them."""
    return tuple((case, made) for case, made in _translated() if isinstance(made, str))


def never_serialized() -> list[str]:
    """Return the origins in the table that no browser serializes so."""
    origins = (
        _values(case.request, "origin")[0].decode("latin-1")
        for case, why in not_made()
        if why == NOT_SERIALIZED
    )
    # Chromium's URL.origin says `file://`, where its Origin header says `null`.
    return sorted(set(origins) - {"file://"})


def theme_of(module: ModuleType) -> str:
    """Return the theme of a module of cases, in words."""
    return module.__name__.rpartition(".")[2].replace("_", " ")


@cache
def _translated() -> tuple[tuple[Case, PageCase | str], ...]:
    return tuple(
        (case, _page_case(case, theme_of(module))) for module in THEMES for case in module.CASES
    )


def _page_case(case: Case, theme: str) -> PageCase | str:
    try:
        fetch, origin = _fetch(case.request), _origin(case.request)
    except NotMade as reason:
        return str(reason)
    if _values(case.request, f"{_ASKED}method"):
        meant, arrivals = _meant_by_preflight(case, fetch)
    else:
        meant, arrivals = _meant_by_request(case, fetch, origin)
    return PageCase(
        f"{case.rule}-{case.id}", theme, case.policy, origin, (fetch,), (meant,), arrivals
    )


def _origin(request: Request) -> str:
    """Return the origin that the page has.

    :raises NotMade: if no page can have it.
    """
    values = _values(request, "origin")
    if not values:
        if request.method not in ("GET", "HEAD"):
            raise NotMade(NO_ORIGIN)
        return OWN
    if len(values) > 1:
        raise NotMade(TWO_ORIGINS)
    origin = values[0].decode("latin-1")
    if origin == SERVER_ORIGIN:
        return OWN
    reason = _why_no_page_has(origin)
    if reason:
        raise NotMade(reason)
    return origin


def _why_no_page_has(origin: str) -> str | None:
    if origin == "null":
        return None
    if origin in origins.CUSTOM["allow_origins"] or origin == "capacitor://evil":
        return OF_AN_APP
    match = _ORIGIN.fullmatch(origin)
    if not match:
        return NOT_SERIALIZED
    scheme, host, port = match.groups()
    if port == {"http": "80", "https": "443"}[scheme] or (port and int(port) > 65535):
        return NOT_SERIALIZED
    if not _is_host(host):
        return NOT_SERIALIZED
    return NOT_A_HOST if port == "0" or "*" in host or len(host) > 253 else None


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            return host == f"[{IPv6Address(host[1:-1])}]"
        except AddressValueError:
            return False
    if host.rstrip(".").rpartition(".")[2].isdigit():
        try:
            return host == str(IPv4Address(host))
        except AddressValueError:
            return False
    return _HOST.fullmatch(host) is not None


def _fetch(request: Request) -> PageFetch:
    """Return the fetch whose browser sends this request, first or last.

    :raises NotMade: if there is none.
    """
    if _values(request, "cookie"):
        raise NotMade(COOKIE)
    asked = {name.lower() for name, _ in request.headers if name.lower().startswith(_ASKED)}
    if not asked:
        return PageFetch(_method(request.method), request.path, app_headers=_app_headers(request))
    if request.method != "OPTIONS" or f"{_ASKED}method" not in asked:
        raise NotMade(BROWSERS_OWN)
    if not _values(request, "origin"):
        raise NotMade(BROWSERS_OWN)
    if f"{_ASKED}private-network" in asked:
        raise NotMade(PRIVATE_NETWORK)
    asked_methods = _values(request, f"{_ASKED}method")
    if len(asked_methods) > 1:
        raise NotMade(BROWSERS_OWN)
    method = _method(asked_methods[0].decode("latin-1"))
    names = _names(_values(request, f"{_ASKED}headers"))
    headers = tuple((name, _UNSAFE_VALUES.get(name.lower(), "1")) for name in names)
    if methods.is_safelisted(method) and not headers:
        headers = (_ASKED_FOR,)
    return PageFetch(method, request.path, headers)


def _method(method: str) -> str:
    if not methods.is_token(method) or methods.is_forbidden(method):
        raise NotMade(NOT_A_METHOD if len(method) < _LONGEST_HEADERS else TOO_LONG)
    if methods.normalized(method) != method:
        raise NotMade(NORMALIZED)
    if len(method) > _LONGEST_HEADERS:
        raise NotMade(TOO_LONG)
    return method


def _names(lines: list[bytes]) -> list[str]:
    if not lines:
        return []
    if sum(map(len, lines)) > _LONGEST_HEADERS:
        raise NotMade(TOO_LONG)
    names = lines[0].decode("latin-1").split(",")
    if len(lines) > 1 or any(name != name.strip(" \t") or not name for name in names):
        raise NotMade(ONE_LINE)
    if not all(map(methods.is_token, names)):
        raise NotMade(NOT_A_NAME)
    return names


def _app_headers(request: Request) -> tuple[tuple[str, str], ...]:
    asked = _values(request, "x-app-headers")
    if not asked:
        return PROBES
    return (*PROBES, *((name, value) for name, value in json.loads(asked[0])))


def _values(request: Request, name: str) -> list[bytes]:
    return [value for line, value in request.headers if line.lower() == name]


def _meant_by_preflight(case: Case, fetch: PageFetch) -> tuple[Meant, tuple[str, ...]]:
    """Read off a preflight's expected answer what it means for the page."""
    if case.expected.status != 200:
        return Meant("error"), ("preflight",)
    authorized = any(name.lower() == "authorization" for name, _ in fetch.headers)
    arrival = f"{fetch.method} with authorization" if authorized else fetch.method
    return Meant("cors", _status(fetch)), ("preflight", arrival)


def _status(fetch: PageFetch) -> int | None:
    if fetch.path == "/crash":
        return 500
    if fetch.path == "/own-options":  # each framework has its own answer to another method there
        return None
    return plain_answer(Request(fetch.method, fetch.path))[0]


def _meant_by_request(case: Case, fetch: PageFetch, origin: str) -> tuple[Meant, tuple[str, ...]]:
    """Read off an actual request's expected answer, and the policy's methods, what it means."""
    expected = case.expected
    if origin == OWN:
        return Meant("basic", expected.status, expected.body), (fetch.method,)
    listed = "Access-Control-Allow-Origin" in expected.headers
    if methods.is_safelisted(fetch.method):
        arrivals: tuple[str, ...] = (fetch.method,)
    elif fetch.method not in case.built_policy().allow_methods or not listed:
        return Meant("error"), ("preflight",)
    else:
        arrivals = ("preflight", fetch.method)
    if not listed:
        return Meant("error"), arrivals
    readable = frozenset(_readable(case)) if fetch.path == "/" else None
    return Meant("cors", expected.status, expected.body, readable), arrivals


def _readable(case: Case) -> Iterator[str]:
    listed = case.expected.headers.get("Access-Control-Expose-Headers", "").lower().split(", ")
    return (name for name in PROBED if name in listed or "*" in listed)
