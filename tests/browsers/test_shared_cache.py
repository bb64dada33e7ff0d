"""The policy behind a shared cache: nobody gets another origin's headers, nobody is broken."""

from collections.abc import Callable

import pytest

from tests.behaviour.case import ORIGIN, OTHER_ORIGIN
from tests.browsers.conftest import Session
from tests.browsers.servers import FALCONS_OWN, FRAMEWORKS, Server
from tests.browsers.shared_cache import (
    OTHER,
    SEQUENCES,
    THEME,
    path_of,
    resource,
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_shared_cache(
    session: Session,
    servers: dict[str, Server],
    caches: dict[str, Server],
    framework: str,
    sequence: str,
    record_property: Callable[[str, object], None],
) -> None:
    engine = session.visits.engine
    record_property("counted", (engine, framework, THEME))
    turns = SEQUENCES[sequence]
    seen = session.through_caches[framework, sequence]
    assert [turn.type for turn in seen] == [turn.meant.type for turn in turns]
    arrivals = servers[framework].arrivals()[resource(engine, sequence)]
    assert len(arrivals) == len(set(turns)), "the second time, the cache is to answer"
    for origin in (ORIGIN, OTHER, OTHER_ORIGIN):
        stored = caches[framework].headers(path_of(engine, sequence), {"Origin": origin})
        assert stored["X-Cache"] == "HIT"
        assert stored["Vary"] == "Origin"
        allowed = None if origin == OTHER_ORIGIN else origin
        assert stored["Access-Control-Allow-Origin"] == allowed


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_without_vary_it_breaks(
    session: Session, sequence: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("counted", (session.visits.engine, FALCONS_OWN, THEME))
    seen = session.through_caches[FALCONS_OWN, sequence]
    broken = [
        turn.origin
        for turn, saw in zip(SEQUENCES[sequence], seen, strict=True)
        if turn.meant.type == "cors" and saw.type == "error"
    ]
    assert broken
