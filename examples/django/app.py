"""Django quick start, a whole site in one file, from the root of the repository:

`waitress-serve examples.django.app:wsgi` or `uvicorn examples.django.app:asgi`.
"""

import json

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from examples.policy import policy

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    INSTALLED_APPS=["cors_core_django"],
    MIDDLEWARE=["cors_core_django.CORSMiddleware", "django.middleware.common.CommonMiddleware"],
    CORS_CORE=policy,
    ROOT_URLCONF=__name__,
)

note = {"text": "Hello from Django"}


@require_http_methods(["GET", "PUT", "DELETE"])
def read_or_write_note(request: HttpRequest) -> HttpResponse:
    if request.method == "PUT":
        note["text"] = json.loads(request.body)["text"]
    if request.method == "DELETE":
        note["text"] = ""
        return HttpResponse(status=204)
    return JsonResponse(note)


@require_safe
def count_visits(request: HttpRequest) -> HttpResponse:
    count = int(request.COOKIES.get("visits", "0")) + 1
    response = JsonResponse({"visits": count})
    response.set_cookie("visits", str(count))
    return response


def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("nobody catches this")


urlpatterns = [
    path("note", read_or_write_note),
    path("visits", count_visits),
    path("crash", crash),
]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
