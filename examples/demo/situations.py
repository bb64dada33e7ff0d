"""What a page tries on every server, and what should come of it. Data only."""

from dataclasses import dataclass, field
from typing import Final

READABLE: Final = "readable"
BLOCKED: Final = "blocked"


@dataclass(frozen=True)
class PageFetch:
    """One call of `fetch` in a page: what its script chooses."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    include_credentials: bool = False


@dataclass(frozen=True)
class Situation:
    """Some fetches of one page, and the verdict that a browser must reach on all of them."""

    name: str
    story: str
    expected: str
    fetches: tuple[PageFetch, ...]
    from_refused_origin: bool = False
    counts_visits: bool = False
    """Whether the answers tell that the first one's cookie came back with the second fetch."""


_READ = PageFetch("GET", "/note")
_WRITE = PageFetch(
    "PUT",
    "/note",
    headers={"Content-Type": "application/json", "X-Request-ID": "demo"},
    body='{"text": "Written by a page on another origin"}',
)
_COUNT_VISITS = PageFetch("GET", "/visits", include_credentials=True)

SITUATIONS = (
    Situation(
        "allowed",
        "A page on an allowed origin reads a note, and writes it with JSON and X-Request-ID",
        f"{READABLE} 200",
        (_READ, _WRITE),
    ),
    Situation(
        "refused origin",
        "A page on another origin tries the same",
        BLOCKED,
        (_READ, _WRITE),
        from_refused_origin=True,
    ),
    Situation(
        "refused method",
        "The allowed page tries DELETE, which the app has and the policy does not list",
        BLOCKED,
        (PageFetch("DELETE", "/note"),),
    ),
    Situation(
        "refused header",
        "The allowed page sends X-Debug, which the policy does not list",
        BLOCKED,
        (PageFetch("GET", "/note", headers={"X-Debug": "1"}),),
    ),
    Situation(
        "credentials",
        "The allowed page fetches twice with credentials; the first cookie set comes back",
        f"{READABLE} 200",
        (_COUNT_VISITS, _COUNT_VISITS),
        counts_visits=True,
    ),
    Situation(
        "crash",
        "The app raises an exception: the allowed page should be told of a 500, not of CORS",
        f"{READABLE} 500",
        (PageFetch("GET", "/crash"),),
    ),
)
