"""Marks and choices in Flask: what the behaviour table does not say."""

import logging
from typing import Any

import flask
import pytest
from flask.views import MethodView
from werkzeug.exceptions import NotFound

from cors_core import Policy, PolicyError, PolicyRequest, ReloadablePolicy, cors_exempt, cors_policy
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


def test_a_mark_where_a_class_is_routed_counts_for_its_methods_unless_they_have_their_own() -> None:
    class Things(MethodView):
        def get(self) -> str:
            return "app"

        @cors_exempt
        def put(self) -> str:
            return "app"

    app = new_app()
    CORS(app, policy=DEFAULT)
    app.add_url_rule("/", view_func=cors_policy(PUBLIC)(Things.as_view("things")))
    assert allowed_at(app, "/") == ["*"]
    assert allowed_at(app, "/", "PUT") == []


def test_nested_blueprints_and_automatic_options() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)
    blueprint = flask.Blueprint("shop", "tests", url_prefix="/shop")
    nested = flask.Blueprint("deep", "tests", url_prefix="/deep")
    blueprint.get("/items")(cors_policy(PUBLIC)(lambda: "app"))
    nested.get("/items")(cors_exempt(lambda: "app"))
    blueprint.register_blueprint(nested)
    app.register_blueprint(blueprint)
    assert allowed_at(app, "/shop/deep/items") == []
    automatic = call_wsgi(app, request(method="OPTIONS", path="/shop/items"))
    assert (automatic.status, allowed(automatic)) == (200, ["*"])


def test_the_404_of_a_marked_view_is_its_own() -> None:
    app = new_app()
    CORS(app, policy=DEFAULT)

    @app.get("/")
    @cors_policy(PUBLIC)
    def view() -> str:
        raise NotFound

    response = call_wsgi(app, request())
    assert (response.status, allowed(response)) == (404, ["*"])


def test_an_url_adapter_that_fails_closes(caplog: pytest.LogCaptureFixture) -> None:
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


def test_an_async_mark_closes(caplog: pytest.LogCaptureFixture) -> None:
    async def choose(asked: PolicyRequest) -> Policy:
        return PUBLIC

    app = new_app()
    app.get("/early", endpoint="early")(cors_policy(choose)(served_by("a")))
    with pytest.raises(PolicyError, match=r"view 'early' .* is async, and this adapter cannot"):
        CORS(app, policy=DEFAULT)
    app = new_app()
    CORS(app, policy=DEFAULT)
    app.get("/late", endpoint="late")(cors_policy(choose)(served_by("a")))
    with caplog.at_level(logging.ERROR, "cors_core"):
        assert allowed_at(app, "/late") == []
    assert len(caplog.records) == 1


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


def test_what_is_async_is_refused_at_the_start() -> None:
    async def choose(asked: PolicyRequest) -> Policy:
        return PUBLIC

    for options in ({"policy": choose}, {"paths": [("/", choose)]}, {"policies": {"a": choose}}):
        with pytest.raises(PolicyError, match="is async, and this adapter cannot await"):
            CORS(**options)
