"""Any WSGI app, here without a framework: `waitress-serve examples.wsgi.app:app`, from the root.

The last line is all that a WSGI app needs. Bottle and Pyramid have an example each, in which their
own command still finds its app.
"""

import json
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from cors_core.wsgi import CORSMiddleware
from examples.policy import policy

note = {"text": "Hello from WSGI"}


def notes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    answer: dict[str, Any] = note
    status, headers = "200 OK", [("Content-Type", "application/json")]
    match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
        case "GET", "/note":
            pass
        case "PUT", "/note":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            note["text"] = json.loads(body)["text"]
        case "DELETE", "/note":
            note["text"] = ""
        case "GET", "/visits":
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
            count = int(cookies["visits"].value) + 1 if "visits" in cookies else 1
            answer = {"visits": count}
            headers.append(("Set-Cookie", f"visits={count}; Path=/"))
        case "GET", "/crash":
            raise RuntimeError("nobody catches this")
        case _:
            status, answer = "404 Not Found", {"error": "not found"}
    start_response(status, headers)
    return [json.dumps(answer).encode()]


app = CORSMiddleware(notes, policy=policy)
