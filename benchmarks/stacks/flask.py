"""A Flask app with flask-cors and with `cors_core_flask`."""

from typing import Any

import flask_cors
from flask import Flask

from benchmarks.situations import EXPOSED, HEADERS, MAX_AGE, METHODS, OPTIONS
from benchmarks.stacks.floors import WSGIFloor
from cors_core_flask import CORS

TITLE = "Flask app"
PEER = "flask-cors"
TRANSPORT = "wsgi"


def bare() -> Flask:
    """Return the app without a CORS layer."""
    app = Flask(__name__)

    @app.route("/items", methods=["GET", "PUT"])
    def items() -> dict[str, list[str]]:
        return {"items": []}

    return app


def variants(origins: list[str]) -> dict[str, Any]:
    """Return the app in each layer.

    One app inside them all but the peer's, which changes its app: two equal Flask apps may differ
    by microseconds a request for their whole life, which is more than the layer costs.
    """
    app, peer = bare(), bare()
    inner = app.wsgi_app
    CORS(app, allow_origins=origins, **OPTIONS)
    flask_cors.CORS(peer, **flask_cors_options(origins))
    return {"bare": inner, "floor": WSGIFloor(inner), "peer": peer.wsgi_app, "ours": app.wsgi_app}


def flask_cors_options(origins: list[str]) -> dict[str, Any]:
    """Return the policy in flask-cors's words."""
    return {
        "origins": origins,
        "methods": list(METHODS),
        "allow_headers": list(HEADERS),
        "supports_credentials": True,
        "expose_headers": list(EXPOSED),
        "max_age": MAX_AGE,
    }
