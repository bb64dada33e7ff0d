"""CORS, the Flask extension: the WSGI middleware round `app.wsgi_app`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from flask import Flask

from cors_core import Policy, PolicyError, PolicyOptions, Problem, policy_from
from cors_core.wsgi import CORSMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_KEY = "cors_core"
_SETTING = "CORS_CORE"


class CORS:
    """Puts a policy round a Flask app, outside everything Flask does.

    The policy is a ready one as `policy`, options as keywords (here or in `init_app`), or
    `app.config["CORS_CORE"]`: a Policy or a dict of options. One place only.

    :raises PolicyError: see Policy; also for a policy given twice.
    :raises RuntimeError: if the app has a CORS already.

    >>> CORS(app, allow_origins=["https://app.example"])  # doctest: +SKIP

    An exception that Flask passes on (`PROPAGATE_EXCEPTIONS`, and so testing and debug mode) goes
    through as it came: what answers then, such as Werkzeug's debugger, is outside the app.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        policy: Policy | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        self._given = _given(policy, options)
        if app is not None:
            self.init_app(app)

    def init_app(
        self, app: Flask, *, policy: Policy | None = None, **options: Unpack[PolicyOptions]
    ) -> None:
        """Do for `app` what the constructor does; for application factories."""
        if _KEY in app.extensions:
            raise RuntimeError(
                f"the Flask app {app.name!r} has a CORS already; call CORS(app) or init_app once"
            )
        places = {
            "CORS()": self._given,
            "init_app()": _given(policy, options),
            f"app.config[{_SETTING!r}]": app.config.get(_SETTING),
        }
        app.extensions[_KEY] = policy = _policy_of(places)
        app.wsgi_app = _FlaskMiddleware(app.wsgi_app, policy=policy)  # type: ignore[method-assign]  # Flask's documented way


class _FlaskMiddleware(CORSMiddleware):
    def answer_crash(
        self, error: Exception, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> NoReturn:
        """Let through what Flask did not want to answer itself."""
        raise error


def _given(policy: Policy | None, options: Mapping[str, Any]) -> Policy | None:
    """Return the policy that one call was given, or `None` if it left that to another place."""
    return policy_from(policy, options) if policy is not None or options else None


def _policy_of(places: Mapping[str, Any]) -> Policy:
    """Return the policy of the one place that has any, or the closed one."""
    filled = {place: value for place, value in places.items() if value is not None}
    if len(filled) > 1:
        reason = f"stands in {' and in '.join(filled)}"
        value = list(filled.values())
        raise PolicyError((Problem("policy", value, reason, "keep one of them"),))
    for place, value in filled.items():
        if isinstance(value, Mapping):
            return policy_from(None, value)
        if not isinstance(value, Policy):
            fix = "set it to a Policy or to a dict of its options"
            raise PolicyError((Problem(place, value, f"is a {type(value).__name__}", fix),))
        return value
    return Policy()
