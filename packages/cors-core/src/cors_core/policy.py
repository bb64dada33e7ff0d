"""Policy: options in, validated once. How a request is decided is in `decide`."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Never

from cors_core.decide import Decider
from cors_core.errors import PolicyError, Problem
from cors_core.messages import CORSRequest, Decision
from cors_core.options.advice import advice_on, allows_nobody
from cors_core.options.openness import check_openness
from cors_core.options.reading import (
    PolicySettings,
    Problems,
    read_field_names,
    read_flag,
    read_max_age,
    read_methods,
    read_origins,
    read_regex,
    reject_unknown,
)
from cors_core.options.unknown import positional_arguments

if TYPE_CHECKING:
    from cors_core.origins.lookup import OriginLookup


class Policy:
    """A validated, immutable set of CORS options that decides on requests.

    Equal by its options, hashable, picklable, safe to share between threads and event loops.

    :param allow_origins: serialized origins, `https://*.example.com` for all subdomains,
        `http://localhost:*` for any port, `null`, or `["*"]` for everybody; an OriginLookup, by
        itself or among them, for what a database knows.
    :param allow_origin_regex: a str or compiled pattern that must match the whole origin.
    :param allow_methods: case-sensitive methods that a preflight may ask for; `["*"]` stands for
        DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT and QUERY.
    :param allow_headers: request-header names beyond the CORS-safelisted ones; `["*"]` for any.
    :param allow_credentials: whether cookies and the like may come along.
    :param expose_headers: response-header names that the page may read; `["*"]` for all.
    :param max_age: how long a browser may remember a preflight: seconds, a timedelta, or `None`
        to leave it to the browser (five seconds by the standard).
    :param allow_private_network: whether to answer the withdrawn Private Network Access requests.
    :raises PolicyError: with every Problem of every option.

    >>> policy = Policy(allow_origins=["https://app.example"], allow_methods=["GET", "PUT"])
    >>> policy.decide(CORSRequest("GET", "https://app.example")).allowed
    True

    https://fetch.spec.whatwg.org/#http-cors-protocol
    """

    __slots__ = (*PolicySettings._fields, "_decider", "_settings")

    _decider: Decider
    _settings: PolicySettings
    allow_origins: "tuple[str | OriginLookup, ...]"
    allow_origin_regex: re.Pattern[str] | None
    allow_methods: tuple[str, ...]
    """With `*` spelled out."""
    allow_headers: tuple[str, ...]
    allow_credentials: bool
    expose_headers: tuple[str, ...]
    max_age: int | None
    """Seconds."""
    allow_private_network: bool

    def __init__(
        self,
        /,
        *positional: Never,
        allow_origins: "Iterable[str | OriginLookup] | OriginLookup" = (),
        allow_origin_regex: str | re.Pattern[str] | None = None,
        allow_methods: Iterable[str] = ("GET",),
        allow_headers: Iterable[str] = (),
        allow_credentials: bool = False,
        expose_headers: Iterable[str] = (),
        max_age: int | timedelta | None = 600,
        allow_private_network: bool = False,
        **unknown: Never,
    ) -> None:
        problems: Problems = []
        origins = read_origins(allow_origins, problems)
        settings = PolicySettings(
            allow_origins=origins.listed,
            allow_origin_regex=read_regex(allow_origin_regex, problems),
            allow_methods=read_methods(allow_methods, problems),
            allow_headers=read_field_names("allow_headers", allow_headers, problems),
            allow_credentials=read_flag("allow_credentials", allow_credentials, problems),
            expose_headers=read_field_names("expose_headers", expose_headers, problems),
            max_age=read_max_age(max_age, problems),
            allow_private_network=read_flag(
                "allow_private_network", allow_private_network, problems
            ),
        )
        reject_unknown(unknown, problems)
        if positional:
            problems.append(positional_arguments("Policy", positional))
        check_openness(settings, origins, problems)
        if problems:
            raise PolicyError(tuple(problems))
        put = super().__setattr__
        for option, value in settings._asdict().items():
            put(option, value)
        put("_settings", settings)
        put("_decider", Decider(settings, origins))

    def decide(self, request: CORSRequest) -> Decision:
        """Return the decision on `request`. No request makes it raise.

        >>> policy = Policy(allow_origins=["https://app.example"])
        >>> policy.decide(CORSRequest("OPTIONS", "https://app.example", "PUT")).body
        'Disallowed CORS method'

        https://fetch.spec.whatwg.org/#cors-check
        """
        return self._decider.decide(request)

    @property
    def advice(self) -> tuple[Problem, ...]:
        """What this policy allows though it is unwise, such as http origins with credentials.

        >>> policy = Policy(allow_origins=["http://a.example"], allow_credentials=True)
        >>> [problem.option for problem in policy.advice]
        ['allow_origins[0]']
        """
        return advice_on(self._settings)

    @property
    def allows_nobody(self) -> bool:
        """Whether no origin can be allowed: none is listed, looked up or matched by a regex."""
        return allows_nobody(self._settings)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Policy is immutable: build another one to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Policy is immutable: {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return self._settings == other._settings if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._settings)

    def __reduce__(self) -> tuple[object, ...]:
        return (_restored, (self._settings._asdict(),))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._settings._asdict().items())
        return f"Policy({options})"


def policy_from(policy: object, options: Mapping[str, Any]) -> Policy:
    """Return the policy that an adapter was given: ready-made as `policy`, or as its `options`.

    :raises PolicyError: for both at once, for a `policy` that is none, for what Policy refuses.
    """
    if policy is None:
        return Policy(**options)
    if options:
        reason = f"stands beside the options {', '.join(options)}"
        problem = Problem("policy", policy, reason, "give either a policy or options")
    elif not isinstance(policy, Policy):
        problem = Problem("policy", policy, "is no Policy", "build one: Policy(allow_origins=...)")
    else:
        return policy
    raise PolicyError((problem,))


decider_of: Final[Callable[[Policy], Decider]] = attrgetter("_decider")
"""Returns what decides for a policy: for the core, which reads requests in several forms."""


def _restored(options: dict[str, Any]) -> Policy:
    return Policy(**options)
