"""How the environ of a WSGI request is read, and Django's META. No app and no middleware here."""

from collections.abc import Mapping
from typing import Any, Final

from cors_core.decide import Decider
from cors_core.messages import CORSRequest, Decision

_FIELDS: Final = (
    "HTTP_ORIGIN",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD",
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
    "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK",
)


class EnvironReader:
    """Reads the environs of WSGI, and Django's META.

    Servers join repeated header lines with commas, which leaves two Origin lines malformed (R4).

    :param awaits: whether the adapter can await what an OriginLookup says, and so must not block.
    """

    def __init__(self, *, awaits: bool = False) -> None:
        self._awaits = awaits

    def method(self, environ: Mapping[str, Any]) -> str:
        """Return the request's method."""
        method: str = environ["REQUEST_METHOD"]
        return method

    def read(self, environ: Mapping[str, Any]) -> CORSRequest:
        """Return what decides the request of an environ."""
        # PEP 3333 has the path's bytes in Latin-1; read them as the frameworks do.
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1", "replace").decode("utf-8", "replace")
        parts: Any = (*map(environ.get, _FIELDS), environ.get("HTTP_HOST", ""), path)
        return CORSRequest(environ["REQUEST_METHOD"], *parts)

    def decide(self, decider: Decider, environ: Mapping[str, Any]) -> Decision | None:
        """Return the decision on the request of an environ; `None` where it must be awaited."""
        lookup = decider.lookup
        if lookup is not None and (self._awaits or lookup.is_async):
            return decider.decide_at_once(self.read(environ))
        if environ["REQUEST_METHOD"] != "OPTIONS":
            return decider.actual(environ.get("HTTP_ORIGIN"))
        fields: Any = map(environ.get, _FIELDS)
        return decider.decide(CORSRequest("OPTIONS", *fields))
