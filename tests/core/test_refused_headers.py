"""Header names that a policy lists in vain: no page can set or read them."""

import pytest

from cors_core import Policy, PolicyError
from cors_core.fetch_standard import FORBIDDEN_REQUEST_HEADERS, FORBIDDEN_RESPONSE_HEADERS
from tests.fetch_model import request_headers

FORBIDDEN = "is a forbidden request-header name, which no page can set; remove it"


def problems_of(option: str, *names: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        Policy(**{option: names})  # type: ignore[arg-type]  # a dict of mixed values
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "name", [*sorted(FORBIDDEN_REQUEST_HEADERS - {"cookie"}), "HOST", "Sec-Fetch-Mode", "Proxy-X"]
)
def test_no_page_can_set_a_forbidden_request_header(name: str) -> None:
    assert request_headers.is_forbidden(name, ""), "the browser of the tests agrees"
    assert problems_of("allow_headers", "X-A", name) == [f"allow_headers[1] {name!r} {FORBIDDEN}"]


def test_cookies_are_allowed_by_another_option() -> None:
    expected = f"allow_headers[0] 'Cookie' {FORBIDDEN}: allow_credentials=True lets cookies come"
    assert problems_of("allow_headers", "Cookie") == [expected]


@pytest.mark.parametrize(
    "name",
    [
        "Access-Control-Allow-Origin", "access-control-allow-headers",
        "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
        "Access-Control-Max-Age",
    ],
)  # fmt: skip
def test_a_response_header_is_not_asked_for(name: str) -> None:
    expected = (
        f"allow_headers[0] {name!r} is a response header, which the server sends;"
        " remove it, here and from the page's requests"
    )
    assert problems_of("allow_headers", name) == [expected]


@pytest.mark.parametrize("name", ["User-Agent", "X-HTTP-Method-Override", "Range", "Security", "*"])
def test_a_page_may_set_other_headers(name: str) -> None:
    assert Policy(allow_headers=[name]).allow_headers == (name,)


@pytest.mark.parametrize("name", [*sorted(FORBIDDEN_RESPONSE_HEADERS), "Set-Cookie"])
def test_no_page_can_read_a_forbidden_response_header(name: str) -> None:
    expected = (
        f"expose_headers[0] {name!r} is a forbidden response-header name, which no page can read;"
        " remove it"
    )
    assert problems_of("expose_headers", name) == [expected]


def test_each_list_has_its_own_names() -> None:
    assert Policy(expose_headers=["Date", "Content-Length", "Via"]).expose_headers
    problems = problems_of("allow_headers", "Set-Cookie2X", "X-A", "Host", "Origin")
    assert len(problems) == 2
