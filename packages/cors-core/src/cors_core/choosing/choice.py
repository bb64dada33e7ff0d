"""Which policy applies to a request: a route's mark, else the path's policy, else the default.

Each of the three may be a Policy, a ReloadablePolicy, a callable of a PolicyRequest, or a name in
`policies`; here they are all called sources. Whatever fails when a policy is chosen closes: the
request is decided by a policy that allows nothing, and the cause is logged. How the chosen policy
decides is in `decide`; when it is chosen, in `layer`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cors_core.choosing.marks import EXEMPT
from cors_core.choosing.paths import PathPrefixes, plain_path
from cors_core.decide import Decider, Exemption
from cors_core.errors import PolicyError, Problem
from cors_core.failures import FailureLog, logger, was_raised
from cors_core.messages import CORSRequest
from cors_core.options.reading import NO_ORIGINS, PolicyOptions, PolicySettings, Problems
from cors_core.policy import Policy, decider_of, policy_from

_NOTHING: Final = PolicySettings((), None, (), (), False, (), None, False)

CLOSED: Final = Decider(_NOTHING, NO_ORIGINS)
"""Allows nothing: decides a request whose policy cannot be known."""

EXEMPTION: Final = Exemption(_NOTHING, NO_ORIGINS)
"""Decides for an endpoint that no policy applies to."""


class PolicyRequest(NamedTuple):
    """What a callable policy may look at."""

    host: str
    """The Host header as the client wrote it, which may be a lie; "" for none."""
    path: str
    """The path as the server decoded it, mount points included; runs of slashes count as one.

    Where a segment is `.` or `..`, no callable is asked: the request is closed.
    """
    method: str
    """The request's method; of a preflight, the one that it asks for."""
    origin: str | None
    """The Origin header, unchecked; `None` for a request that is no CORS request."""
    query: str = ""
    """The query without its question mark, not decoded."""
    headers: Mapping[str, str] = MappingProxyType({})
    """The header fields by name, whatever its case; repeated lines joined by commas."""


PolicyCallable = Callable[[PolicyRequest], Policy | Awaitable[Policy | None] | None]
PolicySource = Any
"""What `policy=` takes: a Policy, a ReloadablePolicy, a PolicyCallable, or `None` for options."""


class PolicyChoice:
    """Finds what decides a request, as an adapter was configured.

    :param policy: the default: a Policy, a ReloadablePolicy or a callable; `None` for one of
        `options`.
    :param options: the options of the default policy, in place of `policy`.
    :param policies: more of them, by the names that marks and `paths` use.
    :param paths: pairs of a path prefix, of whole segments, and a policy or name; the first that
        matches wins, in this order.
    :param awaits: whether the adapter can await: async callables and lookups are refused if not.
    :raises PolicyError: with every problem of all these.
    """

    def __init__(
        self,
        policy: object = None,
        options: Mapping[str, Any] | PolicyOptions | None = None,
        policies: Mapping[str, object] | None = None,
        paths: Iterable[tuple[str, object]] | None = None,
        *,
        awaits: bool,
    ) -> None:
        self.awaits = awaits
        self._failures: dict[object, FailureLog] = {}
        problems: Problems = []
        self.default: object = _read_default(policy, options or {}, problems)
        self._policies = _read_policies(policies, problems)
        self._paths = PathPrefixes(paths, problems)
        self._check("policy", self.default, problems)
        for name, source in self._policies.items():
            self._check(f"policies[{name!r}]", source, problems)
        for index, (_, source) in enumerate(self._paths.entries):
            self._check(f"paths[{index}]", source, problems)
        if problems:
            raise PolicyError(tuple(problems))
        self.fixed: Decider | None = None
        """Decides every request to an unmarked endpoint, where that is known from the start."""
        if isinstance(self.default, Policy) and not self._paths.entries:
            self.fixed = decider_of(self.default)
            if self.default.allows_nobody and not self._policies:
                logger.warning(
                    "the policy allows no origin, so browsers let no page of another origin read: "
                    "list them in allow_origins, or write allow_origins=['*'] for everybody"
                )

    def problem_of(self, source: object, where: str) -> Problem | None:
        """Return what is wrong with a source at some place of the app."""
        problems: Problems = []
        self._check(where, source, problems)
        return problems[0] if problems else None

    def source_for(self, path: str) -> object:
        """Return the source that decides at a path where no mark does, as it stands now.

        Of a ReloadablePolicy, its policy of the moment: a request that found it keeps it.
        """
        source = self.default
        if self._paths.entries:
            plain = plain_path(path)
            if plain is None:
                return CLOSED
            source = self._paths.find(plain) or source
        try:
            source = self._named(source)
            return getattr(source, "current", source)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return self._closed(source, error)

    def decider_at_once(self, source: object) -> Decider | None:
        """Return what decides for a source that needs no look at the request, else `None`."""
        if isinstance(source, Policy):
            decider = decider_of(source)
            return decider if decider.lookup is None else None
        return source if isinstance(source, Decider) else None

    def choose(self, source: object, request: CORSRequest) -> Decider:
        """Return what decides `request` by a source. Never raises."""
        try:
            named = self._named(source)
            found = self._asked(named, request) if callable(named) else named
            decider = _read_found(found)
            if _asks_async(decider):
                raise TypeError("its OriginLookup is async, and this adapter cannot await")
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return self._closed(source, error)
        return decider.varying if callable(named) else decider

    async def choose_async(self, source: object, request: CORSRequest) -> Decider:
        """Do as `choose`, awaiting an async callable."""
        try:
            named = self._named(source)
            found = self._asked(named, request) if callable(named) else named
            decider = _read_found(await found if isinstance(found, Awaitable) else found)
        except BaseException as error:
            if not was_raised(error):
                raise
            return self._closed(source, error)
        return decider.varying if callable(named) else decider

    def _named(self, source: object) -> object:
        return self._policies[source] if isinstance(source, str) else source

    def _asked(self, source: PolicyCallable, request: CORSRequest) -> object:
        """Return what a callable has for a request: maybe to be awaited."""
        path = plain_path(request.path)
        if path is None:
            return CLOSED
        asked = PolicyRequest(request.host, path, request.served_method, request.origin)
        if request.headers is not None:  # not `if`: that would read them
            asked = asked._replace(query=request.query, headers=request.headers)
        return source(asked)

    def _closed(self, source: object, error: BaseException) -> Decider:
        # As many logs as callables and names were configured, however often a policy is replaced.
        key = type(source) if isinstance(source, Policy) else source
        log = self._failures.setdefault(key if isinstance(key, str) else id(key), FailureLog())
        log.report("no policy could be had from %r, the request is refused", source, cause=error)
        return CLOSED

    def _check(self, where: str, source: object, problems: Problems) -> None:
        if source is EXEMPT or hasattr(source, "current"):
            return
        if isinstance(source, str):
            if source not in self._policies:
                known = ", ".join(map(repr, self._policies)) or "none is given"
                reason = "is no name in policies"
                problems.append(Problem(where, source, reason, f"use one of those: {known}"))
        elif isinstance(source, Policy):
            if _asks_async(decider_of(source)) and not self.awaits:
                reason = "has an async lookup, and this adapter cannot await"
                problems.append(Problem(where, source, reason, "give a sync one"))
        elif not callable(source):
            fix = "give a Policy, a ReloadablePolicy, a callable or a name in policies"
            problems.append(Problem(where, source, "is no policy", fix))
        elif _is_async(source) and not self.awaits:
            reason = "is async, and this adapter cannot await"
            problems.append(Problem(where, source, reason, "give a sync callable"))


def _read_found(found: object) -> Decider:
    """Return what decides for what a source had; `None` is closed, and what is no policy raises."""
    current = getattr(found, "current", found)
    if isinstance(current, Policy):
        return decider_of(current)
    if isinstance(current, Decider):
        return current
    if current is EXEMPT:
        return EXEMPTION
    if current is None:
        return CLOSED
    if isinstance(current, Coroutine):
        current.close()  # else Python warns that nobody awaited it
        raise TypeError("it is async, and this adapter cannot await")
    raise TypeError(f"{current!r} is no Policy")


def _asks_async(decider: Decider) -> bool:
    return decider.lookup is not None and decider.lookup.is_async


def _is_async(function: object) -> bool:
    from inspect import iscoroutinefunction  # late: heavy, and only callables come here

    return iscoroutinefunction(function) or iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  # an object with an async __call__
    )


def _read_default(policy: object, options: Mapping[str, Any], problems: Problems) -> object:
    if (callable(policy) or hasattr(policy, "current")) and not options:
        return policy
    try:
        return policy_from(policy, options)
    except PolicyError as error:
        problems += error.problems
        return EXEMPT  # stands for it in the checks that follow


def _read_policies(policies: object, problems: Problems) -> dict[str, object]:
    if policies is None or isinstance(policies, Mapping):
        return dict(policies or {})
    fix = "write {'public': policy}"
    problems.append(Problem("policies", policies, "is no mapping of names", fix))
    return {}
