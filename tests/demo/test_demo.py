"""The demo: its reading of the Fetch standard, from both sides, and the command itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from examples.demo.__main__ import main
from examples.demo.browser import (
    Request,
    Response,
    cors_check_failure,
    needs_preflight,
    outcome_of,
    preflight_failure,
    preflight_for,
)
from examples.demo.page_server import PageServer, serving_page, table_as_json
from examples.demo.servers import APPS, App
from examples.demo.situations import SITUATIONS, PageFetch
from examples.demo.terminal import Style, table
from examples.demo.verdicts import Cell, Origins, judge_one
from examples.demo.wire import NoAnswer, sender

ROOT = Path(__file__).parents[2]
PAGE = "http://localhost:1"
ORIGINS = Origins(PAGE, "http://127.0.0.1:1")

GET = PageFetch("GET", "/note")
GET_WITH_CREDENTIALS = PageFetch("GET", "/note", include_credentials=True)
PUT = PageFetch("PUT", "/note", headers={"X-Token": "1", "Content-Type": "application/json"})
PUT_WITH_CREDENTIALS = PageFetch("PUT", "/note", include_credentials=True)
AUTHORIZED = PageFetch("GET", "/note", headers={"Authorization": "Bearer 1"})


def response(status: int = 200, **headers: str) -> Response:
    pairs = [(f"access-control-allow-{name}", value) for name, value in headers.items()]
    return Response(status, tuple(pairs), "{}")


@pytest.mark.parametrize(
    ("fetch", "answer"),
    [
        (GET, response(origin=PAGE)),
        (GET, response(origin="*")),
        (GET_WITH_CREDENTIALS, response(origin=PAGE, credentials="true")),
    ],
)
def test_cors_check_passes(fetch: PageFetch, answer: Response) -> None:
    assert cors_check_failure(fetch, PAGE, answer) is None


@pytest.mark.parametrize(
    ("fetch", "answer"),
    [
        (GET, response()),
        (GET, response(origin="http://localhost:2")),
        (GET, response(origin=f"{PAGE}/")),
        (GET, response(origin=f"{PAGE}, {PAGE}")),
        (GET, Response(200, (("Access-Control-Allow-Origin", PAGE),) * 2)),
        (GET_WITH_CREDENTIALS, response(origin="*", credentials="true")),
        (GET_WITH_CREDENTIALS, response(origin=PAGE)),
        (GET_WITH_CREDENTIALS, response(origin=PAGE, credentials="True")),
    ],
)
def test_cors_check_fails(fetch: PageFetch, answer: Response) -> None:
    assert cors_check_failure(fetch, PAGE, answer)


@pytest.mark.parametrize(
    ("fetch", "answer"),
    [
        (PUT, response(origin=PAGE, methods="GET, PUT", headers="X-TOKEN,, content-type")),
        (PUT, response(204, origin="*", methods="*", headers="*")),
        (AUTHORIZED, response(origin="*", headers="*, authorization")),
        (PUT_WITH_CREDENTIALS, response(origin=PAGE, credentials="true", methods="PUT")),
    ],
)
def test_preflight_lets_through(fetch: PageFetch, answer: Response) -> None:
    assert preflight_failure(fetch, PAGE, answer) is None


@pytest.mark.parametrize(
    ("fetch", "answer", "reason"),
    [
        (PUT, response(methods="PUT", headers="*"), "has no Access-Control-Allow-Origin"),
        (PUT, response(400, origin="*", methods="*", headers="*"), "400"),
        (PUT, response(302, origin="*", methods="*", headers="*"), "302"),
        (PUT, response(origin="*", headers="*"), "PUT is missing"),
        (PUT, response(origin="*", methods="put", headers="*"), "PUT is missing"),
        (PUT, response(origin="*", methods="PUT; GET", headers="*"), "malformed"),
        (PUT, response(origin="*", methods="PUT", headers="x-token"), "content-type is missing"),
        (PUT, response(origin="*", methods="PUT", headers="x token"), "malformed"),
        (AUTHORIZED, response(origin="*", headers="*"), "authorization is missing"),
        (
            PUT_WITH_CREDENTIALS,
            response(origin=PAGE, credentials="true", methods="*"),
            "PUT is missing",
        ),
    ],
)
def test_preflight_stops(fetch: PageFetch, answer: Response, reason: str) -> None:
    assert reason in (preflight_failure(fetch, PAGE, answer) or "")


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, False),
        ({"Accept-Language": "de"}, False),
        ({"Content-Type": "Text/Plain; charset=utf-8"}, False),
        ({"Content-Type": "application/json"}, True),
        ({"X-Token": "1"}, True),
    ],
)
def test_which_headers_need_a_preflight(headers: dict[str, str], asked: bool) -> None:
    assert needs_preflight(PageFetch("POST", "/", headers=headers)) is asked
    assert needs_preflight(PageFetch("DELETE", "/", headers=headers))


def test_preflight_as_browsers_write_it() -> None:
    assert preflight_for(PUT, PAGE) == Request(
        "OPTIONS",
        "/note",
        (
            ("Accept", "*/*"),
            ("Origin", PAGE),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "content-type,x-token"),
        ),
    )


def test_nothing_follows_a_preflight_that_stops() -> None:
    sent: list[str] = []

    def send(request: Request) -> Response:
        sent.append(request.method)
        return response(origin=PAGE, methods="GET")

    assert outcome_of(PUT, PAGE, {}, send).verdict == "blocked"
    assert sent == ["OPTIONS"]


@pytest.mark.parametrize(
    ("cookie", "verdict"),
    [
        ("visits={}; Path=/", "readable 200"),
        ("visits={}; Path=/; Secure", "readable 200 / no cookie"),
        ("other={}", "readable 200 / no cookie"),
    ],
)
def test_credentials_are_proved_by_the_cookie_that_comes_back(cookie: str, verdict: str) -> None:
    def send(request: Request) -> Response:
        count = int(dict(request.headers).get("Cookie", "visits=0").removeprefix("visits=")) + 1
        allowed = response(origin=PAGE, credentials="true")
        headers = (*allowed.headers, ("Set-Cookie", cookie.format(count)))
        return Response(200, headers, json.dumps({"visits": count}))

    def send_other(request: Request) -> Response:
        kept = tuple(pair for pair in request.headers if not pair[1].startswith("other="))
        return send(request._replace(headers=kept))

    situation = next(situation for situation in SITUATIONS if situation.counts_visits)
    assert judge_one("any", situation, ORIGINS, send_other).verdict == verdict


def test_a_dead_server_is_not_taken_for_a_refusal() -> None:
    def send(request: Request) -> Response:
        raise NoAnswer("connection refused")

    for situation in SITUATIONS:
        cell = judge_one("any", situation, ORIGINS, send)
        assert (cell.verdict, cell.reason, cell.ok) == ("no answer", "connection refused", False)


def test_table_marks_what_is_wrong() -> None:
    cells = [Cell("Any", situation, "blocked", "why", ()) for situation in SITUATIONS]
    lines = table(cells, Style(encoding="ascii")).splitlines()
    row = next(line for line in lines if line.startswith("Any "))
    assert row.split() == [
        "Any",
        *"! blocked + blocked + blocked + blocked ! blocked ! blocked".split(),
    ]
    assert any("Any: blocked, not readable 200: why" in line for line in lines)
    assert lines[-1] == "! 3 of 6 verdicts are as expected"
    assert "\x1b[31m" in table(cells, Style(colours=True))


def test_the_page_needs_nothing_from_elsewhere() -> None:
    with serving_page() as page:
        for path in ("/", "/style.css", "/live.js", "/attempt.js", "/refused.html"):
            answer = _fetched(page, path)
            assert answer.status == 200
            assert not any(f"{scheme}://" in answer.body for scheme in ("https", "ws", "wss"))
        assert _fetched(page, "/../page_server.py").status == 404
        page.table = table_as_json([], [], page.origins)
        told = json.loads(_fetched(page, "/table.json").body)
    assert [situation["name"] for situation in told["situations"]] == [s.name for s in SITUATIONS]


def _fetched(page: PageServer, path: str) -> Response:
    return sender(page.server_port)(Request("GET", path, ()))


def test_once_prints_every_framework_and_succeeds() -> None:
    command = [sys.executable, "-m", "examples.demo", "--once"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for app in APPS:
        row = next(
            line for line in done.stdout.splitlines() if line.startswith(f"{app.framework} ")
        )
        assert row.count("200") == 2
        assert row.count("blocked") == 3
        assert row.count("500") == 1
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_wrong_verdicts_fail_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    apps = [App("No CORS", "waitress", "tests.demo.without_cors:app")]
    assert main(["--once"], apps) == 1
    printed = capsys.readouterr().out
    assert "3 of 6 verdicts are as expected" in printed
    assert "No CORS: blocked, not readable 200" in printed


def test_a_server_that_does_not_start_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--once"], [App("Broken", "uvicorn", "tests.demo.does_not_start:app")]) == 2
    told = capsys.readouterr().err
    assert "the server of Broken ended with 1" in told
    assert "no such database" in told
