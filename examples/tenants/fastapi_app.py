"""Each tenant's origins from a database, with SQLAlchemy: from the root of the repository,

`uvicorn examples.tenants.fastapi_app:app`, and then

    curl -X PUT 'http://localhost:8000/tenants/acme'
    curl -X PUT 'http://localhost:8000/tenants/acme/origins?origin=https://shop.acme.example'
    curl -i -H 'Origin: https://shop.acme.example' 'http://acme.localhost:8000/greeting'

Whoever may write under /tenants/ is for your own authentication to say: this example has none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, partial

from fastapi import FastAPI, HTTPException
from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cors_core import OriginLookup, Policy, PolicyRequest, cors_exempt
from cors_core_starlette import CORSMiddleware
from examples.tenants.listener import TRIGGER, listen
from examples.tenants.shared import (
    DATABASE_URL,
    NEGATIVE_TTL,
    ON_POSTGRESQL,
    TTL,
    problem_of,
    sqlalchemy_url,
    tenant_of,
)

# The pre-ping finds connections that a restart of the database has ended.
engine = create_async_engine(sqlalchemy_url(), pool_pre_ping=True)
session = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Tenant(Base):
    __tablename__ = "tenants"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)


class Origin(Base):
    __tablename__ = "origins"
    __table_args__ = (UniqueConstraint("tenant_id", "origin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    origin: Mapped[str] = mapped_column(String(268))


async def is_allowed(tenant: str, origin: str) -> bool:
    wanted = select(Origin.id).where(Origin.tenant_id == tenant, Origin.origin == origin)
    async with engine.connect() as connection:
        return await connection.scalar(wanted) is not None


# Bounded, for a client can write any host. One without a tenant gets a policy that never allows.
@lru_cache(maxsize=1_000)
def policy_of(tenant: str) -> Policy:
    lookup = partial(is_allowed, tenant)
    origins = OriginLookup(lookup, ttl=TTL, negative_ttl=NEGATIVE_TTL, max_entries=100)
    return Policy(allow_origins=origins, allow_credentials=True)


def by_host(request: PolicyRequest) -> Policy | None:
    tenant = tenant_of(request.host)
    return policy_of(tenant) if tenant else None


def forget(tenant: str, origin: str) -> None:
    """Have this process see a change at once. Others listen for it, or see it after TTL."""
    (lookup,) = policy_of(tenant).allow_origins  # an OriginLookup, and nothing else
    lookup.invalidate(origin)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:  # in earnest: a migration, by Alembic
        await connection.run_sync(Base.metadata.create_all)
        for statement in TRIGGER if ON_POSTGRESQL else ():
            await connection.exec_driver_sql(statement)
    async with asyncio.TaskGroup() as tasks:
        if ON_POSTGRESQL:
            listening = tasks.create_task(listen(DATABASE_URL, forget, policy_of.cache_clear))
        yield
        if ON_POSTGRESQL:
            listening.cancel()
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, policy=by_host)


@app.get("/greeting")
async def greet() -> dict[str, str]:
    return {"greeting": "Hello from FastAPI"}


@app.put("/tenants/{tenant}", status_code=204)
@cors_exempt
async def add_tenant(tenant: str) -> None:
    await store(Tenant(name=tenant))


@app.get("/tenants/{tenant}/origins")
@cors_exempt
async def list_origins(tenant: str) -> dict[str, list[str]]:
    async with session() as reading:
        found = select(Origin.origin).where(Origin.tenant_id == tenant).order_by(Origin.origin)
        return {"origins": [*await reading.scalars(found)]}


@app.put("/tenants/{tenant}/origins", status_code=204)
@cors_exempt
async def add_origin(tenant: str, origin: str) -> None:
    if problem := problem_of(origin):
        raise HTTPException(422, problem)
    async with session() as reading:
        if await reading.get(Tenant, tenant) is None:
            raise HTTPException(404, "no such tenant")
    await store(Origin(tenant_id=tenant, origin=origin))
    forget(tenant, origin)


@app.delete("/tenants/{tenant}/origins", status_code=204)
@cors_exempt
async def remove_origin(tenant: str, origin: str) -> None:
    async with session.begin() as writing:
        await writing.execute(
            delete(Origin).where(Origin.tenant_id == tenant, Origin.origin == origin)
        )
    forget(tenant, origin)  # after the commit: what is asked before it would be the old answer


async def store(row: Base) -> None:
    with suppress(IntegrityError):  # it is there
        async with session.begin() as writing:
            writing.add(row)
