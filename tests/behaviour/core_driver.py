"""The driver that applies a decision with no framework: where it fails, the decision is wrong."""

from typing import Any

from cors_core import CORSRequest, Decision, Policy, PolicyRequest
from cors_core.adapters import HeaderFields, PolicyChoice

from .small_app import BrokenConverter, Crash, find, mark_for, plain_answer
from .transports import Request, Response, Send


def core(
    policy: Any, *, marked: bool = False, late: bool = False, guarded: bool = False, **choice: Any
) -> Send:
    chooser = PolicyChoice(policy, {}, choice.get("policies"), choice.get("paths"), awaits=False)

    def decide(asked: CORSRequest) -> Decision:
        routes = find(asked.path, asked.served_method, marked=marked, late=late)
        mark = mark_for(routes[0], asked.served_method) if routes else None
        if asked.path.startswith("/broken/") and routes:
            mark = _broken_router
        source = chooser.source_for(asked.path) if mark is None else mark
        return chooser.choose(source, asked).decide(asked)

    def send(request: Request) -> Response:
        fields = _fields(request)
        prefix = "access-control-request-"
        asked = CORSRequest(
            request.method,
            fields.get("origin"),
            fields.get(f"{prefix}method"),
            fields.get(f"{prefix}headers"),
            fields.get(f"{prefix}private-network"),
            fields.get("host", ""),
            request.path,
            headers=HeaderFields(lambda: [(n, v.decode("latin-1")) for n, v in request.headers]),
        )
        decision = decide(asked)
        if decision.status is not None:
            return Response(decision.status, list(decision.text.answer), decision.raw.body)
        if guarded and fields.get("authorization") == "no":
            return Response(401, decision.text.join([]), b"no")
        try:
            if request.path.startswith("/broken/"):
                raise BrokenConverter
            status, headers, body = plain_answer(request, marked=marked, late=late)
        except (BrokenConverter, Crash) as error:
            return Response(500, decision.text.join([]), b"crash", raised=error)
        return Response(status, decision.text.join(headers), b"".join(body))

    return send


def _fields(request: Request) -> dict[str, str]:
    """Return the request's headers by lower-case name, repeated lines joined."""
    fields: dict[str, str] = {}
    for line, value in request.headers:
        name, text = line.lower(), value.decode("latin-1")
        fields[name] = f"{fields[name]},{text}" if name in fields else text
    return fields


def _broken_router(_: PolicyRequest) -> Policy:
    """Stand for a router that raises."""
    raise BrokenConverter
