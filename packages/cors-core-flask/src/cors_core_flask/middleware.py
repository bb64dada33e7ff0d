"""The WSGI middleware as it stands in a Flask app: with the marks of views, and Flask's crashes."""

from typing import TYPE_CHECKING, NoReturn

from flask import Flask

from cors_core import PolicyChoice
from cors_core.wsgi import CORSMiddleware
from cors_core_flask import routes

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class FlaskMiddleware(CORSMiddleware):
    """Puts what an app's CORS chose round `app.wsgi_app`."""

    def __init__(self, app: Flask, choice: PolicyChoice) -> None:
        super().__init__(app.wsgi_app)
        self.choice = choice
        self._flask = app

    def reads_marks(self) -> bool:
        """Say that any view may be marked."""
        return True

    def mark_asked_for(self, environ: "WSGIEnvironment", method: str) -> object:
        """Return the mark of the view that would serve `method` at the path of a preflight."""
        return routes.mark_asked_for(self._flask, environ, method)

    def mark_served(self, environ: "WSGIEnvironment") -> object:
        """Return the mark of the view that has just answered."""
        return routes.mark_served(self._flask)

    def answer_crash(
        self, error: Exception, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> NoReturn:
        """Let through what Flask did not want to answer itself."""
        raise error
