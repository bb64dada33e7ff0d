"""R13-R14: what becomes of the CORS headers and the Vary that the app set itself."""

import json

from tests.behaviour.case import ORIGIN, OTHER_ORIGIN, Case, Expected, request
from tests.behaviour.transports import Request

POLICY = {"allow_origins": [ORIGIN], "expose_headers": ["X-Id"]}
PUBLIC = {"allow_origins": ["*"]}
OURS = {"Access-Control-Allow-Origin": ORIGIN, "Access-Control-Expose-Headers": "X-Id"}
ITS_OWN = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", "X-Secret"),
    ("Access-Control-Allow-Methods", "DELETE"),
    ("Access-Control-Allow-Headers", "X-Any"),
    ("Access-Control-Max-Age", "1"),
    ("Access-Control-Allow-Private-Network", "true"),
]
REFLECTED = [
    ("access-control-allow-origin", OTHER_ORIGIN),
    ("ACCESS-CONTROL-ALLOW-CREDENTIALS", "true"),
]


def asking(headers: list[tuple[str, str]], origin: str | None = ORIGIN) -> Request:
    """Return a request that has the app set these headers."""
    return request(origin, x_app_headers=json.dumps(headers))


def vary(id: str, app_sets: list[str], expected: str, origin: str | None = ORIGIN) -> Case:
    ours = {ORIGIN: OURS}.get(origin or "", {})
    asked = asking([("Vary", value) for value in app_sets], origin)
    return Case(id, "R14", POLICY, asked, Expected({**ours, "Vary": expected}))


CASES = [
    Case("replaced", "R13", POLICY, asking(ITS_OWN), Expected({**OURS, "Vary": "Origin"})),
    Case("not-leaked", "R13", POLICY, asking(ITS_OWN, OTHER_ORIGIN), Expected({"Vary": "Origin"})),
    Case(
        "not-reflected",
        "R13",
        POLICY,
        asking(REFLECTED, OTHER_ORIGIN),
        Expected({"Vary": "Origin"}),
    ),
    Case("not-without-origin", "R13", POLICY, asking(ITS_OWN, None), Expected({"Vary": "Origin"})),
    Case(
        "replaced-by-public",
        "R13",
        PUBLIC,
        asking(ITS_OWN),
        Expected({"Access-Control-Allow-Origin": "*"}),
    ),
    Case(
        "others-untouched",
        "R13",
        POLICY,
        asking([("X-Access-Control-Allow-Origin", "kept"), ("Age", "1"), ("Via", "a")]),
        Expected({**OURS, "Vary": "Origin"}),
    ),
    vary("vary-merged", ["Accept-Encoding"], "Accept-Encoding, Origin"),
    vary("vary-merged-refused", ["Cookie"], "Cookie, Origin", OTHER_ORIGIN),
    vary("vary-merged-without-origin", ["Cookie, Accept"], "Cookie, Accept, Origin", None),
    vary("vary-has-it", ["Origin"], "Origin"),
    vary("vary-has-it-in-lower-case", ["accept, origin"], "accept, origin"),
    vary("vary-twice", ["Accept, Origin, accept, ORIGIN"], "Accept, Origin"),
    vary("vary-two-lines", ["Accept", "Cookie"], "Accept, Cookie, Origin"),
    vary("vary-two-lines-the-same", ["Accept", "Accept"], "Accept, Origin"),
    vary("vary-contains-the-word", ["X-Origin"], "X-Origin, Origin"),
    vary("vary-star", ["*"], "*"),
    vary("vary-star-without-origin", ["*"], "*", None),
    vary("vary-empty-elements", [",Accept, ,"], "Accept, Origin"),
    Case(
        "public-leaves-vary",
        "R14",
        PUBLIC,
        asking([("Vary", "Accept")]),
        Expected({"Access-Control-Allow-Origin": "*", "Vary": "Accept"}),
    ),
]
