"""MARKS: which endpoints were marked, so that those that no route reaches can be found."""

import gc
from typing import Any

from cors_core import cors_exempt, cors_policy
from cors_core.adapters import MARKS
from cors_core.choosing.marks import Marks


def new_endpoint() -> Any:
    def endpoint() -> None: ...

    return endpoint


def test_what_is_marked_is_known_in_the_order_of_marking() -> None:
    @cors_policy("public")
    class Endpoint:
        @cors_exempt
        def get(self) -> None: ...

    function = cors_exempt(new_endpoint())
    assert MARKS.exist
    assert MARKS.endpoints()[-3:] == [Endpoint.get, Endpoint, function]


def test_endpoints_that_are_gone_take_no_memory() -> None:
    marks = Marks()
    kept = new_endpoint()
    marks.add(kept)
    for _ in range(1000):
        marks.add(new_endpoint())
    gc.collect()
    assert marks.endpoints() == [kept]
    assert len(marks._endpoints) == 1


def test_an_endpoint_without_weak_references_is_marked_all_the_same() -> None:
    class Endpoint:
        __slots__ = ("__cors_core_policy__",)

        def __call__(self) -> None: ...

    before = len(MARKS.endpoints())
    cors_exempt(Endpoint())
    assert len(MARKS.endpoints()) == before

    marks = Marks()
    assert not marks.exist
    marks.add(Endpoint())
    assert marks.exist


def test_endpoints_are_told_apart_by_identity() -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]  # as of any class that only defines __eq__

    marks = Marks()
    kept = Equal()
    marks.add(kept)
    marks.add(Equal())
    gc.collect()
    assert [endpoint is kept for endpoint in marks.endpoints()] == [True]
