"""Marks on endpoints: set by the decorators, read by `mark_of`."""

from functools import wraps
from typing import Any

import pytest

from cors_core import Policy, PolicyError, PolicyRequest, ReloadablePolicy, cors_exempt, cors_policy
from cors_core.adapters import MARKS, mark_of
from cors_core.choosing.marks import EXEMPT

POLICY = Policy(allow_origins=["https://a.example"])


def by_host(request: PolicyRequest) -> Policy | None:
    return POLICY if request.host == "a.example" else None


@pytest.mark.parametrize("policy", [POLICY, ReloadablePolicy(POLICY), "public", by_host])
def test_a_function_a_class_and_a_method_are_marked(policy: Any) -> None:
    @cors_policy(policy)
    def function() -> int:
        return 1

    @cors_policy(policy)
    class Endpoint:
        pass

    class Other:
        @cors_policy(policy)
        def get(self) -> None: ...

    assert function() == 1
    for endpoint in (function, Endpoint, Endpoint(), Other.get, Other().get):
        assert mark_of(endpoint) is policy
    assert mark_of(Other) is None
    assert mark_of(type("Heir", (Endpoint,), {})) is policy


def test_the_place_among_other_decorators_is_free() -> None:
    def other(function: Any) -> Any:
        @wraps(function)
        def wrapper() -> None: ...

        return wrapper

    def endpoint() -> None: ...

    assert mark_of(other(cors_policy("public")(endpoint))) == "public"
    assert mark_of(cors_exempt(other(endpoint))) is EXEMPT


def test_the_first_mark_counts() -> None:
    @cors_exempt
    def exempt() -> None: ...

    @cors_policy("public")
    def public() -> None: ...

    assert mark_of(None, print, exempt, public) is EXEMPT
    assert mark_of(public, exempt) == "public"
    assert mark_of() is None


@pytest.mark.parametrize("policy", [None, 5, ["https://a.example"], {}])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(PolicyError, match="is no policy and no name"):
        cors_policy(policy)


def test_whether_marks_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MARKS, "exist", False)
    decorator = cors_policy("public")
    assert not MARKS.exist
    decorator(lambda: None)
    assert MARKS.exist
