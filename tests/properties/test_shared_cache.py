"""Through a shared cache that keys by Vary, each page is left with what it would have without one.

So no origin's answer is ever given to another that may not read it, nor kept from one that may.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from cors_core import Policy
from tests.behaviour.drivers import DRIVERS
from tests.behaviour.transports import Request, Response
from tests.fetch_model.browser import SERVER_ORIGIN, Browser, Outcome, Page, PageRequest
from tests.fetch_model.fetch_request import Send
from tests.fetch_model.shared_cache import SharedCache
from tests.properties import examples
from tests.properties.faults import Fault, drop, with_fault
from tests.properties.strategies import PolicyAndVisits, Visit, policies_and_visits

NAVIGATION = PageRequest("GET", "/", mode="no-cors")
"""Carries no Origin, as an address typed in; so do an image's and a stylesheet's request."""


def spoilt(send: Send, visits: list[Visit]) -> str:
    """Return where a shared cache changes what a page is left with; nothing if it never does."""
    cached = SharedCache(send)
    for visit in visits:
        page = Page(visit.origin)
        direct, through_cache = (_fetched(s, page, visit.asked) for s in (send, cached))
        if direct != through_cache:
            return f"{visit}\n  directly           {direct}\n  through the cache  {through_cache}"
    return ""


def _fetched(send: Send, page: Page, asked: PageRequest) -> Outcome:
    # A new browser for each visit: what one remembers of preflights is not the question here.
    return replace(Browser(send).fetch(page, asked), exchanges=())


def on_one_path(visits: list[Visit], first: Visit) -> list[Visit]:
    """Return the visits as they meet in a cache, after somebody who may have filled it."""
    return [first, *(Visit(v.origin, replace(v.asked, path="/")) for v in visits)]


FIRST = st.sampled_from(
    [
        Visit("https://portal.test", NAVIGATION),
        Visit(SERVER_ORIGIN, PageRequest()),
        Visit("https://evil.test", PageRequest()),
        Visit("https://app.example", PageRequest()),
        Visit("https://app.example", PageRequest("PUT", credentials_mode="include")),
    ]
)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_shared_cache_changes_nothing(driver: str) -> None:
    @examples(100 if driver == "core" else 30)
    @given(policies_and_visits(most=4), FIRST)
    def check(drawn: PolicyAndVisits, first: Visit) -> None:
        policy, visits = drawn
        send = DRIVERS[driver](Policy(**policy))
        assert not spoilt(send, on_one_path(visits, first))

    check()


# That the property can fail is shown by adapters with a fault.


def _drops_vary(request: Request, response: Response) -> None:
    drop(response, "Vary")


def _varies_only_with_an_origin(request: Request, response: Response) -> None:
    if "Origin" not in dict(request.headers):
        drop(response, "Vary")


def _varies_only_if_allowed(request: Request, response: Response) -> None:
    if not response.values("Access-Control-Allow-Origin"):
        drop(response, "Vary")


def _preflights_vary_on_origin_only(request: Request, response: Response) -> None:
    response.headers = [(n, "Origin") if n == "Vary" else (n, v) for n, v in response.headers]


def _exposes_only_to_origins(request: Request, response: Response) -> None:
    if "Origin" not in dict(request.headers):
        drop(response, "Access-Control-Expose-Headers")


FAULTS = [
    _drops_vary,
    _varies_only_with_an_origin,
    _varies_only_if_allowed,
    _preflights_vary_on_origin_only,
    _exposes_only_to_origins,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_a_fault_is_found(fault: Fault) -> None:
    driver = with_fault(DRIVERS["core"], fault)

    def fails(drawn: tuple[PolicyAndVisits, Visit]) -> bool:
        (policy, visits), first = drawn
        return bool(spoilt(driver(Policy(**policy)), on_one_path(visits, first)))

    drawn = st.tuples(policies_and_visits(most=4), FIRST)
    find(drawn, fails, settings=examples(2000, shrink=False))


def test_the_cache_does_serve() -> None:
    def served(policy: dict[str, Any]) -> int:
        cache = SharedCache(DRIVERS["core"](Policy(**policy)))
        for origin in ("https://app.example", "https://app.example", "https://evil.test"):
            Browser(cache).fetch(Page(origin), PageRequest())
        return cache.hits

    assert served({"allow_origins": ["https://app.example"]}) == 1
    assert served({"allow_origins": ["*"]}) == 2
