"""A shared HTTP cache, such as a CDN, that keys its stored responses by Vary.

The question here is whose answer a page is given, so the cache is the worst one that keeps to RFC
9111 section 4.1: what it stored never goes stale, it stores every status and, as some CDNs do but
RFC 9110 section 9.3.7 forbids, answers to CORS-preflight requests. Other answers to OPTIONS are not
stored: no server says in the Vary of those that it would answer a preflight otherwise.
"""

from dataclasses import dataclass, field

from tests.behaviour.transports import Request, Response
from tests.fetch_model.fetch_request import Send

_FOR_ONE_USER = {"private", "no-store"}


@dataclass
class SharedCache:
    """Stands before `send`, and is called in its place."""

    send: Send
    hits: int = 0
    _stored: dict[tuple[str, str], list[tuple[Request, Response]]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        """Answer from what is stored, the most recent first, or from `send`."""
        if not _is_cacheable(request):
            return self.send(request)
        stored = self._stored.setdefault((request.method, request.path), [])
        for earlier, response in reversed(stored):
            if selects(request, earlier, response):
                self.hits += 1
                return response
        response = self.send(request)
        if _may_be_stored(request, response):
            stored.append((request, response))
        return response


def selects(request: Request, earlier: Request, response: Response) -> bool:
    """Say whether a response stored for the `earlier` request answers this one.

    All header fields that its Vary nominates must match; `*` never does.

    https://www.rfc-editor.org/rfc/rfc9111#section-4.1
    """
    nominated = _elements(response.values("Vary"))
    return "*" not in nominated and all(
        _field(request, name) == _field(earlier, name) for name in nominated
    )


def _is_cacheable(request: Request) -> bool:
    """Say whether answers to the method are cacheable, or it is a preflight."""
    if request.method == "OPTIONS":
        return _field(request, "access-control-request-method") is not None
    return request.method in ("GET", "HEAD", "QUERY")


def _may_be_stored(request: Request, response: Response) -> bool:
    """Apply RFC 9111 section 3 and 3.5, as far as a shared cache differs from a private one."""
    if _FOR_ONE_USER & _elements(response.values("Cache-Control")):
        return False
    return bool(response.status) and _field(request, "authorization") is None


def _field(request: Request, name: str) -> list[bytes] | None:
    """Return a field's list of elements: lines combined, blanks removed; `None` if absent."""
    lines = [value for line, value in request.headers if line.lower() == name]
    if not lines:
        return None
    return [element.strip(b" \t") for element in b",".join(lines).split(b",")]


def _elements(values: list[str]) -> set[str]:
    return {element.strip().lower() for value in values for element in value.split(",")} - {""}
