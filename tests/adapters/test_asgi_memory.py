"""What the ASGI adapter remembers by the bytes of a request stays true."""

from collections.abc import Callable

import pytest

from cors_core import OriginLookup, Policy
from tests.behaviour.case import preflight, request
from tests.behaviour.drivers import DRIVERS
from tests.behaviour.transports import Request

A = "https://a.example"


@pytest.mark.parametrize("length", [300, 513, 4096, 4097, 4098, 65536])
def test_what_is_long_is_decided_as_by_the_core(length: int) -> None:
    policy = Policy(allow_origins=["https://*.a.example"], allow_headers=["*"])
    asgi, core = DRIVERS["asgi"](policy), DRIVERS["core"](policy)
    long = "x" * length
    for sent in (
        request(f"https://{long}.a.example"),
        preflight(origin=f"https://{long}.a.example"),
        preflight("GET", long, origin="https://x.a.example"),
        preflight(long, origin="https://x.a.example"),
    ):
        expected = core(sent)
        for _ in range(2):
            response = asgi(sent)
            assert response.status == expected.status
            for name in ("access-control-allow-origin", "access-control-allow-headers", "vary"):
                assert response.values(name) == expected.values(name)


@pytest.mark.parametrize("ask", [request, preflight])
def test_an_origin_lookup_is_believed_anew_each_time(ask: Callable[..., Request]) -> None:
    allowed = {A}
    lookup = OriginLookup(lambda origin: origin in allowed)
    send = DRIVERS["asgi"](Policy(allow_origins=["https://listed.example", lookup]))

    def verdicts() -> list[bool]:
        origins = (A, "https://b.example", "https://listed.example")
        shown = [send(ask(origin=origin)) for origin in origins]
        return [bool(response.values("access-control-allow-origin")) for response in shown]

    assert verdicts() == verdicts() == [True, False, True]
    allowed = {"https://b.example"}
    assert verdicts() == [True, False, True], "what the lookup said holds for a while"
    lookup.invalidate()
    assert verdicts() == verdicts() == [False, True, True]
    allowed = set()
    lookup.invalidate("https://b.example")
    assert verdicts() == verdicts() == [False, False, True]
    assert send(request(None)).values("vary") == ["Origin"]
