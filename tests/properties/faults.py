"""Drivers with a fault in them, to show that a property can fail."""

from collections.abc import Callable

from cors_core import Policy
from tests.behaviour.drivers import Driver
from tests.behaviour.transports import Request, Response

Fault = Callable[[Request, Response], None]
"""Spoils the response to a request."""


def with_fault(driver: Driver, fault: Fault) -> Driver:
    """Return a driver whose responses `fault` spoils."""

    def faulty(policy: Policy) -> Callable[[Request], Response]:
        send = driver(policy)

        def send_and_spoil(request: Request) -> Response:
            response = send(request)
            fault(request, response)
            return response

        return send_and_spoil

    return faulty


def drop(response: Response, name: str) -> None:
    """Take all lines of a header out of the response."""
    response.headers = [pair for pair in response.headers if pair[0].lower() != name.lower()]


def put(response: Response, name: str, value: bytes) -> None:
    """Set a header to one line with that value."""
    drop(response, name)
    response.headers.append((name, value.decode("latin-1")))
