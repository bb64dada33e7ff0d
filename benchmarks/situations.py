"""The requests that are sent, the policy that every layer is given, and its origins.

A request is written once, as a browser sends it; `transports` turns it into a scope or an environ.
"""

from typing import NamedTuple

METHODS = ("GET", "POST", "PUT", "DELETE")
HEADERS = ("Authorization", "Content-Type", "X-CSRF-Token", "X-Requested-With")
EXPOSED = ("X-Request-ID",)
MAX_AGE = 600

ALLOWED_ORIGIN = "https://app.example.com"
REFUSED_ORIGIN = "https://app.elsewhere.example"

OPTIONS = {
    "allow_methods": METHODS,
    "allow_headers": HEADERS,
    "allow_credentials": True,
    "expose_headers": EXPOSED,
    "max_age": MAX_AGE,
}
"""Our policy but for its origins; the peers' stacks spell the same in their words."""


def origins(count: int) -> list[str]:
    """Return `count` origins, the one that requests come from last."""
    return [f"https://tenant-{i}.example.com" for i in range(count - 1)] + [ALLOWED_ORIGIN]


def patterns(count: int) -> list[str]:
    """Return `count` subdomain patterns at two depths, the one that requests match last.

    A single one is alone with its depth, as it would be in a policy of one pattern.
    """
    others = (f"https://*.{'eu.' if i % 2 else ''}tenant-{i}.example" for i in range(count - 1))
    return [*others, "https://*.example.com"]


class Situation(NamedTuple):
    """One kind of request; `name` is what tables and options call it."""

    name: str
    title: str
    method: str
    headers: tuple[tuple[str, str], ...]
    allowed: bool | None
    """Whether an answer must carry Access-Control-Allow-Origin; `None` where layers differ."""

    @property
    def preflight(self) -> bool:
        """Whether this is a CORS-preflight request."""
        return self.method == "OPTIONS"


_BROWSER = (
    ("host", "api.example.com"),
    ("connection", "keep-alive"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"),
    ("accept", "application/json, text/plain, */*"),
)
_BROWSER_HINTS = (
    ("sec-ch-ua", '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", '"Linux"'),
)
_BROWSER_END = (
    ("sec-fetch-site", "same-site"),
    ("sec-fetch-mode", "cors"),
    ("referer", "https://app.example.com/"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9"),
)


def _actual(origin: str | None) -> tuple[tuple[str, str], ...]:
    sent = (("origin", origin),) if origin else ()
    return _BROWSER + _BROWSER_HINTS + sent + _BROWSER_END


def _preflight(origin: str, requested: str) -> tuple[tuple[str, str], ...]:
    asked = (
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", requested),
        ("origin", origin),
    )
    return _BROWSER + asked + _BROWSER_END


_THREE_HEADERS = "authorization,content-type,x-csrf-token"

SITUATIONS = (
    Situation("plain", "plain, no Origin", "GET", _actual(None), None),
    Situation("actual", "actual, allowed", "GET", _actual(ALLOWED_ORIGIN), True),
    Situation("refused", "actual, refused", "GET", _actual(REFUSED_ORIGIN), False),
    Situation(
        "preflight",
        "preflight, allowed, three headers",
        "OPTIONS",
        _preflight(ALLOWED_ORIGIN, _THREE_HEADERS),
        True,
    ),
    Situation(
        "preflight-refused",
        "preflight, refused",
        "OPTIONS",
        _preflight(REFUSED_ORIGIN, _THREE_HEADERS),
        False,
    ),
    Situation(
        "commas-8k",
        "preflight, 8 KiB of commas",
        "OPTIONS",
        _preflight(ALLOWED_ORIGIN, "," * 8 * 1024),
        None,
    ),
    Situation(
        "commas-64k",
        "preflight, 64 KiB of commas",
        "OPTIONS",
        _preflight(ALLOWED_ORIGIN, "," * 64 * 1024),
        None,
    ),
)
BY_NAME = {situation.name: situation for situation in SITUATIONS}
