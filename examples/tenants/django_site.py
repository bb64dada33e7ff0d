"""Each tenant's origins from a database, with Django's ORM: a whole site in one file.

From the root of the repository: `python -m examples.tenants.django_site migrate --run-syncdb`,
`waitress-serve --port=8000 examples.tenants.django_site:wsgi`, and then what `fastapi_app` says.
Both may serve the same database.

Whoever may write under /tenants/ is for your own authentication to say: this example has none.
"""

from functools import lru_cache, partial
from typing import Any

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.db.models.signals import post_migrate
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from cors_core import OriginLookup, Policy, PolicyRequest, cors_exempt
from examples.tenants.listener import TRIGGER, start_listening
from examples.tenants.shared import (
    DATABASE_URL,
    NEGATIVE_TTL,
    ON_POSTGRESQL,
    TTL,
    django_database,
    problem_of,
    tenant_of,
)


def is_allowed(tenant: str, origin: str) -> bool:
    return Origin.objects.filter(tenant=tenant, origin=origin).exists()


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


settings.configure(
    ALLOWED_HOSTS=["localhost", ".localhost"],
    CORS_CORE=by_host,
    DATABASES={"default": django_database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["cors_core_django", "examples.tenants"],
    MIDDLEWARE=["cors_core_django.CORSMiddleware", "django.middleware.common.CommonMiddleware"],
    ROOT_URLCONF=__name__,
)
django.setup()


class Tenant(models.Model):
    name = models.CharField(max_length=63, primary_key=True)

    class Meta:
        app_label = "tenants"
        db_table = "tenants"


class Origin(models.Model):
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="origins")
    origin = models.CharField(max_length=268)

    class Meta:
        app_label = "tenants"
        db_table = "origins"
        unique_together = ("tenant", "origin")


def create_trigger(**_: Any) -> None:  # in earnest: a migration, by RunSQL
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in TRIGGER:
            cursor.execute(statement)


if ON_POSTGRESQL:
    post_migrate.connect(create_trigger)


@require_safe
def greet(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"greeting": "Hello from Django"})


@cors_exempt
@require_http_methods(["PUT"])
def add_tenant(request: HttpRequest, tenant: str) -> HttpResponse:
    Tenant.objects.get_or_create(name=tenant)
    return HttpResponse(status=204)


@cors_exempt
@require_http_methods(["GET", "PUT", "DELETE"])
def read_or_write_origins(request: HttpRequest, tenant: str) -> HttpResponse:
    rows = get_object_or_404(Tenant, name=tenant).origins
    origin = request.GET.get("origin", "")
    if request.method == "GET":
        return JsonResponse({"origins": sorted(row.origin for row in rows.all())})
    if request.method == "DELETE":
        rows.filter(origin=origin).delete()
    elif problem := problem_of(origin):
        return JsonResponse({"detail": problem}, status=422)
    else:
        rows.get_or_create(origin=origin)
    # After the commit: what is asked before it would be the old answer.
    transaction.on_commit(partial(forget, tenant, origin))
    return HttpResponse(status=204)


urlpatterns = [
    path("greeting", greet),
    path("tenants/<str:tenant>", add_tenant),
    path("tenants/<str:tenant>/origins", read_or_write_origins),
]

wsgi = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()
elif ON_POSTGRESQL:
    start_listening(DATABASE_URL, forget, policy_of.cache_clear)
