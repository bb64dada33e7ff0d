"""Flask: marks on views, and the policies that views, paths and callables choose."""

import logging
from typing import Any

import flask
import pytest
from flask.views import MethodView
from werkzeug.exceptions import NotFound

from cors_core import (
    OriginLookup,
    Policy,
    PolicyError,
    PolicyRequest,
    ReloadablePolicy,
    cors_exempt,
    cors_policy,
)
from cors_core_flask import CORS
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_wsgi

DEFAULT = Policy(allow_origins=[ORIGIN], allow_methods=["*"])
PUBLIC = Policy(allow_origins=["*"], allow_methods=["*"])
CLOSED = Policy()


def new_app(**options: Any) -> flask.Flask:
    app = flask.Flask("tests", **options)
    app.logger.disabled = True
    return app


def allowed(response: Response) -> list[str]:
    return response.values("access-control-allow-origin")


def allowed_at(app: flask.Flask, path: str, method: str = "GET", **headers: str) -> list[str]:
    """Return the origin that a route allows, after a look that its preflight says the same."""
    actual = allowed(call_wsgi(app, request(method=method, path=path, **headers)))
    assert allowed(call_wsgi(app, preflight(method, path=path, **headers))) == actual
    return actual


def served(**_: Any) -> str:
    return "app"


def test_the_order_of_the_decorators_does_not_matter() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT, policies={"public": PUBLIC})

    @app.get("/below")
    @cors_policy(PUBLIC)
    def below() -> str:
        return "app"

    @cors_policy("public")
    @app.get("/above")
    def above() -> str:
        return "app"

    app.add_url_rule("/plain", view_func=served)
    assert allowed_at(app, "/below") == allowed_at(app, "/above") == ["*"]
    assert allowed_at(app, "/plain") == [ORIGIN]


def test_an_exempt_view_keeps_its_own_headers() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)

    @app.get("/")
    @cors_exempt
    def exempt() -> flask.Response:
        return flask.Response("app", headers={"Access-Control-Allow-Origin": "https://own.example"})

    response = call_wsgi(app, request())
    assert allowed(response) == ["https://own.example"]
    assert response.values("vary") == []
    its_own = call_wsgi(app, preflight())
    assert (its_own.status, allowed(its_own)) == (200, [])
    assert its_own.values("allow"), "Flask answers OPTIONS for the view"


class Things(MethodView):
    def get(self) -> str:
        return "app"

    @cors_exempt
    def put(self) -> str:
        return "app"


@cors_policy(PUBLIC)
class MarkedThings(Things):
    def post(self) -> str:
        return "app"


def test_method_views() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.add_url_rule("/things", view_func=Things.as_view("things"))
    app.add_url_rule("/marked", view_func=MarkedThings.as_view("marked"))
    app.add_url_rule("/result", view_func=cors_policy(PUBLIC)(Things.as_view("result")))
    assert allowed_at(app, "/things") == allowed_at(app, "/things", "HEAD") == [ORIGIN]
    assert allowed_at(app, "/things", "PUT") == []
    assert allowed_at(app, "/things", "PATCH") == [ORIGIN]  # 405: no view serves it
    for method in ("GET", "HEAD", "POST"):
        assert allowed_at(app, "/marked", method) == ["*"]
    assert allowed_at(app, "/marked", "PUT") == []
    assert allowed_at(app, "/marked", "DELETE") == [ORIGIN]
    assert allowed_at(app, "/result") == ["*"]
    assert allowed_at(app, "/result", "PUT") == []


def test_head_is_served_by_get_unless_it_has_its_own() -> None:
    class Heads(MethodView):
        @cors_policy(PUBLIC)
        def get(self) -> str:
            return "app"

    class OwnHeads(Heads):
        def head(self) -> str:
            return ""

    app = new_app()
    CORS(app, policy=DEFAULT)
    app.add_url_rule("/heads", view_func=Heads.as_view("heads"))
    app.add_url_rule("/own", view_func=OwnHeads.as_view("own"))
    assert allowed_at(app, "/heads", "HEAD") == ["*"]
    assert allowed_at(app, "/own", "HEAD") == [ORIGIN]


def test_a_preflight_gets_the_view_of_the_requested_method() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/<int:number>", endpoint="read")(cors_policy(PUBLIC)(lambda number: "app"))
    app.put("/<int:number>", endpoint="write")(cors_exempt(lambda number: "app"))
    app.delete("/<int:number>", endpoint="delete")(served)
    assert allowed_at(app, "/1") == ["*"]
    assert allowed_at(app, "/1", "PUT") == []
    assert allowed_at(app, "/1", "DELETE") == [ORIGIN]
    assert allowed_at(app, "/1", "PATCH") == [ORIGIN]
    assert allowed_at(app, "/one") == [ORIGIN]
    for method in ("", "NO SUCH", "\xff"):
        asked = preflight(method.encode("latin-1"), path="/1")
        assert allowed(call_wsgi(app, asked)) == [ORIGIN]


def test_blueprints_redirects_and_automatic_options() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    blueprint = flask.Blueprint("shop", "tests", url_prefix="/shop")
    nested = flask.Blueprint("deep", "tests", url_prefix="/deep")
    blueprint.get("/items/")(cors_policy(PUBLIC)(lambda: "app"))
    nested.get("/items/")(cors_exempt(lambda: "app"))
    blueprint.register_blueprint(nested)
    app.register_blueprint(blueprint)
    assert allowed_at(app, "/shop/items/") == ["*"]
    assert allowed_at(app, "/shop/deep/items/") == []
    assert allowed_at(app, "/shop/items") == [ORIGIN]  # a redirect
    plain = call_wsgi(app, request(method="OPTIONS", path="/shop/items/"))
    assert (plain.status, allowed(plain)) == (200, ["*"])


def test_the_errors_of_a_marked_view_are_covered() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)

    @app.before_request
    def signed_in() -> None:
        if "/private" in flask.request.path:
            flask.abort(401)

    @app.get("/<kind>")
    @cors_policy(PUBLIC)
    def view(kind: str) -> flask.Response:
        if kind == "crash":
            raise ZeroDivisionError
        if kind == "stream":
            return flask.Response(iter([b"a", b"pp"]))
        raise NotFound

    for path, status in {"/crash": 500, "/private": 401, "/missing": 404, "/stream": 200}.items():
        response = call_wsgi(app, request(path=path))
        assert (response.status, allowed(response)) == (status, ["*"])
        assert response.values("vary") == []


def test_hosts_are_matched_by_flask() -> None:
    app = new_app(host_matching=True, static_host="static.example")
    CORS(app, policy=DEFAULT)
    app.get("/", host="a.example", endpoint="a")(cors_policy(PUBLIC)(served_by("a")))
    app.get("/", host="b.example", endpoint="b")(cors_exempt(served_by("b")))
    assert allowed_at(app, "/", host="a.example") == ["*"]
    assert allowed_at(app, "/", host="b.example") == []
    assert allowed_at(app, "/", host="c.example") == [ORIGIN]


def test_a_host_that_is_not_trusted_has_no_view() -> None:
    app = new_app()
    app.config["TRUSTED_HOSTS"] = ["a.example"]
    CORS(app, policy=DEFAULT)
    app.get("/")(cors_policy(PUBLIC)(served_by("a")))
    assert allowed_at(app, "/", host="a.example") == ["*"]
    if "TRUSTED_HOSTS" in flask.Flask.default_config:  # since Flask 3.1
        assert allowed_at(app, "/", host="b.example") == [ORIGIN]


def served_by(name: str) -> Any:
    def view() -> str:
        return name

    return view


def test_script_names_are_not_part_of_the_route_but_of_the_path() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT, paths=[("/mount/under/", CLOSED)])
    app.get("/marked")(cors_policy(PUBLIC)(served_by("marked")))
    app.get("/under/x", endpoint="x")(served_by("x"))

    def mounted(environ: Any, start_response: Any) -> Any:
        return app({**environ, "SCRIPT_NAME": "/mount"}, start_response)

    for ask in (request, preflight):
        assert allowed(call_wsgi(mounted, ask(path="/marked"))) == ["*"]
        assert allowed(call_wsgi(mounted, ask(path="/under/x"))) == []
        assert allowed(call_wsgi(app, ask(path="/under/x"))) == [ORIGIN]


def test_a_mark_beats_the_path_and_the_path_the_default() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT, policies={"closed": CLOSED}, paths=[("/api/", "closed")])
    app.get("/api/marked")(cors_policy(PUBLIC)(served_by("marked")))
    assert allowed_at(app, "/api/marked") == ["*"]
    assert allowed_at(app, "/api/missing") == []
    assert allowed_at(app, "/missing") == [ORIGIN]


def test_another_app_that_answers_inside_has_no_marks_of_ours() -> None:
    inner, app = new_app(), new_app()
    inner.get("/inner")(cors_policy(PUBLIC)(served_by("inner")))
    flasks_own = app.wsgi_app

    def dispatch(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/bare":
            start_response("200 OK", [])
            return []
        chosen = inner.wsgi_app if environ["PATH_INFO"] == "/inner" else flasks_own
        return chosen(environ, start_response)

    app.wsgi_app = dispatch  # type: ignore[method-assign]  # what is tested
    CORS(app, policy=DEFAULT)
    assert allowed_at(app, "/inner") == allowed_at(app, "/bare") == [ORIGIN]


def test_a_rule_without_a_view_has_no_mark() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/marked")(cors_policy(PUBLIC)(served_by("marked")))
    app.url_map.add(app.url_rule_class("/viewless", endpoint="viewless", methods=["GET"]))
    assert allowed_at(app, "/viewless") == [ORIGIN]


def test_unknown_names_of_the_views_so_far_are_an_error() -> None:
    app = new_app()
    app.get("/good", endpoint="good")(cors_policy("public")(served_by("a")))
    app.get("/bad", endpoint="bad")(cors_policy("publik")(served_by("b")))

    class Named(MethodView):
        def get(self) -> str:
            return "app"

        @cors_policy("hidden")
        def put(self) -> str:
            return "app"

    app.add_url_rule("/named", view_func=Named.as_view("named"))
    with pytest.raises(PolicyError) as raised:
        CORS(app, policies={"public": PUBLIC})
    assert [str(problem) for problem in raised.value.problems] == [
        "view 'bad' 'publik' is no name in policies; use one of those: 'public'",
        "view 'named'.put 'hidden' is no name in policies; use one of those: 'public'",
    ]
    assert "cors_core" not in app.extensions
    CORS(app, policies={"public": PUBLIC, "publik": PUBLIC, "hidden": CLOSED})


def test_an_unknown_name_of_a_later_view_closes(caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/")(cors_policy("publik")(served_by("a")))
    with caplog.at_level(logging.ERROR, "cors_core"):
        assert allowed_at(app, "/") == []
    response = call_wsgi(app, request())
    assert (response.status, response.values("vary")) == (200, ["Origin"])
    (record,) = caplog.records
    assert "'publik'" in record.getMessage()


def test_an_async_mark_closes(caplog: pytest.LogCaptureFixture) -> None:
    async def choose(asked: PolicyRequest) -> Policy:
        return PUBLIC

    app = new_app()
    app.get("/early", endpoint="early")(cors_policy(choose)(served_by("a")))
    with pytest.raises(PolicyError, match=r"view 'early' .* is async, and this adapter cannot"):
        CORS(app)
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/late", endpoint="late")(cors_policy(choose)(served_by("a")))
    with caplog.at_level(logging.ERROR, "cors_core"):
        assert allowed_at(app, "/late") == []
    assert len(caplog.records) == 1


def test_routing_that_fails_closes(caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/")(cors_policy(PUBLIC)(served_by("a")))

    def fail(request: Any) -> Any:
        raise ZeroDivisionError("in the url adapter")

    app.create_url_adapter = fail  # type: ignore[method-assign]  # what is tested
    with caplog.at_level(logging.ERROR, "cors_core"):
        for _ in range(3):
            response = call_wsgi(app, preflight())
    assert (response.status, allowed(response)) == (400, [])
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


def test_choices_may_stand_in_every_place() -> None:
    choice: dict[str, Any] = {
        "policy": ReloadablePolicy(DEFAULT),
        "policies": {"public": PUBLIC},
        "paths": [("/public/", "public")],
    }
    for place in ("CORS", "init_app", "config"):
        app = new_app()
        if place == "CORS":
            CORS(app, **choice)
        elif place == "init_app":
            CORS().init_app(app, **choice)
        else:
            app.config["CORS_CORE"] = choice
            CORS(app)
        assert allowed_at(app, "/public/x") == ["*"]
        assert allowed_at(app, "/publicity") == [ORIGIN]
    app = new_app()
    app.config["CORS_CORE"] = {"allow_origins": [ORIGIN], "paths": [("/public/", PUBLIC)]}
    with pytest.raises(PolicyError, match=r"stands in CORS\(\) and in app.config"):
        CORS(app, policies={"public": PUBLIC})
    CORS(app)
    assert allowed_at(app, "/public/x") == ["*"]
    assert allowed_at(app, "/x") == [ORIGIN]


def test_policies_that_are_chosen_while_serving() -> None:
    holder = ReloadablePolicy(CLOSED)

    def by_host(asked: PolicyRequest) -> Policy | None:
        return PUBLIC if asked.host == "a.example" else None

    for policy in (holder, by_host):
        app = new_app()
        app.config["CORS_CORE"] = policy
        CORS(app)
        assert app.extensions["cors_core"] is policy
        assert allowed_at(app, "/", host="b.example") == []
        holder.replace(PUBLIC)
        assert allowed_at(app, "/", host="a.example") == ["*"]


def test_a_marks_lookup_is_asked() -> None:
    lookup = OriginLookup(lambda origin: origin == "https://db.example")
    app = new_app()
    CORS(app, policy=DEFAULT)
    policy = Policy(allow_origins=["https://static.example", lookup])
    app.get("/")(cors_policy(policy)(served_by("a")))
    for origin, expected in {
        "https://db.example": 1,
        "https://static.example": 1,
        ORIGIN: 0,
    }.items():
        response = call_wsgi(app, request(origin))
        assert allowed(response) == [origin] * expected


def test_what_is_async_is_refused_at_the_start() -> None:
    async def choose(asked: PolicyRequest) -> Policy:
        return PUBLIC

    for options in ({"policy": choose}, {"paths": [("/", choose)]}, {"policies": {"a": choose}}):
        with pytest.raises(PolicyError, match="is async, and this adapter cannot await"):
            CORS(**options)
