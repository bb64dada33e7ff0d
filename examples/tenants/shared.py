"""What both apps share: which database, which tenant a host is of, how long answers are good."""

import os
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cors_core import Policy, PolicyError

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///tenants.sqlite3")
"""`postgresql://user:password@host:port/name`, or `sqlite:///` and the path of a file."""

ON_POSTGRESQL = DATABASE_URL.startswith("postgresql:")
"""Whether there is something to listen to: see `listener`."""

TTL = float(os.environ.get("ORIGINS_TTL", "60"))
"""Seconds that an allowed origin is remembered."""
NEGATIVE_TTL = min(TTL, 10.0)

_SQLALCHEMY_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_DJANGO_ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
}
_HOST = re.compile(r"([a-z0-9-]{1,63})\.localhost(?::[0-9]+)?")


def sqlalchemy_url() -> str:
    """Return DATABASE_URL with the async driver that SQLAlchemy is to use."""
    kind, _, rest = DATABASE_URL.partition("://")
    return f"{_SQLALCHEMY_DRIVERS[kind]}://{rest}"


def django_database() -> dict[str, Any]:
    """Return DATABASE_URL as an entry of Django's DATABASES."""
    url = urlsplit(DATABASE_URL)
    return {
        "ENGINE": _DJANGO_ENGINES[url.scheme],
        "NAME": unquote(url.path.removeprefix("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": url.port or "",
        "OPTIONS": dict(parse_qsl(url.query)),
    }


def tenant_of(host: str) -> str | None:
    """Return the tenant that a Host header names, as `acme` in `acme.localhost:8000`."""
    match = _HOST.fullmatch(host.lower())
    return match[1] if match else None


def problem_of(origin: str) -> str | None:
    """Return why no browser ever sends this origin, if so: its row would never match."""
    try:
        Policy(allow_origins=[origin])
    except PolicyError as error:
        return str(error)
    return "not one whole origin" if "*" in origin or origin == "null" else None
