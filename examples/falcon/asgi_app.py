"""Falcon on ASGI: `uvicorn examples.falcon.asgi_app:app`, from the root of the repository."""

import falcon
from falcon.asgi import App, Request, Response

from cors_core_falcon import CORSMiddleware
from examples.policy import policy


class Note:
    def __init__(self) -> None:
        self.text = "Hello from Falcon on ASGI"

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = {"text": self.text}

    async def on_put(self, req: Request, resp: Response) -> None:
        self.text = (await req.get_media())["text"]
        resp.media = {"text": self.text}

    async def on_delete(self, req: Request, resp: Response) -> None:
        self.text = ""
        resp.status = falcon.HTTP_204


class Visits:
    async def on_get(self, req: Request, resp: Response) -> None:
        count = int(req.cookies.get("visits", "0")) + 1
        resp.set_cookie("visits", str(count), secure=False)  # Falcon's default is https only
        resp.media = {"visits": count}


class Crash:
    async def on_get(self, req: Request, resp: Response) -> None:
        raise RuntimeError("nobody catches this")


app = App(middleware=[CORSMiddleware(policy=policy)])
app.add_route("/note", Note())
app.add_route("/visits", Visits())
app.add_route("/crash", Crash())
