"""How a decision's headers join those of an app's response. Rules R13 and R14.

A response holds its headers as pairs of str (WSGI), as pairs of bytes (ASGI) or as a mapping
(Django, Falcon). Which headers a decision has is not known here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from cors_core.field_names import merged_vary

Pairs = tuple[tuple[str, str], ...]

Spelling = TypeVar("Spelling", str, bytes)

# Most of a response's headers have nothing to do with a decision, and are told apart quickly: by a
# set of common names, then by the first letter. Only if one is left are names put in lower case.
_COMMON = (
    "Content-Type Content-Length Content-Language Content-Encoding Content-Disposition Date Server "
    "Cache-Control Cross-Origin-Opener-Policy ETag Expires Last-Modified Location Referrer-Policy "
    "Set-Cookie X-Content-Type-Options X-Frame-Options"
).split()
_UNRELATED: Final = frozenset([*_COMMON, *map(str.lower, _COMMON)])
_FIRST_LETTERS: Final = frozenset("aAvV")


class JoinedHeaders(ABC, Generic[Spelling]):
    """A decision's headers in one spelling, shared between requests and never changed."""

    __slots__ = ("added", "answer", "keeps", "vary")

    owned_prefix: ClassVar[Any]
    vary_name: ClassVar[Any]

    added: tuple[tuple[Spelling, Spelling], ...]
    """What is added to an app's headers where none of them need change."""
    answer: tuple[tuple[Spelling, Spelling], ...]
    """All headers of a preflight's response; empty for other requests."""
    vary: tuple[str, ...]
    keeps: bool
    """Whether the app's own `Access-Control-*` are kept: only where no policy applies."""

    @abstractmethod
    def join(
        self, app_headers: Iterable[tuple[Spelling, Spelling]]
    ) -> list[tuple[Spelling, Spelling]]:
        """Return a response's headers as a new list: the app's own with the decision's.

        The app's `Access-Control-*` are dropped (R13) and the names of its Vary kept (R14).
        """

    def _joined_with_owned(self, app_headers: list[Any]) -> list[Any]:
        joined: list[Any] = []
        vary: list[Any] = []
        for pair in app_headers:
            name = pair[0].lower()
            if name == self.vary_name and self.vary:
                vary.append(pair[1])
            elif self.keeps or not name.startswith(self.owned_prefix):
                joined.append(pair)
        joined += self.added
        if vary:
            joined[-1] = self._merged(vary)
        return joined

    @abstractmethod
    def _merged(self, values: list[Spelling]) -> tuple[Spelling, Spelling]:
        """Return the pair of Vary for an app's values of it and the decision's names."""


class TextHeaders(JoinedHeaders[str]):
    """A decision's headers as pairs of str."""

    __slots__ = ("content",)

    owned_prefix = "access-control-"
    vary_name = "vary"

    content: Pairs
    """The headers that describe the body of a preflight's response, the last ones of `answer`."""

    def __init__(self, headers: Pairs, vary: tuple[str, ...], body: str, *, keeps: bool) -> None:
        self.keeps = keeps
        self.vary = vary
        self.added = _added(headers, vary)
        self.content = _content(body)
        self.answer = self.added + self.content if body else ()

    def join(self, app_headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return a response's headers as a new list: the app's own with the decision's."""
        joined = [*app_headers]
        for name, _ in joined:
            if name not in _UNRELATED and name[:1] in _FIRST_LETTERS:
                return self._joined_with_owned(joined)
        joined += self.added
        return joined

    def changes(self, app_headers: Mapping[str, str]) -> tuple[Sequence[str], Pairs]:
        """Return what to delete from, and what then to set in, a mapping of a response's headers.

        For responses that hold each name once, whatever the case of the names.
        """
        for name in app_headers:
            if name not in _UNRELATED and name[:1] in _FIRST_LETTERS:
                return self._changes_of_owned(app_headers)
        return (), self.added

    def _changes_of_owned(self, app_headers: Mapping[str, str]) -> tuple[Sequence[str], Pairs]:
        dropped: list[str] = []
        added = self.added
        for name in app_headers:
            lower = name.lower()
            if not self.keeps and lower.startswith(self.owned_prefix):
                dropped.append(name)
            elif lower == "vary" and self.vary:
                added = (*self.added[:-1], self._merged([app_headers[name]]))
        return dropped, added

    def _merged(self, values: list[str]) -> tuple[str, str]:
        return ("Vary", merged_vary(values, self.vary))


class RawHeaders(JoinedHeaders[bytes]):
    """A decision's headers as pairs of bytes, the names in lower case, as ASGI has them."""

    __slots__ = ("body",)

    owned_prefix = b"access-control-"
    vary_name = b"vary"

    body: bytes

    def __init__(self, headers: Pairs, vary: tuple[str, ...], body: str, *, keeps: bool) -> None:
        self.keeps = keeps
        self.vary = vary
        self.added = _encoded(_added(headers, vary))
        self.answer = self.added + _encoded(_content(body)) if body else ()
        self.body = body.encode()

    def join(self, app_headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return a response's headers as a new list: the app's own with the decision's."""
        joined = [*app_headers]
        for name, _ in joined:
            # Begins with a, A, v or V: told by comparison, because most names are in lower case.
            if name < b"b" or b"v" <= name < b"w":
                return self._joined_with_owned(joined)
        joined += self.added
        return joined

    def _merged(self, values: list[bytes]) -> tuple[bytes, bytes]:
        merged = merged_vary([value.decode("latin-1") for value in values], self.vary)
        return (b"vary", merged.encode("latin-1"))


def _added(headers: Pairs, vary: tuple[str, ...]) -> Pairs:
    """Return the pairs of a decision; Vary, where there is one, comes last."""
    return (*headers, ("Vary", ", ".join(vary))) if vary else headers


def _content(body: str) -> Pairs:
    if not body:
        return ()
    return (("Content-Type", "text/plain"), ("Content-Length", str(len(body))))


def _encoded(pairs: Pairs) -> tuple[tuple[bytes, bytes], ...]:
    return tuple([(name.lower().encode(), value.encode()) for name, value in pairs])
