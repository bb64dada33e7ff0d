"""A tenant's origins change while requests flow: seen in time, and no request fails."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.tenants.conftest import LONG_TTL, SHORT_TTL, STEADY
from tests.tenants.databases import Database, PostgreSQL
from tests.tenants.sites import COMMANDS, Site
from tests.tenants.traffic import Traffic, check_switch

pytestmark = pytest.mark.tenants

ORIGIN = "https://shop.example"
OTHER_ORIGIN = "https://other.example"
ADD = "INSERT INTO origins (tenant_id, origin) VALUES (?, ?)"
REMOVE = "DELETE FROM origins WHERE tenant_id = ? AND origin = ?"

SLACK = 1.0
"""Seconds for what comes on top of ttl: a lookup that began before the change, a busy machine."""


def check_others(traffic: Traffic, tenant: str) -> None:
    """Check that nothing failed, and nothing changed for those whom the change was not about."""
    assert traffic.failures == []
    assert {visit.verdict for visit in traffic.visits(tenant, STEADY)} == {"allowed"}
    assert {visit.verdict for visit in traffic.visits(tenant, OTHER_ORIGIN)} == {"refused"}
    assert {visit.verdict for visit in traffic.visits("nobody", ORIGIN)} == {"refused"}


def traffic_for(site: Site, tenant: str) -> Traffic:
    pairs = [(tenant, ORIGIN), (tenant, STEADY), (tenant, OTHER_ORIGIN), ("nobody", ORIGIN)]
    return Traffic(site, pairs)


@pytest.mark.parametrize("change", ["add", "remove"])
def test_change_in_the_database_is_seen_within_ttl(
    change: str, quick: Site, database: Database, tenant: str
) -> None:
    if change == "remove":
        database.write(ADD, tenant, ORIGIN)
    traffic = traffic_for(quick, tenant)
    with traffic.flowing():
        began = time.monotonic()
        database.write(ADD if change == "add" else REMOVE, tenant, ORIGIN)
        committed = time.monotonic()
        time.sleep(SHORT_TTL + SLACK)
        traffic.await_visits()
    check_others(traffic, tenant)
    new = "allowed" if change == "add" else "refused"
    due = committed + SHORT_TTL + SLACK
    check_switch(traffic.visits(tenant, ORIGIN), new, (began, committed), due)


@pytest.mark.parametrize("change", ["add", "remove"])
def test_change_through_the_site_is_seen_at_once(
    change: str, slow: Site, database: Database, tenant: str
) -> None:
    if change == "remove":
        database.write(ADD, tenant, ORIGIN)
    traffic = traffic_for(slow, tenant)
    with traffic.flowing():
        began = time.monotonic()
        slow.change("PUT" if change == "add" else "DELETE", tenant, ORIGIN)
        answered = time.monotonic()
        traffic.await_visits()
    check_others(traffic, tenant)
    new = "allowed" if change == "add" else "refused"
    check_switch(traffic.visits(tenant, ORIGIN), new, (began, answered), answered)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")
def test_answers_are_remembered_for_ttl(slow: Site, database: Database, tenant: str) -> None:
    assert slow.verdict(tenant, STEADY) == "allowed"
    database.write(REMOVE, tenant, STEADY)
    assert slow.verdict(tenant, STEADY) == "allowed"
    slow.change("DELETE", tenant, STEADY)
    assert slow.verdict(tenant, STEADY) == "refused"


def test_change_through_one_process_is_seen_by_another(
    serve: Callable[[str, float], Site], framework: str, tenant: str
) -> None:
    (other,) = set(COMMANDS) - {framework}
    here, there = serve(framework, LONG_TTL), serve(other, SHORT_TTL)
    assert there.verdict(tenant, ORIGIN) == "refused"
    here.change("PUT", tenant, ORIGIN)
    assert here.verdict(tenant, ORIGIN) == "allowed"
    time.sleep(SHORT_TTL + SLACK)
    assert there.verdict(tenant, ORIGIN) == "allowed"


def test_origin_of_one_tenant_is_refused_by_another(slow: Site, tenant: str) -> None:
    assert slow.send("PUT", f"/tenants/{tenant}-b").status == 204
    slow.change("PUT", f"{tenant}-b", ORIGIN)
    assert slow.verdict(f"{tenant}-b", ORIGIN) == "allowed"
    assert slow.verdict(tenant, ORIGIN) == "refused"


def test_origins_are_listed_and_checked(slow: Site, tenant: str) -> None:
    path = f"/tenants/{tenant}/origins"
    slow.change("PUT", tenant, ORIGIN)
    slow.change("PUT", tenant, ORIGIN)
    assert slow.send("GET", path).body.count(b"https://") == 2
    for wrong in (f"{ORIGIN}/", "https://*.example", "*", "null", ""):
        assert slow.send("PUT", f"{path}?origin={quote(wrong, safe='')}").status == 422
    unknown = f"/tenants/{tenant}-nobody/origins?origin={quote(ORIGIN, safe='')}"
    assert slow.send("PUT", unknown).status == 404


on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True, scope="session")


def await_verdict(site: Site, tenant: str, origin: str, verdict: str) -> None:
    """Wait for a verdict that comes much sooner than an answer of `site` expires."""
    deadline = time.monotonic() + 60
    while site.verdict(tenant, origin) != verdict:
        assert time.monotonic() < deadline, f"{origin} is not {verdict}"
        time.sleep(0.02)


@on_postgresql
def test_change_by_anybody_is_heard_by_all_processes(
    serve: Callable[[str, float], Site], database: Database, tenant: str
) -> None:
    sites = [serve(framework, LONG_TTL) for framework in COMMANDS]
    database.write(ADD, tenant, ORIGIN)
    for site in sites:
        await_verdict(site, tenant, ORIGIN, "allowed")
    database.write(REMOVE, tenant, STEADY)
    for site in sites:
        await_verdict(site, tenant, STEADY, "refused")
    moved = "UPDATE origins SET origin = ? WHERE tenant_id = ? AND origin = ?"
    database.write(moved, OTHER_ORIGIN, tenant, ORIGIN)
    for site in sites:
        await_verdict(site, tenant, ORIGIN, "refused")
        await_verdict(site, tenant, OTHER_ORIGIN, "allowed")


@on_postgresql
def test_notification_that_nobody_understands_is_a_change_of_all(
    slow: Site, database: Database, tenant: str
) -> None:
    await_verdict(slow, tenant, STEADY, "allowed")
    database.write("ALTER TABLE origins DISABLE TRIGGER origins_changed")
    try:
        database.write(REMOVE, tenant, STEADY)
    finally:
        database.write("ALTER TABLE origins ENABLE TRIGGER origins_changed")
    assert slow.verdict(tenant, STEADY) == "allowed"
    for payload in ("not JSON", "[1]", "3"):
        database.write("SELECT pg_notify('origins', ?)", payload)
    await_verdict(slow, tenant, STEADY, "refused")


@on_postgresql
def test_change_is_heard_after_the_database_was_away(
    slow: Site, database: PostgreSQL, tenant: str
) -> None:
    await_verdict(slow, tenant, STEADY, "allowed")
    database.stop()
    database.start()
    database.write(REMOVE, tenant, STEADY)  # before it listens again, or after
    await_verdict(slow, tenant, STEADY, "refused")
    database.write(ADD, tenant, ORIGIN)
    await_verdict(slow, tenant, ORIGIN, "allowed")
    database.write(REMOVE, tenant, ORIGIN)
    await_verdict(slow, tenant, ORIGIN, "refused")


@on_postgresql
def test_database_that_is_away_closes_for_nobody_who_was_allowed(
    quick: Site, database: PostgreSQL, tenant: str
) -> None:
    traffic = traffic_for(quick, tenant)
    with traffic.flowing():
        database.stop()
        try:
            time.sleep(SHORT_TTL + SLACK)
            traffic.await_visits()
            away = quick.verdict(tenant, STEADY)
            new = quick.verdict(tenant, "https://new.example")
        finally:
            database.start()
        time.sleep(SLACK)
        traffic.await_visits()
    assert traffic.failures == []
    assert away == "allowed"
    assert new == "refused"
    check_others(traffic, tenant)
    assert {visit.verdict for visit in traffic.visits(tenant, ORIGIN)} == {"refused"}
    told = quick.log.read_text().count("the lookup of an allowed origin failed")
    # One for each tenant, and again if it fails for those that a listener has made forget all.
    assert 2 <= told <= 4, "however many requests there were"
