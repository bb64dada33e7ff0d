"""Responses made by hand, and a server that gives them."""

from tests.behaviour.transports import Request, Response
from tests.fetch_model.fetch_request import FetchRequest, Page, PageRequest, new_request

ORIGIN = "https://app.example"
PAGE = Page(ORIGIN)


def response(status: int = 200, **headers: str | list[str]) -> Response:
    """Return a response; `acao` is Access-Control-Allow-Origin, and so on, a list several lines."""
    lines: list[tuple[str, str]] = []
    for key, values in headers.items():
        name = ABBREVIATED.get(key, key.replace("_", "-"))
        lines += [(name, value) for value in ([values] if isinstance(values, str) else values)]
    return Response(status, lines)


ABBREVIATED = {
    "acao": "Access-Control-Allow-Origin",
    "acac": "Access-Control-Allow-Credentials",
    "acam": "Access-Control-Allow-Methods",
    "acah": "Access-Control-Allow-Headers",
    "acma": "Access-Control-Max-Age",
    "aceh": "Access-Control-Expose-Headers",
}


class Server:
    """Answers each request with the next response, the last one again and again."""

    def __init__(self, *responses: Response) -> None:
        self._responses = list(responses)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Answer, and remember what was asked."""
        self.requests.append(request)
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]

    @property
    def methods(self) -> list[str]:
        """The methods of all requests so far."""
        return [request.method for request in self.requests]


def cors_request(asked: PageRequest, origin: str = ORIGIN) -> FetchRequest:
    """Return the request that a page of `origin` makes."""
    request = new_request(Page(origin), asked)
    request.response_tainting = "cors"
    return request
