"""HTTP as it is: one request to a server of the demo, its response with every header line."""

from http.client import HTTPConnection, HTTPException

from examples.demo.browser import Request, Response, Send

_SECONDS = 10.0


class NoAnswer(Exception):  # noqa: N818  # named as the verdict that it leads to
    """The server did not answer, or not in HTTP."""


def sender(port: int) -> Send:
    """Return what sends a request to this port of the loopback address.

    It names the host `localhost`, as the page does, without asking a resolver for it.
    """

    def send(request: Request) -> Response:
        connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            connection.putrequest(
                request.method, request.path, skip_host=True, skip_accept_encoding=True
            )
            body = None if request.body is None else request.body.encode()
            for name, value in (("Host", f"localhost:{port}"), *request.headers):
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            return Response(answer.status, tuple(answer.getheaders()), text)
        except (OSError, HTTPException) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    return send
