"""What is read from an ASGI scope, and that what is remembered by its bytes stays true."""

import asyncio
from collections.abc import Callable

import pytest

from cors_core import Decision, OriginLookup, Policy
from cors_core.adapters import Layer, PolicyChoice, ScopeReader

from .flood import living_decisions

A = "https://a.example"
ASKED = ("access-control-request-method", "GET")


def scope(method: str, *headers: tuple[str, str]) -> dict[str, object]:
    return {
        "type": "http",
        "method": method,
        "path": "/",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }


def actual(origin: str) -> dict[str, object]:
    return scope("GET", ("origin", origin))


def preflight(origin: str, *more: tuple[str, str]) -> dict[str, object]:
    return scope("OPTIONS", ("origin", origin), ASKED, *more)


def decided(policy: Policy, request: dict[str, object]) -> Decision:
    """Return the decision that the ASGI middleware comes to before the app runs."""
    layer = Layer(PolicyChoice(policy, awaits=True), ScopeReader())
    found = layer.at_once(request) or asyncio.run(layer.before_async(request))
    assert isinstance(found, Decision)
    return found


def test_the_second_time_is_as_the_first() -> None:
    policy = Policy(allow_origins=[A, "https://*.b.example"], allow_headers=["X-A"])
    requests = [
        scope("GET"),
        scope("OPTIONS"),
        scope("OPTIONS", ASKED),
        scope("OPTIONS", ("origin", A)),
        *map(actual, (A, "https://x.b.example", "https://evil.example", "null", "", "é")),
        preflight(A),
        preflight(A, ("access-control-request-headers", "x-a")),
        preflight(A, ("access-control-request-headers", "x-b")),
        preflight("https://evil.example"),
        preflight(A, ("access-control-request-private-network", "true")),
    ]
    for request in requests:
        first = decided(policy, request)
        assert first == policy.decide(ScopeReader().read(request))
        assert decided(policy, request) is first


@pytest.mark.parametrize("lines", [(A, A), (A, "null"), ("", A)])
def test_two_origin_lines_are_no_origin(lines: tuple[str, str]) -> None:
    policy = Policy(allow_origins=[A], allow_origin_regex=".*")
    twice = [("origin", line) for line in lines]
    for _ in range(2):
        assert not decided(policy, scope("GET", *twice)).allowed
        assert decided(policy, scope("OPTIONS", *twice, ASKED)).status == 400
    assert decided(policy, actual(A)).allowed


def test_lines_of_requested_headers_are_joined() -> None:
    policy = Policy(allow_origins=[A], allow_headers=["X-A", "X-B"])
    name = "access-control-request-headers"
    assert decided(policy, preflight(A, (name, "x-a"), (name, "x-b"))).status == 200
    assert decided(policy, preflight(A, (name, "x-a"), (name, "x-c"))).status == 400


@pytest.mark.parametrize("length", [300, 513, 4096, 4097, 4098, 65536])
def test_what_is_long_is_decided_as_anywhere(length: int) -> None:
    policy = Policy(allow_origins=["https://*.a.example"], allow_headers=["*"])
    long = "x" * length
    for request in (
        actual(f"https://{long}.a.example"),
        preflight(f"https://{long}.a.example"),
        preflight("https://x.a.example", ("access-control-request-headers", long)),
        scope("OPTIONS", ("origin", "https://x.a.example"), (ASKED[0], long)),
    ):
        assert decided(policy, request) == policy.decide(ScopeReader().read(request))


def test_a_flood_is_not_kept() -> None:
    policy = Policy(allow_origins=["https://*.a.example"])
    before = living_decisions()
    for number in range(4000):
        decided(policy, actual(f"https://x{number}.a.example"))
        decided(policy, preflight(f"https://x{number}.a.example"))
        decided(policy, actual(f"https://evil{number}.example"))
        decided(policy, preflight(f"https://evil{number}.example"))
    assert living_decisions() - before < 5000
    assert decided(policy, actual("https://x1.a.example")).allowed
    assert not decided(policy, actual("https://evil1.example")).allowed


@pytest.mark.parametrize("ask", [actual, preflight])
def test_an_origin_lookup_is_believed_anew_each_time(
    ask: Callable[[str], dict[str, object]],
) -> None:
    allowed = {A}
    lookup = OriginLookup(lambda origin: origin in allowed)
    policy = Policy(allow_origins=["https://listed.example", lookup])

    def verdicts() -> list[bool]:
        origins = (A, "https://b.example", "https://listed.example")
        return [decided(policy, ask(origin)).allowed for origin in origins]

    assert verdicts() == verdicts() == [True, False, True]
    allowed = {"https://b.example"}
    assert verdicts() == [True, False, True], "what the lookup said holds for a while"
    lookup.invalidate()
    assert verdicts() == verdicts() == [False, True, True]
    allowed = set()
    lookup.invalidate("https://b.example")
    assert verdicts() == verdicts() == [False, False, True]
    assert decided(policy, scope("GET")).kind == "not CORS"
