"""Has every process see a change at once: PostgreSQL notifies all that listen.

A trigger notifies, so that it does not matter who writes: either app, an admin or a script. What
is notified arrives after the commit, and never from a transaction that was rolled back.

A process may miss notifications while it is not connected. So it forgets all that it remembers
each time that it has begun to listen, and checks an idle connection now and then.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable

CHANNEL = "origins"

RETRY_SECONDS = 1.0
"""Between two attempts to connect."""
CHECK_SECONDS = 10.0
"""After which an idle connection is checked, and that the check may take. A connection that is
lost without a word from the network is noticed after these two times."""

TRIGGER = (
    # Several processes that start together must not create it at the same time.
    "SELECT pg_advisory_xact_lock(hashtext('origins_changed'))",
    f"""
    CREATE OR REPLACE FUNCTION notify_origins() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('{CHANNEL}', json_build_array(OLD.tenant_id, OLD.origin)::text);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('{CHANNEL}', json_build_array(NEW.tenant_id, NEW.origin)::text);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER origins_changed AFTER INSERT OR UPDATE OR DELETE ON origins
        FOR EACH ROW EXECUTE FUNCTION notify_origins()
    """,
)
"""The statements that create it, in one transaction; for a migration of your own. PostgreSQL 14
or later."""

Forget = Callable[[str, str], None]
"""Takes a tenant and an origin."""
ForgetAll = Callable[[], None]

_logger = logging.getLogger(__name__)


async def listen(url: str, forget: Forget, forget_all: ForgetAll) -> None:
    """Listen until cancelled, with asyncpg: a task of an ASGI app's lifespan."""
    while True:
        try:
            await _listen_once(url, forget, forget_all)
        except Exception:
            _logger.exception("not listening for changes of origins")
        await asyncio.sleep(RETRY_SECONDS)


async def _listen_once(url: str, forget: Forget, forget_all: ForgetAll) -> None:
    import asyncpg  # late: only one of the two drivers need be installed

    connection = await asyncpg.connect(url, timeout=CHECK_SECONDS)
    lost = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(
            CHANNEL, lambda _connection, _pid, _channel, payload: _read(payload, forget, forget_all)
        )
        forget_all()  # after it listens: what changes from here on is notified
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), CHECK_SECONDS)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=CHECK_SECONDS)
    finally:
        connection.terminate()


def start_listening(url: str, forget: Forget, forget_all: ForgetAll) -> None:
    """Listen in a thread as long as the process lives, with psycopg: for a WSGI app.

    A server that forks after it has loaded the app must call this in each child.
    """
    arguments = (url, forget, forget_all)
    threading.Thread(target=_listen_in_thread, args=arguments, name="origins", daemon=True).start()


def _listen_in_thread(url: str, forget: Forget, forget_all: ForgetAll) -> None:
    import psycopg

    limits = f"connect_timeout={CHECK_SECONDS:.0f} tcp_user_timeout={CHECK_SECONDS * 1_000:.0f}"
    conninfo = psycopg.conninfo.make_conninfo(limits, **psycopg.conninfo.conninfo_to_dict(url))
    while True:
        try:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                forget_all()  # after it listens: what changes from here on is notified
                while True:
                    for notification in connection.notifies(timeout=CHECK_SECONDS):
                        _read(notification.payload, forget, forget_all)
                    connection.execute("SELECT 1")
        except Exception:
            _logger.exception("not listening for changes of origins")
        time.sleep(RETRY_SECONDS)


def _read(payload: str, forget: Forget, forget_all: ForgetAll) -> None:
    try:
        tenant, origin = json.loads(payload)
    except (TypeError, ValueError):  # whoever notified, something has changed
        forget_all()
    else:
        forget(tenant, origin)
