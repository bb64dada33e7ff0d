"""A page may read a response exactly when a plain reading of the policy says so, on every adapter.

The browser on paper sits between the two: it judges the adapter's real responses.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from cors_core import CORSRequest, OriginLookup, Policy, ReloadablePolicy
from tests.behaviour.drivers import DRIVERS
from tests.behaviour.transports import Request, Response
from tests.fetch_model.browser import Browser, Outcome, Page
from tests.properties import examples
from tests.properties.faults import Fault, drop, put, with_fault
from tests.properties.plain_reading import may_read, may_read_header
from tests.properties.strategies import PolicyAndVisits, Visit, policies_and_visits


def misread(policy: dict[str, Any], visit: Visit, outcome: Outcome) -> str:
    """Return where an outcome is not what a plain reading of the policy says; nothing if it is."""
    expected = may_read(policy, visit.origin, visit.asked)
    if outcome.readable != expected:
        return f"expected {'readable' if expected else 'unreadable'}, got {outcome}"
    if not outcome.readable:
        return "" if not outcome.readable_headers else f"headers of an unreadable {outcome}"
    (sent, response) = outcome.exchanges[-1]
    if (outcome.status, sent.path) != (response.status, visit.asked.path):
        return f"not the app's answer: {outcome}"
    expected = bool(response.values("X-App")) and may_read_header(policy, visit.origin, "X-App")
    shown = outcome.readable_headers.get("x-app") == "reached"
    return "" if shown == expected else f"X-App is {shown=}, {expected=}: {outcome}"


def looked_up(options: dict[str, Any]) -> Policy:
    """Return a policy that asks a function about the origins that these options list."""
    policy = Policy(**options)
    if {"*", "null"} & set(policy.allow_origins) or policy.decide(_of("null")).allowed:
        return policy  # no lookup is asked about these
    others = {name: value for name, value in options.items() if "origin" not in name}
    return Policy(
        allow_origins=OriginLookup(lambda origin: policy.decide(_of(origin)).allowed), **others
    )


def _of(origin: str) -> CORSRequest:
    return CORSRequest("GET", origin)


WAYS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "itself": lambda options: {"policy": Policy(**options)},
    "reloadable": lambda options: {"policy": ReloadablePolicy(Policy(**options))},
    "callable": lambda options: {"policy": lambda asked: Policy(**options)},
    "of a path": lambda options: {"policy": Policy(), "paths": [("/", Policy(**options))]},
    "by name": lambda options: {
        "policy": Policy(),
        "policies": {"one": Policy(**options)},
        "paths": [("/", "one")],
    },
    "looked up": lambda options: {"policy": looked_up(options)},
}
"""How an adapter may come by one and the same policy."""


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_page_may_read_what_the_policy_says(driver: str) -> None:
    @examples(150 if driver == "core" else 40)
    @given(policies_and_visits(), st.sampled_from(list(WAYS)))
    def check(drawn: PolicyAndVisits, way: str) -> None:
        policy, [visit] = drawn
        send = DRIVERS[driver](**WAYS[way](policy))
        outcome = Browser(send).fetch(Page(visit.origin), visit.asked)
        assert not misread(policy, visit, outcome)

    check()


@examples(100)
@given(policies_and_visits(most=4))
def test_a_remembered_preflight_lets_no_other_origin_read(drawn: PolicyAndVisits) -> None:
    # Of one origin, a remembered preflight may well allow what a new one would not: X-Token asked
    # for with a PUT, then sent with a POST that the policy does not list but no browser asks for.
    policy, visits = drawn
    browser = Browser(DRIVERS["core"](Policy(**policy)), clock=lambda: 0)
    origins: set[str] = set()
    for visit in visits:
        outcome = browser.fetch(Page(visit.origin), visit.asked)
        if visit.origin not in origins:
            assert not misread(policy, visit, outcome)
        origins.add(visit.origin)


@examples(100)
@given(policies_and_visits())
def test_a_remembered_preflight_changes_no_answer(drawn: PolicyAndVisits) -> None:
    policy, [visit] = drawn
    browser = Browser(DRIVERS["core"](Policy(**policy)), clock=lambda: 0)
    for _ in range(2):
        outcome = browser.fetch(Page(visit.origin), visit.asked)
        assert not misread(policy, visit, outcome)
    remembers = policy["max_age"] != 0
    assert not (outcome.readable and remembers and outcome.preflighted)


# That the property can fail, in both directions, is shown by adapters with a fault.


def _reflects_any_origin(request: Request, response: Response) -> None:
    put(response, "Access-Control-Allow-Origin", dict(request.headers).get("Origin", b"*"))


def _allows_any_method(request: Request, response: Response) -> None:
    asked = dict(request.headers).get("Access-Control-Request-Method")
    if asked is not None and response.values("Access-Control-Allow-Origin"):
        response.status = 200
        put(response, "Access-Control-Allow-Methods", asked)


def _always_allows_credentials(request: Request, response: Response) -> None:
    put(response, "Access-Control-Allow-Credentials", b"true")


def _says_star(request: Request, response: Response) -> None:
    if response.values("Access-Control-Allow-Origin"):
        put(response, "Access-Control-Allow-Origin", b"*")


def _forgets_the_header_names(request: Request, response: Response) -> None:
    drop(response, "Access-Control-Allow-Headers")


def _forgets_what_is_exposed(request: Request, response: Response) -> None:
    drop(response, "Access-Control-Expose-Headers")


def _doubles_a_line(request: Request, response: Response) -> None:
    response.headers += [pair for pair in response.headers if pair[0].endswith("Allow-Origin")]


def _refuses_preflights(request: Request, response: Response) -> None:
    if request.method == "OPTIONS":
        response.status = 403


FAULTS = [
    _reflects_any_origin,
    _allows_any_method,
    _always_allows_credentials,
    _says_star,
    _forgets_the_header_names,
    _forgets_what_is_exposed,
    _doubles_a_line,
    _refuses_preflights,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_a_fault_is_found(fault: Fault) -> None:
    driver = with_fault(DRIVERS["core"], fault)

    def fails(drawn: PolicyAndVisits) -> bool:
        policy, [visit] = drawn
        send = driver(Policy(**policy))
        return bool(misread(policy, visit, Browser(send).fetch(Page(visit.origin), visit.asked)))

    find(policies_and_visits(), fails, settings=examples(2000, shrink=False))


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("preflighted", [True, False])
def test_all_kinds_of_outcome_are_reached(readable: bool, preflighted: bool) -> None:
    def is_of_that_kind(drawn: PolicyAndVisits) -> bool:
        policy, [visit] = drawn
        send = DRIVERS["core"](Policy(**policy))
        outcome = Browser(send).fetch(Page(visit.origin), visit.asked)
        return (outcome.type in ("cors", "error") and outcome.readable == readable
                and outcome.preflighted == preflighted)  # fmt: skip

    find(policies_and_visits(), is_of_that_kind, settings=examples(2000, shrink=False))
