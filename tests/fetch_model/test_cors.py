"""The CORS check and the judgement of a preflight's answer, step by step, from both sides."""

from typing import Any

import pytest

from tests.behaviour.transports import Request
from tests.fetch_model import cors
from tests.fetch_model.fetch_request import NetworkError, PageRequest
from tests.fetch_model.hand_made import ORIGIN, cors_request, response

OMITTED = PageRequest(credentials_mode="omit")
INCLUDED = PageRequest(credentials_mode="include")


@pytest.mark.parametrize(
    ("asked", "headers"),
    [
        (OMITTED, {"acao": "*"}),
        (OMITTED, {"acao": ORIGIN}),
        (OMITTED, {"acao": f" {ORIGIN}\t"}),
        (PageRequest(), {"acao": "*"}),
        (INCLUDED, {"acao": ORIGIN, "acac": "true"}),
    ],
)
def test_cors_check_succeeds(asked: PageRequest, headers: dict[str, Any]) -> None:
    cors.cors_check(cors_request(asked), response(**headers))


@pytest.mark.parametrize(
    ("asked", "headers", "reason"),
    [
        (OMITTED, {}, "there is no Access-Control-Allow-Origin"),
        (OMITTED, {"acao": ""}, "not 'https://app.example'"),
        (OMITTED, {"acao": "https://APP.example"}, "not 'https://app.example'"),
        (OMITTED, {"acao": f"{ORIGIN}/"}, "not 'https://app.example'"),
        (OMITTED, {"acao": "null"}, "not 'https://app.example'"),
        (OMITTED, {"acao": "**"}, "not 'https://app.example'"),
        (OMITTED, {"acao": [ORIGIN, ORIGIN]}, "is 'https://app.example, https://app.example'"),
        (OMITTED, {"acao": ["*", "*"]}, r"is '\*, \*'"),
        (INCLUDED, {"acao": "*", "acac": "true"}, r"is '\*', not"),
        (INCLUDED, {"acao": ORIGIN}, "Credentials is None"),
        (INCLUDED, {"acao": ORIGIN, "acac": "True"}, "Credentials is 'True'"),
        (INCLUDED, {"acao": ORIGIN, "acac": ["true", "true"]}, "Credentials is 'true, true'"),
    ],
)
def test_cors_check_fails(asked: PageRequest, headers: dict[str, Any], reason: str) -> None:
    with pytest.raises(NetworkError, match=reason):
        cors.cors_check(cors_request(asked), response(**headers))


def test_an_opaque_origin_is_null_in_letters() -> None:
    request = cors_request(OMITTED, origin="null")
    cors.cors_check(request, response(acao="null"))
    with pytest.raises(NetworkError):
        cors.cors_check(request, response(acao=ORIGIN))


def test_a_preflight_asks_for_the_method_and_the_unsafe_names() -> None:
    asked = PageRequest("put", "/p", (("X-B", "1"), ("x-a", "1"), ("Accept-Language", "en")))
    assert cors.preflight_for(cors_request(asked)) == Request(
        "OPTIONS",
        "/p",
        (
            ("Accept", b"*/*"),
            ("Access-Control-Request-Method", b"PUT"),
            ("Origin", b"https://app.example"),
            ("Access-Control-Request-Headers", b"x-a,x-b"),
        ),
    )
    without_names = cors.preflight_for(cors_request(PageRequest("DELETE")))
    assert "Access-Control-Request-Headers" not in dict(without_names.headers)


PUT = PageRequest("PUT")
TOKEN = PageRequest(headers=(("X-Token", "1"),))
SECRET = PageRequest(headers=(("Authorization", "x"),))


def included(asked: PageRequest) -> PageRequest:
    return PageRequest(asked.method, asked.path, asked.headers, "include")


@pytest.mark.parametrize(
    ("asked", "status", "headers"),
    [
        (PUT, 200, {"acam": "PUT"}),
        (PUT, 204, {"acam": ["GET", "POST, PUT"]}),
        (PUT, 299, {"acam": "*"}),
        (included(PUT), 200, {"acam": "PUT", "acac": "true"}),
        (PageRequest("*"), 200, {"acam": "*"}),
        (TOKEN, 200, {"acah": "x-token"}),
        (TOKEN, 200, {"acah": "*", "acam": "PUT"}),
        (PageRequest("POST", headers=TOKEN.headers), 200, {"acah": ",X-TOKEN,"}),
        (included(TOKEN), 200, {"acah": "X-Token", "acac": "true"}),
        (SECRET, 200, {"acah": "authorization"}),
        (SECRET, 200, {"acah": "*, Authorization"}),
    ],
)
def test_preflight_succeeds(asked: PageRequest, status: int, headers: dict[str, Any]) -> None:
    cors.check_preflight(cors_request(asked), response(status, acao=ORIGIN, **headers))


@pytest.mark.parametrize(
    ("asked", "status", "headers", "reason"),
    [
        (PUT, 300, {"acam": "PUT"}, "its status is 300"),
        (PUT, 199, {"acam": "PUT"}, "its status is 199"),
        (PUT, 400, {"acam": "PUT"}, "its status is 400"),
        (PUT, 200, {}, "lists .*not 'PUT'"),
        (PUT, 200, {"acam": "put"}, "lists .*not 'PUT'"),
        (PageRequest("patch"), 200, {"acam": "PATCH"}, "not 'patch'"),
        (PUT, 200, {"acam": "PUT GET"}, "which is no token"),
        (PUT, 200, {"acam": "PUT", "acah": "a b"}, "which is no token"),
        (included(PUT), 200, {"acam": "*", "acac": "true"}, r"lists \['\*'\], not 'PUT'"),
        (included(PUT), 200, {"acam": "PUT"}, "Credentials is None"),
        (TOKEN, 200, {}, "not 'x-token'"),
        (TOKEN, 200, {"acah": "x-tokens, token"}, "not 'x-token'"),
        (included(TOKEN), 200, {"acah": "*", "acac": "true"}, "not 'x-token'"),
        (SECRET, 200, {"acah": "*"}, r"which no \* stands for"),
    ],
)
def test_preflight_fails(
    asked: PageRequest, status: int, headers: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NetworkError, match=reason):
        cors.check_preflight(cors_request(asked), response(status, acao=ORIGIN, **headers))


def test_preflight_needs_the_cors_check() -> None:
    with pytest.raises(NetworkError, match="there is no Access-Control-Allow-Origin"):
        cors.check_preflight(cors_request(PUT), response(acam="PUT"))


@pytest.mark.parametrize(
    ("lines", "seconds"), [([], 5), (["600"], 600), (["0"], 0), (["x"], 5), (["1", "2"], 5)]
)
def test_max_age(lines: list[str], seconds: int) -> None:
    answer = response(acao="*", acam="PUT", acma=lines)
    assert cors.check_preflight(cors_request(PUT), answer).max_age == seconds


def test_exposed_names() -> None:
    answer = response(aceh=["X-A, x-b", "X-C"])
    assert cors.exposed_names(cors_request(OMITTED), answer) == {"x-a", "x-b", "x-c"}
    any_name = response(aceh="*", X_App="1")
    assert "x-app" in cors.exposed_names(cors_request(OMITTED), any_name)
    assert cors.exposed_names(cors_request(INCLUDED), any_name) == {"*"}
    assert cors.exposed_names(cors_request(OMITTED), response(aceh="a b")) == set()
    assert cors.exposed_names(cors_request(OMITTED), response()) == set()
