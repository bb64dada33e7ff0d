"""The driver that applies a decision with no framework: where it fails, the decision is wrong."""

from typing import Any

from cors_core import CORSRequest, Policy, PolicyChoice, PolicyRequest, decide_by

from .small_app import BrokenConverter, Crash, find, mark_for, plain_answer
from .transports import Request, Response, Send


def core(
    policy: Any, *, marked: bool = False, late: bool = False, guarded: bool = False, **choice: Any
) -> Send:
    chooser = PolicyChoice(policy, {}, choice.get("policies"), choice.get("paths"), awaits=False)

    def decide(asked: CORSRequest, request: Request, host: str, method: str) -> Any:
        routes = find(request.path, method, marked=marked, late=late)
        mark = mark_for(routes[0], method) if routes else None
        if request.path.startswith("/broken/") and routes:
            mark = _broken_router
        wanted = PolicyRequest(host, request.path, method, asked.origin)
        return decide_by(chooser.choose(wanted, mark), asked)

    def send(request: Request) -> Response:
        fields = _fields(request)
        prefix = "access-control-request-"
        asked = CORSRequest(
            request.method,
            fields.get("origin"),
            fields.get(f"{prefix}method"),
            fields.get(f"{prefix}headers"),
            fields.get(f"{prefix}private-network"),
        )
        preflight = asked.method == "OPTIONS" and asked.origin is not None
        method = asked.request_method if preflight and asked.request_method else asked.method
        decision = decide(asked, request, fields.get("host", ""), method)
        if decision.status is not None:
            return Response(decision.status, list(decision.answer), decision.body.encode())
        if guarded and fields.get("authorization") == "no":
            return Response(401, decision.merged([]), b"no")
        try:
            if request.path.startswith("/broken/"):
                raise BrokenConverter
            status, headers, body = plain_answer(request, marked=marked, late=late)
        except (BrokenConverter, Crash) as error:
            return Response(500, decision.merged([]), b"crash", raised=error)
        return Response(status, decision.merged(headers), b"".join(body))

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
