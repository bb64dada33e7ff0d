"""Which policy the plain ASGI middleware applies: by path, callable, lookup, reload."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from cors_core import OriginLookup, Policy, PolicyError, PolicyRequest, ReloadablePolicy
from cors_core.asgi import CORSMiddleware
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, PREFLIGHT_VARY, preflight, request
from tests.behaviour.transports import Response, call_asgi

PARTNER = "https://partner.example"
DEFAULT = Policy(allow_origins=[ORIGIN])
OTHER = Policy(allow_origins=[PARTNER], allow_methods=["GET", "PUT"])


async def inner(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"x-app", b"reached")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"app"})


def cors(**options: Any) -> CORSMiddleware:
    return CORSMiddleware(inner, **options)


def allowed(response: Response) -> list[str]:
    return response.values("access-control-allow-origin")


def assert_closed(app: CORSMiddleware, origin: str = ORIGIN) -> None:
    """Assert that a preflight is refused, and that the app's own answer has no headers of ours."""
    refused = call_asgi(app, preflight(origin=origin))
    assert (refused.status, allowed(refused)) == (400, [])
    assert refused.values("vary") == [PREFLIGHT_VARY]
    actual = call_asgi(app, request(origin))
    assert (actual.status, actual.body, allowed(actual)) == (200, b"app", [])
    assert actual.values("vary") == ["Origin"]
    assert actual.values("x-app") == ["reached"]


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", DEFAULT),
        ("/api", OTHER),
        ("/api/", OTHER),
        ("/api/deep/er", OTHER),
        ("/apis", DEFAULT),
        ("/API/", DEFAULT),
        ("//api/", OTHER),
        ("/api/own/x", OTHER),
        ("/named/x", OTHER),
        ("/a%2Fb/x", DEFAULT),
        ("/a/b/x", OTHER),
        ("/caf\u00e9/x", OTHER),
    ],
)
def test_paths(path: str, policy: Policy) -> None:
    app = cors(
        policy=DEFAULT,
        policies={"other": OTHER},
        paths=[("/api", OTHER), ("/named/", "other"), ("/a/b/", OTHER), ("/caf\u00e9", OTHER)],
    )
    yes, no = (ORIGIN, PARTNER) if policy is DEFAULT else (PARTNER, ORIGIN)
    assert allowed(call_asgi(app, request(yes, path=path))) == [yes]
    assert allowed(call_asgi(app, request(no, path=path))) == []
    assert call_asgi(app, preflight(origin=yes, path=path)).status == 200
    assert call_asgi(app, preflight(origin=no, path=path)).status == 400


def test_the_first_path_wins() -> None:
    app = cors(policy=DEFAULT, paths=[("/api/own/", DEFAULT), ("/api/", OTHER)])
    assert allowed(call_asgi(app, request(path="/api/own/x"))) == [ORIGIN]
    assert allowed(call_asgi(app, request(PARTNER, path="/api/x"))) == [PARTNER]


def test_what_is_wrong_with_the_choice_is_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        cors(policy=DEFAULT, policies={"x": 5}, paths=[("/a/", DEFAULT), ("/a/b", "y"), ("c", "x")])
    options = [problem.option for problem in caught.value.problems]
    assert sorted(options) == ["paths[1]", "paths[1]", "paths[2]", "policies['x']"]


class Tenants:
    """A callable policy, sync or async, that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[PolicyRequest] = []

    def sync(self, asked: PolicyRequest) -> Policy | None:
        self.asked.append(asked)
        return {"a.example": DEFAULT, "b.example": OTHER}.get(asked.host)

    async def coroutine(self, asked: PolicyRequest) -> Policy | None:
        await asyncio.sleep(0)
        return self.sync(asked)

    async def __call__(self, asked: PolicyRequest) -> Policy | None:
        return await self.coroutine(asked)


FLAVOURS: list[Callable[[Tenants], Any]] = [
    lambda tenants: tenants.sync,
    lambda tenants: tenants.coroutine,
    lambda tenants: tenants,
]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_callable(flavour: Callable[[Tenants], Any]) -> None:
    tenants = Tenants()
    app = cors(policy=flavour(tenants))
    assert allowed(call_asgi(app, request(host="a.example", path="/x"))) == [ORIGIN]
    assert allowed(call_asgi(app, request(host="b.example"))) == []
    response = call_asgi(app, preflight("PUT", origin=PARTNER, host="b.example"))
    assert (response.status, allowed(response)) == (200, [PARTNER])
    assert_closed(app)
    assert call_asgi(app, request(None, host="a.example")).values("vary") == ["Origin"]
    assert [asked[:4] for asked in tenants.asked] == [
        ("a.example", "/x", "GET", ORIGIN),
        ("b.example", "/", "GET", ORIGIN),
        ("b.example", "/", "PUT", PARTNER),
        ("", "/", "GET", ORIGIN),
        ("", "/", "GET", ORIGIN),
        ("a.example", "/", "GET", None),
    ]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_callable_beside_paths_and_names(flavour: Callable[[Tenants], Any]) -> None:
    tenants = Tenants()
    app = cors(policies={"tenant": flavour(tenants)}, paths=[("/t/", "tenant")], policy=OTHER)
    assert allowed(call_asgi(app, request(host="a.example", path="/t/x"))) == [ORIGIN]
    assert allowed(call_asgi(app, request(PARTNER, host="a.example"))) == [PARTNER]
    assert len(tenants.asked) == 1


def raising(_: PolicyRequest) -> Policy:
    raise ZeroDivisionError


async def raising_async(_: PolicyRequest) -> Policy:
    raise TimeoutError


async def wrong_async(_: PolicyRequest) -> Any:
    return {"allow_origins": ["*"]}


@pytest.mark.parametrize("policy", [raising, raising_async, wrong_async, lambda _: "text"])
def test_a_callable_that_fails_closes(policy: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "cors_core"):
        assert_closed(cors(policy=policy))
    assert len(caplog.records) == 1, "at most once a minute"
    assert caplog.records[0].exc_info


def test_a_request_is_cancelled_while_its_policy_is_awaited() -> None:
    async def slow(_: PolicyRequest) -> None:
        await asyncio.sleep(60)

    async def serve() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        task = asyncio.ensure_future(cors(policy=slow)(scope, inner, inner))  # type: ignore[arg-type]  # looser than Starlette's types
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(serve())


def test_a_reloadable_policy() -> None:
    holder = ReloadablePolicy(DEFAULT)
    app = cors(policy=holder, paths=[("/x/", holder)])
    for path in ("/", "/x/"):
        holder.replace(DEFAULT)
        assert allowed(call_asgi(app, request(path=path))) == [ORIGIN]
        holder.replace(OTHER)
        assert allowed(call_asgi(app, request(path=path))) == []
        assert allowed(call_asgi(app, request(PARTNER, path=path))) == [PARTNER]
        assert call_asgi(app, preflight("PUT", origin=PARTNER, path=path)).status == 200


def test_a_followed_file(tmp_path: Any) -> None:
    file = tmp_path / "cors.toml"
    file.write_text(f'[public]\nallow_origins = ["{ORIGIN}"]\n')
    policies = ReloadablePolicy.all_from_file(file, interval=0.01)
    app = cors(policies=policies, paths=[("/", "public")])
    assert allowed(call_asgi(app, request())) == [ORIGIN]
    file.write_text(f'[public]\nallow_origins = ["{PARTNER}"]\n')
    for _ in range(500):
        if allowed(call_asgi(app, request(PARTNER))):
            break
        asyncio.run(asyncio.sleep(0.01))
    assert allowed(call_asgi(app, request(PARTNER))) == [PARTNER]
    assert allowed(call_asgi(app, request())) == []


class Database:
    """A lookup, sync or async, that counts how often it is asked."""

    def __init__(self, *origins: str) -> None:
        self.origins = set(origins)
        self.asked: list[str] = []

    def sync(self, origin: str) -> bool:
        self.asked.append(origin)
        return origin in self.origins

    async def coroutine(self, origin: str) -> bool:
        self.asked.append(origin)
        await asyncio.sleep(0.01)
        return origin in self.origins


@pytest.mark.parametrize("flavour", ["sync", "coroutine"])
def test_an_origin_lookup(flavour: str) -> None:
    database = Database(PARTNER)
    lookup = OriginLookup(getattr(database, flavour))
    app = cors(allow_origins=lookup)
    for _ in range(2):
        assert call_asgi(app, preflight(origin=PARTNER)).status == 200
        assert allowed(call_asgi(app, request(PARTNER))) == [PARTNER]
        assert call_asgi(app, preflight(origin=OTHER_ORIGIN)).status == 400
        assert allowed(call_asgi(app, request(OTHER_ORIGIN))) == []
        for malformed in ("null", "https://a.example/", "x", "https://A.example"):
            assert allowed(call_asgi(app, request(malformed))) == []
        assert call_asgi(app, request(None)).values("vary") == ["Origin"]
    assert database.asked == [PARTNER, OTHER_ORIGIN]
    database.origins.remove(PARTNER)
    lookup.invalidate(PARTNER)
    assert allowed(call_asgi(app, request(PARTNER))) == []
    assert database.asked == [PARTNER, OTHER_ORIGIN, PARTNER]


def test_a_lookup_that_fails_closes(caplog: pytest.LogCaptureFixture) -> None:
    async def failing(_: str) -> bool:
        raise ConnectionError

    with caplog.at_level(logging.ERROR, "cors_core"):
        assert_closed(cors(allow_origins=OriginLookup(failing)))
    assert len(caplog.records) == 1


def test_many_requests_wait_for_one_lookup() -> None:
    database = Database(PARTNER)
    app = cors(allow_origins=OriginLookup(database.coroutine), paths=[("/x", OTHER)])
    seen: list[bytes] = []

    async def send(message: Any) -> None:
        seen.extend(v for n, v in message.get("headers", ()) if n.endswith(b"allow-origin"))

    async def serve() -> None:
        headers = [(b"origin", PARTNER.encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        await asyncio.gather(*[app({**scope}, inner, send) for _ in range(200)])  # type: ignore[arg-type]  # looser than Starlette's types

    asyncio.run(serve())
    assert seen == [PARTNER.encode()] * 200
    assert database.asked == [PARTNER]


def test_a_callable_returns_a_policy_with_an_async_lookup() -> None:
    policy = Policy(allow_origins=OriginLookup(Database(PARTNER).coroutine))
    for source in (lambda _: policy, ReloadablePolicy(policy)):
        app = cors(policy=source)
        assert allowed(call_asgi(app, request(PARTNER))) == [PARTNER]
        assert_closed(app, OTHER_ORIGIN)


def test_an_adapter_that_reads_marks_and_finds_none() -> None:
    class Reader(CORSMiddleware):
        def reads_marks(self) -> bool:
            return True

    app = Reader(inner, policy=DEFAULT)
    assert allowed(call_asgi(app, request())) == [ORIGIN]
    assert allowed(call_asgi(app, preflight())) == [ORIGIN]
