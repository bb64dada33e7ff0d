"""Methods and request headers, each side of each line that the standard draws."""

import pytest

from tests.fetch_model import header_lists, methods, request_headers
from tests.fetch_model.header_lists import HeaderList, Malformed


@pytest.mark.parametrize(
    ("written", "sent"),
    [("get", "GET"), ("Post", "POST"), ("pUT", "PUT"), ("delete", "DELETE"), ("head", "HEAD"),
     ("options", "OPTIONS"), ("patch", "patch"), ("query", "query"), ("Chicken", "Chicken")],
)  # fmt: skip
def test_normalization(written: str, sent: str) -> None:
    assert methods.normalized(written) == sent


def test_safelisted_methods() -> None:
    assert [method for method in ("GET", "HEAD", "POST", "get", "PUT", "QUERY", "OPTIONS")
            if methods.is_safelisted(method)] == ["GET", "HEAD", "POST"]  # fmt: skip


def test_forbidden_methods() -> None:
    assert all(map(methods.is_forbidden, ["CONNECT", "Trace", "tracK"]))
    assert not any(map(methods.is_forbidden, ["OPTIONS", "TRACER"]))


SAFELISTED = [
    ("Accept", "text/html, */*;q=0.1"),
    ("accept", "a" * 128),
    ("Accept-Language", "de-CH, en;q=0.5, *"),
    ("Content-Language", "en.US=1"),
    ("Content-Type", "text/plain"),
    ("content-type", "Multipart/Form-Data; boundary=x"),
    ("Content-Type", "application/x-www-form-urlencoded ;charset=utf-8"),
    ("Range", "bytes=0-"),
    ("Range", "bytes=5-5"),
]
UNSAFE = [
    ("Accept", "a" * 129),
    ("Accept", "text/html (or so)"),
    ("Accept", "\x7f"),
    ("Accept-Language", "de:CH"),
    ("Accept-Language", "de_CH"),
    ("Content-Language", "ü"),
    ("Content-Type", "application/json"),
    ("Content-Type", "text/plain, application/json"),
    ("Content-Type", 'text/plain; charset="utf-8"'),
    ("Content-Type", "text"),
    ("Content-Type", "text /plain"),
    ("Content-Type", ""),
    ("Range", "bytes=-5"),
    ("Range", "bytes=5-4"),
    ("Range", "bytes=0-1, 4-5"),
    ("Range", "bytes = 0-"),
    ("X-Anything", ""),
    ("Authorization", "Basic YTpi"),
]


@pytest.mark.parametrize(("name", "value"), SAFELISTED)
def test_safelisted_request_headers(name: str, value: str) -> None:
    assert request_headers.is_safelisted(name, value)
    assert request_headers.unsafe_names([(name, value)]) == []


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_unsafe_request_headers(name: str, value: str) -> None:
    assert not request_headers.is_safelisted(name, value)
    assert request_headers.unsafe_names([(name, value)]) == [name.lower()]


def test_unsafe_names_are_sorted_and_in_lower_case_and_each_there_once() -> None:
    headers = [("X-B", "1"), ("x-a", "1"), ("x-b", "2"), ("Accept", "*/*")]
    assert request_headers.unsafe_names(headers) == ["x-a", "x-b"]


def test_many_safelisted_headers_are_unsafe_together() -> None:
    most = [("Accept", "a" * 128)] * 8
    assert request_headers.unsafe_names(most) == []
    assert request_headers.unsafe_names([*most, ("Accept-Language", "d")]) == [
        "accept",
        "accept-language",
    ]


def test_no_cors_mode_knows_no_range() -> None:
    assert request_headers.is_no_cors_safelisted("Content-Type", "text/plain")
    assert not request_headers.is_no_cors_safelisted("Content-Type", "text/css")
    assert not request_headers.is_no_cors_safelisted("Range", "bytes=0-")


@pytest.mark.parametrize(
    ("name", "value"),
    [("COOKIE", "a=b"), ("Origin", "null"), ("Access-Control-Request-Method", "PUT"),
     ("Sec-Fetch-Mode", "cors"), ("Proxy-Authorization", "x"), ("Host", "a"),
     ("X-HTTP-Method-Override", "PUT, trace")],
)  # fmt: skip
def test_forbidden_request_headers(name: str, value: str) -> None:
    assert request_headers.is_forbidden(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Cookie", "a=b"), ("Authorization", "x"), ("Security", "x"), ("User-Agent", "x"),
     ("X-HTTP-Method-Override", "PUT"), ("Access-Control-Request-Private-Network", "true")],
)  # fmt: skip
def test_request_headers_that_a_page_may_set(name: str, value: str) -> None:
    assert not request_headers.is_forbidden(name, value)


def test_get_joins_the_lines_of_a_header() -> None:
    lines = [("A", " 1"), ("b", "2"), ("a", "3\t")]
    assert header_lists.get("a", lines) == "1, 3"
    assert header_lists.get("c", lines) is None


def test_extracted_tokens() -> None:
    def extract(*values: str) -> list[str] | None:
        return header_lists.extract_tokens("A", [("a", value) for value in values])

    assert extract() is None
    assert extract("") == []
    assert extract("GET , ,put", "*") == ["GET", "put", "*"]
    with pytest.raises(Malformed):
        extract("GET", "P UT")


@pytest.mark.parametrize(
    ("lines", "expected"), [([], None), ([("A", "0")], 0), ([("A", "0600")], 600)]
)
def test_extracted_seconds(lines: HeaderList, expected: int | None) -> None:
    assert header_lists.extract_delta_seconds("a", lines) == expected


@pytest.mark.parametrize("values", [["-1"], ["1.5"], ["1s"], [""], ["1", "1"], ["1, 1"], ["²"]])
def test_seconds_that_are_none(values: list[str]) -> None:
    with pytest.raises(Malformed):
        header_lists.extract_delta_seconds("a", [("A", value) for value in values])
