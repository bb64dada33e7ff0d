"""A browser on paper: what a page is left with after a `fetch()`, by the Fetch standard.

It knows HTTP and the standard, and no server's idea of CORS. There is one server, at one origin.
Left out, for they decide nothing about CORS there: bodies, service workers, the HTTP cache (see
`shared_cache`), redirects to other servers, integrity, CSP and mixed content.

The text followed is the Review Draft of June 2026. https://fetch.spec.whatwg.org/#fetching
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.behaviour.transports import Request, Response
from tests.fetch_model import methods
from tests.fetch_model.cors import check_preflight, cors_check, exposed_names, preflight_for
from tests.fetch_model.fetch_request import (
    FetchRequest,
    NetworkError,
    Page,
    PageRequest,
    Send,
    new_request,
)
from tests.fetch_model.header_lists import get, without
from tests.fetch_model.preflight_cache import PreflightCache
from tests.fetch_model.request_headers import REQUEST_BODY_HEADERS

__all__ = ["SERVER_ORIGIN", "Browser", "Outcome", "Page", "PageRequest"]

SERVER_ORIGIN = "https://api.example"
"""Where the server of `tests.behaviour.transports` is."""

CHROMIUM_MAX_AGE = 7_200
FIREFOX_MAX_AGE = 86_400
WEBKIT_MAX_AGE = 600

_SAFELISTED_RESPONSE_HEADERS = frozenset(
    "cache-control content-language content-length content-type expires last-modified "
    "pragma".split()
)
_FORBIDDEN_RESPONSE_HEADERS = frozenset({"set-cookie", "set-cookie2"})
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Outcome:
    """What the page is left with."""

    type: Literal["basic", "cors", "opaque", "error"]
    """The response's type; "error" is a network error. #concept-response-type"""
    reason: str
    """For a person."""
    status: int = 0
    """0 unless readable, as `fetch()` has it."""
    readable_headers: Mapping[str, str] = field(default_factory=dict)
    """What `response.headers` holds: names in lower case."""
    preflighted: bool = False
    exchanges: tuple[tuple[Request, Response], ...] = ()
    """All that went over the network, the preflight first."""

    @property
    def readable(self) -> bool:
        """Whether the page may read the response."""
        return self.type in ("basic", "cors")


class Browser:
    """Fetches for pages, and remembers what preflights allowed.

    :param send: the network and the server behind it.
    :param cookie: what the browser holds for the server; sent only with credentials.
    :param max_age_limit: the browser's limit on a preflight's max-age, in seconds.
    :param clock: the time, in seconds.
    """

    def __init__(
        self,
        send: Send,
        *,
        server_origin: str = SERVER_ORIGIN,
        cookie: str = "session=1",
        max_age_limit: int = CHROMIUM_MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._server_origin = server_origin
        self._cookie = cookie
        self._max_age_limit = max_age_limit
        self._preflights = PreflightCache(clock)

    def fetch(self, page: Page, asked: PageRequest) -> Outcome:
        """Do what `fetch()` does in that page. #dom-global-fetch"""
        exchanges: list[tuple[Request, Response]] = []
        try:
            request = new_request(page, asked)
            request.exchanges = exchanges
            response = self._main_fetch(request)
        except NetworkError as error:
            return Outcome("error", str(error), 0, {}, _preflighted(exchanges), tuple(exchanges))
        return _filtered(request, response)

    def _main_fetch(self, request: FetchRequest) -> Response:
        """Choose the response tainting, and whether to ask first. #main-fetch, step 12

        A redirect stays on the one server, so that the tainting does not change on the way.
        """
        if request.origin == self._server_origin and request.origin != "null":
            return self._http_fetch(request)
        if request.mode == "same-origin":
            raise NetworkError("the mode is same-origin, the server is of another origin")
        if request.mode == "no-cors":
            request.response_tainting = "opaque"
            return self._http_fetch(request)
        request.response_tainting = "cors"
        # fetch() sets the unsafe-request flag, so the method and the headers count.
        if methods.is_safelisted(request.method) and not request.unsafe_names:
            return self._http_fetch(request)
        try:
            return self._http_fetch(request, make_cors_preflight=True)
        except NetworkError:
            self._preflights.clear(request)
            raise

    def _http_fetch(self, request: FetchRequest, make_cors_preflight: bool = False) -> Response:
        """Ask first where the cache does not know, then send. #concept-http-fetch, steps 5 to 7"""
        if make_cors_preflight and (self._method_is_unknown(request) or self._unknown(request)):
            self._cors_preflight_fetch(request)
        response = self._exchange(request, self._http_request(request))
        if request.response_tainting == "cors":
            cors_check(request, response)
        if response.status in _REDIRECT_STATUSES:
            return self._http_redirect_fetch(request, response)
        return response

    def _method_is_unknown(self, request: FetchRequest) -> bool:
        return not methods.is_safelisted(request.method) and not self._preflights.method_matches(
            request.method, request
        )

    def _unknown(self, request: FetchRequest) -> list[str]:
        """Return the unsafe names for which there is no header-name cache entry match."""
        matches = self._preflights.header_name_matches
        return [name for name in request.unsafe_names if not matches(name, request)]

    def _cors_preflight_fetch(self, request: FetchRequest) -> None:
        """Ask, and remember what is allowed. #cors-preflight-fetch-0"""
        try:
            response = self._exchange(request, preflight_for(request))
            allowed = check_preflight(request, response)
        except NetworkError as error:
            raise NetworkError(f"the preflight failed: {error}") from None
        max_age = min(allowed.max_age, self._max_age_limit)
        self._preflights.store(request, allowed.methods, allowed.header_names, max_age)

    def _http_redirect_fetch(self, request: FetchRequest, response: Response) -> Response:
        """Follow a redirect on the same server. #concept-http-redirect-fetch"""
        location = get("Location", response.headers)
        if location is None:
            return response
        if not location.startswith("/") or location.startswith("//"):
            raise NotImplementedError(f"a redirect to {location!r}: this model has one server")
        if request.redirect_count == 20:
            raise NetworkError("more than 20 redirects")
        request.redirect_count += 1
        if (response.status in (301, 302) and request.method == "POST") or (
            response.status == 303 and request.method not in ("GET", "HEAD")
        ):
            request.method = "GET"
            request.header_list = without(
                lambda name: name.lower() in REQUEST_BODY_HEADERS, request.header_list
            )
        request.path = location
        return self._main_fetch(request)

    def _http_request(self, request: FetchRequest) -> Request:
        """Add what the browser adds: Origin and cookies. #concept-http-network-or-cache-fetch"""
        lines = list(request.header_list)
        origin = self._origin_header(request)
        if origin is not None:
            lines.append(("Origin", origin))
        same_origin = request.response_tainting == "basic"
        if request.includes or (request.credentials_mode == "same-origin" and same_origin):
            lines += [("Cookie", self._cookie)] if self._cookie else []
        headers = tuple((name, value.encode("latin-1")) for name, value in lines)
        return Request(request.method, request.path, headers)

    def _origin_header(self, request: FetchRequest) -> str | None:
        """Append a request Origin header, by the default referrer policy. #origin-header"""
        if request.response_tainting == "cors":
            return request.origin
        if request.method in ("GET", "HEAD"):
            return None
        downgrade = request.origin.startswith("https:") and self._server_origin.startswith("http:")
        return "null" if downgrade and request.mode != "cors" else request.origin

    def _exchange(self, request: FetchRequest, sent: Request) -> Response:
        response = self._send(sent)
        request.exchanges.append((sent, response))
        if not response.status:
            raise NetworkError("the server did not answer")
        return response


def _filtered(request: FetchRequest, response: Response) -> Outcome:
    """Filter the response by the request's response tainting. #concept-filtered-response"""
    tainting = request.response_tainting
    preflighted, exchanges = _preflighted(request.exchanges), tuple(request.exchanges)
    if tainting == "opaque":
        return Outcome("opaque", "the mode is no-cors", 0, {}, preflighted, exchanges)
    names = {name.lower() for name, _ in response.headers}
    reason = "the page is of the server's own origin"
    if tainting == "cors":
        names &= _SAFELISTED_RESPONSE_HEADERS | exposed_names(request, response)
        reason = "the CORS check passed"
    readable = {
        name: get(name, response.headers) or "" for name in names - _FORBIDDEN_RESPONSE_HEADERS
    }
    return Outcome(tainting, reason, response.status, readable, preflighted, exchanges)


def _preflighted(exchanges: list[tuple[Request, Response]]) -> bool:
    # A page cannot set this header: whoever carries it is a preflight.
    return any(
        name == "Access-Control-Request-Method" for sent, _ in exchanges for name, _ in sent.headers
    )
