"""Sanic quick start: `uvicorn examples.sanic.app:app`, from the root of the repository.

On an ASGI server, that is. Sanic's own server (the command `sanic`, `app.run()`) speaks no ASGI: no
ASGI middleware works there. As `app` is not Sanic's own object, that command does not start it.
"""

from sanic import HTTPResponse, Request, Sanic, empty, json

from cors_core.asgi import CORSMiddleware
from examples.policy import policy

site = Sanic("notes")

note = {"text": "Hello from Sanic"}


@site.get("/note")
async def read_note(request: Request) -> HTTPResponse:
    return json(note)


@site.put("/note")
async def write_note(request: Request) -> HTTPResponse:
    note["text"] = request.json["text"]
    return json(note)


@site.delete("/note")
async def delete_note(request: Request) -> HTTPResponse:
    note["text"] = ""
    return empty()


@site.get("/visits")
async def count_visits(request: Request) -> HTTPResponse:
    count = int(request.cookies.get("visits", "0")) + 1
    response = json({"visits": count})
    response.add_cookie("visits", str(count), secure=False)
    return response


@site.get("/crash")
async def crash(request: Request) -> HTTPResponse:
    raise RuntimeError("nobody catches this")


app = CORSMiddleware(site, policy=policy)
