"""A visit held against what the policy means and what the browser model predicts, in words."""

from collections.abc import Iterable, Iterator

from tests.browsers.page_case import OWN, PROBED, Meant, PageCase, PageFetch, Seen, Visit
from tests.browsers.prediction import predicted

_MANY = 300


def difference(case: PageCase, engine: str, framework: str, own_origin: str, visit: Visit) -> str:
    """Return where a visit is not what it must be; nothing where it is."""
    deviation = case.deviations.get(engine)
    found = [*_from_meant(case, engine, visit), *_from_origin(case, own_origin, visit)]
    if case.modelled and not deviation:
        found += _from_model(case, predicted(case, engine, own_origin), visit)
    if not found:
        return ""
    policy = str(dict(case.policy))
    return "\n".join(
        [
            f"{engine}, {framework}: {case.theme}, {case.id}",
            f"  policy    {policy if len(policy) < _MANY else policy[:_MANY] + '...'}",
            f"  page      {visit.origin}",
            *(f"  fetched   {_shown(fetch)}" for fetch in case.fetches),
            *(f"  arrived   {arrival.cors_part}" for arrival in visit.arrivals),
            *([f"  deviates  {deviation.reason}"] if deviation else []),
            *(f"  {line}" for line in found),
        ]
    )


def _from_meant(case: PageCase, engine: str, visit: Visit) -> Iterator[str]:
    meant, arrivals = case.in_engine(engine)
    for number, (wanted, seen) in enumerate(zip(meant, visit.seen, strict=True), 1):
        yield from (f"fetch {number}: {line}" for line in _from_policy(wanted, seen))
    words = tuple(arrival.words for arrival in visit.arrivals)
    if arrivals is not None and words != arrivals:
        yield f"the server should have got {_listed(arrivals)}; it got {_listed(words)}"


def _from_policy(meant: Meant, seen: Seen) -> Iterator[str]:
    if meant.type != seen.type:
        yield f"the policy means {_verdict(meant.type, meant.status)}; the page saw {_told(seen)}"
        return
    if meant.status is not None and meant.status != seen.status:
        yield f"status {meant.status} was meant; the page saw {_told(seen)}"
    if meant.body is not None and meant.body != seen.body:
        yield f"the body {meant.body!r} was meant; the page saw {seen.body!r}"
    if meant.readable is not None and meant.readable != _probed(seen):
        yield f"headers {_listed(meant.readable)} to read; the page read {_listed(_probed(seen))}"


def _from_origin(case: PageCase, own_origin: str, visit: Visit) -> Iterator[str]:
    origin = own_origin if case.origin == OWN else case.origin
    if visit.origin != origin:
        yield f"the page was to be of {origin}; it says that it is of {visit.origin}"


def _from_model(case: PageCase, prediction: Visit, visit: Visit) -> Iterator[str]:
    fetched = zip(case.fetches, prediction.seen, visit.seen, strict=True)
    for number, (fetch, wanted, seen) in enumerate(fetched, 1):
        if wanted.type != seen.type:
            yield (
                f"fetch {number}: the model predicts {_verdict(wanted.type, wanted.status)}"
                f" ({wanted.error}); the page saw {_told(seen)}"
            )
        # Each framework has its own answer to another method on a route of OPTIONS.
        elif wanted.status != seen.status and fetch.path != "/own-options":
            yield f"fetch {number}: the model predicts {wanted.status}; the page saw {_told(seen)}"
        elif fetch.path == "/" and _probed(wanted) != _probed(seen):
            readable, read = _listed(_probed(wanted)), _listed(_probed(seen))
            yield f"fetch {number}: the model lets it read {readable}; the page read {read}"
    parts = [arrival.cors_part for arrival in prediction.arrivals]
    if parts != [arrival.cors_part for arrival in visit.arrivals]:
        yield f"the model would have sent {' | '.join(parts) or 'nothing'}"


def _probed(seen: Seen) -> frozenset[str]:
    return PROBED.intersection(seen.headers)


def _verdict(type: str, status: int | None) -> str:
    return "a network error" if type == "error" else f"a response of type {type}, {status or ''}"


def _told(seen: Seen) -> str:
    return f"{_verdict(seen.type, seen.status)} {seen.error}".strip()


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names) if isinstance(names, frozenset) else names
    return ", ".join(ordered) or "nothing"


def _shown(fetch: PageFetch) -> str:
    headers = [f"{name}: {value}" for name, value in fetch.headers]
    settings = [fetch.mode, fetch.credentials, fetch.redirect]
    usual = ["cors", "same-origin", "follow"]
    unusual = [said for said, silent in zip(settings, usual, strict=True) if said != silent]
    return "; ".join([f"{fetch.method} {fetch.path}", *headers, *unusual])
