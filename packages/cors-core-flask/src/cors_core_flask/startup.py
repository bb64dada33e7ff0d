"""What in a Flask app seems to decide on CORS, and does not: said once, in the log."""

from inspect import unwrap
from typing import Any

from flask import Flask

from cors_core.adapters import (
    PolicyOptions,
    logger,
    not_an_option,
    warn_of_unreached_marks,
)
from cors_core_flask.routes import read_for_marks

_FLASK_CORS = "flask_cors"
_FLASK_CORS_SETTINGS = (
    "CORS_ORIGINS",
    "CORS_METHODS",
    "CORS_ALLOW_HEADERS",
    "CORS_EXPOSE_HEADERS",
    "CORS_SUPPORTS_CREDENTIALS",
    "CORS_MAX_AGE",
    "CORS_SEND_WILDCARD",
    "CORS_AUTOMATIC_OPTIONS",
    "CORS_VARY_HEADER",
    "CORS_RESOURCES",
    "CORS_INTERCEPT_EXCEPTIONS",
    "CORS_ALWAYS_SEND",
    "CORS_ALLOW_PRIVATE_NETWORK",
)
"""All settings of flask-cors 6."""


def warn_of_settings(app: Flask) -> None:
    """Log the settings of flask-cors, which an app that came from it may still rely on."""
    for setting in _FLASK_CORS_SETTINGS:
        if setting in app.config:
            value = app.config[setting]
            fix = not_an_option(setting, value, PolicyOptions.__annotations__).fix
            logger.warning(
                "app.config[%r] is a setting of flask-cors, and cors-core does not read it; %s",
                setting,
                fix,
            )


def warn_of_no_policy() -> None:
    """Log that nothing at all was given, beside the core's record that the policy allows nobody."""
    logger.warning(
        "CORS(app) without options allows every origin in flask-cors, and none in cors-core; write"
        " CORS(app, allow_origins=[...])"
    )


def look_at(app: Flask) -> None:
    """Log what only an app that is set up has: flask-cors beside ours, marks that no view carries.

    For the first request, because Flask has no start-up of its own.
    """
    after = [function for scope in app.after_request_funcs.values() for function in scope]
    if any(map(_is_of_flask_cors, [*after, *app.view_functions.values()])):
        logger.warning(
            "flask-cors stands beside cors-core, which replaces the CORS headers that it sets;"
            " remove its CORS(app) and @cross_origin"
        )
    warn_of_unreached_marks(read_for_marks(app), f"the Flask app {app.name!r}")


def _is_of_flask_cors(function: Any) -> bool:
    return _is_defined_there(unwrap(function, stop=_is_defined_there))


def _is_defined_there(function: Any) -> bool:
    # By its globals: functools.wraps has the name of another module put on the function.
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return bool(module.partition(".")[0] == _FLASK_CORS)
