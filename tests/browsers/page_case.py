"""What a page tries, what that means by the policy, and what came of it. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cors_core import Policy

Engine = Literal["chromium", "firefox", "webkit"]
ResponseType = Literal["basic", "cors", "opaque", "opaqueredirect", "error"]
"""As `Response.type` has it; "error" is a network error: the page learns nothing."""

OWN = "own"
"""The page's origin where it is the API's own one: no cross-origin request at all."""
PROBES = (("X-Id", "7"), ("ETag", '"e"'), ("X-Secret", "s"))
"""Response headers that the app sets for every page: what a script reads of them is looked at."""
PROBED = frozenset({"x-app", *(name.lower() for name, _ in PROBES)})


@dataclass(frozen=True)
class PageFetch:
    """One `fetch()` of a page: what its script chooses, and what the app is told to answer.

    In `app_headers`, `{mount}` stands for the path under which the case's app is mounted, `{other}`
    for the same on another origin.
    """

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    mode: Literal["cors", "no-cors", "same-origin"] = "cors"
    redirect: Literal["follow", "manual", "error"] = "follow"
    app_headers: tuple[tuple[str, str], ...] = PROBES
    streamed: bool = False
    """Whether the script reads the body chunk by chunk."""
    after_seconds: float = 0


@dataclass(frozen=True)
class Meant:
    """What the policy means for one fetch. `None` where the case is not about it."""

    type: ResponseType
    status: int | None = None
    body: str | None = None
    readable: frozenset[str] | None = None
    """Which of the PROBED headers the script reads."""


@dataclass(frozen=True)
class Deviation:
    """Where an engine does not what the standard says: since when or where told, and what."""

    reason: str
    meant: tuple[Meant, ...]
    arrivals: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PageCase:
    """One row: under this policy, a page of this origin does these fetches, one after another."""

    id: str
    theme: str
    policy: Mapping[str, Any]
    origin: str
    fetches: tuple[PageFetch, ...]
    meant: tuple[Meant, ...]
    """One for each fetch."""
    arrivals: tuple[str, ...] | None = None
    """The requests that come to the server, in `Arrival.words`."""
    modelled: bool = True
    """Whether the browser model of the suite knows what this takes."""
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    """By engine."""

    def built_policy(self) -> Policy:
        """Return the policy of the case."""
        return Policy(**self.policy)

    def in_engine(self, engine: str) -> tuple[tuple[Meant, ...], tuple[str, ...] | None]:
        """Return what must come of it in this engine: `meant` and `arrivals`."""
        deviation = self.deviations.get(engine)
        return (deviation or self).meant, (deviation or self).arrivals


@dataclass(frozen=True)
class Arrival:
    """A request as it came to a server; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        """Say what came, as the rows of the table do: "preflight", "PUT", "GET with cookie"."""
        if self.method == "OPTIONS" and "access-control-request-method" in self.headers:
            name = "preflight"
        else:
            name = self.method
        brought = [header for header in ("authorization", "cookie") if header in self.headers]
        return " with ".join([name, *brought])

    @property
    def cors_part(self) -> str:
        """Say all that matters to CORS."""
        fields = ("origin", "access-control-request-method", "access-control-request-headers")
        said = [f"{name}: {self.headers[name]}" for name in fields if name in self.headers]
        return "; ".join([f"{self.method} {self.path}", *said])


@dataclass(frozen=True)
class Seen:
    """What the page saw of one fetch."""

    type: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""


@dataclass(frozen=True)
class Visit:
    """All that came of one case, in one engine, against one framework."""

    origin: str
    """As the page itself says it is."""
    seen: tuple[Seen, ...]
    arrivals: tuple[Arrival, ...]
