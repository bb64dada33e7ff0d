"""Any ASGI app, here without a framework: `uvicorn examples.asgi.app:app`, from the root.

The last line is all that an ASGI app needs. Quart, Litestar and others have an example each, in
which their own command still finds its app.
"""

import json
from http.cookies import SimpleCookie
from typing import Any

from cors_core.asgi import CORSMiddleware, Receive, Scope, Send
from examples.policy import policy

note = {"text": "Hello from ASGI"}


async def notes(scope: Scope, receive: Receive, send: Send) -> None:
    status, headers = 200, [(b"content-type", b"application/json")]
    answer: dict[str, Any] = note
    match scope["method"], scope["path"]:
        case "GET", "/note":
            pass
        case "PUT", "/note":
            note["text"] = json.loads(await read_body(receive))["text"]
        case "DELETE", "/note":
            note["text"] = ""
        case "GET", "/visits":
            count = visits_so_far(scope) + 1
            answer = {"visits": count}
            headers.append((b"set-cookie", b"visits=%d; Path=/" % count))
        case "GET", "/crash":
            raise RuntimeError("nobody catches this")
        case _:
            status, answer = 404, {"error": "not found"}
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def visits_so_far(scope: Scope) -> int:
    cookies = SimpleCookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
    return int(cookies["visits"].value) if "visits" in cookies else 0


app = CORSMiddleware(notes, policy=policy)
