"""Every case of the browsers: the behaviour table's, and what only a page can show.

The rows here are about what the browser adds: cookies, redirects, the preflight cache, modes, what
a script may read. They are data, each with what the policy means for the page.
"""

from collections.abc import Mapping
from typing import Any

from cors_core import Policy
from tests.behaviour.case import ORIGIN, OTHER_ORIGIN
from tests.browsers.behaviour_cases import page_cases
from tests.browsers.page_case import OWN, PROBES, Deviation, Meant, PageCase, PageFetch

EXACT = {"allow_origins": [ORIGIN], "allow_methods": ["GET", "PUT"], "allow_headers": ["X-Token"]}
EVERY_METHOD = {"allow_origins": [ORIGIN], "allow_methods": ["*"]}
AUTHORIZED = {"allow_origins": [ORIGIN], "allow_headers": ["Authorization"]}
CREDENTIALS = {**EXACT, "allow_credentials": True}
EXPOSING = {"allow_origins": [ORIGIN], "expose_headers": ["X-Id", "ETag"]}
PUBLIC = {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]}
PUBLIC_EXPOSING_ALL = {"allow_origins": ["*"], "expose_headers": ["*"]}
WITH_NULL = {**EXACT, "allow_origins": [ORIGIN, "null"]}
SHARED_CACHE: dict[str, Any] = {"allow_origins": [ORIGIN, "https://b.example"]}
"""Of the scenario in `test_shared_cache`."""

READ = Meant("cors", 200, "app")
BLOCKED = Meant("error")
OPAQUE = Meant("opaque", 0, "")
ALL = frozenset({"x-app", "x-id", "etag", "x-secret"})
COOKIE = ("Set-Cookie", "session=1; Path={mount}; SameSite=None; Secure")


def row(
    theme: str,
    id: str,
    policy: Mapping[str, Any],
    *exchanges: tuple[PageFetch, Meant],
    arrivals: tuple[str, ...] | None = None,
    origin: str = ORIGIN,
    modelled: bool = True,
    asks_more: Mapping[str, tuple[str, tuple[str, ...]]] | None = None,
) -> PageCase:
    """Return a case; `asks_more` has engines that read the same, and why, after which requests."""
    fetches, meant = zip(*exchanges, strict=True)
    deviations = {
        engine: Deviation(reason, meant, more)
        for engine, (reason, more) in (asks_more or {}).items()
    }
    return PageCase(id, theme, policy, origin, fetches, meant, arrivals, modelled, deviations)


def fetch(method: str = "GET", path: str = "/", **more: Any) -> PageFetch:
    headers = tuple(more.pop("headers", {}).items())
    return PageFetch(method, path, headers, **more)


def redirect(to: str, method: str = "GET", **more: Any) -> PageFetch:
    return fetch(method, "/redirect", app_headers=(("Location", to),), **more)


METHODS = [
    row("methods", "patch-in-lower-case", EVERY_METHOD, (fetch("patch"), BLOCKED),
        arrivals=("preflight",)),
    row("methods", "PATCH", EVERY_METHOD, (fetch("PATCH"), READ), arrivals=("preflight", "PATCH")),
    row("methods", "put-is-normalized", EXACT, (fetch("put"), READ), arrivals=("preflight", "PUT")),
    row("methods", "QUERY", EVERY_METHOD, (fetch("QUERY"), READ), arrivals=("preflight", "QUERY")),
    row("methods", "QUERY-unlisted", EXACT, (fetch("QUERY"), BLOCKED), arrivals=("preflight",)),
    row("methods", "POST-needs-no-listing", EXACT, (fetch("POST"), READ), arrivals=("POST",)),
    row("methods", "TRACE-is-forbidden", EVERY_METHOD, (fetch("TRACE"), BLOCKED), arrivals=()),
]  # fmt: skip

HEADERS = [
    row("request headers", "authorization", AUTHORIZED,
        (fetch(headers={"Authorization": "Bearer t"}), READ),
        arrivals=("preflight", "GET with authorization")),
    row("request headers", "authorization-unlisted", EXACT,
        (fetch(headers={"Authorization": "Bearer t"}), BLOCKED), arrivals=("preflight",)),
    row("request headers", "authorization-by-star", PUBLIC,
        (fetch(headers={"Authorization": "Bearer t"}), READ),
        arrivals=("preflight", "GET with authorization")),
    row("request headers", "json-needs-no-listing", EXACT,
        (fetch("PUT", headers={"Content-Type": "application/json"}), READ),
        arrivals=("preflight", "PUT")),
    row("request headers", "plain-text-needs-no-preflight", EXACT,
        (fetch("POST", headers={"Content-Type": "text/plain"}), READ), arrivals=("POST",)),
    row("request headers", "many-at-once", PUBLIC,
        (fetch(headers={f"X-{number:02}": "1" for number in range(40)}), READ),
        arrivals=("preflight", "GET")),
    row("request headers", "simple-range-needs-no-preflight", EXACT,
        (fetch(headers={"Range": "bytes=0-2"}), READ), arrivals=("GET",)),
    row("request headers", "other-range-unlisted", EXACT,
        (fetch(headers={"Range": "bytes=-2"}), BLOCKED), arrivals=("preflight",)),
    row("request headers", "long-value-is-asked-for", EXACT,
        (fetch(headers={"Accept": "a" * 128}), READ), (fetch(headers={"Accept": "a" * 129}), READ),
        arrivals=("GET", "preflight", "GET")),
    row("request headers", "unsafe-byte-is-asked-for", EXACT,
        (fetch(headers={"Accept": "text/plain;a={}"}), READ), arrivals=("preflight", "GET")),
    row("request headers", "unsafe-language-is-asked-for", EXACT,
        (fetch(headers={"Accept-Language": "en_GB"}), READ), arrivals=("preflight", "GET")),
    row("request headers", "forbidden-are-dropped", EXACT,
        (fetch(headers={"Cookie": "a=b", "Origin": OTHER_ORIGIN, "Sec-A": "1", "Host": "b"}), READ),
        arrivals=("GET",)),
    row("request headers", "one-of-two-unlisted", EXACT,
        (fetch(headers={"X-Token": "1", "X-Other": "1"}), BLOCKED), arrivals=("preflight",)),
]  # fmt: skip

WITH_COOKIE = fetch(credentials="include")
SETS_COOKIE = fetch(credentials="include", app_headers=(*PROBES, COOKIE))
CREDENTIALED = [
    row("credentials", "cookie-comes-back", CREDENTIALS,
        (SETS_COOKIE, READ), (WITH_COOKIE, READ),
        arrivals=("GET", "GET with cookie")),
    row("credentials", "not-without-being-asked", CREDENTIALS,
        (SETS_COOKIE, READ), (fetch(), READ), (fetch(credentials="omit"), READ),
        arrivals=("GET", "GET", "GET")),
    row("credentials", "never-on-the-preflight", CREDENTIALS,
        (SETS_COOKIE, READ), (fetch("PUT", credentials="include"), READ),
        arrivals=("GET", "preflight", "PUT with cookie")),
    row("credentials", "not-allowed-by-the-policy", EXACT,
        (WITH_COOKIE, BLOCKED), (fetch("PUT", credentials="include"), BLOCKED), (fetch(), READ),
        arrivals=("GET", "preflight", "GET")),
    row("credentials", "not-for-everybody", PUBLIC,
        (WITH_COOKIE, BLOCKED), (fetch("PUT", credentials="include"), BLOCKED), (fetch(), READ),
        arrivals=("GET", "preflight", "GET")),
    row("credentials", "of-a-refused-origin", CREDENTIALS,
        (WITH_COOKIE, BLOCKED), (fetch("PUT", credentials="include"), BLOCKED),
        arrivals=("GET", "preflight"), origin=OTHER_ORIGIN),
    row("credentials", "on-the-own-origin", EXACT,
        (SETS_COOKIE, Meant("basic", 200, "app", ALL)), (fetch(), Meant("basic", 200, "app", ALL)),
        arrivals=("GET", "GET with cookie"), origin=OWN),
]  # fmt: skip

EXPOSED = [
    row("exposed headers", "listed", EXPOSING,
        (fetch(), Meant("cors", 200, "app", frozenset({"x-id", "etag"})))),
    row("exposed headers", "none", EXACT, (fetch(), Meant("cors", 200, "app", frozenset()))),
    row("exposed headers", "all", PUBLIC_EXPOSING_ALL, (fetch(), Meant("cors", 200, "app", ALL))),
    row("exposed headers", "refused-origin", EXPOSING, (fetch(), BLOCKED), origin=OTHER_ORIGIN),
    row("exposed headers", "own-origin", EXACT,
        (fetch(), Meant("basic", 200, "app", ALL)), origin=OWN),
]  # fmt: skip

STATUSES = [
    row("errors", "405-after-a-preflight", EXACT, (fetch("PUT", "/get-only"), Meant("cors", 405)),
        arrivals=("preflight", "PUT")),
    row("errors", "404-after-a-preflight", EXACT, (fetch("PUT", "/missing"), Meant("cors", 404)),
        arrivals=("preflight", "PUT")),
    row("errors", "500-after-a-preflight", EXACT,
        (fetch(path="/crash", headers={"X-Token": "1"}), Meant("cors", 500)),
        arrivals=("preflight", "GET")),
    row("errors", "500-with-credentials", CREDENTIALS,
        (fetch(path="/crash", credentials="include"), Meant("cors", 500)), arrivals=("GET",)),
    row("errors", "500-for-everybody", PUBLIC, (fetch(path="/crash"), Meant("cors", 500)),
        arrivals=("GET",)),
]  # fmt: skip

DROPPED = "though it drops that header, as the standard has it, on the way to another origin"
REDIRECTED = ("preflight", "GET with authorization", "preflight", "GET")
REDIRECTS = [
    row("redirects", "on-the-api", EXACT, (redirect("{mount}/"), READ), arrivals=("GET", "GET")),
    row("redirects", "asks-again", EXACT, (redirect("{mount}/", "PUT"), READ),
        arrivals=("preflight", "PUT", "preflight", "PUT")),
    row("redirects", "refused-origin", EXACT, (redirect("{mount}/"), BLOCKED),
        arrivals=("GET",), origin=OTHER_ORIGIN),
    row("redirects", "to-an-error", EXACT, (redirect("{mount}/missing"), Meant("cors", 404)),
        arrivals=("GET", "GET")),
    # The origin of a request that was redirected from one foreign origin to another is `null`:
    # https://fetch.spec.whatwg.org/#concept-request-tainted-origin
    row("redirects", "to-another-api", EXACT, (redirect("{other}/"), BLOCKED),
        arrivals=("GET", "GET"), modelled=False),
    row("redirects", "to-another-api-that-lists-null", WITH_NULL, (redirect("{other}/"), READ),
        arrivals=("GET", "GET"), modelled=False),
    row("redirects", "to-another-api-for-everybody", PUBLIC, (redirect("{other}/"), READ),
        arrivals=("GET", "GET"), modelled=False),
    # https://fetch.spec.whatwg.org/#concept-http-redirect-fetch , step 13
    row("redirects", "to-another-api-without-authorization", PUBLIC,
        (redirect("{other}/", headers={"Authorization": "t"}), READ),
        arrivals=("preflight", "GET with authorization", "GET"), modelled=False,
        asks_more={
            "firefox": (f"asks again, without naming Authorization, {DROPPED} (153)", REDIRECTED),
            "webkit": (f"asks again, naming Authorization, {DROPPED} (2.50)", REDIRECTED),
        }),
    row("redirects", "to-another-api-after-a-preflight", PUBLIC,
        (redirect("{other}/", "PUT"), READ),
        arrivals=("preflight", "PUT", "preflight", "PUT"), modelled=False),
    row("redirects", "manual", EXACT,
        (redirect("{mount}/", redirect="manual"), Meant("opaqueredirect", 0, "")),
        arrivals=("GET",), modelled=False),
    row("redirects", "as-an-error", EXACT, (redirect("{mount}/", redirect="error"), BLOCKED),
        arrivals=("GET",), modelled=False),
]  # fmt: skip

STREAMED = [
    row("streaming", "chunk-by-chunk", EXACT,
        (fetch(path="/stream", streamed=True), Meant("cors", 200, "one two three"))),
    row("streaming", "after-a-preflight", EXACT,
        (fetch(path="/stream", streamed=True, headers={"X-Token": "1"}),
         Meant("cors", 200, "one two three")), arrivals=("preflight", "GET")),
    row("streaming", "refused-origin", EXACT, (fetch(path="/stream", streamed=True), BLOCKED),
        origin=OTHER_ORIGIN),
]  # fmt: skip

MODES = [
    row("modes", "no-cors", EXACT, (fetch(mode="no-cors"), OPAQUE), arrivals=("GET",)),
    row("modes", "no-cors-of-a-refused-origin", EXACT,
        (fetch(mode="no-cors"), OPAQUE), (fetch("POST", mode="no-cors"), OPAQUE),
        arrivals=("GET", "POST"), origin=OTHER_ORIGIN),
    row("modes", "no-cors-cannot-put", EXACT, (fetch("PUT", mode="no-cors"), BLOCKED),
        arrivals=()),
    row("modes", "no-cors-drops-unsafe-headers", EXACT,
        (fetch(mode="no-cors", headers={"X-Token": "1"}), OPAQUE), arrivals=("GET",)),
    row("modes", "same-origin", EXACT, (fetch(mode="same-origin"), BLOCKED), arrivals=()),
    row("modes", "own-origin-asks-nobody", EXACT,
        (fetch("DELETE"), Meant("basic", 200, "app")), arrivals=("DELETE",), origin=OWN),
]  # fmt: skip

PUT = (fetch("PUT"), READ)
FIREFOX_CACHE = (
    "asks again: keeps what was allowed with credentials for requests with credentials alone (153;"
    " https://searchfox.org/mozilla-central/source/netwerk/protocol/http/nsCORSListenerProxy.cpp)"
)
TOKEN = (fetch("PUT", headers={"X-Token": "1"}), READ)
PREFLIGHT_CACHE = [
    row("preflight cache", "remembered", EXACT, PUT, PUT, PUT,
        arrivals=("preflight", "PUT", "PUT", "PUT")),
    row("preflight cache", "remembered-with-headers", EXACT, TOKEN, PUT, TOKEN,
        arrivals=("preflight", "PUT", "PUT", "PUT")),
    row("preflight cache", "not-with-max-age-0", {**EXACT, "max_age": 0}, PUT, PUT,
        arrivals=("preflight", "PUT", "preflight", "PUT")),
    row("preflight cache", "until-max-age", {**EXACT, "max_age": 1},
        PUT, (fetch("PUT", after_seconds=2.5), READ),
        arrivals=("preflight", "PUT", "preflight", "PUT")),
    row("preflight cache", "refusals-are-not-remembered", EXACT,
        (fetch("DELETE"), BLOCKED), (fetch("DELETE"), BLOCKED),
        arrivals=("preflight", "preflight")),
    row("preflight cache", "the-listed-are-remembered", EVERY_METHOD,
        PUT, (fetch("PATCH"), READ), (fetch("DELETE"), READ),
        arrivals=("preflight", "PUT", "PATCH", "DELETE")),
    row("preflight cache", "with-credentials-covers-without", CREDENTIALS,
        (fetch("PUT", credentials="include"), READ), PUT,
        arrivals=("preflight", "PUT", "PUT"),
        asks_more={"firefox": (FIREFOX_CACHE, ("preflight", "PUT", "preflight", "PUT"))}),
    row("preflight cache", "without-credentials-covers-not-with", CREDENTIALS,
        PUT, (fetch("PUT", credentials="include"), READ),
        arrivals=("preflight", "PUT", "preflight", "PUT")),
    row("preflight cache", "each-url-by-itself", EXACT,
        PUT, (fetch("PUT", "/missing"), Meant("cors", 404)),
        arrivals=("preflight", "PUT", "preflight", "PUT")),
    row("preflight cache", "another-header-is-asked-for", WITH_NULL,
        PUT, TOKEN, (fetch("PUT", headers={"X-Token": "1", "X-Other": "1"}), BLOCKED),
        arrivals=("preflight", "PUT", "PUT", "preflight")),
    row("preflight cache", "a-blocked-request-clears-it", EXACT,
        PUT, (fetch("DELETE"), BLOCKED), PUT,
        arrivals=("preflight", "PUT", "preflight", "preflight", "PUT")),
    row("preflight cache", "with-credentials", CREDENTIALS,
        (fetch("PUT", credentials="include"), READ), (fetch("PUT", credentials="include"), READ),
        arrivals=("preflight", "PUT", "PUT")),
]  # fmt: skip

EVERYBODY = [
    row("everybody", "any-origin", PUBLIC, (fetch(), READ), origin="https://any.example"),
    row("everybody", "any-sandbox", PUBLIC, (fetch(), READ), (fetch("PUT"), READ), origin="null"),
    row("everybody", "any-method-and-header", PUBLIC,
        (fetch("PATCH", headers={"X-Any": "1", "Authorization": "t"}), READ),
        arrivals=("preflight", "PATCH with authorization"), origin="http://localhost:3000"),
]  # fmt: skip

ROWS = [
    *METHODS, *HEADERS, *CREDENTIALED, *EXPOSED, *STATUSES, *REDIRECTS, *STREAMED, *MODES,
    *PREFLIGHT_CACHE, *EVERYBODY,
]  # fmt: skip
PAGE_CASES: tuple[PageCase, ...] = (*page_cases(), *ROWS)
POLICIES: tuple[Policy, ...] = tuple(
    dict.fromkeys([*(case.built_policy() for case in PAGE_CASES), Policy(**SHARED_CACHE)])
)
