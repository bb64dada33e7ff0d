"""Marks and choices in Falcon, on both of its apps: what the behaviour table does not say."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import falcon.routing
import pytest

from cors_core import (
    OriginLookup,
    Policy,
    PolicyError,
    PolicyRequest,
    ReloadablePolicy,
    cors_exempt,
    cors_policy,
)
from cors_core_falcon import CORSMiddleware
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Request, Response, call_asgi, call_wsgi

DEFAULT = Policy(allow_origins=[ORIGIN], expose_headers=["X-Default"], allow_methods=["*"])
CLASS = Policy(allow_origins=[ORIGIN], expose_headers=["X-Class"], allow_methods=["*"], max_age=1)
RESPONDER = Policy(allow_origins=[ORIGIN], expose_headers=["X-Put"], allow_methods=["*"], max_age=2)

EXPOSED = {DEFAULT: ["X-Default"], CLASS: ["X-Class"], RESPONDER: ["X-Put"], None: []}
MAX_AGES = {DEFAULT: ["600"], CLASS: ["1"], RESPONDER: ["2"], None: []}

Call = Callable[[Any, Request], Response]


class Sync:
    """`falcon.App`."""

    App: Any = falcon.App
    call: Any = staticmethod(call_wsgi)


class Async:
    """`falcon.asgi.App`."""

    App: Any = falcon.asgi.App
    call: Any = staticmethod(call_asgi)


@pytest.fixture(params=[Sync, Async], ids=["wsgi", "asgi"])
def flavour(request: pytest.FixtureRequest) -> Any:
    return request.param


def hook(req: Any, resp: Any, resource: Any, params: Any) -> None:
    """Do nothing before a responder."""


async def hook_async(req: Any, resp: Any, resource: Any, params: Any) -> None:
    """Do nothing before a responder."""


@cors_policy("class")
class Marked:
    """A marked class, with a marked responder of its own, an exempt one, and suffixed ones."""

    def on_get(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @falcon.before(hook)
    @cors_policy(RESPONDER)
    def on_put(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @cors_exempt
    @falcon.before(hook)
    def on_delete(self, req: Any, resp: Any, **_: Any) -> None:
        resp.set_header("Access-Control-Allow-Origin", "https://own.example")

    @cors_policy(RESPONDER)
    def on_get_item(self, req: Any, resp: Any, **_: Any) -> None:
        raise falcon.HTTPConflict

    @cors_policy(RESPONDER)
    def on_patch_item(self, req: Any, resp: Any, **_: Any) -> None:
        raise ZeroDivisionError

    def on_put_item(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"


class Single:
    """A class with one marked responder."""

    def on_get(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @cors_policy(RESPONDER)
    def on_put(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"


@cors_policy("class")
class MarkedAsync:
    """As `Marked`."""

    async def on_get(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @falcon.before(hook_async)
    @cors_policy(RESPONDER)
    async def on_put(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @cors_exempt
    @falcon.before(hook_async)
    async def on_delete(self, req: Any, resp: Any, **_: Any) -> None:
        resp.set_header("Access-Control-Allow-Origin", "https://own.example")

    @cors_policy(RESPONDER)
    async def on_get_item(self, req: Any, resp: Any, **_: Any) -> None:
        raise falcon.HTTPConflict

    @cors_policy(RESPONDER)
    async def on_patch_item(self, req: Any, resp: Any, **_: Any) -> None:
        raise ZeroDivisionError

    async def on_put_item(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"


class SingleAsync:
    """As `Single`."""

    async def on_get(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"

    @cors_policy(RESPONDER)
    async def on_put(self, req: Any, resp: Any, **_: Any) -> None:
        resp.text = "app"


class Plain:
    """A class without marks."""

    def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


class PlainAsync:
    """As `Plain`."""

    async def on_get(self, req: Any, resp: Any) -> None:
        resp.text = "app"


def app_of(flavour: Any, *more: Any, router: Any = True, **choice: Any) -> Any:
    router = falcon.routing.CompiledRouter() if router is True else router
    given: dict[str, Any] = {"policy": DEFAULT, "policies": {"class": CLASS}, "router": router}
    cors = CORSMiddleware(**(given | choice))
    app = flavour.App(middleware=[cors, *more], router=router)
    marked, single, plain = (
        (Marked(), Single(), Plain())
        if flavour is Sync
        else (MarkedAsync(), SingleAsync(), PlainAsync())
    )
    app.add_route("/marked", marked)
    app.add_route("/marked/{number:int}", marked, suffix="item")
    app.add_route("/single", single)
    app.add_route("/plain", plain)
    return app


def policy_of(response: Response) -> Policy | None:
    """Return the policy that an answer is by; `None` for closed."""
    exposed = response.values("access-control-expose-headers")
    max_age = response.values("access-control-max-age")
    found = [
        policy
        for policy in (DEFAULT, CLASS, RESPONDER, None)
        if (exposed, max_age) in ((EXPOSED[policy], []), ([], MAX_AGES[policy]))
    ]
    (policy,) = found
    assert response.values("access-control-allow-origin") == ([ORIGIN] if policy else [])
    assert "Origin" in response.values("vary")[0]
    return policy


@pytest.mark.parametrize(
    ("method", "path", "status", "policy"),
    [
        ("PUT", "/marked", 200, RESPONDER),
        ("GET", "/marked/5", 409, RESPONDER),
        ("PATCH", "/marked/5", 500, RESPONDER),
        ("PUT", "/marked/5", 200, CLASS),
        ("DELETE", "/marked/5", 405, DEFAULT),
    ],
)
def test_hooks_and_suffixes(
    flavour: Any, method: str, path: str, status: int, policy: Policy
) -> None:
    app = app_of(flavour)
    actual = flavour.call(app, request(method=method, path=path))
    assert (actual.status, policy_of(actual)) == (status, policy)
    asked = flavour.call(app, preflight(method=method, path=path))
    assert (asked.status, asked.body, policy_of(asked)) == (200, b"OK", policy)


def test_an_exempt_responder_with_a_hook(flavour: Any) -> None:
    app = app_of(flavour)
    its_own = flavour.call(app, preflight(method="DELETE", path="/marked"))
    assert its_own.values("access-control-allow-origin") == []
    assert its_own.values("allow"), "Falcon answers OPTIONS for the resource"
    actual = flavour.call(app, request(method="DELETE", path="/marked"))
    assert actual.values("access-control-allow-origin") == ["https://own.example"]
    assert actual.values("vary") == []


def test_an_options_request_of_its_own(flavour: Any) -> None:
    app = app_of(flavour)
    for path, policy in (("/marked", CLASS), ("/single", DEFAULT)):
        response = flavour.call(app, request(method="OPTIONS", path=path))
        assert (response.status, policy_of(response)) == (200, policy)
        assert response.values("allow")
        asked = flavour.call(app, preflight(method="OPTIONS", path=path))
        assert (asked.status, policy_of(asked)) == (200, policy)
    no_cors = flavour.call(
        app, Request("OPTIONS", "/marked", (("Access-Control-Request-Method", b"PUT"),))
    )
    assert (no_cors.status, no_cors.values("vary")) == (200, ["Origin"])


def test_sinks_and_static_routes(flavour: Any, tmp_path: Path) -> None:
    def sink(req: Any, resp: Any, **_: Any) -> None:
        resp.text = "sink"

    async def sink_async(req: Any, resp: Any, **_: Any) -> None:
        resp.text = "sink"

    (tmp_path / "a.txt").write_text("static")
    app = app_of(flavour, paths=[("/files/", "class")])
    app.add_sink(sink if flavour is Sync else sink_async, "/sink")
    app.add_static_route("/files", str(tmp_path))
    for path, policy in (("/sink/x", DEFAULT), ("/files/a.txt", CLASS)):
        response = flavour.call(app, request(path=path))
        assert (response.status, policy_of(response)) == (200, policy)
        assert policy_of(flavour.call(app, preflight(path=path))) is policy


class Rewrites:
    """Middleware that has another path served."""

    def process_request(self, req: Any, resp: Any) -> None:
        req.path = "/marked"

    async def process_request_async(self, req: Any, resp: Any) -> None:
        req.path = "/marked"


def test_a_rewritten_path_has_the_policy_of_what_served_it(flavour: Any) -> None:
    app = app_of(flavour, Rewrites())
    assert policy_of(flavour.call(app, request(path="/old"))) is CLASS


class NotFound(falcon.routing.BaseConverter):
    def convert(self, value: str) -> Any:
        raise falcon.HTTPNotFound


def test_a_converter_that_answers_not_found(flavour: Any) -> None:
    router = falcon.routing.CompiledRouter()
    app = app_of(flavour, router=router)
    router.options.converters["none"] = NotFound
    app.add_route("/none/{x:none}", Marked() if flavour is Sync else MarkedAsync())
    assert policy_of(flavour.call(app, preflight(path="/none/x"))) is DEFAULT
    actual = flavour.call(app, request(path="/none/x"))
    assert (actual.status, policy_of(actual)) == (404, DEFAULT)


class OldRouter:
    """A router that finds three things, or three times None."""

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}

    def add_route(self, template: str, resource: Any, **kwargs: Any) -> None:
        mapped = falcon.routing.map_http_methods(resource, kwargs.get("suffix"))
        self.routes[template] = (resource, mapped, {})

    def find(self, uri: str, req: Any = None) -> Any:
        return self.routes.get(uri, (None, None, None))


def test_a_router_of_another_kind(flavour: Any) -> None:
    app = app_of(flavour, router=OldRouter())
    for method, path, policy in (
        ("GET", "/marked", CLASS),
        ("PUT", "/single", RESPONDER),
        ("GET", "/missing", DEFAULT),
    ):
        assert policy_of(flavour.call(app, request(method=method, path=path))) is policy
        assert policy_of(flavour.call(app, preflight(method=method, path=path))) is policy


def test_without_the_router_marked_resources_are_closed(
    flavour: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(flavour, router=None)
    for path, policy in (("/plain", DEFAULT), ("/missing", DEFAULT)):
        assert policy_of(flavour.call(app, request(path=path))) is policy
        assert policy_of(flavour.call(app, preflight(path=path))) is policy
    assert not caplog.records
    for path in ("/single", "/marked", "/marked/5"):
        assert policy_of(flavour.call(app, request(method="PUT", path=path))) is None
    (record,) = caplog.records
    assert "give the app's router to CORSMiddleware" in record.getMessage()


def test_a_policy_that_is_replaced(flavour: Any) -> None:
    holder = ReloadablePolicy(DEFAULT)
    app = app_of(flavour, policy=holder, router=None)
    assert policy_of(flavour.call(app, request(path="/plain"))) is DEFAULT
    holder.replace(CLASS)
    assert policy_of(flavour.call(app, request(path="/plain"))) is CLASS


async def tenant_async(_: PolicyRequest) -> Policy:
    await asyncio.sleep(0)
    return CLASS


async def lookup_async(origin: str) -> bool:
    return origin == ORIGIN


LOOKED_UP = Policy(allow_origins=OriginLookup(lookup_async), expose_headers=["X-Class"], max_age=1)


@pytest.mark.parametrize("policy", [tenant_async, LOOKED_UP], ids=["callable", "lookup"])
def test_what_is_async_serves_the_asgi_app_only(
    policy: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_of(Async, policy=policy)
    assert policy_of(call_asgi(app, request(path="/plain"))) is CLASS
    assert policy_of(call_asgi(app, preflight(path="/plain"))) is CLASS
    assert not caplog.records
    app = app_of(Sync, policy=policy)
    response = call_wsgi(app, request(path="/plain"))
    assert (response.body, policy_of(response)) == (b"app", None)
    assert call_wsgi(app, preflight(path="/plain")).status == 400
    (record,) = caplog.records
    assert record.exc_info
    assert "cannot await" in str(record.exc_info[1])


def test_problems_at_start_up() -> None:
    with pytest.raises(PolicyError) as caught:
        CORSMiddleware(policy=DEFAULT, policies={"x": 5}, paths=[("x", "y")])
    assert len(caught.value.problems) == 2


class Spy(OldRouter):
    """A router that notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def find(self, uri: str, req: Any = None) -> Any:
        self.found.append(uri)
        return super().find(uri, req)


@pytest.mark.usefixtures("no_marks")
def test_no_marks_no_routing(flavour: Any) -> None:
    resource = Plain() if flavour is Sync else PlainAsync()
    for policy in (DEFAULT, lambda _: DEFAULT):
        router: Any = Spy()
        cors: Any = CORSMiddleware(policy=policy, router=router)
        app = flavour.App(middleware=[cors], router=router)
        app.add_route("/plain", resource)
        assert policy_of(flavour.call(app, preflight(path="/plain"))) is DEFAULT
        assert policy_of(flavour.call(app, preflight(path="/plain"))) is DEFAULT
        assert router.found == []
        assert policy_of(flavour.call(app, request(path="/plain"))) is DEFAULT
        assert router.found == ["/plain"], "by Falcon itself"
