"""The headers of an answer: the decisions of one policy, built. Rules R9-R12 and R14.

Which answer a request gets is decided in `decide`.
"""

from cors_core.fetch_standard import SAFELISTED_REQUEST_HEADERS
from cors_core.joining import Pairs
from cors_core.messages import Decision, Refusal, RequestKind
from cors_core.options.reading import PolicySettings

_VARY_ORIGIN = ("Origin",)
_VARY_PRIVATE = ("Access-Control-Request-Private-Network",)
_VARY_REQUESTED = ("Access-Control-Request-Method", "Access-Control-Request-Headers")


class Answers:
    """Builds a policy's decisions, header by header.

    `not_cors`, `actual_any` (for a policy of `*`) and `actual_refused` are always the same.

    :param varies: whether all vary on Origin, those of a policy of `*` too: another policy might
        have been chosen for another origin.
    """

    __slots__ = ("_allow_headers", "_any_origin", "_credentials", "_exposed", "_max_age",
                 "_methods", "_private_network", "_vary", "_vary_private", "actual_any",
                 "actual_refused", "not_cors")  # fmt: skip

    def __init__(self, settings: PolicySettings, *, varies: bool) -> None:
        self._any_origin = settings.allow_origins == ("*",)
        self._vary = _VARY_ORIGIN if varies or not self._any_origin else ()
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
        self._vary_private = _VARY_PRIVATE if private_network else ()
        # A policy of "*" answers every request alike. A shared cache that stored the answer to a
        # navigation may then give it to a page of any origin, exposed headers and all.
        always = self._origin("*") + self._exposed if self._any_origin else ()
        self.not_cors = Decision(RequestKind.NOT_CORS, (), always, self._vary)
        self.actual_any = Decision(RequestKind.ACTUAL, (), always, self._vary)
        self.actual_refused = Decision(RequestKind.ACTUAL, (Refusal.ORIGIN,), (), self._vary)

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
        vary = self._vary + _VARY_REQUESTED + self._vary_private
        return Decision(RequestKind.PREFLIGHT, refused, headers, vary)

    def _origin(self, origin: str) -> Pairs:
        return (("Access-Control-Allow-Origin", "*" if self._any_origin else origin),)


def _pair(name: str, value: str) -> Pairs:
    """Return the header as it joins others: no header where there is nothing to say."""
    return ((name, value),) if value else ()
