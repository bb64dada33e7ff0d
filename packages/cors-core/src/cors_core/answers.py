"""The decisions of one policy, built ahead of the requests. Rules R9-R12 and R14.

Here is which headers an answer carries; which answer a request gets is decided in `decide`.
"""

from typing import TypeVar

from cors_core.fetch_standard import SAFELISTED_REQUEST_HEADERS
from cors_core.messages import Decision, Refusal, RequestKind
from cors_core.options.reading import PolicySettings

_MOST_REMEMBERED = 1024
"""Decisions kept per kind of request: an attacker can fill it, so it is bounded and forgets all."""

_VARY_ORIGIN = ("Origin",)
_VARY_REQUESTED = ("Access-Control-Request-Method", "Access-Control-Request-Headers")

Pairs = tuple[tuple[str, str], ...]
PreflightKey = tuple[str | None, str, str, bool]
_Key = TypeVar("_Key")


class Answers:
    """Builds a policy's decisions, each once while it is remembered, to be shared by requests.

    `not_cors`, `actual_any` (for a policy of `*`) and `actual_refused` are always the same. The
    rest remember: `actual` by origin, `looked_up` those that an OriginLookup must confirm each
    time, `preflight` by what was asked, `actual_raw` and `options_raw` by the bytes of a scope.
    """

    __slots__ = ("_allow_headers", "_any_origin", "_credentials", "_exposed",
                 "_max_age", "_methods", "_private_network", "_vary", "actual", "actual_any",
                 "actual_raw", "actual_refused", "looked_up", "not_cors", "options_raw",
                 "preflight")  # fmt: skip

    def __init__(self, settings: PolicySettings) -> None:
        self._any_origin = settings.allow_origins == ("*",)
        self._vary = () if self._any_origin else _VARY_ORIGIN
        credentials = "true" if settings.allow_credentials else ""
        max_age = "" if settings.max_age is None else str(settings.max_age)
        spellings = {"*": ""}  # never sent: a literal * covers no Authorization, and less in Vary
        for name in (*settings.allow_headers, *SAFELISTED_REQUEST_HEADERS):
            spellings.setdefault(name.lower(), name)
        self._allow_headers = ", ".join(sorted(filter(None, spellings.values())))
        self._credentials = _pair("Access-Control-Allow-Credentials", credentials)
        self._exposed = _pair("Access-Control-Expose-Headers", ", ".join(settings.expose_headers))
        self._methods = _pair("Access-Control-Allow-Methods", ", ".join(settings.allow_methods))
        self._max_age = _pair("Access-Control-Max-Age", max_age)
        private_network = "true" if settings.allow_private_network else ""
        self._private_network = _pair("Access-Control-Allow-Private-Network", private_network)
        # A policy of "*" answers every request alike. A shared cache that stored the answer to a
        # navigation may then give it to a page of any origin, exposed headers and all.
        always = self._origin("*") + self._exposed if self._any_origin else ()
        self.not_cors = Decision(RequestKind.NOT_CORS, (), always, self._vary)
        self.actual_any = Decision(RequestKind.ACTUAL, (), always, self._vary)
        self.actual_refused = Decision(RequestKind.ACTUAL, (Refusal.ORIGIN,), (), self._vary)
        self.actual: dict[str, Decision] = {}
        self.looked_up: dict[str, Decision] = {}
        self.preflight: dict[PreflightKey, Decision] = {}
        self.actual_raw: dict[bytes | None, Decision] = {}
        self.options_raw: dict[tuple[bytes | None, ...], Decision] = {}

    def new_actual(self, origin: str) -> Decision:
        """Build the decision on an actual request of an allowed origin."""
        headers = self._origin(origin) + self._credentials + self._exposed
        return Decision(RequestKind.ACTUAL, (), headers, self._vary)

    def new_preflight(
        self,
        origin: str | None,
        refused: tuple[Refusal, ...],
        echoed: tuple[str, ...],
        private_network: bool,
    ) -> Decision:
        """Build the decision on a preflight; `echoed` are requested names that `*` allowed.

        A refused origin, here `None`, learns nothing. An allowed one is shown what it may do even
        if it asked for more, so that a person sees what to change.
        """
        headers: Pairs = ()
        if origin is not None:
            allow_headers = ", ".join(echoed) or self._allow_headers
            headers = (
                *self._origin(origin),
                *self._credentials,
                *self._methods,
                ("Access-Control-Allow-Headers", allow_headers),
                *(self._private_network if private_network else ()),
                *self._max_age,
            )
        return Decision(RequestKind.PREFLIGHT, refused, headers, self._vary + _VARY_REQUESTED)

    def _origin(self, origin: str) -> Pairs:
        return (("Access-Control-Allow-Origin", "*" if self._any_origin else origin),)


def _pair(name: str, value: str) -> Pairs:
    """Return the header as it joins others: no header where there is nothing to say."""
    return ((name, value),) if value else ()


def remember(memory: dict[_Key, Decision], key: _Key, decision: Decision) -> Decision:
    """Keep a decision for the next request that asks the same, and return it.

    One on a stranger is kept only while half the room is free: strangers cannot crowd out the rest.
    """
    kept = len(memory)
    if Refusal.ORIGIN in decision.refused:
        if kept >= _MOST_REMEMBERED // 2:
            return decision
    elif kept >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = decision
    return decision
