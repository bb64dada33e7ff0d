"""Django Channels with an HTTP consumer: `daphne examples.channels.app:application`, from the root.

Round the whole of the application, because a consumer is reached past Django's MIDDLEWARE. So
`cors_core_django` is not needed beside it; nothing is doubled if it is there, but this one decides.
A WebSocket passes untouched: OriginValidator is what Channels has for those.
"""

import json

import django
from channels.generic.http import AsyncHttpConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path

from cors_core.asgi import CORSMiddleware
from examples.policy import policy

settings.configure(ALLOWED_HOSTS=["localhost", "127.0.0.1"], ROOT_URLCONF=__name__)
django.setup()


class Status(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        answer = json.dumps({"served by": "a consumer"}).encode()
        await self.send_response(200, answer, headers=[(b"Content-Type", b"application/json")])


def read_note(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"served by": "a view"})


urlpatterns = [path("note", read_note)]

routes = [path("status", Status.as_asgi()), re_path("", get_asgi_application())]
application = CORSMiddleware(ProtocolTypeRouter({"http": URLRouter(routes)}), policy=policy)
