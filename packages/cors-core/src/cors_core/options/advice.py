"""What a valid policy allows though it is unwise: for tools to show, never a reason to refuse.

What is refused is in `openness`. Nothing here runs before it is asked for.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from cors_core.errors import Problem
from cors_core.fetch_standard import STANDARD_METHODS
from cors_core.options.entries import SHARED_ORIGINS, read_entry
from cors_core.options.reading import PolicySettings
from cors_core.origins.index import OriginPattern
from cors_core.origins.serialized import parse_origin

_PREFLIGHT_CACHE_CAPS = {"WebKit": 600, "Chromium": 7200, "Firefox": 86400}
"""Seconds that a browser remembers a preflight at most, whatever Access-Control-Max-Age says.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age"""

_LOCAL_NAMES = re.compile(r"[^.]+\.?|(?:.+\.)?(?:home\.arpa|internal|local|localhost|test)\.?")
"""A single label, and names that no public DNS server knows: RFC 6761, RFC 6762, RFC 8375."""
_LOCAL_IN_REGEX = re.compile(r"localhost|\d\\?\.\d|\d\\?\.\\d|\\\[|\\\.(?:internal|local|test)\b")
_HTTP_IN_REGEX = re.compile(r"\^?(?:http:|https\?|\((?:\?:)?http(?:s\?)?[|)])")

_UNENCRYPTED = (
    "is not encrypted: whoever controls the network can change its pages, and read with the"
    " user's credentials"
)


def advice_on(settings: PolicySettings) -> tuple[Problem, ...]:
    """Return what these valid options allow though it is unwise, in the options' order.

    http origins, whole domains, and any method or header, each with credentials; a `max_age` that
    browsers cut; origins that many documents share; and the withdrawn Private Network Access.
    """
    return tuple(_advice(settings))


def allows_nobody(settings: PolicySettings) -> bool:
    """Say whether no origin can be allowed: none is listed, looked up or matched by a regex."""
    return not settings.allow_origins and settings.allow_origin_regex is None


def _advice(settings: PolicySettings) -> Iterator[Problem]:
    for index, entry in enumerate(settings.allow_origins):
        if isinstance(entry, str) and entry != "*":
            for reason, fix in _on_origin(entry, settings.allow_credentials):
                yield Problem(f"allow_origins[{index}]", entry, reason, fix)
    if settings.allow_credentials:
        yield from _with_credentials(settings)
    if settings.max_age is not None:
        yield from _on_max_age(settings.max_age)
    if settings.allow_private_network:
        reason = (
            "answers preflights that browsers no longer send, because Chrome 142 asks its user"
            " instead"
        )
        yield Problem("allow_private_network", True, reason, "remove it")


def _on_origin(text: str, credentials: bool) -> Iterator[tuple[str, str]]:
    if text in SHARED_ORIGINS:
        shared = SHARED_ORIGINS[text]
        yield f"lets {shared.lets_in} in: {shared.because}", shared.fix
        return
    if not credentials:
        return
    entry = read_entry(text)
    parts = entry if isinstance(entry, OriginPattern) else parse_origin(text)
    if parts is not None and parts.scheme == "http" and not _is_local(parts.host):
        yield _UNENCRYPTED, f"serve it over https; list {text.replace('http:', 'https:')!r}"
    if isinstance(entry, OriginPattern) and entry.subdomains and not _is_local(entry.host):
        reason = (
            "lets every subdomain in, with credentials, also one that is forgotten or taken over"
        )
        yield reason, "list the subdomains that need credentials"


def _with_credentials(settings: PolicySettings) -> Iterator[Problem]:
    regex = settings.allow_origin_regex
    if regex and _HTTP_IN_REGEX.match(regex.pattern) and not _LOCAL_IN_REGEX.search(regex.pattern):
        reason = f"allows http, which {_UNENCRYPTED}"
        yield Problem("allow_origin_regex", regex.pattern, reason, "begin it with https://")
    if set(STANDARD_METHODS).issubset(settings.allow_methods):
        reason = "allows every standard method, with credentials"
        fix = "list the methods that the pages use"
        yield Problem("allow_methods", settings.allow_methods, reason, fix)
    if "*" in settings.allow_headers:
        option = f"allow_headers[{settings.allow_headers.index('*')}]"
        reason = "allows every request header, with credentials"
        yield Problem(option, "*", reason, "list the headers that the pages send")


def _on_max_age(max_age: int) -> Iterator[Problem]:
    cuts = [f"to {cap} by {name}" for name, cap in _PREFLIGHT_CACHE_CAPS.items() if max_age > cap]
    if cuts:
        fix = f"write {min(_PREFLIGHT_CACHE_CAPS.values())}, or expect preflights that often"
        yield Problem("max_age", max_age, f"is cut {', '.join(cuts)}", fix)


def _is_local(host: str) -> bool:
    """Say whether a host is on this machine or in a private network."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return _LOCAL_NAMES.fullmatch(host) is not None
    return address.is_private or address.is_loopback or address.is_link_local
