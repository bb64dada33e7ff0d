"""The two judgements of the CORS protocol, on an actual response and on a preflight's.

https://fetch.spec.whatwg.org/#cors-check https://fetch.spec.whatwg.org/#cors-preflight-fetch
"""

from typing import NamedTuple

from tests.behaviour.transports import Request, Response
from tests.fetch_model import methods
from tests.fetch_model.fetch_request import FetchRequest, NetworkError
from tests.fetch_model.header_lists import Malformed, extract_delta_seconds, extract_tokens, get
from tests.fetch_model.request_headers import NON_WILDCARD

_DEFAULT_MAX_AGE = 5


class Allowed(NamedTuple):
    """What an answer to a preflight allows, and for how many seconds."""

    methods: list[str]
    header_names: list[str]
    max_age: int


def cors_check(request: FetchRequest, response: Response) -> None:
    """Perform a CORS check.

    :raises NetworkError: where the standard returns failure.

    https://fetch.spec.whatwg.org/#concept-cors-check
    """
    origin = get("Access-Control-Allow-Origin", response.headers)
    if origin is None:
        raise NetworkError("there is no Access-Control-Allow-Origin")
    if not request.includes and origin == "*":
        return
    if origin != request.origin:
        raise NetworkError(f"Access-Control-Allow-Origin is {origin!r}, not {request.origin!r}")
    if not request.includes:
        return
    credentials = get("Access-Control-Allow-Credentials", response.headers)
    if credentials != "true":
        raise NetworkError(f"Access-Control-Allow-Credentials is {credentials!r}, not 'true'")


def preflight_for(request: FetchRequest) -> Request:
    """Return the CORS-preflight request. #cors-preflight-fetch-0, steps 1 to 5

    It never carries credentials, whatever the request's credentials mode.
    """
    lines = [
        ("Accept", "*/*"),
        ("Access-Control-Request-Method", request.method),
        ("Origin", request.origin),
    ]
    if request.unsafe_names:
        # Without a blank after the comma, for better or worse, as the standard says.
        lines.append(("Access-Control-Request-Headers", ",".join(request.unsafe_names)))
    headers = tuple((name, value.encode("latin-1")) for name, value in lines)
    return Request("OPTIONS", request.path, headers)


def check_preflight(request: FetchRequest, response: Response) -> Allowed:
    """Judge the answer to a preflight. #cors-preflight-fetch-0, step 7

    :raises NetworkError: where the standard returns a network error.
    """
    cors_check(request, response)
    if not 200 <= response.status <= 299:
        raise NetworkError(f"its status is {response.status}, no ok status")
    try:
        listed = extract_tokens("Access-Control-Allow-Methods", response.headers) or []
        names = extract_tokens("Access-Control-Allow-Headers", response.headers) or []
    except Malformed as malformed:
        raise NetworkError(str(malformed)) from None
    _check_method(request, listed)
    _check_names(request, [name.lower() for name in names])
    return Allowed(listed, names, _max_age(response))


def exposed_names(request: FetchRequest, response: Response) -> set[str]:
    """Return the CORS-exposed header-name list, in lower case. #main-fetch, step 14.1"""
    try:
        names = extract_tokens("Access-Control-Expose-Headers", response.headers) or []
    except Malformed:
        return set()
    if "*" in names and not request.includes:
        return {name.lower() for name, _ in response.headers}
    return {name.lower() for name in names}


def _check_method(request: FetchRequest, listed: list[str]) -> None:
    if request.method in listed or methods.is_safelisted(request.method):
        return
    if request.includes or "*" not in listed:
        raise NetworkError(f"Access-Control-Allow-Methods lists {listed}, not {request.method!r}")


def _check_names(request: FetchRequest, listed: list[str]) -> None:
    missing = f"Access-Control-Allow-Headers lists {listed}, not "
    for name, _ in request.header_list:
        if name.lower() in NON_WILDCARD and name.lower() not in listed:
            raise NetworkError(f"{missing}{name.lower()!r}, which no * stands for")
    for name in request.unsafe_names:
        if name not in listed and (request.includes or "*" not in listed):
            raise NetworkError(f"{missing}{name!r}")


def _max_age(response: Response) -> int:
    try:
        max_age = extract_delta_seconds("Access-Control-Max-Age", response.headers)
    except Malformed:
        max_age = None
    return _DEFAULT_MAX_AGE if max_age is None else max_age
