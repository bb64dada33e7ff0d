"""The browser on paper, with servers made by hand."""

import dataclasses

import pytest

from tests.behaviour.transports import Response
from tests.fetch_model.browser import SERVER_ORIGIN, Browser, Outcome, Page, PageRequest
from tests.fetch_model.fetch_request import CredentialsMode
from tests.fetch_model.hand_made import ORIGIN, PAGE, Server, response

OPEN = response(acao="*", X_App="1", Content_Type="text/plain", Set_Cookie="a=b")
ALLOWS_PUT = response(acao=ORIGIN, acam="PUT", acah="x-token", acma="60")


def fetched(server: Server, asked: PageRequest, page: Page = PAGE) -> Outcome:
    return Browser(server).fetch(page, asked)


def sent(server: Server, index: int = -1) -> dict[str, bytes]:
    return dict(server.requests[index].headers)


def test_a_safelisted_request_is_sent_at_once() -> None:
    server = Server(OPEN)
    outcome = fetched(server, PageRequest("post", headers=(("Content-Type", "text/plain"),)))
    assert (outcome.type, outcome.readable, outcome.status) == ("cors", True, 200)
    assert not outcome.preflighted
    assert server.methods == ["POST"]
    assert sent(server)["Origin"] == b"https://app.example"
    assert sent(server)["Accept"] == b"*/*"


def test_without_the_cors_check_there_is_nothing_to_read() -> None:
    server = Server(response(X_App="1"))
    outcome = fetched(server, PageRequest())
    assert (outcome.type, outcome.readable, outcome.status) == ("error", False, 0)
    assert outcome.reason == "there is no Access-Control-Allow-Origin"
    assert not outcome.readable_headers
    assert server.methods == ["GET"]


@pytest.mark.parametrize(
    "asked",
    [PageRequest("PUT"), PageRequest("QUERY"), PageRequest(headers=(("X-Token", "1"),)),
     PageRequest("POST", headers=(("Content-Type", "application/json"),))],
)  # fmt: skip
def test_the_rest_is_asked_for_first(asked: PageRequest) -> None:
    server = Server(response(acao="*", acam="*", acah="*"), OPEN)
    outcome = fetched(server, asked)
    assert outcome.readable
    assert outcome.preflighted
    assert server.methods == ["OPTIONS", asked.method]
    assert [request for request, _ in outcome.exchanges] == server.requests


def test_after_a_refused_preflight_nothing_is_sent() -> None:
    server = Server(response(acao=ORIGIN, acam="GET"), OPEN)
    outcome = fetched(server, PageRequest("PUT"))
    assert not outcome.readable
    assert outcome.preflighted
    assert outcome.reason == (
        "the preflight failed: Access-Control-Allow-Methods lists ['GET'], not 'PUT'"
    )
    assert server.methods == ["OPTIONS"]


def test_a_passed_preflight_does_not_spare_the_cors_check() -> None:
    outcome = fetched(Server(ALLOWS_PUT, response()), PageRequest("PUT"))
    assert outcome.reason == "there is no Access-Control-Allow-Origin"


def test_an_options_request_of_a_page_is_no_preflight() -> None:
    server = Server(response(acao="*", acam="OPTIONS"))
    assert fetched(server, PageRequest("OPTIONS")).readable
    assert server.methods == ["OPTIONS", "OPTIONS"]
    assert "Access-Control-Request-Method" in sent(server, 0)
    assert "Access-Control-Request-Method" not in sent(server, 1)


def test_what_a_page_may_not_do() -> None:
    server = Server(OPEN)
    for asked in (
        PageRequest("TRACE"),
        PageRequest("A B"),
        PageRequest("PUT", mode="no-cors"),
        PageRequest(headers=(("A B", "1"),)),
        PageRequest(headers=(("X-Token", "1\n2"),)),
        PageRequest(mode="same-origin"),
    ):
        outcome = fetched(server, asked)
        assert outcome.type == "error"
        assert not outcome.preflighted
    assert not server.requests


def test_forbidden_request_headers_are_dropped() -> None:
    server = Server(OPEN)
    headers = (("Origin", "https://evil.example"), ("Sec-Fetch-Mode", "x"), ("Cookie", "a=b"))
    assert not fetched(server, PageRequest(headers=headers)).preflighted
    assert server.requests[0].headers == (("Accept", b"*/*"), ("Origin", b"https://app.example"))


def test_a_sandboxed_frame_is_of_the_origin_null() -> None:
    server = Server(response(acao="null"))
    assert fetched(server, PageRequest(), Page("null")).readable
    assert sent(server)["Origin"] == b"null"
    assert not fetched(server, PageRequest()).readable


def test_no_cors_is_sent_but_not_read() -> None:
    server = Server(OPEN)
    asked = PageRequest(headers=(("X-Token", "1"), ("Accept", "a/b")), mode="no-cors")
    outcome = fetched(server, asked)
    assert (outcome.type, outcome.readable, outcome.status) == ("opaque", False, 0)
    assert not outcome.readable_headers
    assert server.requests[0].headers == (("Accept", b"a/b"),)
    fetched(server, PageRequest("POST", mode="no-cors"))
    assert sent(server)["Origin"] == b"https://app.example"


def test_no_cors_downgraded_tells_no_origin() -> None:
    server = Server(OPEN)
    browser = Browser(server, server_origin="http://api.example")
    browser.fetch(PAGE, PageRequest("POST", mode="no-cors"))
    assert sent(server)["Origin"] == b"null"


def test_a_page_of_the_server_itself_needs_no_cors() -> None:
    server = Server(response(X_App="1", Set_Cookie="a=b"))
    asked = PageRequest("PUT", headers=(("X-Token", "1"),))
    outcome = fetched(server, asked, Page(SERVER_ORIGIN))
    assert (outcome.type, outcome.readable, outcome.preflighted) == ("basic", True, False)
    assert outcome.readable_headers == {"x-app": "1"}
    assert sent(server)["Origin"] == SERVER_ORIGIN.encode()
    fetched(server, PageRequest(mode="same-origin"), Page(SERVER_ORIGIN))
    assert "Origin" not in sent(server)


def test_readable_headers() -> None:
    assert fetched(Server(OPEN), PageRequest()).readable_headers == {"content-type": "text/plain"}
    exposing = response(acao="*", aceh="x-app, Set-Cookie", X_App=["1", "2"], Set_Cookie="a=b")
    assert fetched(Server(exposing), PageRequest()).readable_headers == {"x-app": "1, 2"}


@pytest.mark.parametrize(
    ("mode", "other", "own"),
    [("omit", False, False), ("same-origin", False, True), ("include", True, True)],
)
def test_cookies_go_along_by_the_credentials_mode(
    mode: CredentialsMode, other: bool, own: bool
) -> None:
    server = Server(response(acao=ORIGIN, acac="true"))
    fetched(server, PageRequest(credentials_mode=mode))
    assert ("Cookie" in sent(server)) == other
    fetched(server, PageRequest(credentials_mode=mode), Page(SERVER_ORIGIN))
    assert ("Cookie" in sent(server)) == own


def test_a_preflight_carries_no_cookie_but_must_allow_them() -> None:
    asked = PageRequest("PUT", credentials_mode="include")
    allows = response(acao=ORIGIN, acac="true", acam="PUT")
    server = Server(allows)
    assert fetched(server, asked).readable
    assert "Cookie" not in sent(server, 0)
    assert "Cookie" in sent(server, 1)
    assert not fetched(Server(ALLOWS_PUT, allows), asked).readable


def test_a_server_that_does_not_answer() -> None:
    assert fetched(Server(Response()), PageRequest()).reason == "the server did not answer"


def redirect(status: int, to: str) -> Response:
    return response(status, acao=ORIGIN, Location=to)


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
     (307, "POST", "POST"), (308, "PUT", "PUT"), (301, "PUT", "PUT")],
)  # fmt: skip
def test_redirects_on_the_server(status: int, method: str, then: str) -> None:
    allows = response(acao=ORIGIN, acam="PUT")
    preflight = [allows] if method == "PUT" else []
    again = [allows] if then == "PUT" else []  # another URL: asked for again
    server = Server(*preflight, redirect(status, "/there"), *again, OPEN)
    outcome = fetched(server, PageRequest(method, headers=(("Content-Type", "text/plain"),)))
    assert outcome.readable
    assert (server.methods[-1], server.requests[-1].path) == (then, "/there")
    assert ("Content-Type" in sent(server)) == (method == then)
    assert len(server.requests) == 2 + len(preflight) + len(again)


def test_redirects_that_fail() -> None:
    unchecked = Server(response(301, Location="/there"), OPEN)
    assert not fetched(unchecked, PageRequest()).readable
    assert fetched(Server(redirect(301, "/")), PageRequest()).reason == "more than 20 redirects"
    preflight = Server(redirect(308, "/there"), OPEN)
    assert "its status is 308" in fetched(preflight, PageRequest("PUT")).reason
    assert preflight.methods == ["OPTIONS"]
    with pytest.raises(NotImplementedError):
        fetched(Server(redirect(301, "https://other.example/")), PageRequest())


def test_a_redirect_to_nowhere_is_read_as_it_is() -> None:
    assert fetched(Server(response(301, acao="*")), PageRequest()).status == 301


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


TOKEN = (("X-Token", "1"),)


def test_a_preflight_is_remembered_for_its_max_age() -> None:
    clock = Clock()
    browser = Browser(Server(ALLOWS_PUT), clock=clock)

    def preflighted(seconds: float) -> bool:
        clock.now = seconds
        return browser.fetch(PAGE, PageRequest("PUT", headers=TOKEN)).preflighted

    times = [0, 1, 59, 60, 61, 119, 121]
    assert [time for time in times if preflighted(time)] == [0, 60, 121]


@pytest.mark.parametrize(("max_age", "seconds"), [([], 5), (["600"], 600), (["86400"], 7200)])
def test_max_age_has_a_default_and_a_limit(max_age: list[str], seconds: int) -> None:
    clock = Clock()
    browser = Browser(Server(response(acao=ORIGIN, acam="PUT", acma=max_age)), clock=clock)
    browser.fetch(PAGE, PageRequest("PUT"))
    clock.now = seconds - 0.1
    assert not browser.fetch(PAGE, PageRequest("PUT")).preflighted
    clock.now = seconds
    assert browser.fetch(PAGE, PageRequest("PUT")).preflighted


def test_max_age_0_is_not_remembered() -> None:
    browser = Browser(Server(response(acao=ORIGIN, acam="PUT", acma="0")), clock=Clock())
    browser.fetch(PAGE, PageRequest("PUT"))
    assert browser.fetch(PAGE, PageRequest("PUT")).preflighted


PUT_TOKEN = PageRequest("PUT", headers=TOKEN)


@pytest.mark.parametrize(
    ("page", "asked", "preflighted"),
    [
        (PAGE, PUT_TOKEN, False),
        (PAGE, PageRequest("PUT"), False),
        (PAGE, PageRequest("POST", headers=TOKEN), False),
        (PAGE, PageRequest("DELETE"), True),
        (PAGE, PageRequest("PUT", headers=(("X-Other", "1"),)), True),
        (PAGE, dataclasses.replace(PUT_TOKEN, path="/elsewhere"), True),
        (PAGE, dataclasses.replace(PUT_TOKEN, credentials_mode="include"), True),
        (PAGE, dataclasses.replace(PUT_TOKEN, credentials_mode="omit"), False),
        (Page("https://other.example"), PUT_TOKEN, True),
    ],
)
def test_what_one_preflight_saves(page: Page, asked: PageRequest, preflighted: bool) -> None:
    browser = Browser(Server(ALLOWS_PUT), clock=lambda: 0)
    browser.fetch(PAGE, PUT_TOKEN)
    assert browser.fetch(page, asked).preflighted == preflighted


def test_a_preflight_with_credentials_serves_requests_without() -> None:
    browser = Browser(Server(response(acao=ORIGIN, acac="true", acam="PUT")), clock=lambda: 0)
    browser.fetch(PAGE, PageRequest("PUT", credentials_mode="include"))
    assert not browser.fetch(PAGE, PageRequest("PUT", credentials_mode="omit")).preflighted


def test_a_remembered_star_is_any_name_but_authorization() -> None:
    answer = response(acao="*", acam="*", acah="*, authorization")
    star = response(acao="*", acam="*", acah="*")
    secret = PageRequest("PUT", headers=(("Authorization", "x"),))
    browser = Browser(Server(star, star, answer), clock=lambda: 0)
    assert browser.fetch(PAGE, PUT_TOKEN).preflighted
    assert not browser.fetch(PAGE, PageRequest("DELETE", headers=(("X-Other", "1"),))).preflighted
    assert browser.fetch(PAGE, secret).preflighted
    assert not browser.fetch(PAGE, secret).preflighted


def test_a_network_error_clears_what_was_remembered() -> None:
    server = Server(ALLOWS_PUT, OPEN, response(), ALLOWS_PUT)
    browser = Browser(server, clock=lambda: 0)
    assert browser.fetch(PAGE, PUT_TOKEN).readable
    assert not browser.fetch(PAGE, PUT_TOKEN).readable
    assert browser.fetch(PAGE, PUT_TOKEN).preflighted
