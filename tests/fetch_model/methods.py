"""Methods, as the Fetch standard sorts them. https://fetch.spec.whatwg.org/#methods"""

import re

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NORMALIZED = {"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"}


def is_token(text: str) -> bool:
    """Say whether `text` is an HTTP token, as methods and header names are."""
    return _TOKEN.fullmatch(text) is not None


def is_safelisted(method: str) -> bool:
    """Say whether it is a CORS-safelisted method. #cors-safelisted-method"""
    return method in ("GET", "HEAD", "POST")


def is_forbidden(method: str) -> bool:
    """Say whether it is a forbidden method, in whatever case. #forbidden-method"""
    return method.upper() in ("CONNECT", "TRACE", "TRACK")


def normalized(method: str) -> str:
    """Return the method as it is sent: six are put in upper case. #concept-method-normalize"""
    return method.upper() if method.upper() in _NORMALIZED else method
