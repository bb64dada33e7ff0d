"""The suite catches adapters that are broken in the ways that adapters break."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from cors_core import Policy, PolicyRequest
from cors_core.wsgi import CORSMiddleware

from .apps.plain import wsgi_app
from .case import difference, failure
from .cases import CASES
from .drivers import DRIVERS
from .transports import Request, Response, Send, call_wsgi

wsgi = DRIVERS["wsgi"]

PLAIN_CASES = [case for case in CASES if case.source is None and not case.choice]
"""The sabotaged adapters take a Policy and nothing else."""

Lines = list[tuple[str, str]]


def changed(change: Callable[[Lines], Lines]) -> Callable[[Policy], Send]:
    """Return the wsgi driver with its response headers changed on their way out."""

    def driver(policy: Policy) -> Send:
        send = wsgi(policy)

        def send_changed(request: Request) -> Response:
            response = send(request)
            response.headers = change(response.headers)
            return response

        return send_changed

    return driver


def asked(
    change: Callable[[Request], Request],
) -> Callable[[Policy], Send]:
    """Return the wsgi driver as an adapter that reads less of the request than there is."""

    def driver(policy: Policy) -> Send:
        send = wsgi(policy)
        return lambda request: send(change(request))

    return driver


def without(name: str) -> Callable[[Lines], Lines]:
    return lambda lines: [line for line in lines if line[0].lower() != name]


def doubled(name: str) -> Callable[[Lines], Lines]:
    return lambda lines: lines + [line for line in lines if line[0].lower() == name]


def first_lines(request: Request) -> Request:
    lines: dict[str, bytes] = {}
    for name, value in request.headers:
        lines.setdefault(name, value)
    return Request(request.method, request.path, tuple(lines.items()))


def last_lines(request: Request) -> Request:
    return Request(request.method, request.path, tuple(dict(request.headers).items()))


def as_no_preflight(request: Request) -> Request:
    """Have the app answer a preflight, decorated: as with Falcon's own middleware."""
    asked = "Access-Control-Request-Method"
    lines = tuple(line for line in request.headers if line[0] != asked)
    return Request(request.method, request.path, lines)


def loses_headers_in_a_crash(policy: Policy) -> Send:
    send = wsgi(policy)

    def send_and_lose(request: Request) -> Response:
        response = send(request)
        if response.raised:
            response.headers = without("access-control-allow-origin")(response.headers)
        return response

    return send_and_lose


def keeps_the_apps_headers(policy: Policy) -> Send:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        kept: Lines = []

        def note(status: str, headers: Lines, *rest: Any) -> Any:
            kept.extend(line for line in headers if line[0].lower().startswith("access-control-"))
            return environ["start"](status, headers, *rest)

        def start(status: str, headers: Lines, *rest: Any) -> Any:
            return start_response(status, [*headers, *kept], *rest)

        inner = CORSMiddleware(lambda env, _: wsgi_app(env, note), policy=policy)
        environ["start"] = start
        return inner(environ, start)

    return partial(call_wsgi, app)


SABOTAGED = {
    "drops-vary": (changed(without("vary")), "R14"),
    "doubles-allow-origin": (changed(doubled("access-control-allow-origin")), "R11"),
    "doubles-vary": (changed(doubled("vary")), "R14"),
    "drops-credentials": (changed(without("access-control-allow-credentials")), "R11"),
    "drops-exposed": (changed(without("access-control-expose-headers")), "R11"),
    "reads-the-first-line-only": (asked(first_lines), "R8"),
    "reads-the-last-line-only": (asked(last_lines), "R8"),
    "forwards-preflights": (asked(as_no_preflight), "R2"),
    "loses-headers-in-a-crash": (loses_headers_in_a_crash, "R15"),
    "keeps-the-apps-headers": (keeps_the_apps_headers, "R13"),
}


@pytest.mark.parametrize("sabotage", SABOTAGED)
def test_sabotage_is_caught(sabotage: str) -> None:
    driver, rule = SABOTAGED[sabotage]
    failed = {
        case.rule
        for case in PLAIN_CASES
        if difference("wsgi", case, driver(case.built_policy())(case.request))
    }
    assert rule in failed


def test_the_unchanged_driver_passes() -> None:
    driver = changed(lambda lines: lines)
    for case in PLAIN_CASES:
        assert not difference("wsgi", case, driver(case.built_policy())(case.request))


def ignores_marks(policy: Any, **choice: Any) -> Send:
    return DRIVERS["core"](policy, **{**choice, "marked": False, "late": False})


def has_the_path_beat_the_mark(policy: Any, **choice: Any) -> Send:
    return DRIVERS["core"](policy, **{**choice, "marked": "paths" not in choice})


def asks_the_default_in_vain(policy: Any, **choice: Any) -> Send:
    send = DRIVERS["core"](policy, **choice)

    def ask_and_send(request: Request) -> Response:
        if callable(policy):
            with suppress(Exception):
                policy(PolicyRequest("", request.path, request.method, None))
        return send(request)

    return ask_and_send


def opens_where_it_fails(policy: Any, **choice: Any) -> Send:
    """Let the default decide in silence where the router raises."""
    marked, unmarked = DRIVERS["core"](policy, **choice), ignores_marks(policy, **choice)
    return lambda request: (unmarked if "/broken/" in request.path else marked)(request)


def decides_when_the_app_has_answered(policy: Any, **choice: Any) -> Send:
    send = DRIVERS["core"](policy, **choice)

    def send_again(request: Request) -> Response:
        send(request)
        return send(request)

    return send_again


SABOTAGED_CHOICES: dict[str, tuple[Callable[..., Send], str]] = {
    "ignores-marks": (ignores_marks, "marked-actual"),
    "has-the-path-beat-the-mark": (has_the_path_beat_the_mark, "mark-before-path-actual"),
    "asks-the-default-in-vain": (asks_the_default_in_vain, "callable-not-asked-on-marked"),
    "opens-where-it-fails": (opens_where_it_fails, "router-that-raises-preflight"),
    "decides-late": (decides_when_the_app_has_answered, "replaced-while-the-app-answers"),
}


@pytest.mark.parametrize("sabotage", SABOTAGED_CHOICES)
def test_a_sabotaged_choice_is_caught(sabotage: str) -> None:
    driver, caught_by = SABOTAGED_CHOICES[sabotage]
    (case,) = [case for case in CASES if case.id == caught_by]
    assert not failure("core", DRIVERS["core"], case)
    assert failure("core", driver, case)
