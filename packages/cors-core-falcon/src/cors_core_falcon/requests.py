"""The scope that a request of `falcon.asgi.App` was made from, as it can be read."""

from collections.abc import Iterator
from typing import Any

from cors_core.adapters import Scope


def scope_of(req: Any) -> Scope:
    """Return the scope of a request of `falcon.asgi.App`, with headers that can still be read.

    `falcon.testing` gives headers that can be iterated only once, which Falcon's request has done.
    They are put back as Falcon has them, repeated lines joined.
    """
    scope: Scope = req.scope
    headers = scope["headers"]
    if headers.__class__ is not list and isinstance(headers, Iterator):
        scope["headers"] = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in req.headers.items()
        ]
    return scope
