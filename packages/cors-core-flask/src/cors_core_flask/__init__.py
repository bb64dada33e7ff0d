"""cors-core for Flask: `CORS(app, ...)`."""

from cors_core_flask.extension import CORS

__all__ = ["CORS"]
