"""The lists and bounds that the standards fix, each with its link; no logic lives here."""

SAFELISTED_REQUEST_HEADERS = (
    "Accept",
    "Accept-Language",
    "Content-Language",
    "Content-Type",
)
"""Allowed by every policy (rule R8). Range, safelisted for some values only, is asked for by name.
https://fetch.spec.whatwg.org/#cors-safelisted-request-header"""

STANDARD_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")
"""What `allow_methods=["*"]` means: RFC 9110 section 9, RFC 5789 (PATCH), RFC 10008 (QUERY)."""

FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
"""No page can use them, in any case. https://fetch.spec.whatwg.org/#forbidden-method"""

FORBIDDEN_REQUEST_HEADERS = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
"""No page can set them, in any case; User-Agent was one of them once, and is no more.
https://fetch.spec.whatwg.org/#forbidden-request-header"""

FORBIDDEN_REQUEST_HEADER_PREFIXES = ("proxy-", "sec-")
"""Neither can a page set any that starts so.
https://fetch.spec.whatwg.org/#forbidden-request-header"""

FORBIDDEN_RESPONSE_HEADERS = frozenset({"set-cookie", "set-cookie2"})
"""No page can read them. https://fetch.spec.whatwg.org/#forbidden-response-header-name"""

CORS_RESPONSE_HEADERS = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-allow-private-network",
        "access-control-expose-headers",
        "access-control-max-age",
    }
)
"""What a server answers with; in a request they mean nothing.
https://fetch.spec.whatwg.org/#http-responses"""

NORMALIZED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
"""A browser sends these in upper case whatever the page wrote; all others go out as written.
https://fetch.spec.whatwg.org/#concept-method-normalize"""

DEFAULT_PORTS = {"ftp": "21", "http": "80", "https": "443", "ws": "80", "wss": "443"}
"""A serialized origin leaves out its scheme's default port.
https://url.spec.whatwg.org/#default-port"""

MAX_ORIGIN_LENGTH = 268
"""Characters: "https://", the longest DNS name with its final dot (254), ":" and five digits.
https://url.spec.whatwg.org/#host-serializing"""

OPAQUE_ORIGIN_SCHEMES = frozenset({"about", "blob", "data", "file", "filesystem", "javascript"})
"""A page of such a URL has an opaque origin, or that of another URL: none serializes with the
scheme itself, but for the `file://` of some embedders. https://url.spec.whatwg.org/#origin"""
