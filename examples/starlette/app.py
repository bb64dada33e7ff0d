"""Starlette quick start: `uvicorn examples.starlette.app:app`, from the root of the repository."""

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cors_core_starlette import CORSMiddleware
from examples.policy import policy

note = {"text": "Hello from Starlette"}


class Note(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return JSONResponse(note)

    async def put(self, request: Request) -> Response:
        note["text"] = (await request.json())["text"]
        return JSONResponse(note)

    async def delete(self, request: Request) -> Response:
        note["text"] = ""
        return Response(status_code=204)


async def visits(request: Request) -> Response:
    count = int(request.cookies.get("visits", "0")) + 1
    response = JSONResponse({"visits": count})
    response.set_cookie("visits", str(count))
    return response


async def crash(request: Request) -> Response:
    raise RuntimeError("nobody catches this")


app = Starlette(routes=[Route("/note", Note), Route("/visits", visits), Route("/crash", crash)])
app.add_middleware(CORSMiddleware, policy=policy)
