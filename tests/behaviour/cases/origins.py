"""R4-R6: which origins a policy lets in. Each case asks as an actual request and as a preflight."""

from collections.abc import Iterator
from typing import Any

from tests.behaviour.case import PREFLIGHT_VARY, SAFELISTED, Case, Expected, preflight, request

EXACT = {
    "allow_origins": ["https://app.example", "http://localhost:3000", "https://a.example:8443"]
}
SUBDOMAINS = {"allow_origins": ["https://*.app.example"], "allow_credentials": True}
ANY_PORT = {"allow_origins": ["http://localhost:*", "http://[::1]:*", "http://127.0.0.1:*"]}
BOTH = {"allow_origins": ["https://*.app.example:*"]}
NULL = {"allow_origins": ["null"]}
CUSTOM = {
    "allow_origins": [
        "capacitor://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "app://-", "tauri://localhost", "moz-extension://2b2f2b60-0000-4000-8000-000000000000",
    ]
}  # fmt: skip
REGEX = {"allow_origin_regex": r"https://pr-\d+\.app\.example"}
UNANCHORED_ENDS = {"allow_origin_regex": r"^https://[a-z]+\.app\.example$"}
ALTERNATIVES = {"allow_origin_regex": r"https://a\.example|https://b\.example"}
ANYTHING = {"allow_origin_regex": r"(?s).*"}
LIST_AND_REGEX = {"allow_origins": ["https://app.example"], **REGEX}
NOTHING: dict[str, Any] = {}
MANY = {"allow_origins": [f"https://a{number}.example" for number in range(1000)]}

ALLOWED = [
    ("exact", "R4", EXACT, "https://app.example"),
    ("exact-port", "R4", EXACT, "http://localhost:3000"),
    ("exact-last", "R4", EXACT, "https://a.example:8443"),
    ("last-of-many", "R4", MANY, "https://a999.example"),
    ("null-listed", "R4", NULL, "null"),
    *(
        (f"custom-{index}", "R4", CUSTOM, origin)
        for index, origin in enumerate(CUSTOM["allow_origins"])
    ),
    ("subdomain", "R5", SUBDOMAINS, "https://a.app.example"),
    ("deep-subdomain", "R5", SUBDOMAINS, "https://a.b.c.app.example"),
    ("subdomain-of-digits", "R5", SUBDOMAINS, "https://1.app.example"),
    ("subdomain-with-underscore", "R5", SUBDOMAINS, "https://a_b.app.example"),
    ("subdomain-in-punycode", "R5", SUBDOMAINS, "https://xn--mnchen-3ya.app.example"),
    ("any-port", "R5", ANY_PORT, "http://localhost:5173"),
    ("any-port-none", "R5", ANY_PORT, "http://localhost"),
    ("any-port-highest", "R5", ANY_PORT, "http://localhost:65535"),
    ("any-port-ipv6", "R5", ANY_PORT, "http://[::1]:3000"),
    ("any-port-ipv4", "R5", ANY_PORT, "http://127.0.0.1:3000"),
    ("both", "R5", BOTH, "https://a.app.example:8443"),
    ("both-no-port", "R5", BOTH, "https://a.b.app.example"),
    ("regex", "R6", REGEX, "https://pr-12.app.example"),
    ("regex-beside-list", "R6", LIST_AND_REGEX, "https://pr-12.app.example"),
    ("list-beside-regex", "R6", LIST_AND_REGEX, "https://app.example"),
    ("regex-second-alternative", "R6", ALTERNATIVES, "https://b.example"),
    ("regex-with-anchors", "R6", UNANCHORED_ENDS, "https://a.app.example"),
    ("regex-null", "R6", ANYTHING, "null"),
]

REFUSED = [
    ("empty-policy", "R4", NOTHING, "https://app.example"),
    ("other-origin", "R4", EXACT, "https://evil.example"),
    ("other-scheme", "R4", EXACT, "http://app.example"),
    ("other-port", "R4", EXACT, "https://app.example:8443"),
    ("default-port-spelled-out", "R4", EXACT, "https://app.example:443"),
    ("upper-case-host", "R4", EXACT, "https://APP.example"),
    ("upper-case-scheme", "R4", EXACT, "HTTPS://app.example"),
    ("trailing-slash", "R4", EXACT, "https://app.example/"),
    ("trailing-dot", "R4", EXACT, "https://app.example."),
    ("trailing-space", "R4", EXACT, "https://app.example "),
    ("subdomain-of-exact", "R4", EXACT, "https://a.app.example"),
    ("prefix-of-exact", "R4", EXACT, "https://app.exampl"),
    ("suffix-of-exact", "R4", EXACT, "app.example"),
    ("exact-as-prefix", "R4", EXACT, "https://app.example.evil.example"),
    ("exact-as-suffix", "R4", EXACT, "https://evilapp.example"),
    ("null-unlisted", "R4", EXACT, "null"),
    ("null-upper-case", "R4", NULL, "NULL"),
    ("custom-other-host", "R4", CUSTOM, "capacitor://evil"),
    ("star", "R4", EXACT, "*"),
    ("subdomain-base-itself", "R5", SUBDOMAINS, "https://app.example"),
    ("subdomain-without-dot", "R5", SUBDOMAINS, "https://evilapp.example"),
    ("subdomain-empty-label", "R5", SUBDOMAINS, "https://.app.example"),
    ("subdomain-empty-inner-label", "R5", SUBDOMAINS, "https://a..app.example"),
    ("subdomain-other-scheme", "R5", SUBDOMAINS, "http://a.app.example"),
    ("subdomain-other-port", "R5", SUBDOMAINS, "https://a.app.example:8443"),
    ("subdomain-with-more-behind", "R5", SUBDOMAINS, "https://a.app.example.evil.example"),
    ("subdomain-trailing-dot", "R5", SUBDOMAINS, "https://a.app.example."),
    ("subdomain-upper-case", "R5", SUBDOMAINS, "https://A.app.example"),
    ("subdomain-literal-star", "R5", SUBDOMAINS, "https://*.app.example"),
    ("any-port-other-host", "R5", ANY_PORT, "http://localhost.evil.example:3000"),
    ("any-port-other-scheme", "R5", ANY_PORT, "https://localhost:3000"),
    ("any-port-zero", "R5", ANY_PORT, "http://localhost:0"),
    ("any-port-too-high", "R5", ANY_PORT, "http://localhost:65536"),
    ("any-port-leading-zero", "R5", ANY_PORT, "http://localhost:03000"),
    ("any-port-default-spelled-out", "R5", ANY_PORT, "http://localhost:80"),
    ("any-port-empty", "R5", ANY_PORT, "http://localhost:"),
    ("any-port-letters", "R5", ANY_PORT, "http://localhost:abc"),
    ("any-port-literal-star", "R5", ANY_PORT, "http://localhost:*"),
    ("both-base-itself", "R5", BOTH, "https://app.example:8443"),
    ("regex-prefix", "R6", REGEX, "https://pr-12.app.example.evil.example"),
    ("regex-suffix", "R6", REGEX, "https://evil.example/https://pr-12.app.example"),
    ("regex-first-alternative-as-prefix", "R6", ALTERNATIVES, "https://a.example.evil.example"),
    ("regex-other-port", "R6", REGEX, "https://pr-12.app.example:8443"),
]

MALFORMED = [
    "https://app.example/path", "https://app.example?query", "https://app.example#fragment",
    "https://user@app.example", "https://user:password@app.example", "https://app.example\\",
    "https://app.example https://evil.example", "https://app.example,https://evil.example",
    "https://app.example, https://evil.example", "https://a b.example", "https://app.example\t",
    "https://app.example\x00", "https://app.example\x7f", "https://\x01.example", "https://",
    "https:app.example", "//app.example", "app.example", "://app.example", "1https://app.example",
    "https://m\xfcnchen.example", "https://app.example%00", "https://%61pp.example",
    "https://app.example:443", "https://app.example:99999", "https://app.example:-1",
    "https://[::1", "https://::1", "https://[0:0::1]", "https://[::ffff:127.0.0.1]",
    "https://[fe80::1%25eth0]", "https://127.1", "https://0x7f.0.0.1", "https://127.0.0.01",
    "https://127.0.0.1.", "https://256.0.0.1", "https://app.1", "file://", "file:///etc/passwd",
    "data://app.example", "javascript://app.example", "https://app.example<", "https://app^.example",
    "https://" + "a" * 300 + ".example", "https://" + "a." * 5000 + "example", " null", "null ",
]  # fmt: skip


def _both(id: str, rule: str, policy: Any, origin: str, *, allowed: bool) -> Iterator[Case]:
    policy = {"max_age": None, **policy}
    credentials = (
        {"Access-Control-Allow-Credentials": "true"} if policy.get("allow_credentials") else {}
    )
    shown = {"Access-Control-Allow-Origin": origin, **credentials} if allowed else {}
    yield Case(id, rule, policy, request(origin), Expected({**shown, "Vary": "Origin"}))
    if allowed:
        shown["Access-Control-Allow-Methods"] = "GET"
        shown["Access-Control-Allow-Headers"] = SAFELISTED
    status, body = (200, "OK") if allowed else (400, "Disallowed CORS origin")
    expected = Expected({**shown, "Vary": PREFLIGHT_VARY}, status, body, app=False)
    yield Case(f"{id}-preflight", rule, policy, preflight(origin=origin), expected)


CASES = [
    *(case for row in ALLOWED for case in _both(*row, allowed=True)),
    *(case for row in REFUSED for case in _both(*row, allowed=False)),
    *(
        case
        for index, origin in enumerate(MALFORMED)
        for case in _both(f"malformed-{index}", "R4", ANYTHING, origin, allowed=False)
    ),
]
