"""Options that a policy does not have, and what to write instead. Only a mistake imports this.

The names of other CORS packages stand here, because many a policy is carried over from one:
flask-cors, quart-cors, django-cors-headers, Starlette, Falcon, falcon-cors.
"""

from collections.abc import Iterable

from cors_core.errors import Problem

_SAME = {
    "allow_header": "allow_headers",
    "allow_headers_list": "allow_headers",
    "allow_method": "allow_methods",
    "allow_methods_list": "allow_methods",
    "allow_origin": "allow_origins",
    "allow_origins_list": "allow_origins",
    "allow_origins_regex": "allow_origin_regex",
    "allow_private_networks": "allow_private_network",
    "allowed_headers": "allow_headers",
    "allowed_methods": "allow_methods",
    "allowed_origins": "allow_origins",
    "credentials": "allow_credentials",
    "expose_headers_list": "expose_headers",
    "exposed_headers": "expose_headers",
    "headers": "allow_headers",
    "methods": "allow_methods",
    "origin": "allow_origins",
    "origin_regex": "allow_origin_regex",
    "origin_whitelist": "allow_origins",
    "origins": "allow_origins",
    "preflight_max_age": "max_age",
    "supports_credentials": "allow_credentials",
}
"""Other names of an option, whose value means the same."""

_ANY_ORIGIN = "write allow_origins=['*'], without credentials"
_BY_PATH = (
    "write paths=[('/api/', policy)], an option of the adapter, which takes prefixes, not regexes"
)
_ONE_REGEX = (
    "write one regex of them all, allow_origin_regex='|'.join(regexes): each must match the whole"
    " origin"
)
_CREDENTIALS = (
    "write allow_credentials=True, and list in allow_origins the origins that may send credentials"
)
_LITERAL_STAR = (
    "remove it: allow_origins=['*'] sends a *, every other policy the origin that it allows"
)
_TO_THE_ADAPTER = "give it to the adapter, such as CORSMiddleware: a policy has no such option"

_INSTEAD = {
    "allow_all_headers": "write allow_headers=['*']",
    "allow_all_methods": "write allow_methods=['*']",
    "allow_all_origins": _ANY_ORIGIN,
    "allow_credentials_all_origins": _CREDENTIALS,
    "allow_credentials_origins_list": _CREDENTIALS,
    "allow_credentials_origins_regex": _CREDENTIALS,
    "allow_headers_regex": "list the names in allow_headers, or write allow_headers=['*']",
    "allowed_origin_regexes": _ONE_REGEX,
    "always_send": (
        "remove it: only allow_origins=['*'] sends CORS headers to requests without Origin"
    ),
    "automatic_options": (
        "remove it: every preflight is answered, and every other OPTIONS request reaches the app"
    ),
    "cors_enable": "remove it: adding the middleware is what enables CORS",
    "intercept_exceptions": "remove it: error responses carry the headers too",
    "log_level": "remove it: set the level of the logger 'cors_core'",
    "origin_allow_all": _ANY_ORIGIN,
    "origin_regex_whitelist": _ONE_REGEX,
    "paths": _TO_THE_ADAPTER,
    "policies": _TO_THE_ADAPTER,
    "policy": _TO_THE_ADAPTER,
    "resources": _BY_PATH,
    "send_origin_wildcard": _LITERAL_STAR,
    "send_wildcard": _LITERAL_STAR,
    "urls_regex": _BY_PATH,
    "vary_header": "remove it: Vary is sent wherever the response depends on the origin",
}
"""Options that have no equivalent of the same value, and what to do instead."""

_PREFIXES = ("cors_", "access_control_")
_NEAR = 0.85
"""The least similarity of a near spelling; below it, options of another meaning are found."""


def not_an_option(option: str, value: object, options: Iterable[str]) -> Problem:
    """Return the Problem of an option that is none of `options`, with what was meant, if known.

    >>> not_an_option("supports_credentials", True, ["allow_credentials", "max_age"]).fix
    "did you mean 'allow_credentials'?"
    """
    return Problem(option, value, "is no option", _fix(option, value, tuple(options)))


def positional_arguments(callee: str, arguments: tuple[object, ...]) -> Problem:
    """Return the Problem of options given to `callee` without their names.

    >>> positional_arguments("Policy", (["https://a.example"],)).fix
    "write Policy(allow_origins=['https://a.example'])"
    """
    first = arguments[0]
    more = ", ..." if len(arguments) > 1 else ""
    fix = "name each option: allow_origins=[...]"
    origins = [first] if isinstance(first, str) else first
    if isinstance(origins, list | tuple) and origins and isinstance(origins[0], str):
        fix = f"write {callee}(allow_origins={list(origins)!r}{more})"
    elif hasattr(first, "decide"):
        fix = f"write {callee}(policy=policy{more})"
    value = arguments if more else first
    return Problem(callee, value, "is given without a name", fix)


def _fix(option: str, value: object, options: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    name = bare = option.lower().replace("-", "_")
    for prefix in _PREFIXES:
        bare = bare.removeprefix(prefix)
    known = (*options, *_SAME, *_INSTEAD)
    exact = [candidate for candidate in (name, bare) if candidate in known]
    nearest = exact or get_close_matches(bare, known, n=1, cutoff=_NEAR)
    if not nearest:
        return f"the options are {', '.join(options)}"
    meant = _SAME.get(nearest[0], nearest[0])
    instead = _INSTEAD.get(meant, f"did you mean {meant!r}?")
    if value is False and instead.startswith("write"):  # never advise what was switched off
        return "remove it: a policy allows what its options list, and nothing else"
    return instead
