"""Lists of field names: the requested ones (Access-Control-Request-Headers) and Vary.

Grammar, after RFC 9110 sections 5.6.1 and 5.6.2:

    field-name = token
    token      = 1*tchar
    list       = element *( "," element )    ; an element may be empty
    element    = OWS [ field-name ] OWS      ; OWS = blanks and tabs

Nothing here knows which names a policy allows.
"""

import re
from collections.abc import Iterable

MAX_REQUEST_HEADERS_LENGTH = 4096
"""Longest Access-Control-Request-Headers, in characters, that is read at all."""

MAX_REQUEST_HEADERS_ELEMENTS = 128
"""Most elements, empty ones included, that are read. A browser sends each custom name once."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def is_token(text: str) -> bool:
    """Say whether `text` is a token: a valid method and a valid field name."""
    return _TOKEN.fullmatch(text) is not None


def requested_names(value: str) -> tuple[str, ...] | None:
    """Return the names in an Access-Control-Request-Headers value: lower case, each once.

    `None` says that it is past the two bounds above, found without reading it, or that an
    element is no field name, or is `*`. Empty elements are skipped, as a list's recipient must.

    >>> requested_names("X-A,, x-b ,x-a")
    ('x-a', 'x-b')

    Fetch, CORS-preflight fetch, step 5: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
    """
    # Length first: counting commas in what a server lets through (64 KiB) is already work.
    if len(value) > MAX_REQUEST_HEADERS_LENGTH:
        return None
    if value.count(",") >= MAX_REQUEST_HEADERS_ELEMENTS:
        return None
    names: dict[str, None] = {}
    for element in value.split(","):
        name = element.strip(" \t")
        if not name:
            continue
        # A field may be named "*", but to echo that name would be to allow them all.
        if name == "*" or not is_token(name):
            return None
        names[name.lower()] = None
    return tuple(names)


def merged_vary(app_values: Iterable[str], added: tuple[str, ...]) -> str:
    """Return one Vary value: the app's names in their order, then the missing ones of `added`.

    No name stands twice, in whatever case. `Vary: *` already says more than any name, so a
    list that holds it is returned as the app wrote it.

    >>> merged_vary(["Accept, origin"], ("Origin", "Cookie"))
    'Accept, origin, Cookie'

    RFC 9110 section 12.5.5.
    """
    written = ", ".join(app_values)
    names = _elements(written)
    if "*" in names:
        return written
    first_spelling: dict[str, str] = {}
    for name in (*names, *added):
        first_spelling.setdefault(name.lower(), name)
    return ", ".join(first_spelling.values())


def _elements(value: str) -> list[str]:
    return [name for element in value.split(",") if (name := element.strip(" \t"))]
