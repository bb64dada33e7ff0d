"""Decides on requests by one policy: start reading at `Decider.decide`.

Sync, pure and total: no request makes it raise, and a long one costs no more than a short one.
What an answer looks like is in `answers`; which origins are listed, in `origins`. This is the only
place that remembers decisions.

The standard: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, TypeVar

from cors_core.answers import Answers
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH, SAFELISTED_REQUEST_HEADERS
from cors_core.field_names import MAX_REQUEST_HEADERS_LENGTH, requested_names
from cors_core.messages import CORSRequest, Decision, Refusal, RequestKind, is_preflight
from cors_core.options.reading import Origins, PolicySettings
from cors_core.origins.index import OriginIndex
from cors_core.origins.serialized import parse_origin

if TYPE_CHECKING:
    from cors_core.origins.lookup import OriginLookup

LONGEST_REMEMBERED = 512
"""Characters of a preflight's header past which its decision is not remembered: no browser's
ordinary preflight is longer, and hashing what an attacker sends must not cost more than it."""

LONGEST_READ = MAX_REQUEST_HEADERS_LENGTH + 1
"""Characters of a request header that can matter: an adapter may cut the rest off, undecoded."""

_MOST_REMEMBERED = 1024
"""Decisions kept per kind of request: an attacker can fill it, so it is bounded and forgets all."""

_UNREADABLE = ":"
"""Not a list of field names. Stands for all that are too long to read, so that one answer does."""

_Key = TypeVar("_Key", bound=Hashable)


class Decider:
    """Decides by one policy's settings, and remembers what it decided."""

    __slots__ = ("_actual", "_answers", "_any_header", "_any_origin", "_given", "_header_names",
                 "_looked_up", "_methods", "_origins", "_preflights", "_varying", "lookup",
                 "raw")  # fmt: skip

    lookup: "OriginLookup | None"
    """What is asked about origins that are not listed."""
    raw: dict[Hashable, Decision]
    """What `actual_raw` and `options_raw` remember: a reader looks here before it calls them."""

    def __init__(self, settings: PolicySettings, origins: Origins, *, varies: bool = False) -> None:
        names = {name.lower() for name in (*settings.allow_headers, *SAFELISTED_REQUEST_HEADERS)}
        self._header_names = frozenset(names)
        self._any_header = "*" in names
        self._any_origin = "*" in origins.exact
        self._methods = settings.allow_methods
        self._origins = OriginIndex(origins.exact, origins.patterns, settings.allow_origin_regex)
        self._answers = Answers(settings, varies=varies)
        self._given = settings, origins
        self._varying: Decider | None = self if varies or not self._any_origin else None
        self._actual: dict[str, Decision] = {}
        self._looked_up: dict[str, Decision] = {}
        self._preflights: dict[tuple[str | None, str, str, bool], Decision] = {}
        self.raw = {}
        self.lookup = origins.lookup

    def decide(self, request: CORSRequest, looked_up: bool | None = None) -> Decision:
        """Return the decision on a request.

        :param looked_up: what the OriginLookup says of its origin, if it has been asked already.
        """
        return self.decide_parts(*request[:5], looked_up)

    def decide_parts(
        self,
        method: str,
        origin: str | None,
        request_method: str | None,
        request_headers: str | None,
        private_network: str | bool | None,
        looked_up: bool | None = None,
    ) -> Decision:
        """Do as `decide`, for the parts of a CORSRequest: no object need be made of them."""
        if not is_preflight(method, origin, request_method):
            return self.actual(origin, looked_up)
        return self._preflight(
            origin or "", request_method or "", request_headers, private_network, looked_up
        )

    @property
    def varying(self) -> "Decider":
        """What decides the same where the policy was chosen per request: it varies on Origin.

        Only `*` is otherwise answered without a Vary. A shared cache would then keep that answer
        for an origin that another policy is chosen for.
        """
        if self._varying is None:
            self._varying = type(self)(*self._given, varies=True)
        return self._varying

    def decide_at_once(self, request: CORSRequest) -> Decision | None:
        """Return the decision, or `None` where the OriginLookup must be asked for it."""
        origin = request.origin
        looked_up = self._remembered(origin)
        if looked_up is None and self._must_ask(origin):
            return None
        return self.decide(request, looked_up)

    async def decide_async(self, request: CORSRequest) -> Decision:
        """Return the decision, awaiting what the OriginLookup says where it must be asked."""
        decision = self.decide_at_once(request)
        if decision is None and self.lookup is not None and request.origin is not None:
            return self.decide(request, await self.lookup.ask(request.origin))
        return decision or self.decide(request)

    def actual(self, origin: str | None, looked_up: bool | None = None) -> Decision:
        """Return the decision on a request that is no preflight: its origin is all that counts.

        Its method and headers were settled by a preflight, or needed none. To refuse them here
        would break the page of the same origin, whose browser sends Origin with a POST as well.
        """
        if origin is None:
            return self._answers.not_cors
        if self._any_origin:
            return self._answers.actual_any
        if len(origin) > MAX_ORIGIN_LENGTH:
            return self._answers.actual_refused
        return self._actual.get(origin) or self._new_actual(origin, looked_up)

    def actual_raw(self, origin: bytes | None) -> Decision | None:
        """Do as `actual`, for the bytes of one Origin line of at most MAX_ORIGIN_LENGTH.

        The result is `None` where the OriginLookup must be asked.
        """
        text = None if origin is None else origin.decode("latin-1")
        if self.lookup is None:
            return _remember(self.raw, origin, self.actual(text))
        # What a lookup said holds for a while only, so it is confirmed each time.
        looked_up = self._remembered(text)
        return None if looked_up is None and self._must_ask(text) else self.actual(text, looked_up)

    def options_raw(self, fields: tuple[bytes | None, ...]) -> Decision | None:
        """Do as `decide_at_once` for an OPTIONS request with these four fields, in bytes.

        Each of at most LONGEST_REMEMBERED, so that all of them can be.
        """
        texts: Any = [None if value is None else value.decode("latin-1") for value in fields]
        decision = self.decide_at_once(CORSRequest("OPTIONS", *texts))
        if decision is None or self.lookup is not None:
            return decision
        return _remember(self.raw, fields, decision)

    def _remembered(self, origin: str | None) -> bool | None:
        """Return what the OriginLookup is known to say of an origin, if there is one."""
        return None if self.lookup is None or origin is None else self.lookup.remembered(origin)

    def _must_ask(self, origin: str | None) -> bool:
        """Say whether only the OriginLookup knows: it is asked about well-formed origins alone."""
        if self.lookup is None or origin is None or self._any_origin or origin in self._actual:
            return False
        return origin not in self._origins and parse_origin(origin) is not None

    def _new_actual(self, origin: str, looked_up: bool | None) -> Decision:
        """Decide on an actual request of an origin that is not remembered."""
        answers = self._answers
        if looked_up is None:
            if origin in self._origins:
                return _remember(self._actual, origin, answers.new_actual(origin))
            if self.lookup is None:
                return _remember(self._actual, origin, answers.actual_refused)
            looked_up = self._looks_up(origin, self.lookup)
        # What an OriginLookup says holds for a while only, so it is asked each time.
        if looked_up:
            known = self._looked_up.get(origin)
            return known or _remember(self._looked_up, origin, answers.new_actual(origin))
        return answers.actual_refused

    def _looks_up(self, origin: str, lookup: "OriginLookup") -> bool:
        answer = lookup.remembered(origin)
        if answer is None:
            return parse_origin(origin) is not None and lookup.allows(origin)
        return answer

    def _preflight(
        self,
        origin: str,
        method: str,
        headers: str | None,
        private_network: str | bool | None,
        looked_up: bool | None = None,
    ) -> Decision:
        """Decide on a CORS-preflight request: origin, method and headers must all be allowed.

        All three are looked at even if the first is refused, so that the answer names every cause.
        """
        if self._any_origin:
            origin = "*"  # one answer for all
        allowed = self._any_origin or not self.actual(origin, looked_up).refused
        if headers is None:
            headers = ""
        elif len(headers) > MAX_REQUEST_HEADERS_LENGTH:
            headers = _UNREADABLE
        # Private Network Access never became a standard: to ask for it is no reason to be refused.
        asks_private = private_network is not None and private_network in ("true", True)
        key = (origin if allowed else None, method, headers, asks_private)
        if len(method) + len(headers) > LONGEST_REMEMBERED:
            return self._new_preflight(*key)
        known = self._preflights.get(key)
        return known or _remember(self._preflights, key, self._new_preflight(*key))

    def _new_preflight(
        self, origin: str | None, method: str, headers: str, asks_private: bool
    ) -> Decision:
        """Decide on a preflight that is not remembered; its origin is `None` if refused."""
        refused: list[Refusal] = []
        if origin is None:
            refused.append(Refusal.ORIGIN)
        # Case-sensitive, and GET, HEAD and POST must be listed like the rest: a browser lets these
        # three through whatever the answer lists, but it asks only if the request needs more.
        if method not in self._methods:
            refused.append(Refusal.METHOD)
        names = requested_names(headers)
        if names is None or not (self._any_header or self._header_names.issuperset(names)):
            refused.append(Refusal.HEADERS)
        echoed = names if names and self._any_header else ()
        return self._answers.new_preflight(origin, tuple(refused), echoed, asks_private)


class Exemption(Decider):
    """Decides for endpoints that no policy applies to: the response is theirs."""

    __slots__ = ("_exempted",)

    def __init__(self, settings: PolicySettings, origins: Origins, *, varies: bool = False) -> None:
        super().__init__(settings, origins, varies=varies)
        self._varying = self if varies else None
        vary = ("Origin",) if varies else ()
        self._exempted = Decision(RequestKind.EXEMPT, (), (), vary)

    def decide_parts(self, *parts: object, **more: object) -> Decision:
        """Return the decision that leaves a response to its app, the answer to a preflight too."""
        return self._exempted

    def actual(self, origin: str | None, looked_up: bool | None = None) -> Decision:
        """Return the decision that leaves a response to its app."""
        return self._exempted


def _remember(memory: dict[_Key, Decision], key: _Key, decision: Decision) -> Decision:
    """Keep a decision for the next request that asks the same, and return it.

    One that refuses an origin is kept only while half the room is free: such origins are without
    number, and must not crowd out the allowed ones.
    """
    kept = len(memory)
    if Refusal.ORIGIN in decision.refused:
        if kept >= _MOST_REMEMBERED // 2:
            return decision
    elif kept >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = decision
    return decision
