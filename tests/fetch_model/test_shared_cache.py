"""The shared cache: what it may give to another request, and what not."""

import pytest

from tests.behaviour.transports import Request
from tests.fetch_model.hand_made import Server, response
from tests.fetch_model.shared_cache import SharedCache, selects

A = Request(headers=(("Origin", b"https://a.example"), ("Accept", b"x")))
B = Request(headers=(("Origin", b"https://b.example"), ("Accept", b"x")))
PLAIN = Request(headers=(("Accept", b"x"),))


@pytest.mark.parametrize(
    ("request_", "earlier", "vary", "selected"),
    [
        (A, B, [], True),
        (A, B, ["Origin"], False),
        (A, A, ["origin"], True),
        (A, B, ["Accept"], True),
        (A, B, ["Accept, ORIGIN"], False),
        (A, B, ["Accept", "Origin"], False),
        (A, A, ["*"], False),
        (A, A, ["Origin, *"], False),
        (A, PLAIN, ["Origin"], False),
        (PLAIN, A, ["Origin"], False),
        (PLAIN, PLAIN, ["Origin"], True),
        (Request(headers=(("X", b"1,2"),)), Request(headers=(("x", b"1"), ("X", b" 2"))), ["X"],
         True),
    ],
)  # fmt: skip
def test_selection(request_: Request, earlier: Request, vary: list[str], selected: bool) -> None:
    assert selects(request_, earlier, response(Vary=vary)) == selected


def test_a_stored_response_is_given_again() -> None:
    first, second = response(Vary="Origin"), response(Vary="Origin")
    server = Server(first, second)
    cache = SharedCache(server)
    assert [cache(request) for request in (A, B, A, B)] == [first, second, first, second]
    assert (len(server.requests), cache.hits) == (2, 2)


def test_the_most_recent_that_is_selected_is_given() -> None:
    first, second = response(Vary="Origin", X_App="1"), response(X_App="2")
    cache = SharedCache(Server(first, second))
    assert [cache(request) for request in (A, B, A)] == [first, second, second]


def test_method_and_path_are_the_key() -> None:
    server = Server(response())
    cache = SharedCache(server)
    for request in (Request("GET"), Request("HEAD"), Request("GET", "/other")):
        cache(request)
    assert not cache.hits


@pytest.mark.parametrize("value", ["private", "no-store", "public, No-Store"])
def test_what_is_for_one_user_is_not_stored(value: str) -> None:
    cache = SharedCache(Server(response(Cache_Control=value)))
    cache(A)
    cache(A)
    assert not cache.hits


def test_an_answer_to_authorization_is_not_stored() -> None:
    cache = SharedCache(Server(response()))
    cache(Request(headers=(("Authorization", b"x"),)))
    cache(A)
    cache(A)
    assert cache.hits == 1


@pytest.mark.parametrize(
    ("request_", "stored"),
    [
        (Request("HEAD"), True),
        (Request("QUERY"), True),
        (Request("POST"), False),
        (Request("OPTIONS"), False),
        (Request("OPTIONS", headers=(("Access-Control-Request-Method", b"PUT"),)), True),
    ],
)
def test_what_is_stored(request_: Request, stored: bool) -> None:
    cache = SharedCache(Server(response(204)))
    cache(request_)
    cache(request_)
    assert bool(cache.hits) == stored
