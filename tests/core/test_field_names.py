"""Lists of field names: parsing the requested ones, their bounds, merging Vary."""

import pytest

from cors_core.field_names import (
    MAX_REQUEST_HEADERS_ELEMENTS,
    MAX_REQUEST_HEADERS_LENGTH,
    merged_vary,
    requested_names,
)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("", ()),
        (" \t", ()),
        (",,,", ()),
        ("x-a", ("x-a",)),
        ("X-B,x-a, x-b", ("x-b", "x-a")),
        ("x-a,\tx-b ,", ("x-a", "x-b")),
        ("x-a x-b", None),
        ("x-a;q=1", None),
        ("x-ä", None),
        ("x-a\n", None),
        ("x-a,*", None),
        ("\x0bx-a", None),
    ],
)
def test_requested_names(value: str, names: tuple[str, ...] | None) -> None:
    assert requested_names(value) == names


def test_the_bounds_are_exact() -> None:
    name = "x" * MAX_REQUEST_HEADERS_LENGTH
    assert requested_names(name) == (name,)
    assert requested_names(name + "x") is None
    assert requested_names("," * (MAX_REQUEST_HEADERS_ELEMENTS - 1)) == ()
    assert requested_names("," * MAX_REQUEST_HEADERS_ELEMENTS) is None


@pytest.mark.parametrize(
    ("app", "merged"),
    [
        ([], "Origin"),
        ([""], "Origin"),
        (["Accept"], "Accept, Origin"),
        (["ORIGIN"], "ORIGIN"),
        (["a, b", "B,c"], "a, b, c, Origin"),
        (["*"], "*"),
        (["Accept, *"], "Accept, *"),
    ],
)
def test_merged_vary(app: list[str], merged: str) -> None:
    assert merged_vary(app, ("Origin",)) == merged
