"""Serialized origins: what a browser sends in Origin, and the index that finds one in a policy.

Grammar, after the HTML standard's "ASCII serialization of an origin" and the URL standard's host
serializer:

    serialized-origin = scheme "://" host [ ":" port ]
    scheme            = lower-case ALPHA *( lower-case ALPHA / DIGIT / "+" / "-" / "." )
    host              = "[" compressed IPv6 address "]" / dotted-quad IPv4 address / domain
    domain            = 1*( printable ASCII but upper case and forbidden domain code points )
    port              = 1-65535, no leading zero, never the scheme's default

`null`, the serialization of an opaque origin, is no serialized tuple origin: callers treat it by
itself. What a person may have meant by a misspelt origin is the business of `origin_entries`.

https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
https://url.spec.whatwg.org/#host-serializing
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from cors_core.fetch_standard import DEFAULT_PORTS, MAX_ORIGIN_LENGTH, OPAQUE_ORIGIN_SCHEMES

ANY_PORT: Final = "*"

_ORIGIN = re.compile(
    r"""
    ([a-z][a-z0-9+.\-]*)                                   # scheme
    ://
    ( \[[0-9a-f:]+\] | [!"$&'()*+,\-.0-9;=_`a-z{}~]+ )     # host
    (?: : ([1-9][0-9]{0,4}) )?                             # port
    """,
    re.VERBOSE,
)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ZERO_PIECES = re.compile(r"\b0(?::0)+\b")
_HOST_NAME_LABELS = re.compile(r"(?:[a-z0-9_\-]+\.)+")


class TupleOrigin(NamedTuple):
    """The parts of a serialized tuple origin, as written; `port` is "" for the default one."""

    scheme: str
    host: str
    port: str


def parse_origin(text: str) -> TupleOrigin | None:
    """Return the parts of `text`, or `None` where no browser serializes an origin so.

    >>> parse_origin("https://app.example.com:8443")
    TupleOrigin(scheme='https', host='app.example.com', port='8443')
    >>> parse_origin("https://app.example.com/")
    """
    if len(text) > MAX_ORIGIN_LENGTH or (match := _ORIGIN.fullmatch(text)) is None:
        return None
    scheme, host, port = match.group(1), match.group(2), match.group(3) or ""
    if scheme in OPAQUE_ORIGIN_SCHEMES or not _is_serialized_host(host):
        return None
    if port and (int(port) > 65535 or port == DEFAULT_PORTS.get(scheme)):
        return None
    return TupleOrigin(scheme, host, port)


def _is_serialized_host(host: str) -> bool:
    if host[0] == "[":
        return serialized_ipv6(host[1:-1]) == host
    if ends_in_number(host):
        return _IPV4.fullmatch(host) is not None
    return True


def ends_in_number(host: str) -> bool:
    """Say whether the URL standard reads `host` as an IPv4 address (or fails trying).

    https://url.spec.whatwg.org/#ends-in-a-number-checker
    """
    last = host.removesuffix(".").rpartition(".")[2]
    return _NUMBER.fullmatch(last) is not None


def serialized_ipv6(address: str) -> str | None:
    """Return `address` in brackets as the URL standard's IPv6 serializer writes it, else `None`.

    `str(IPv6Address)` will not do: since Python 3.13 it writes ::ffff:1.2.3.4, browsers never do.

    https://url.spec.whatwg.org/#concept-ipv6-serializer
    """
    if "%" in address:  # a zone: no URL has one
        return None
    from ipaddress import AddressValueError, IPv6Address  # late: few policies name an IPv6 host

    try:
        packed = IPv6Address(address).packed
    except AddressValueError:
        return None
    pieces = [f"{packed[i] << 8 | packed[i + 1]:x}" for i in range(0, 16, 2)]
    joined = ":".join(pieces)
    zeros = max(_ZERO_PIECES.finditer(joined), key=lambda run: len(run.group()), default=None)
    if zeros:
        before, after = joined[: zeros.start()], joined[zeros.end() :]
        joined = f"{before.removesuffix(':')}::{after.removeprefix(':')}"
    return f"[{joined}]"


class OriginPattern(NamedTuple):
    """`https://*.example.com` (any depth below `host`), `http://localhost:*` (any port) or both."""

    scheme: str
    host: str
    port: str
    """"" (the default one), digits, or ANY_PORT."""
    subdomains: bool


class OriginIndex:
    """Finds an origin among exact ones and patterns, in a time that depends on neither number.

    Exact origins are compared byte by byte, unparsed. A pattern's base is found by looking up the
    few suffixes of the host that have as many labels as some base has: never by a comparison of
    string ends, in which `barfoo.com` would pass for `foo.com`.
    """

    __slots__ = ("_any_port", "_bases", "_depths", "_exact", "_regex")

    def __init__(
        self,
        exact: Iterable[str],
        patterns: Iterable[OriginPattern],
        regex: re.Pattern[str] | None,
    ) -> None:
        any_port: set[tuple[str, str]] = set()
        bases: dict[tuple[str, str], set[str]] = {}
        depths: set[int] = set()
        for pattern in patterns:
            if pattern.subdomains:
                bases.setdefault((pattern.scheme, pattern.port), set()).add(pattern.host)
                depths.add(pattern.host.count(".") + 1)
            else:
                any_port.add((pattern.scheme, pattern.host))
        self._exact = frozenset(exact)
        self._any_port = frozenset(any_port)
        self._bases = {key: frozenset(hosts) for key, hosts in bases.items()}
        self._depths = tuple(sorted(depths))
        self._regex = regex

    def __contains__(self, origin: str) -> bool:
        """Say whether an Origin header's value is allowed; anything malformed is not."""
        if origin in self._exact:
            return True
        parts = parse_origin(origin)
        if parts is None and origin != "null":
            return False
        if parts is not None and self._matches_pattern(parts):
            return True
        return self._regex is not None and self._regex.fullmatch(origin) is not None

    def _matches_pattern(self, origin: TupleOrigin) -> bool:
        scheme, host, port = origin
        if (scheme, host) in self._any_port:
            return True
        for key in ((scheme, port), (scheme, ANY_PORT)):
            bases = self._bases.get(key)
            if bases and any(base in bases for base in self._parents(host)):
                return True
        return False

    def _parents(self, host: str) -> Iterable[str]:
        """Yield what follows one or more whole labels of `host`, at the depths that bases have."""
        labels = host.split(".")
        for depth in self._depths:
            base = ".".join(labels[-depth:])
            # Only host-name labels: no empty one, and no "*" to be echoed as if it were a wildcard.
            if depth < len(labels) and _HOST_NAME_LABELS.fullmatch(host[: -len(base)]):
                yield base
