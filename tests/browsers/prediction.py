"""What the browser model of the suite says that a page sees, for a case of this table.

The model fetches from the `core` driver, the decision with no framework: so what a real browser
makes of a real server is held against the standard and the policy, and against nothing else.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, quote

from tests.behaviour.core_driver import core
from tests.behaviour.transports import Request, Response
from tests.browsers.page_case import OWN, Arrival, PageCase, PageFetch, Seen, Visit
from tests.fetch_model.browser import (
    CHROMIUM_MAX_AGE,
    FIREFOX_MAX_AGE,
    WEBKIT_MAX_AGE,
    Browser,
    Outcome,
    Page,
    PageRequest,
)
from tests.fetch_model.fetch_request import Send

MAX_AGE_LIMITS = {
    "chromium": CHROMIUM_MAX_AGE,
    "firefox": FIREFOX_MAX_AGE,
    "webkit": WEBKIT_MAX_AGE,
}


def predicted(case: PageCase, engine: str, own_origin: str) -> Visit:
    """Return what the model makes of the case, against an API at `own_origin`."""
    page = Page(own_origin if case.origin == OWN else case.origin)
    seconds = [0.0]
    # No cookie: the model would hold it from the start, and these cases are about setting it.
    browser = Browser(
        _served(core(case.built_policy())),
        server_origin=own_origin,
        cookie="",
        max_age_limit=MAX_AGE_LIMITS[engine],
        clock=lambda: seconds[0],
    )
    seen: list[Seen] = []
    arrivals: list[Arrival] = []
    for fetch in case.fetches:
        seconds[0] += fetch.after_seconds
        outcome = _fetched(browser, page, fetch)
        seen.append(
            Seen(outcome.type, outcome.status, outcome.readable_headers, error=outcome.reason)
        )
        arrivals += [_arrival(request) for request, _ in outcome.exchanges]
    return Visit(page.origin, tuple(seen), tuple(arrivals))


def _fetched(browser: Browser, page: Page, fetch: PageFetch) -> Outcome:
    path = fetch.path + app_query(fetch, mount="", other="")
    asked = PageRequest(fetch.method, path, fetch.headers, fetch.credentials, fetch.mode)
    return browser.fetch(page, asked)


def app_query(fetch: PageFetch, mount: str, other: str) -> str:
    """Return the query that tells the app which headers to set."""
    headers = [
        (name, value.replace("{mount}", mount).replace("{other}", other))
        for name, value in fetch.app_headers
    ]
    return f"?app={quote(json.dumps(headers))}" if headers else ""


def _served(app: Callable[[Request], Response]) -> Send:
    """Do what `apps` does round the small app: the query's headers, and redirects."""

    def send(request: Request) -> Response:
        path, _, query = request.path.partition("?")
        asked = parse_qs(query).get("app", ["[]"])[0].encode()
        headers = (*request.headers, ("X-App-Headers", asked))
        if path != "/redirect":
            return app(Request(request.method, path, headers))
        response = app(Request(request.method, "/", headers))
        if response.values("X-App"):
            response.status = 302
        return response

    return send


def _arrival(request: Request) -> Arrival:
    headers = {name.lower(): value.decode("latin-1") for name, value in request.headers}
    return Arrival(request.method, request.path.partition("?")[0], headers)
