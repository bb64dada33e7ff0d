"""Every case on every driver."""

from typing import Any

import pytest

from .case import Case, difference, failure
from .cases import CASES
from .drivers import DRIVERS, WITHOUT_ROUTES


def all_runs() -> list[Any]:
    return [
        pytest.param(
            driver,
            case,
            id=f"{driver}-{case.rule}-{case.id}",
        )
        for driver in DRIVERS
        for case in CASES
        if not (case.choice.get("marked") and driver in WITHOUT_ROUTES)
    ]


@pytest.mark.parametrize(("driver", "case"), all_runs())
def test_behaviour(driver: str, case: Case) -> None:
    found = failure(driver, DRIVERS[driver], case)
    if found:
        pytest.fail(found, pytrace=False)


@pytest.mark.parametrize("driver", ["core", "asgi", "wsgi"])
def test_what_is_remembered_is_answered_as_the_first_time(driver: str) -> None:
    for case in CASES:
        if case.choice.get("marked") or case.replaced_by is not None:
            continue
        send = DRIVERS[driver](case.built_policy(), **case.choice)
        first = send(case.request)
        second = send(case.request)
        assert (second.status, second.headers, second.body) == (
            first.status,
            first.headers,
            first.body,
        ), case.id


def test_ids_are_unique() -> None:
    ids = [(case.rule, case.id) for case in CASES]
    assert len(set(ids)) == len(ids)


def test_every_rule_has_cases() -> None:
    # R3 is about scopes that carry no HTTP request, R17 to R19 about policies that do not exist.
    rules = {case.rule for case in CASES}
    assert rules == {f"R{number}" for number in range(1, 17)} - {"R3"} | {"R20", "R21"}


def test_a_difference_names_all_that_is_needed_to_find_it() -> None:
    case = CASES[0]
    response = DRIVERS["core"](case.built_policy())(case.request)
    response.headers.append(("vary", "Cookie"))
    response.headers.append(("access-control-max-age", "1"))
    found = difference("core", case, response)
    assert "core fails no-origin (R1)" in found
    assert "'allow_origins': ['https://app.example']" in found
    assert "GET /" in found
    assert "vary: expected 'Origin', got 'Origin' and 'Cookie'" in found
    assert "access-control-max-age: expected None, got '1'" in found
