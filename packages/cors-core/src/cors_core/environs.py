"""How the environ of a WSGI request is read, and Django's META. No app and no middleware here."""

from collections.abc import Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from cors_core.decide import LONGEST_READ, Decider
from cors_core.messages import CORSRequest, Decision, HeaderFields

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

    method = staticmethod(itemgetter("REQUEST_METHOD"))

    def read(self, environ: Mapping[str, Any]) -> CORSRequest:
        """Return what decides the request of an environ, each value cut where it cannot count."""
        get = environ.get
        # PEP 3333 has the path's bytes in Latin-1; read them as the frameworks do.
        path = get("SCRIPT_NAME", "") + get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1", "replace").decode("utf-8", "replace")
        fields = [value if value is None else value[:LONGEST_READ] for value in map(get, _FIELDS)]
        host = get("HTTP_HOST", "")[:LONGEST_READ]
        headers = HeaderFields(partial(_lines, environ))
        parts: Any = (*fields, host, path, get("QUERY_STRING", ""), headers)
        return CORSRequest(environ["REQUEST_METHOD"], *parts)

    def decide(self, decider: Decider, environ: Mapping[str, Any]) -> Decision | None:
        """Return the decision on the request of an environ; `None` where it must be awaited."""
        lookup = decider.lookup
        if lookup is not None and (self._awaits or lookup.is_async):
            return decider.decide_at_once(self.read(environ))
        if environ["REQUEST_METHOD"] != "OPTIONS":
            return decider.actual(environ.get("HTTP_ORIGIN"))
        fields: Any = map(environ.get, _FIELDS)
        return decider.decide_parts("OPTIONS", *fields)


def _lines(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-"), value
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield key.replace("_", "-"), value
