"""Every case on every driver."""

import pytest

from .case import Case, difference
from .cases import CASES
from .drivers import DRIVERS


@pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}-{case.id}" for case in CASES])
@pytest.mark.parametrize("driver", DRIVERS)
def test_behaviour(driver: str, case: Case) -> None:
    response = DRIVERS[driver](case.built_policy(), **case.choice)(case.request)
    found = difference(driver, case, response)
    if found:
        pytest.fail(found, pytrace=False)


def test_ids_are_unique() -> None:
    ids = [(case.rule, case.id) for case in CASES]
    assert len(set(ids)) == len(ids)


def test_every_rule_has_cases() -> None:
    # R3 is about scopes that carry no HTTP request, R17 to R19 about policies that do not exist.
    rules = {case.rule for case in CASES}
    assert rules == {f"R{number}" for number in range(1, 17)} - {"R3"} | {"choice"}


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
