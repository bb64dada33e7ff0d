"""The WSGI middleware as it stands in a Flask app: with the marks of views, and Flask's crashes."""

from typing import TYPE_CHECKING, NoReturn

from flask import Flask

from cors_core.adapters import (
    EnvironReader,
    Layer,
    PolicyChoice,
    WSGIMiddleware,
    at_first_request,
)
from cors_core_flask.routes import FlaskRoutes
from cors_core_flask.startup import look_at

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class FlaskMiddleware(WSGIMiddleware):
    """Puts what an app's CORS chose round `app.wsgi_app`."""

    def __init__(self, app: Flask, choice: PolicyChoice) -> None:
        super().__init__(app.wsgi_app, Layer(choice, EnvironReader(), FlaskRoutes(app)))
        at_first_request(self.layer, lambda _: look_at(app))

    def answer_crash(
        self, error: Exception, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> NoReturn:
        """Let through what Flask did not want to answer itself."""
        raise error
