"""Every case in one engine: pages of all origins, each fetching for all its cases at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.browsers.cases import PAGE_CASES, POLICIES
from tests.browsers.engines import Window
from tests.browsers.page_case import OWN, PageCase, PageFetch, Seen, Visit
from tests.browsers.prediction import app_query
from tests.browsers.servers import Server


@dataclass(frozen=True)
class Job:
    """One case against one framework."""

    case: PageCase
    framework: str


@dataclass
class Visits:
    """What came of every job in one engine."""

    engine: str
    version: str
    by_job: dict[tuple[str, str, str], Visit] = field(default_factory=dict)

    def of(self, framework: str, case: PageCase) -> Visit:
        """Return what came of one case."""
        return self.by_job[framework, case.theme, case.id]


def visit(engine: str, window: Window, servers: Mapping[str, Server]) -> Visits:
    """Make every case in this window."""
    seen: dict[tuple[str, str, str], tuple[str, tuple[Seen, ...]]] = {}
    for origin, jobs in _by_origin(servers):
        steps = [list(_steps(engine, job, servers[job.framework])) for job in jobs]
        answer = window.run(origin, steps)
        for job, results in zip(jobs, answer["results"], strict=True):
            fetched = tuple(Seen(**result) for result in results)
            seen[job.framework, job.case.theme, job.case.id] = answer["origin"], fetched
    arrivals = {name: server.arrivals() for name, server in servers.items()}
    visits = Visits(engine, window.version)
    for key, (origin, fetched) in seen.items():
        framework, theme, case_id = key
        arrived = arrivals[framework].get(_mounted_as(engine, theme, case_id), ())
        visits.by_job[key] = Visit(origin, fetched, tuple(arrived))
    return visits


def _by_origin(servers: Mapping[str, Server]) -> Iterator[tuple[str, list[Job]]]:
    jobs: dict[str, list[Job]] = {}
    for case in PAGE_CASES:
        for name, server in servers.items():
            origin = f"https://{server.host}" if case.origin == OWN else case.origin
            jobs.setdefault(origin, []).append(Job(case, name))
    yield from jobs.items()


def _steps(engine: str, job: Job, server: Server) -> Iterable[dict[str, Any]]:
    policy = POLICIES.index(job.case.built_policy())
    mount = f"/p{policy}/{_mounted_as(engine, job.case.theme, job.case.id)}"
    other = f"https://{server.other_host}{mount}"
    return (
        _step(fetch, f"https://{server.host}{mount}{fetch.path}{app_query(fetch, mount, other)}")
        for fetch in job.case.fetches
    )


def _step(fetch: PageFetch, url: str) -> dict[str, Any]:
    """Return what `page.js` takes."""
    return {
        "url": url,
        "wait": round(fetch.after_seconds * 1000),
        "streamed": fetch.streamed,
        "init": {
            "method": fetch.method,
            "headers": [list(pair) for pair in fetch.headers],
            "credentials": fetch.credentials,
            "mode": fetch.mode,
            "redirect": fetch.redirect,
        },
    }


def _mounted_as(engine: str, theme: str, case_id: str) -> str:
    return f"{engine}.{theme.replace(' ', '-')}.{case_id}"


_SERIALIZED_JS = """(origins) => origins.filter((origin) => {
  try { return new URL(origin).origin === origin; } catch { return false; }
})"""


def serialized(window: Window, origins: list[str]) -> list[str]:
    """Return those of these values that this engine itself would serialize so."""
    window.goto("https://app.example/")
    return list(window.evaluate(f"async (origins) => ({_SERIALIZED_JS})(origins)", [origins]))
