"""Request headers: which a page may set, and which a browser asks for first.

https://fetch.spec.whatwg.org/#terminology-headers
"""

import re

from tests.fetch_model.header_lists import BLANK, HeaderList
from tests.fetch_model.methods import is_forbidden as is_forbidden_method
from tests.fetch_model.methods import is_token

NON_WILDCARD = ("authorization",)
"""CORS non-wildcard request-header names. #cors-non-wildcard-request-header-name"""

REQUEST_BODY_HEADERS = ("content-encoding", "content-language", "content-location", "content-type")
"""Request-body-header names: what a redirect to GET loses. #request-body-header-name"""

_NO_CORS_SAFELISTED = ("accept", "accept-language", "content-language", "content-type")
_FORBIDDEN = frozenset(
    "accept-charset accept-encoding access-control-request-headers access-control-request-method "
    "connection content-length cookie cookie2 date dnt expect host keep-alive origin referer "
    "set-cookie te trailer transfer-encoding upgrade via".split()
)
_METHOD_OVERRIDES = ("x-http-method", "x-http-method-override", "x-method-override")
_UNSAFE_BYTE = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_NOT_LANGUAGE = re.compile(r"[^0-9A-Za-z *,\-.;=]")
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_SAFELISTED_ESSENCES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


def is_safelisted(name: str, value: str) -> bool:
    """Say whether it is a CORS-safelisted request-header. #cors-safelisted-request-header"""
    if len(value) > 128:
        return False
    match name.lower():
        case "accept":
            return not _UNSAFE_BYTE.search(value)
        case "accept-language" | "content-language":
            return not _NOT_LANGUAGE.search(value)
        case "content-type":
            return not _UNSAFE_BYTE.search(value) and _essence(value) in _SAFELISTED_ESSENCES
        case "range":
            return _is_simple_range(value)
    return False


def unsafe_names(header_list: HeaderList) -> list[str]:
    """Return the CORS-unsafe request-header names. #cors-unsafe-request-header-names"""
    unsafe: set[str] = set()
    potentially_unsafe: set[str] = set()
    safelist_value_size = 0
    for name, value in header_list:
        if is_safelisted(name, value):
            potentially_unsafe.add(name.lower())
            safelist_value_size += len(value)
        else:
            unsafe.add(name.lower())
    if safelist_value_size > 1024:
        unsafe |= potentially_unsafe
    return sorted(unsafe)


def is_no_cors_safelisted(name: str, value: str) -> bool:
    """Say whether a no-cors request keeps it. #no-cors-safelisted-request-header"""
    return name.lower() in _NO_CORS_SAFELISTED and is_safelisted(name, value)


def is_forbidden(name: str, value: str) -> bool:
    """Say whether it is a forbidden request-header, #forbidden-request-header"""
    lower = name.lower()
    if lower in _FORBIDDEN or lower.startswith(("proxy-", "sec-")):
        return True
    if lower in _METHOD_OVERRIDES:
        return any(is_forbidden_method(method.strip(BLANK)) for method in value.split(","))
    return False


def _essence(value: str) -> str | None:
    """Return a MIME type's essence, `None` if it is none.

    Parameters never make the parsing fail. https://mimesniff.spec.whatwg.org/#parse-a-mime-type
    """
    main, slash, rest = value.strip("\r\n\t ").partition("/")
    sub = rest.split(";")[0].rstrip("\r\n\t ")
    return f"{main}/{sub}".lower() if slash and is_token(main) and is_token(sub) else None


def _is_simple_range(value: str) -> bool:
    """Parse a single range header value, whose start is not null. #simple-range-header-value"""
    match = _RANGE.fullmatch(value)
    return match is not None and (not match[2] or int(match[1]) <= int(match[2]))
