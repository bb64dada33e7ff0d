"""Every cell about the peers in the README's table, seen on the peers themselves."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import django
import falcon
import pytest
import starlette
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from tests.behaviour.apps import falcon as small_falcon
from tests.behaviour.apps import flask as small_flask
from tests.behaviour.apps import starlette as small_starlette
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, preflight, request
from tests.behaviour.small_app import ROUTES
from tests.behaviour.transports import Request, Response, Send, call_asgi, call_wsgi

pytestmark = pytest.mark.peers

EVIL_PREFIX = f"{ORIGIN}.evil.example"
APP_SETS_STAR = json.dumps([("Access-Control-Allow-Origin", "*")])


def starlette_cors(**options: Any) -> Send:
    app = Starlette(routes=small_starlette.starlette_routes(ROUTES))
    app.add_middleware(CORSMiddleware, **options)
    return partial(call_asgi, app)


def flask_cors(**options: Any) -> Send:
    import flask_cors

    app = small_flask.new_app()
    small_flask.add(app, ROUTES)
    flask_cors.CORS(app, **options)
    return partial(call_wsgi, app)


def django_cors_headers(**options: Any) -> Send:
    settings = override_settings(
        MIDDLEWARE=["corsheaders.middleware.CorsMiddleware"],
        **{f"CORS_{name.upper()}": value for name, value in options.items()},
    )
    with settings:
        app = WSGIHandler()

    def send(asked: Request) -> Response:
        with settings:
            return call_wsgi(app, asked)

    return send


def falcon_cors(**options: Any) -> Send:
    app = falcon.App(middleware=[falcon.CORSMiddleware(**options)])
    small_falcon.add(app, ROUTES)
    return partial(call_wsgi, app)


ONE_ORIGIN: dict[str, Send] = {}
EVERY_ORIGIN: dict[str, Send] = {}


@pytest.fixture(scope="module", autouse=True)
def peers() -> None:
    methods, headers = ["GET", "PUT"], ["x-token"]
    ONE_ORIGIN.update(
        starlette=starlette_cors(
            allow_origins=[ORIGIN],
            allow_credentials=True,
            allow_methods=methods,
            allow_headers=headers,
        ),
        flask=flask_cors(
            origins=[ORIGIN], supports_credentials=True, methods=methods, allow_headers=headers
        ),
        django=django_cors_headers(
            allowed_origins=[ORIGIN],
            allow_credentials=True,
            allow_methods=methods,
            allow_headers=headers,
        ),
        falcon=falcon_cors(allow_origins=[ORIGIN], allow_credentials=[ORIGIN]),
    )
    EVERY_ORIGIN.update(
        starlette=starlette_cors(allow_origins=["*"], allow_credentials=True),
        flask=flask_cors(origins="*", supports_credentials=True),
        django=django_cors_headers(allow_all_origins=True, allow_credentials=True),
        falcon=falcon_cors(allow_origins="*", allow_credentials="*"),
    )


def of_all(peers: dict[str, Send], asked: Request, look: Callable[[Response], Any]) -> Any:
    """Return what `look` sees in each peer's response."""
    return {name: look(send(asked)) for name, send in peers.items()}


def values(name: str) -> Callable[[Response], list[str]]:
    return lambda response: response.values(name)


ALLOW_ORIGIN = values("access-control-allow-origin")
CREDENTIALS = values("access-control-allow-credentials")


def status(response: Response) -> int:
    return response.status


def test_the_versions_named_in_the_readme() -> None:
    from importlib.metadata import version

    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    assert (
        f"Starlette {starlette.__version__}, flask-cors {version('flask-cors')}, "
        f"django-cors-headers {version('django-cors-headers')} and Falcon {falcon.__version__}"
    ) in " ".join(readme.split())
    assert django.VERSION >= (5, 2)


def test_every_origin_with_credentials() -> None:
    asked = request(OTHER_ORIGIN, cookie="session=1")
    assert set(map(str, of_all(EVERY_ORIGIN, asked, ALLOW_ORIGIN).values())) == {
        str([OTHER_ORIGIN])
    }
    assert set(map(str, of_all(EVERY_ORIGIN, asked, CREDENTIALS).values())) == {str(["true"])}


def test_a_regex_that_matches_a_prefix() -> None:
    regex = r"https://app\.example"
    peers = {
        "starlette": starlette_cors(allow_origin_regex=regex),
        "flask": flask_cors(origins=[regex]),
        "django": django_cors_headers(allowed_origin_regexes=[regex]),
    }
    assert of_all(peers, request(EVIL_PREFIX), ALLOW_ORIGIN) == {
        "starlette": [],
        "flask": [EVIL_PREFIX],
        "django": [EVIL_PREFIX],
    }


def test_a_trailing_slash() -> None:
    from corsheaders.checks import check_settings

    slash = f"{ORIGIN}/"
    peers = {
        "starlette": starlette_cors(allow_origins=[slash]),
        "flask": flask_cors(origins=[slash, "https://b.example"]),
        "falcon": falcon_cors(allow_origins=[slash]),
    }
    assert set(map(str, of_all(peers, request(), ALLOW_ORIGIN).values())) == {"[]"}
    with override_settings(CORS_ALLOWED_ORIGINS=[slash]):
        assert [error.id for error in check_settings()] == ["corsheaders.E014"]


def test_a_refused_origin() -> None:
    assert of_all(ONE_ORIGIN, request(OTHER_ORIGIN), CREDENTIALS) == {
        "starlette": ["true"],
        "flask": [],
        "django": [],
        "falcon": [],
    }


@pytest.mark.parametrize("asked", [preflight(origin=OTHER_ORIGIN), preflight("DELETE")])
def test_a_refused_preflight(asked: Request) -> None:
    expected = {"starlette": 400, "flask": 200, "django": 200, "falcon": 200}
    assert of_all(ONE_ORIGIN, asked, status) == expected


def test_a_preflight_of_a_missing_path() -> None:
    expected = {"starlette": 200, "flask": 404, "django": 200, "falcon": 404}
    assert of_all(ONE_ORIGIN, preflight(path="/missing"), status) == expected


def test_a_preflight_of_a_route_with_its_own_options() -> None:
    expected = {"starlette": [], "flask": ["reached"], "django": [], "falcon": ["reached"]}
    assert of_all(ONE_ORIGIN, preflight(path="/own-options"), values("x-app")) == expected


def test_vary_without_origin() -> None:
    expected = {"starlette": ["Origin"], "flask": [], "django": ["origin"], "falcon": []}
    assert of_all(ONE_ORIGIN, request(None), values("vary")) == expected


def test_vary_of_flask_cors() -> None:
    several = flask_cors(origins=[ORIGIN, "https://b.example"])
    assert several(request()).values("vary") == ["Origin"]
    assert several(request(None)).values("vary") == ["Origin"]
    assert ALLOW_ORIGIN(ONE_ORIGIN["flask"](request(None))) == [ORIGIN]


def test_the_apps_own_star_to_a_refused_origin() -> None:
    found = of_all(ONE_ORIGIN, request(OTHER_ORIGIN, x_app_headers=APP_SETS_STAR), ALLOW_ORIGIN)
    assert set(map(str, found.values())) == {str(["*"])}


def test_a_crash() -> None:
    assert of_all(ONE_ORIGIN, request(path="/crash"), ALLOW_ORIGIN) == {
        "starlette": [],
        "flask": [ORIGIN],
        "django": [ORIGIN],
        "falcon": [ORIGIN],
    }


def test_private_network_access() -> None:
    asked = preflight("PUT", access_control_request_private_network="true")
    expected = {"starlette": 400, "flask": 200, "django": 200, "falcon": 200}
    assert of_all(ONE_ORIGIN, asked, status) == expected
