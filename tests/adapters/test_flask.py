"""Flask: where the policy comes from, and what of Flask it covers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest

from cors_core import Policy, PolicyError
from cors_core_flask import CORS
from tests.behaviour.case import ORIGIN, preflight, request
from tests.behaviour.transports import Response, call_wsgi

POLICY = Policy(allow_origins=[ORIGIN])


def new_app(**options: Any) -> flask.Flask:
    app = flask.Flask("tests", **options)
    app.logger.disabled = True
    return app


def assert_covered(response: Response, status: int) -> None:
    assert response.status == status
    assert response.values("access-control-allow-origin") == [ORIGIN]
    assert response.values("vary") == ["Origin"]


def test_all_ways_to_give_a_policy() -> None:
    ways: list[Callable[[flask.Flask], object]] = [
        lambda app: CORS(app, policy=POLICY),
        lambda app: CORS(app, allow_origins=[ORIGIN]),
        lambda app: CORS(policy=POLICY).init_app(app),
        lambda app: CORS().init_app(app, policy=POLICY),
        lambda app: CORS().init_app(app, allow_origins=[ORIGIN]),
    ]
    for give in ways:
        app = new_app()
        give(app)
        assert app.extensions["cors_core"] == POLICY
        assert_covered(call_wsgi(app, request()), 404)
    for setting in (POLICY, {"allow_origins": [ORIGIN]}):
        app = new_app()
        app.config["CORS_CORE"] = setting
        CORS(app)
        assert app.extensions["cors_core"] == POLICY
        assert_covered(call_wsgi(app, request()), 404)


def test_without_options_the_policy_is_closed() -> None:
    app = new_app()
    CORS(app)
    assert call_wsgi(app, request()).values("access-control-allow-origin") == []


def test_one_extension_serves_many_apps() -> None:
    cors = CORS(policy=POLICY)
    for app in (new_app(), new_app()):
        cors.init_app(app)
        assert_covered(call_wsgi(app, request()), 404)


def test_twice_on_one_app_is_an_error() -> None:
    app = new_app()
    cors = CORS(app, policy=POLICY)
    with pytest.raises(RuntimeError, match="the Flask app 'tests' has a CORS already"):
        cors.init_app(app)
    with pytest.raises(RuntimeError, match="call CORS"):
        CORS(app)
    assert call_wsgi(app, request()).values("vary") == ["Origin"]


def test_a_policy_in_two_places_is_an_error() -> None:
    app = new_app()
    app.config["CORS_CORE"] = {"max_age": 5}
    with pytest.raises(PolicyError, match=r"stands in CORS\(\) and in app.config\['CORS_CORE'\]"):
        CORS(app, policy=POLICY)
    with pytest.raises(PolicyError, match=r"stands in CORS\(\) and in init_app\(\)"):
        CORS(max_age=5).init_app(new_app(), max_age=6)
    with pytest.raises(PolicyError, match="give either a policy or options"):
        CORS(new_app(), policy=POLICY, max_age=5)
    assert "cors_core" not in app.extensions


def test_a_bad_setting_is_an_error() -> None:
    app = new_app()
    app.config["CORS_CORE"] = ["https://a.example"]
    with pytest.raises(PolicyError, match=r"app.config\['CORS_CORE'\] .* is a list; set it to"):
        CORS(app)
    app.config["CORS_CORE"] = {"allow_orgins": []}
    with pytest.raises(PolicyError, match="did you mean 'allow_origins'"):
        CORS(app)
    assert "cors_core" not in app.extensions


def test_blueprints_static_files_and_redirects(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("static")
    app = new_app(static_folder=tmp_path, static_url_path="/static")
    CORS(app, policy=POLICY)
    blueprint = flask.Blueprint("admin", "tests", url_prefix="/admin")

    @blueprint.get("/users/")
    def users() -> str:
        return "users"

    @blueprint.before_request
    def signed_in() -> None:
        if flask.request.path == "/admin/users/":
            flask.abort(401)

    app.register_blueprint(blueprint)
    assert_covered(call_wsgi(app, request(path="/static/a.txt")), 200)
    assert_covered(call_wsgi(app, request(path="/admin/users")), 308)
    assert_covered(call_wsgi(app, request(path="/admin/users/")), 401)
    for path in ("/static/a.txt", "/admin/users", "/admin/users/", "/missing"):
        assert call_wsgi(app, preflight(path=path)).body == b"OK"


def crashing_app(**config: Any) -> flask.Flask:
    app = new_app()
    app.config.update(config)

    @app.get("/")
    def crash() -> str:
        raise ZeroDivisionError

    CORS(app, policy=POLICY)
    return app


def test_a_crash_is_flasks_own_page() -> None:
    app = crashing_app()

    @app.errorhandler(500)
    def page(error: Exception) -> tuple[str, int]:
        return "the app's own page", 500

    response = call_wsgi(app, request())
    assert_covered(response, 500)
    assert (response.body, response.raised) == (b"the app's own page", None)


@pytest.mark.parametrize("setting", ["TESTING", "PROPAGATE_EXCEPTIONS", "DEBUG"])
def test_what_flask_passes_on_goes_through(setting: str) -> None:
    app = crashing_app(**{setting: True})
    response = call_wsgi(app, request())
    assert response.status == 0
    assert isinstance(response.raised, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/", headers={"Origin": ORIGIN})


def test_flasks_test_client_sees_the_headers() -> None:
    app = new_app()
    CORS(app, policy=POLICY)
    response = app.test_client().get("/", headers={"Origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
