"""PolicyChoice: mark, paths, default; names, callables, and what fails."""

import asyncio
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import trio

from cors_core import (
    CORSRequest,
    OriginLookup,
    Policy,
    PolicyError,
    PolicyRequest,
    ReloadablePolicy,
    RequestKind,
)
from cors_core.adapters import Decider, PolicyChoice
from cors_core.choosing.choice import CLOSED, EXEMPTION
from cors_core.choosing.marks import EXEMPT
from cors_core.policy import decider_of

A, B, C, D = (Policy(allow_origins=[f"https://{name}.example"]) for name in "abcd")


async def async_lookup(origin: str) -> bool:
    return origin == "https://a.example"


ASYNC_LOOKUP = Policy(allow_origins=OriginLookup(async_lookup))


def choice(policy: object = A, *, awaits: bool = True, **more: Any) -> PolicyChoice:
    options = more.pop("options", {})
    return PolicyChoice(policy, options, more.get("policies"), more.get("paths"), awaits=awaits)


def request(path: str = "/", origin: str | None = "https://a.example") -> CORSRequest:
    return CORSRequest("GET", origin, host="api.example", path=path)


def sync(chooser: PolicyChoice, asked: CORSRequest, mark: object = None) -> object:
    source = chooser.source_for(asked.path) if mark is None else mark
    return named(chooser.choose(source, asked))


def awaited(chooser: PolicyChoice, asked: CORSRequest, mark: object = None) -> Any:
    source = chooser.source_for(asked.path) if mark is None else mark
    return named(asyncio.run(chooser.choose_async(source, asked)))


def named(decider: Decider | None) -> object:
    """Return the policy that a decider decides by, or EXEMPT, or the decider itself."""
    policies = {id(decider_of(policy)): policy for policy in (A, B, C, D)}
    return EXEMPT if decider is EXEMPTION else policies.get(id(decider), decider)


both = pytest.mark.parametrize("choose", [sync, awaited])


def problems(*given: Any, **more: Any) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        choice(*given, **more)
    return [str(problem) for problem in caught.value.problems]


@both
def test_mark_before_paths_before_default(choose: Callable[..., Any]) -> None:
    chooser = choice(A, paths=[("/b/", B)], policies={"c": C})
    assert chooser.fixed is None
    assert choose(chooser, request("/")) is A
    assert choose(chooser, request("/b/x")) is B
    assert choose(chooser, request("/b/x"), "c") is C
    assert choose(chooser, request("/b/x"), D) is D
    assert choose(chooser, request("/b/x"), EXEMPT) is EXEMPT


@both
def test_the_first_match_wins_by_whole_segments(choose: Callable[..., Any]) -> None:
    chooser = choice(A, paths=[("/public/deep/", B), ("/public", C), ["/", D]])
    expected = {
        "/public": C,
        "/public/": C,
        "/public/x": C,
        "/public/deep": B,
        "/public/deep/x": B,
        "/public/deeper": C,
        "/publicity": D,
        "/Public/x": D,
        "/public%2Fx": D,
        "//public/x": C,
        "/public//deep//x": B,
        "/public/../x": CLOSED,
        "/public/./x": CLOSED,
        "/..": CLOSED,
        "/public/..\\x": CLOSED,
        "\\..\\public": CLOSED,
        "/public/.../x": C,
        "/public/..x": C,
        "/": D,
        "": D,
        "*": A,
    }
    for path, policy in expected.items():
        assert choose(chooser, request(path)) is policy, path


@both
@pytest.mark.parametrize(
    "path", ["", "\0", "/\ud800", "/%", "/" * 100_000, "/../b/", "/b/../", "\\", "/b\r\n", "💥"]
)
def test_hostile_paths_never_raise(choose: Callable[..., Any], path: str) -> None:
    chooser = choice(A, paths=[("/b/", B)])
    assert choose(chooser, request(path)) is (CLOSED if ".." in path else A)


def test_a_fixed_policy() -> None:
    assert named(choice(A).fixed) is A
    assert choice(None, options={"allow_origins": ["https://a.example"]}).fixed is not None
    assert named(choice(A, policies={"b": B}).fixed) is A
    assert choice(ReloadablePolicy(A)).fixed is None
    assert choice(lambda _: A).fixed is None
    assert choice(ASYNC_LOOKUP).fixed is decider_of(ASYNC_LOOKUP)
    lookup = Policy(allow_origins=OriginLookup(lambda _: True))
    assert choice(lookup).fixed is decider_of(lookup)


@both
def test_sources(choose: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    seen: list[PolicyRequest] = []

    def by_path(asked: PolicyRequest) -> Policy | None:
        seen.append(asked)
        return B if asked.path == "/b" else None

    holder = ReloadablePolicy(C)
    chooser = choice(by_path, policies={"held": holder, "called": by_path, "exempt": EXEMPT})
    assert choose(chooser, request("/b")) is B
    assert seen == [PolicyRequest("api.example", "/b", "GET", "https://a.example")]
    assert choose(chooser, request("/b/../b")) is CLOSED
    assert len(seen) == 1, "a path with dot segments is closed unasked"
    assert choose(chooser, request("//b")) is B
    assert choose(chooser, request("/")) is CLOSED
    assert choose(chooser, request("/b"), "called") is B
    assert choose(chooser, request("/"), "called") is CLOSED
    assert choose(chooser, request("/"), "held") is C
    assert choose(chooser, request("/"), holder) is C
    assert choose(chooser, request("/"), lambda _: holder) is C
    assert choose(chooser, request("/"), "exempt") is EXEMPT
    holder.replace(D)
    assert choose(chooser, request("/"), "held") is D
    assert not caplog.records


def test_async_callables_are_awaited() -> None:
    async def by_path(asked: PolicyRequest) -> Policy | None:
        return B if asked.path == "/b" else None

    class Callable:
        async def __call__(self, asked: PolicyRequest) -> Policy:
            return C

    chooser = choice(by_path, policies={"named": by_path})
    assert awaited(chooser, request("/b")) is B
    assert awaited(chooser, request("/")) is CLOSED
    assert awaited(chooser, request("/b"), "named") is B
    assert awaited(chooser, request("/b"), Callable()) is C


def test_an_async_lookup_is_asked_before_the_decision() -> None:
    asked: list[str] = []

    async def lookup(origin: str) -> bool:
        asked.append(origin)
        return origin == "https://a.example"

    policy = Policy(allow_origins=["https://static.example", OriginLookup(lookup)])
    chooser = choice(policy)
    for origin in (None, "https://static.example", "nonsense", "https://x.example/", "null"):
        chosen = awaited(chooser, request(origin=origin))
        assert chosen is decider_of(policy)
        asyncio.run(chosen.decide_async(request(origin=origin)))
    assert asked == []
    for origin, status in (("https://a.example", 200), ("https://b.example", 400)):
        chosen = awaited(chooser, request(origin=origin))
        actual = asyncio.run(chosen.decide_async(CORSRequest("GET", origin)))
        assert actual.allowed is (status == 200)
        asked_for = asyncio.run(chosen.decide_async(CORSRequest("OPTIONS", origin, "GET")))
        assert asked_for.status == status
    assert asked == ["https://a.example", "https://b.example"]


def test_a_sync_lookup_is_asked_once_a_request() -> None:
    asked: list[str] = []

    def lookup(origin: str) -> bool:
        asked.append(origin)
        return False

    holder = ReloadablePolicy(Policy(allow_origins=OriginLookup(lookup, negative_ttl=0)))
    chosen = awaited(choice(holder), request())
    assert not chosen.decide(CORSRequest("GET", "https://a.example")).allowed
    assert asked == ["https://a.example"]


@both
def test_a_default_that_fails_closes(
    choose: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    holder = BrokenHolder()
    holder.broken = False
    chooser = choice(holder)
    assert choose(chooser, request()) is A
    holder.broken = True
    assert choose(chooser, request()) is CLOSED
    assert "broken" in str(caplog.records[0].exc_info)


def fails(_: PolicyRequest) -> Policy:
    raise TimeoutError("too late")


def returns_a_list(_: PolicyRequest) -> Any:
    return ["https://a.example"]


def returns_a_name(_: PolicyRequest) -> Any:
    return "named"


class BrokenHolder:
    broken = True

    @property
    def current(self) -> Policy:
        if self.broken:
            raise ZeroDivisionError("broken")
        return A


@both
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (fails, "too late"),
        (returns_a_list, r"\['https://a.example'\] is no Policy"),
        (returns_a_name, "'named' is no Policy"),
        (BrokenHolder(), "broken"),
        ("unknown", "'unknown'"),
    ],
)
def test_what_fails_closes_and_is_logged_once(
    choose: Callable[..., Any], source: Any, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    chooser = choice(A, policies={"named": A})
    for _ in range(3):
        assert choose(chooser, request(), source) is CLOSED
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert repr(source) in record.getMessage()
    assert record.exc_info is not None
    with pytest.raises(Exception, match=cause):
        raise record.exc_info[1]  # type: ignore[misc]  # an exception, as raises finds


@both
def test_each_failing_source_has_its_own_record(
    choose: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    chooser = choice(A)
    for source in (fails, returns_a_list, "one", "two", fails):
        choose(chooser, request(), source)
    assert len(caplog.records) == 4


def test_an_async_failure_closes(caplog: pytest.LogCaptureFixture) -> None:
    async def late(_: PolicyRequest) -> Policy:
        async with asyncio.timeout(0.001):
            await asyncio.sleep(1)
        raise AssertionError

    assert awaited(choice(late), request()) is CLOSED
    assert len(caplog.records) == 1


def test_a_cancellation_that_a_callable_raises_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def cancelled(_: PolicyRequest) -> Policy:
        raise asyncio.CancelledError

    assert awaited(choice(cancelled), request()) is CLOSED
    assert len(caplog.records) == 1

    async def in_trio() -> None:
        chooser = choice(cancelled)
        assert await chooser.choose_async(chooser.default, request()) is CLOSED

    trio.run(in_trio)


def test_a_request_that_the_server_cancels_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    async def endless(_: PolicyRequest) -> Policy:
        await asyncio.Event().wait()
        raise AssertionError

    async def serve() -> None:
        chooser = choice(endless)
        task = asyncio.ensure_future(chooser.choose_async(chooser.default, request()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    assert not caplog.records


@pytest.mark.parametrize("stops", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_stops_the_process_is_not_closed_over(stops: type[BaseException]) -> None:
    async def stopped(_: PolicyRequest) -> Policy:
        raise stops

    chooser = choice(stopped)
    coroutine = chooser.choose_async(chooser.default, request())
    with pytest.raises(stops):
        coroutine.send(None)


def test_nothing_is_awaited_by_choose(caplog: pytest.LogCaptureFixture) -> None:
    async def tenant(_: PolicyRequest) -> Policy:
        return A

    chooser = choice(A)
    for source in (lambda asked: tenant(asked), ASYNC_LOOKUP, ReloadablePolicy(ASYNC_LOOKUP)):
        assert sync(chooser, request(), source) is CLOSED
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "it is async, and this adapter cannot await",
        "its OriginLookup is async, and this adapter cannot await",
        "its OriginLookup is async, and this adapter cannot await",
    ]


def test_async_sources_are_refused_where_nothing_awaits() -> None:
    async def tenant(_: PolicyRequest) -> Policy:
        return A

    class Tenant:
        async def __call__(self, _: PolicyRequest) -> Policy:
            return A

    found = problems(tenant, awaits=False, policies={"x": Tenant()}, paths=[("/", ASYNC_LOOKUP)])
    assert [problem.split(" ")[0] for problem in found] == ["policy", "policies['x']", "paths[0]"]
    assert all("this adapter cannot await" in problem for problem in found)
    assert choice(tenant, awaits=True, policies={"x": Tenant()}, paths=[("/", ASYNC_LOOKUP)])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"paths": [("/a", B), ("/a/b/", C)]}, "paths[1] '/a/b/' can never be reached: '/a/'"),
        ({"paths": [("/a/", B), ("/a", C)]}, "move it above '/a/'"),
        ({"paths": [("/", B), ("/x/", C)]}, "can never be reached: '/' stands before it"),
        ({"paths": ["/a"]}, "paths[0] '/a' is no pair"),
        ({"paths": [("/a", B, C)]}, "is no pair"),
        ({"paths": {"/a": B}}, "is no pair"),
        ({"paths": 5}, "paths 5 is no list of pairs"),
        ({"paths": [("a/", B)]}, "is no path prefix of whole segments"),
        ({"paths": [("", B)]}, "is no path prefix of whole segments"),
        ({"paths": [("/a//b", B)]}, "is no path prefix of whole segments"),
        ({"paths": [(b"/a", B)]}, "is no path prefix of whole segments"),
        ({"paths": [("/a/*", B)]}, "holds a ?, # or *"),
        ({"paths": [("/a?b", B)]}, "holds a ?, # or *"),
        ({"paths": [("/a/../b", B)]}, "has a . or .. segment, and such paths are closed"),
        ({"paths": [("/a", "b")]}, "paths[0] 'b' is no name in policies; use one of those: none"),
        ({"paths": [("/a", "b")], "policies": {"c": C}}, "use one of those: 'c'"),
        ({"paths": [("/a", None)]}, "paths[0] None is no policy"),
        ({"policies": {"a": 5}}, "policies['a'] 5 is no policy"),
        ({"policies": [A]}, "is no mapping of names"),
        ({"policy": 5}, "policy 5 is no Policy"),
        ({"policy": A, "options": {"max_age": 5}}, "stands beside the options max_age"),
        ({"policy": fails, "options": {"max_age": 5}}, "stands beside the options max_age"),
        ({"policy": "name", "policies": {"name": A}}, "policy 'name' is no Policy"),
    ],
)
def test_refused(given: Any, expected: str) -> None:
    (problem,) = problems(**given)
    assert expected in problem


def test_all_problems_are_reported_together() -> None:
    found = problems(None, options={"max_age": -1}, policies={"a": 5}, paths=[("x", B)])
    assert [problem.split(" ")[0] for problem in found] == ["max_age", "paths[0]", "policies['a']"]


def test_the_problem_of_a_mark() -> None:
    chooser = choice(A, policies={"b": B})
    for source in ("b", B, EXEMPT, ReloadablePolicy(B), fails):
        assert chooser.problem_of(source, "GET /") is None
    problem = chooser.problem_of("c", "GET /")
    assert str(problem) == "GET / 'c' is no name in policies; use one of those: 'b'"


@pytest.mark.parametrize(
    "asked", [CORSRequest("GET", "https://a.example"), CORSRequest("OPTIONS", "x", "GET")]
)
def test_an_exemption_leaves_all_to_the_app(asked: CORSRequest) -> None:
    exempted = EXEMPTION.decide(asked)
    assert EXEMPTION.actual(asked.origin) is exempted
    assert (exempted.kind, exempted.status) == (RequestKind.EXEMPT, None)
    own = [("Access-Control-Allow-Origin", "*"), ("Vary", "Accept")]
    assert exempted.text.join(own) == own
    assert not any(exempted.text.changes(dict(own)))
    raw = [(b"vary", b"x"), (b"access-control-allow-origin", b"*")]
    assert exempted.raw.join(raw) == raw
    assert pickle.loads(pickle.dumps(exempted)) == exempted
    assert pickle.loads(pickle.dumps(exempted)).text.join(own) == own


def test_an_exemption_that_was_chosen_varies_on_origin() -> None:
    exempted = EXEMPTION.varying.decide(CORSRequest("GET", "https://a.example"))
    assert EXEMPTION.varying.varying is EXEMPTION.varying
    own = [("access-control-allow-origin", "*"), ("vary", "Accept")]
    assert exempted.text.join(own) == [own[0], ("Vary", "Accept, Origin")]
    assert exempted.text.join([]) == [("Vary", "Origin")]
    assert exempted.text.changes(dict(own)) == ([], (("Vary", "Accept, Origin"),))
    raw = [(b"access-control-allow-origin", b"*")]
    assert exempted.raw.join(raw) == [*raw, (b"vary", b"Origin")]


@pytest.mark.parametrize("options", [{}, {"allow_origins": []}, {"allow_methods": ["GET", "PUT"]}])
def test_a_policy_that_allows_nobody_is_told(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Who comes from another package, where the default was everybody, must not fail in silence."""
    choice(None, options=options)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "allow_origins=['*'] for everybody" in record.getMessage()


def test_a_policy_that_allows_somebody_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    choice(A)
    choice(ASYNC_LOOKUP)
    choice(None, options={"allow_origin_regex": "https://a"})
    choice(Policy(), paths=[("/a/", A)])
    choice(Policy(), policies={"a": A})
    assert not caplog.records
