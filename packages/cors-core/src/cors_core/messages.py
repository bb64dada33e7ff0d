"""What goes into the core and what comes out: CORSRequest in, Decision out. No logic of R2-R19.

How a decision's headers join those of an app's response is in `joining`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import ClassVar, Literal, NamedTuple

from cors_core.joining import Pairs, RawHeaders, TextHeaders


class RequestKind(StrEnum):
    """Which request it is, by rule R1."""

    NOT_CORS = "not CORS"
    ACTUAL = "actual"
    PREFLIGHT = "preflight"
    EXEMPT = "exempt"
    """Any request to an endpoint that no policy applies to."""


class Refusal(StrEnum):
    """What a policy refused about a request; the words that a refused preflight's body lists."""

    ORIGIN = "origin"
    METHOD = "method"
    HEADERS = "headers"


class HeaderFields(Mapping[str, str]):
    """The header fields of a request by their names, in whatever case.

    Nothing is read before the first look; then repeated lines are joined by commas.
    """

    __slots__ = ("_fields", "_lines")

    def __init__(self, lines: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._lines = lines
        self._fields: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        if self._fields is None:
            values: dict[str, list[str]] = {}
            for name, value in self._lines():
                values.setdefault(name.lower(), []).append(value)
            self._fields = {name: ", ".join(several) for name, several in values.items()}
        return self._fields

    def __getitem__(self, name: str) -> str:
        return self._read()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"HeaderFields({self._read()!r})"


def is_preflight(method: str, origin: str | None, request_method: str | None) -> bool:
    """Say whether a request with these parts is a CORS-preflight request: rule R1."""
    return method == "OPTIONS" and origin is not None and request_method is not None


class CORSRequest(NamedTuple):
    """The parts of an HTTP request that decide its CORS verdict; `None` for an absent header.

    A server hands over repeated header lines joined by commas, and bytes as Latin-1.
    """

    method: str
    origin: str | None = None
    """Origin"""
    request_method: str | None = None
    """Access-Control-Request-Method"""
    request_headers: str | None = None
    """Access-Control-Request-Headers"""
    private_network: str | bool | None = None
    """Access-Control-Request-Private-Network: its text, or whether it said `true`"""
    host: str = ""
    """Host, as the client wrote it; "" for none. Only the choice of a policy looks at it."""
    path: str = ""
    """The path as the server decoded it, mount points included; likewise."""
    query: str = ""
    """The query, without its question mark and not decoded; likewise."""
    headers: Mapping[str, str] | None = None
    """All header fields by name, whatever its case; likewise."""

    @property
    def is_preflight(self) -> bool:
        """Whether this is a CORS-preflight request (R1).

        Sec-Fetch-Mode does not count: older browsers, and many clients, do not send it.
        """
        return is_preflight(self.method, self.origin, self.request_method)

    @property
    def served_method(self) -> str:
        """The method of the endpoint in question: of a preflight, the one that it asks for."""
        return (self.request_method or "") if self.is_preflight else self.method


class Decision:
    """What the core answers for one request; immutable, equal by value, shared between requests.

    `kind`, `refused` (empty where all is allowed), `headers` (the `Access-Control-*` pairs to
    send) and `vary` (the names to merge into Vary) are set for every request; `status` and `body`
    for a preflight, which the adapter answers by itself. `text` and `raw` are the same headers as
    a response takes them: as pairs of str, or of bytes.
    """

    __slots__ = ("body", "headers", "kind", "raw", "refused", "status", "text", "vary")

    decided: ClassVar[Literal[True]] = True
    """Tells a decision from what stands for one that is yet to be made."""
    kind: RequestKind
    refused: tuple[Refusal, ...]
    headers: Pairs
    vary: tuple[str, ...]
    status: int | None
    """200 or 400 for a preflight, else `None`: the app answers."""
    body: str
    text: TextHeaders
    raw: RawHeaders

    def __init__(
        self,
        kind: RequestKind,
        refused: tuple[Refusal, ...],
        headers: Pairs,
        vary: tuple[str, ...],
    ) -> None:
        preflight = kind is RequestKind.PREFLIGHT
        body = ("Disallowed CORS " + ", ".join(refused) if refused else "OK") if preflight else ""
        put = super().__setattr__
        put("kind", kind)
        put("refused", refused)
        put("headers", headers)
        put("vary", vary)
        put("status", (400 if refused else 200) if preflight else None)
        put("body", body)
        exempt = kind is RequestKind.EXEMPT
        put("text", TextHeaders(headers, vary, body, keeps=exempt))
        put("raw", RawHeaders(headers, vary, body, keeps=exempt))

    @property
    def allowed(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Decision is immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Decision is immutable: {name!r} cannot be deleted")

    def _identity(self) -> tuple[object, ...]:
        return (self.kind, self.refused, self.headers, self.vary)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decision):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> tuple[object, ...]:
        return (Decision, self._identity())

    def __repr__(self) -> str:
        return "Decision(kind={!r}, refused={!r}, headers={!r}, vary={!r})".format(
            *self._identity()
        )
