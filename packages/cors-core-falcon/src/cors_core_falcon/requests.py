"""Reads what was asked of Falcon, by the environ or the scope that its request was made from."""

from collections.abc import Callable, Iterator
from typing import Any

from cors_core.adapters import CORSRequest, Decider, Decision, EnvironReader, Scope, ScopeReader
from cors_core_falcon.marks import Asked


class RequestReader:
    """Reads Falcon's requests.

    :param reader: reads what `source` returns.
    :param source: returns what a request was made from: `environ_of` or `scope_of`.
    """

    def __init__(self, reader: EnvironReader | ScopeReader, source: Callable[[Any], Any]) -> None:
        self._reader: Any = reader
        self._source = source

    def method(self, asked: Asked) -> str:
        """Return the request's method."""
        method: str = asked.req.method
        return method

    def read(self, asked: Asked) -> CORSRequest:
        """Return what decides a request."""
        request: CORSRequest = self._reader.read(self._source(asked.req))
        return request

    def decide(self, decider: Decider, asked: Asked) -> Decision | None:
        """Return the decision on a request."""
        decision: Decision | None = self._reader.decide(decider, self._source(asked.req))
        return decision


def environ_of(req: Any) -> dict[str, Any]:
    """Return the environ of a request of `falcon.App`."""
    environ: dict[str, Any] = req.env
    return environ


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
