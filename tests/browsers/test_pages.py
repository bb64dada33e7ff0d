"""Every case in every engine against every framework: what the page saw is what was meant."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.browsers.cases import PAGE_CASES
from tests.browsers.comparison import difference
from tests.browsers.conftest import Session
from tests.browsers.page_case import PageCase, Visit
from tests.browsers.servers import FRAMEWORKS, Server

pytestmark = pytest.mark.browser

IDS = [f"{case.theme.replace(' ', '-')}-{case.id}" for case in PAGE_CASES]


@pytest.mark.parametrize("case", PAGE_CASES, ids=IDS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_page(
    session: Session,
    servers: dict[str, Server],
    framework: str,
    case: PageCase,
    record_property: Callable[[str, object], None],
) -> None:
    engine = session.visits.engine
    record_property("counted", (engine, framework, case.theme))
    own_origin = f"https://{servers[framework].host}"
    visit = session.visits.of(framework, case)
    found = difference(case, engine, framework, own_origin, visit)
    if found:
        pytest.fail(found, pytrace=False)


def test_what_no_browser_serializes(session: Session) -> None:
    assert session.serialized == []


def test_a_difference_tells_all_that_is_needed(
    session: Session, servers: dict[str, Server]
) -> None:
    case = next(case for case in PAGE_CASES if case.id == "cookie-comes-back")
    visit = session.visits.of("Flask", case)
    first, second = visit.seen
    first_came, second_came = visit.arrivals
    wrong = Visit(
        "https://evil.example",
        (replace(first, type="error", error="TypeError"), replace(second, headers={"x-id": "7"})),
        (first_came, replace(second_came, headers={})),
    )
    own_origin = f"https://{servers['Flask'].host}"
    told = difference(case, session.visits.engine, "Flask", own_origin, wrong)
    for part in (
        f"{session.visits.engine}, Flask: credentials, cookie-comes-back",
        "'allow_credentials': True",
        "GET /; include",
        "the policy means a response of type cors, 200; the page saw a network error",
        "the model predicts a response of type cors, 200 (the CORS check passed)",
        "the model lets it read nothing; the page read x-id",
        "the server should have got GET, GET with cookie; it got GET, GET",
        "the page was to be of https://app.example",
    ):
        assert part in told


def test_every_id_is_unique() -> None:
    assert len(set(IDS)) == len(IDS)
