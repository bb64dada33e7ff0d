"""Falcon quick start: `waitress-serve examples.falcon.app:app`, from the root of the repository."""

import falcon

from cors_core_falcon import CORSMiddleware
from examples.policy import policy


class Note:
    def __init__(self) -> None:
        self.text = "Hello from Falcon"

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"text": self.text}

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.text = req.get_media()["text"]
        resp.media = {"text": self.text}

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.text = ""
        resp.status = falcon.HTTP_204


class Visits:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        count = int(req.cookies.get("visits", "0")) + 1
        resp.set_cookie("visits", str(count), secure=False)  # Falcon's default is https only
        resp.media = {"visits": count}


class Crash:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise RuntimeError("nobody catches this")


app = falcon.App(middleware=[CORSMiddleware(policy=policy)])
app.add_route("/note", Note())
app.add_route("/visits", Visits())
app.add_route("/crash", Crash())
