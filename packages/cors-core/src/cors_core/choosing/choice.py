"""Which policy applies to a request: a route's mark, else the path's policy, else the default.

Each of the three may be a Policy, a ReloadablePolicy, a callable of a PolicyRequest, or a name in
`policies`. Whatever fails when a policy is chosen closes: the request is decided by a policy that
allows nothing, and the cause is logged. How the chosen policy decides is in `decide`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cors_core.choosing.marks import EXEMPT, ExemptMark
from cors_core.decide import decision_for
from cors_core.errors import PolicyError, Problem
from cors_core.messages import EXEMPTED, CORSRequest, Decision
from cors_core.options.reading import PolicyOptions, Problems
from cors_core.policy import Policy, policy_from

if TYPE_CHECKING:
    from cors_core.failures import FailureLog

CLOSED: Final = Policy(allow_methods=[])
"""Allows nothing: what decides a request whose policy cannot be known."""


class PolicyRequest(NamedTuple):
    """What a callable policy may look at."""

    host: str
    """The Host header as the client wrote it, which may be a lie; "" for none."""
    path: str
    """The path as the server decoded it, mount points included."""
    method: str
    """The request's method; of a preflight, the one that it asks for."""
    origin: str | None
    """The Origin header, unchecked; `None` for a request that is no CORS request."""


PolicyCallable = Callable[[PolicyRequest], Policy | Awaitable[Policy | None] | None]
PolicySource = Any
"""What `policy=` takes: a Policy, a ReloadablePolicy, a PolicyCallable, or `None` for options."""
Chosen = Policy | ExemptMark


class PolicyChoice:
    """Finds the policy of a request, as an adapter was configured.

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
        policy: object,
        options: Mapping[str, Any] | PolicyOptions,
        policies: Mapping[str, object] | None,
        paths: Iterable[tuple[str, object]] | None,
        *,
        awaits: bool,
    ) -> None:
        self._awaits = awaits
        self._failures: dict[object, FailureLog] = {}
        problems: Problems = []
        self.default: object = _read_default(policy, options, problems)
        self._policies = _read_policies(policies, problems)
        self._paths = _read_paths(paths, problems)
        self._check("policy", self.default, problems)
        for name, source in self._policies.items():
            self._check(f"policies[{name!r}]", source, problems)
        for index, (_, source) in enumerate(self._paths):
            self._check(f"paths[{index}]", source, problems)
        if problems:
            raise PolicyError(tuple(problems))
        self.fixed: Policy | None = None
        """The Policy of every request that no mark changes, if it is known from the start."""
        if isinstance(self.default, Policy) and not self._paths:
            self.fixed = None if _asks_async(self.default) else self.default

    def problem_of(self, source: object, where: str) -> Problem | None:
        """Return what is wrong with a policy, or a name of one, at some place of the app."""
        problems: Problems = []
        self._check(where, source, problems)
        return problems[0] if problems else None

    def choose(self, request: PolicyRequest, mark: object = None) -> Chosen:
        """Return the policy for `request` to an endpoint with this mark. Never raises."""
        source = self._source(request.path, mark)
        if isinstance(source, Policy) and source.lookup is None:
            return source
        try:
            chosen = _read_choice(self._found(source, request))
            if _asks_async(chosen):
                raise TypeError("its OriginLookup is async, and this adapter cannot await")
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return self._closed(source, error)
        return chosen

    async def choose_async(self, request: PolicyRequest, mark: object = None) -> Chosen:
        """Do as `choose`, awaiting an async callable and the answer of an async OriginLookup."""
        source = self._source(request.path, mark)
        try:
            found = self._found(source, request)
            chosen = _read_choice(await found if isinstance(found, Awaitable) else found)
            if isinstance(chosen, Policy) and _asks_async(chosen) and request.origin is not None:
                await chosen.ask(request.origin)
        except Exception as error:  # noqa: BLE001  # logged; whatever fails closes
            return self._closed(source, error)
        return chosen

    def _source(self, path: str, mark: object) -> object:
        if mark is None:
            for prefix, source in self._paths:
                if path.startswith(prefix) or path == prefix[:-1]:
                    return source
            return self.default
        return mark

    def _found(self, source: object, request: PolicyRequest) -> object:
        """Return what a source, or the one of that name, has for `request`: maybe to be awaited."""
        if isinstance(source, str):
            source = self._policies[source]
        return source(request) if callable(source) else source

    def _closed(self, source: object, error: Exception) -> Policy:
        from cors_core.failures import FailureLog  # late: logging, which most apps never need

        key = source if isinstance(source, str) else id(source)  # as many as were configured
        log = self._failures.setdefault(key, FailureLog())
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
            if _asks_async(source) and not self._awaits:
                reason = "has an async lookup, and this adapter cannot await"
                problems.append(Problem(where, source, reason, "give a sync one"))
        elif not callable(source):
            fix = "give a Policy, a ReloadablePolicy, a callable or a name in policies"
            problems.append(Problem(where, source, "is no policy", fix))
        elif _is_async(source) and not self._awaits:
            reason = "is async, and this adapter cannot await"
            problems.append(Problem(where, source, reason, "give a sync callable"))


def decide_by(chosen: Chosen, request: CORSRequest) -> Decision:
    """Return the decision of what was chosen. No policy applies: preflights are refused."""
    if isinstance(chosen, Policy):
        return decision_for(chosen, *request)
    decision = decision_for(CLOSED, *request)
    return EXEMPTED if decision.status is None else decision


def _read_choice(found: object) -> Chosen:
    """Return the policy that a source had; `None` is closed, and what is no policy raises."""
    current = getattr(found, "current", found)
    if isinstance(current, Policy):
        return current
    if current is EXEMPT:
        return EXEMPT
    if current is None:
        return CLOSED
    if isinstance(current, Coroutine):
        current.close()  # else Python warns that nobody awaited it
        raise TypeError("it is async, and this adapter cannot await")
    raise TypeError(f"{current!r} is no Policy")


def _asks_async(chosen: Chosen) -> bool:
    return isinstance(chosen, Policy) and chosen.lookup is not None and chosen.lookup.is_async


def _is_async(function: object) -> bool:
    from inspect import iscoroutinefunction  # late: only callables come here

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
        return CLOSED


def _read_policies(policies: object, problems: Problems) -> dict[str, object]:
    if policies is None or isinstance(policies, Mapping):
        return dict(policies or {})
    fix = "write {'public': policy}"
    problems.append(Problem("policies", policies, "is no mapping of names", fix))
    return {}


def _read_paths(paths: object, problems: Problems) -> list[tuple[str, object]]:
    """Return the entries with a final slash, and report those that can never be reached."""
    read: list[tuple[str, object]] = []
    if paths is None:
        return read
    if not isinstance(paths, Iterable):
        fix = "write [('/api/', policy)]"
        problems.append(Problem("paths", paths, "is no list of pairs", fix))
        return read
    for index, entry in enumerate(paths):
        option = f"paths[{index}]"
        if not (isinstance(entry, tuple | list) and len(entry) == 2):
            fix = "write pairs such as ('/api/', policy)"
            problems.append(Problem(option, entry, "is no pair", fix))
            continue
        prefix, source = entry
        if not isinstance(prefix, str) or not prefix.startswith("/") or "//" in prefix:
            reason = "is no path prefix of whole segments"
            problems.append(Problem(option, prefix, reason, "write one such as '/api/'"))
            continue
        if any(character in prefix for character in "?#*"):
            reason = "holds a ?, # or *, which no prefix does"
            problems.append(Problem(option, prefix, reason, "write the plain path"))
            continue
        whole = prefix if prefix.endswith("/") else f"{prefix}/"
        earlier = next((first for first, _ in read if whole.startswith(first)), None)
        if earlier is not None:
            reason = f"can never be reached: {earlier!r} stands before it"
            problems.append(Problem(option, prefix, reason, f"move it above {earlier!r}"))
        read.append((whole, source))
    return read
