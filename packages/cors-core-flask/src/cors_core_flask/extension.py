"""CORS, the Flask extension: the WSGI middleware round `app.wsgi_app`."""

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from flask import Blueprint, Flask

from cors_core.adapters import PolicyChoice, PolicyError, PolicyOptions, PolicySource, Problem
from cors_core_flask.middleware import FlaskMiddleware
from cors_core_flask.routes import check_marks
from cors_core_flask.startup import warn_of_no_policy, warn_of_settings

_KEY = "cors_core"
_SETTING = "CORS_CORE"


class CORS:
    """Puts a policy round a Flask app, outside everything Flask does.

    The policy is a ready one, a ReloadablePolicy or a callable as `policy`, or options as keywords;
    `policies` and `paths` are those of `cors_core.wsgi.CORSMiddleware`. They stand here, in
    `init_app` or in `app.config["CORS_CORE"]` (a policy, or a dict of all these). One place only.
    Views with a mark, `cors_policy` or `cors_exempt`, are decided by that.

    :raises PolicyError: see Policy; also for a blueprint in the app's place, for a policy given
        twice, and for views that the app has already whose mark names no policy. Of later ones the
        log tells.
    :raises RuntimeError: if the app has a CORS already.

    >>> CORS(app, allow_origins=["https://app.example"])  # doctest: +SKIP

    An exception that Flask passes on (`PROPAGATE_EXCEPTIONS`, and so testing and debug mode) goes
    through as it came: what answers then, such as Werkzeug's debugger, is outside the app.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        self._given = _given(policy, policies, paths, options)
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        policy: PolicySource = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        **options: Unpack[PolicyOptions],
    ) -> None:
        """Do for `app` what the constructor does; for application factories."""
        _check_app(app)
        if _KEY in app.extensions:
            raise RuntimeError(
                f"the Flask app {app.name!r} has a CORS already; call CORS(app) or init_app once"
            )
        places = {
            "CORS()": self._given,
            "init_app()": _given(policy, policies, paths, options),
            f"app.config[{_SETTING!r}]": app.config.get(_SETTING),
        }
        choice = _choice_of(places)
        check_marks(app, choice)
        if not any(place is not None for place in places.values()):
            warn_of_no_policy()
        warn_of_settings(app)
        app.extensions[_KEY] = choice.default
        app.wsgi_app = FlaskMiddleware(app, choice)  # type: ignore[method-assign]  # Flask's documented way


def _check_app(app: object) -> None:
    if isinstance(app, Flask):
        return
    fix = "write CORS(app, allow_origins=[...])"
    if isinstance(app, Blueprint):
        prefix = f"/{(app.url_prefix or app.name).strip('/')}/"
        fix = (
            "write CORS(app, ...), and for the blueprint mark its views with cors_policy, or give"
            f" paths=[({prefix!r}, policy)]"
        )
    reason = f"is of type {type(app).__name__}, not a Flask app"
    raise PolicyError((Problem("app", app, reason, fix),))


def _given(policy: object, policies: Any, paths: Any, options: Any) -> PolicyChoice | None:
    """Return the choice that one call was given, or `None` if it left that to another place."""
    if policy is None and policies is None and paths is None and not options:
        return None
    return _choice_from(policy, policies, paths, **options)


def _choice_of(places: Mapping[str, Any]) -> PolicyChoice:
    """Return the choice of the one place that has any, or the closed policy's."""
    filled = {place: value for place, value in places.items() if value is not None}
    if len(filled) > 1:
        reason = f"stands in {' and in '.join(filled)}"
        value = [getattr(given, "default", given) for given in filled.values()]
        raise PolicyError((Problem("policy", value, reason, "keep one of them"),))
    for place, value in filled.items():
        if isinstance(value, PolicyChoice):
            return value
        if isinstance(value, Mapping):
            return _choice_from(**value)
        if not (hasattr(value, "decide") or hasattr(value, "current") or callable(value)):
            fix = "set it to a Policy or to a dict of its options"
            raise PolicyError((Problem(place, value, f"is a {type(value).__name__}", fix),))
        return _choice_from(value)
    return _choice_from()


def _choice_from(
    policy: object = None, policies: Any = None, paths: Any = None, **options: Any
) -> PolicyChoice:
    return PolicyChoice(policy, options, policies, paths, awaits=False)
