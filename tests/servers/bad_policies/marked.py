"""An app whose mark names no policy: seen in the lifespan, when the routes are complete."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cors_core import cors_policy
from cors_core_starlette import CORSMiddleware
from tests.servers.shared import POLICY


@cors_policy("nowhere")
async def _marked(request: Request) -> PlainTextResponse:
    return PlainTextResponse("app")


app = Starlette(routes=[Route("/", _marked)])
app.add_middleware(CORSMiddleware, policy=POLICY)
