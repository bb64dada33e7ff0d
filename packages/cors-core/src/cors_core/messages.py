"""What goes into the core and what comes out: CORSRequest in, Decision out. No logic of R1-R19.

A Decision also knows how its headers join those of an app's response, for an adapter's response
may be a list of str pairs (WSGI), of bytes pairs (ASGI) or a mapping (Django, Falcon).
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cors_core.field_names import merged_vary


class RequestKind(StrEnum):
    """Which request it is, by rule R1."""

    NOT_CORS = "not CORS"
    ACTUAL = "actual"
    PREFLIGHT = "preflight"


class Refusal(StrEnum):
    """What a policy refused about a request; the words that a refused preflight's body lists."""

    ORIGIN = "origin"
    METHOD = "method"
    HEADERS = "headers"


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


_OWNED_PREFIX: Final = "access-control-"
_OWNED_PREFIX_RAW: Final = b"access-control-"
# To tell the headers that a decision owns from the rest: most names are known not to be its own,
# the first letter rules most others out, and only then is a copy in lower case made. Sets, for to
# search a str takes longer.
OWNED_FIRST_LETTERS: Final = frozenset("aAvV")
_COMMON = (
    "Content-Type Content-Length Content-Language Content-Encoding Content-Disposition Date Server "
    "Cache-Control Cross-Origin-Opener-Policy ETag Expires Last-Modified Location Referrer-Policy "
    "Set-Cookie X-Content-Type-Options X-Frame-Options"
).split()
NOT_OWNED: Final = frozenset([*_COMMON, *map(str.lower, _COMMON)])

Pairs = tuple[tuple[str, str], ...]


class Decision:
    """What the core answers for one request; immutable, equal by value, shared between requests.

    `kind`, `refused` (empty where all is allowed), `headers` (the `Access-Control-*` pairs to
    send) and `vary` (the names to merge into Vary) are set for every request; `status` and `body`
    for a preflight, which the adapter answers by itself with `answer`.
    """

    __slots__ = ("added", "added_raw", "answer", "answer_raw", "body", "body_raw", "content",
                 "headers", "kind", "refused", "status", "vary")  # fmt: skip

    kind: RequestKind
    refused: tuple[Refusal, ...]
    headers: tuple[tuple[str, str], ...]
    vary: tuple[str, ...]
    status: int | None
    """200 or 400 for a preflight, else `None`: the app answers."""
    body: str
    added: tuple[tuple[str, str], ...]
    """What `merged` adds to an app's headers where it need not change any of them."""
    added_raw: tuple[tuple[bytes, bytes], ...]
    """The same for `merged_raw`."""
    answer: tuple[tuple[str, str], ...]
    """All the headers of a preflight's response: the decision's, then those of `content`."""
    content: tuple[tuple[str, str], ...]
    """The headers that describe the body of a preflight's response."""
    answer_raw: tuple[tuple[bytes, bytes], ...]
    """`answer` as ASGI has it."""
    body_raw: bytes

    def __init__(
        self,
        kind: RequestKind,
        refused: tuple[Refusal, ...],
        headers: tuple[tuple[str, str], ...],
        vary: tuple[str, ...],
    ) -> None:
        put = super().__setattr__
        put("kind", kind)
        put("refused", refused)
        put("headers", headers)
        put("vary", vary)
        added = (*headers, ("Vary", ", ".join(vary))) if vary else headers
        put("added", added)
        put("added_raw", _raw(added))
        preflight = kind is RequestKind.PREFLIGHT
        body = ("Disallowed CORS " + ", ".join(refused) if refused else "OK") if preflight else ""
        content = (("Content-Type", "text/plain"), ("Content-Length", str(len(body))))
        put("status", (400 if refused else 200) if preflight else None)
        put("body", body)
        put("body_raw", body.encode())
        put("content", content if preflight else ())
        put("answer", added + self.content if preflight else ())
        put("answer_raw", _raw(self.answer))

    @property
    def allowed(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def merged(self, app_headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return a response's headers as a new list: the app's own with the decision's.

        The app's `Access-Control-*` are dropped (R13) and the names of its Vary kept (R14).
        """
        kept = [*app_headers]
        for name, _ in kept:
            if name not in NOT_OWNED and name[:1] in OWNED_FIRST_LETTERS:
                return self._merged_with_owned(kept)
        kept += self.added
        return kept

    def _merged_with_owned(self, app_headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        kept: list[tuple[str, str]] = []
        vary: list[str] = []
        for pair in app_headers:
            name = pair[0].lower()
            if name == "vary" and self.vary:
                vary.append(pair[1])
            elif not name.startswith(_OWNED_PREFIX):
                kept.append(pair)
        kept += self.added
        if vary:
            kept[-1] = ("Vary", merged_vary(vary, self.vary))
        return kept

    def merged_raw(self, app_headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Do as `merged` does, for the pairs of bytes of an ASGI response."""
        kept = [*app_headers]
        for name, _ in kept:
            # Not a, A, v or V: by comparison, for the names here are in lower case, and to cut
            # the first letter off costs more.
            if name < b"b" or b"v" <= name < b"w":
                return self._merged_raw_with_owned(kept)
        kept += self.added_raw
        return kept

    def _merged_raw_with_owned(
        self, app_headers: list[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        kept: list[tuple[bytes, bytes]] = []
        vary: list[str] = []
        for pair in app_headers:
            name = pair[0].lower()
            if name == b"vary" and self.vary:
                vary.append(pair[1].decode("latin-1"))
            elif not name.startswith(_OWNED_PREFIX_RAW):
                kept.append(pair)
        kept += self.added_raw
        if vary:
            kept[-1] = (b"vary", merged_vary(vary, self.vary).encode("latin-1"))
        return kept

    def changes(self, app_headers: Mapping[str, str]) -> tuple[Sequence[str], Pairs]:
        """Return what to delete from, and what then to set in, a mapping of a response's headers.

        For responses that hold each name once, whatever the case of the names.
        """
        for name in app_headers:
            if name not in NOT_OWNED and name[:1] in OWNED_FIRST_LETTERS:
                return self._changes_of_owned(app_headers)
        return (), self.added

    def _changes_of_owned(self, app_headers: Mapping[str, str]) -> tuple[Sequence[str], Pairs]:
        dropped: list[str] = []
        added = self.added
        for name in app_headers:
            lower = name.lower()
            if lower.startswith(_OWNED_PREFIX):
                dropped.append(name)
            elif lower == "vary" and self.vary:
                added = (*self.headers, ("Vary", merged_vary([app_headers[name]], self.vary)))
        return dropped, added

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Decision is immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Decision is immutable: {name!r} cannot be deleted")

    def _identity(self) -> tuple[object, ...]:
        return (self.kind, self.refused, self.headers, self.vary)

    def __eq__(self, other: object) -> bool:
        return (
            self._identity() == other._identity() if isinstance(other, Decision) else NotImplemented
        )

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> tuple[object, ...]:
        return (Decision, self._identity())

    def __repr__(self) -> str:
        return "Decision(kind={!r}, refused={!r}, headers={!r}, vary={!r})".format(
            *self._identity()
        )


def _raw(pairs: Pairs) -> tuple[tuple[bytes, bytes], ...]:
    return tuple([(name.lower().encode(), value.encode()) for name, value in pairs])


class _Exempted(Decision):
    """Leaves a response to its app: adds nothing, keeps all."""

    __slots__ = ()

    def merged(self, app_headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the app's headers as they are."""
        return list(app_headers)

    def merged_raw(self, app_headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return the app's headers as they are."""
        return list(app_headers)

    def changes(self, app_headers: Mapping[str, str]) -> tuple[Sequence[str], Pairs]:
        """Return nothing to delete and nothing to set."""
        return (), ()


EXEMPTED: Final[Decision] = _Exempted(RequestKind.ACTUAL, (), (), ())
"""The decision on an actual request to an endpoint that no policy applies to."""
