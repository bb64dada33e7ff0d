"""What a behaviour case is, and how a response is held against it. The cases are in `cases`."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from cors_core import Policy, PolicyRequest, ReloadablePolicy

from .small_app import meanwhile
from .transports import Request, Response, Send

ORIGIN = "https://app.example"
"""The origin that most cases allow."""
OTHER_ORIGIN = "https://evil.example"
"""The origin that most cases refuse."""

LISTS = {"access-control-allow-headers", "access-control-allow-methods",
         "access-control-expose-headers", "vary"}  # fmt: skip
PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
SAFELISTED = "Accept, Accept-Language, Content-Language, Content-Type"


@dataclass(frozen=True)
class Expected:
    """The verdict that a case expects.

    `headers` is exhaustive over `Access-Control-*` and Vary: what is not named must not be there.
    A list-valued header is compared as the set of its names.
    """

    headers: Mapping[str, str]
    status: int | None = 200
    """`None` where each framework has its own."""
    body: str | None = None
    app: bool | None = True
    """Whether the app's own response came through (it marks them), or the adapter answered;
    `None` where the framework may have answered for the app."""


@dataclass(frozen=True)
class Differs:
    """Why one driver must answer otherwise, and what it answers."""

    reason: str
    expected: Expected


@dataclass(frozen=True)
class Case:
    """One row of the table: with this policy, this request gets this verdict, by this rule."""

    id: str
    rule: str
    policy: Mapping[str, Any]
    request: Request
    expected: Expected
    differs: Mapping[str, Differs] = field(default_factory=dict)
    source: Any = None
    """What the adapter is given for `policy`, where it is no Policy of the options in `policy`."""
    choice: Mapping[str, Any] = field(default_factory=dict)
    """More that is given: `policies` and `paths` to the adapter, `marked` and so on to the app."""
    asked: Sequence[PolicyRequest] | None = None
    """What `source`, a callable, is asked, in this order, but for the query and all headers;
    `None` where that is not looked at."""
    replaced_by: Policy | None = None
    """What a ReloadablePolicy of `policy` is replaced by while `/meanwhile` answers."""
    logged: Sequence[type[Exception]] = ()
    """The first causes of the failures that are logged."""

    def built_policy(self) -> Any:
        """Return the policy of the case."""
        return Policy(**self.policy) if self.source is None else self.source


@dataclass
class Observed:
    """What a case did beside its response."""

    asked: list[PolicyRequest] = field(default_factory=list)
    logged: list[BaseException | None] = field(default_factory=list)


def failure(name: str, driver: Callable[..., Send], case: Case) -> str:
    """Send the request of a case through a driver; return what is not as expected, if anything."""
    observed, source = Observed(), case.built_policy()
    action: Any = nullcontext()
    if case.asked is not None:
        source = _recorded(source, observed.asked)
    if case.replaced_by is not None:
        source = ReloadablePolicy(source)
        action = meanwhile(lambda: source.replace(case.replaced_by))
    with _failures_logged(observed.logged), action:
        response = driver(source, **case.choice)(case.request)
    return difference(name, case, response, observed)


def _recorded(source: Any, asked: list[PolicyRequest]) -> Any:
    def policy(request: PolicyRequest) -> Any:
        asked.append(PolicyRequest(*request[:4]))
        return source(request)

    return policy


@contextmanager
def _failures_logged(causes: list[BaseException | None]) -> Iterator[None]:
    """Note the first cause of each error that cors-core logs, as long as the `with` block lasts."""

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            cause = record.exc_info[1] if record.exc_info else None
            while cause is not None and cause.__cause__ is not None:
                cause = cause.__cause__
            causes.append(cause)

    logger, handler = logging.getLogger("cors_core"), Noting(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def request(
    origin: str | bytes | None = ORIGIN,
    method: str = "GET",
    path: str = "/",
    **headers: str | bytes,
) -> Request:
    """Return a request of `origin`; headers by keyword, with underscores for hyphens."""
    lines = [] if origin is None else [("Origin", as_bytes(origin))]
    lines += [(name.replace("_", "-").title(), as_bytes(value)) for name, value in headers.items()]
    return Request(method, path, tuple(lines))


def preflight(
    method: str | bytes = "GET",
    *headers: str | bytes,
    origin: str | bytes = ORIGIN,
    path: str = "/",
    **more: str | bytes,
) -> Request:
    """Return a CORS-preflight request for `method`, one header line for each of `headers`."""
    lines = [("Origin", as_bytes(origin)), ("Access-Control-Request-Method", as_bytes(method))]
    lines += [("Access-Control-Request-Headers", as_bytes(line)) for line in headers]
    lines += [(name.replace("_", "-").title(), as_bytes(value)) for name, value in more.items()]
    return Request("OPTIONS", path, tuple(lines))


def as_bytes(value: str | bytes) -> bytes:
    """Return a header's value as it goes over the wire."""
    return value if isinstance(value, bytes) else value.encode("latin-1")


def difference(
    driver: str, case: Case, response: Response, observed: Observed | None = None
) -> str:
    """Return where `response` is not what `case` expects of `driver`; nothing where it is."""
    exception = case.differs.get(driver)
    expected = exception.expected if exception else case.expected
    found = [*_differing(expected, response), *_observed_otherwise(case, observed)]
    if not found:
        return ""
    return "\n".join(
        [
            f"{driver} fails {case.id} ({case.rule})",
            f"  policy   {case.source or dict(case.policy)}",
            *([f"  choice   {dict(case.choice)}"] if case.choice else []),
            f"  request  {case.request}",
            *([f"  differs  {exception.reason}"] if exception else []),
            *(f"  {line}" for line in found),
            *([f"  raised   {response.raised!r}"] if response.raised else []),
        ]
    )


def _differing(expected: Expected, response: Response) -> Iterator[str]:
    if expected.status not in (None, response.status):
        yield f"status: expected {expected.status}, got {response.status}"
    body = response.body.decode("latin-1")
    if expected.body is not None and body != expected.body:
        yield f"body: expected {expected.body!r}, got {body!r}"
    reached = response.values("X-App") == ["reached"]
    if expected.app is not None and expected.app != reached:
        yield "the app answered" if reached else "the app did not answer"
    if expected.app is False and response.status in (200, 400):  # R9
        about = [response.values(name) for name in ("content-type", "content-length")]
        if about != [["text/plain"], [str(len(response.body))]]:
            yield f"content-type and content-length: got {about}"
    wanted = {name.lower(): value for name, value in expected.headers.items()}
    names = {name.lower() for name, _ in response.headers}
    ours = {name for name in names if name == "vary" or name.startswith("access-control-")}
    for name in sorted(wanted.keys() | ours):
        got = response.values(name)
        if len(got) != (name in wanted) or not _same(name, wanted[name], got[0]):
            shown = " and ".join(map(repr, got)) or None
            yield f"{name}: expected {wanted.get(name)!r}, got {shown}"


def _observed_otherwise(case: Case, observed: Observed | None) -> Iterator[str]:
    if observed is None:
        return
    if case.asked is not None and observed.asked != [*case.asked]:
        yield f"the policy was asked {observed.asked}, expected {[*case.asked]}"
    logged = observed.logged
    if len(logged) != len(case.logged) or not all(map(isinstance, logged, case.logged)):
        expected = [kind.__name__ for kind in case.logged]
        yield f"failures logged: expected {expected}, got {logged}"


def _same(name: str, wanted: str, got: str) -> bool:
    if name not in LISTS:
        return wanted == got
    listed = [element.strip().lower() for element in got.split(",")]
    return sorted(listed) == sorted(element.strip().lower() for element in wanted.split(","))
