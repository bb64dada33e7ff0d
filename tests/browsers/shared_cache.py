"""A shared cache in between: pages of several origins fetch one cacheable resource in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cors_core import Policy
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN
from tests.browsers.cases import POLICIES, SHARED_CACHE
from tests.browsers.engines import Window
from tests.browsers.page_case import Meant, PageFetch, Seen
from tests.browsers.prediction import app_query
from tests.browsers.servers import APPS

THEME = "shared cache"
OTHER = SHARED_CACHE["allow_origins"][1]
CACHEABLE = (("Cache-Control", "public, max-age=600"),)


@dataclass(frozen=True)
class Turn:
    """One page's fetch of the resource, and what must come of it."""

    origin: str
    meant: Meant
    mode: Literal["cors", "no-cors"] = "cors"


READ = Meant("cors", 200, "app")
FIRST, SECOND, REFUSED = Turn(ORIGIN, READ), Turn(OTHER, READ), Turn(OTHER_ORIGIN, Meant("error"))
IMAGE = Turn(ORIGIN, Meant("opaque"), "no-cors")
"""As an image is loaded: without Origin."""
SEQUENCES = {
    "allowed origin first": (FIRST, SECOND, REFUSED, FIRST, SECOND, REFUSED),
    "refused origin first": (REFUSED, FIRST, SECOND, REFUSED, FIRST, SECOND),
    "no origin first": (IMAGE, FIRST, SECOND, REFUSED, IMAGE, FIRST, SECOND, REFUSED),
}
"""Each has its resource. Whoever comes a second time is answered from the cache."""


def cache_host(framework: str) -> str:
    """Return the host name of the cache before a framework's server."""
    return f"{APPS[framework].replace('_', '-')}.cache.example"


def resource(engine: str, sequence: str) -> str:
    """Return the name under which the server knows the resource of a sequence."""
    return f"{engine}.shared-cache.{sequence.replace(' ', '-')}"


def path_of(engine: str, sequence: str) -> str:
    """Return the path, with the query, of the resource of a sequence."""
    mount = f"/p{POLICIES.index(Policy(**SHARED_CACHE))}/{resource(engine, sequence)}"
    return f"{mount}/{app_query(PageFetch(app_headers=CACHEABLE), mount, '')}"


def visit_caches(engine: str, window: Window) -> Mapping[tuple[str, str], list[Seen]]:
    """Make every sequence in this window: by framework and sequence, what each turn saw."""
    seen: dict[tuple[str, str], list[Seen]] = {}
    for sequence, turns in SEQUENCES.items():
        for turn in turns:
            jobs = [[_step(engine, sequence, turn, framework)] for framework in APPS]
            results = window.run(turn.origin, jobs)["results"]
            for framework, (result,) in zip(APPS, results, strict=True):
                seen.setdefault((framework, sequence), []).append(Seen(**result))
    return seen


def _step(engine: str, sequence: str, turn: Turn, framework: str) -> dict[str, Any]:
    return {
        "url": f"https://{cache_host(framework)}{path_of(engine, sequence)}",
        "wait": 0,
        "streamed": False,
        # The browser's own cache is left out: it would answer the second time itself.
        "init": {"mode": turn.mode, "cache": "no-store"},
    }
