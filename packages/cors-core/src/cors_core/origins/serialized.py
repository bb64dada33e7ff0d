"""Serialized origins: what a browser sends in Origin.

Grammar, after the HTML standard's "ASCII serialization of an origin" and the URL standard's host
serializer:

    serialized-origin = scheme "://" host [ ":" port ]
    scheme            = lower-case ALPHA *( lower-case ALPHA / DIGIT / "+" / "-" / "." )
    host              = "[" compressed IPv6 address "]" / dotted-quad IPv4 address / domain
    domain            = 1*( printable ASCII but upper case, comma, forbidden domain code points )
    port              = 1-65535, no leading zero, never the scheme's default

The URL standard lets a comma stand in a domain, DNS has no such name: servers join two Origin lines
with it, and a regex that was meant to match one origin could match the two.

`null`, the serialization of an opaque origin, and the `file://` of some embedders are no serialized
tuple origins: callers treat them by themselves. What a person may have meant by a misspelt origin
is the business of `options.entries`.

https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
https://url.spec.whatwg.org/#host-serializing
"""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from cors_core.fetch_standard import DEFAULT_PORTS, MAX_ORIGIN_LENGTH, OPAQUE_ORIGIN_SCHEMES

_ORIGIN = re.compile(
    r"""
    ([a-z][a-z0-9+.\-]*)                                   # scheme
    ://
    ( \[[0-9a-f:]+\] | [!"$&'()*+\-.0-9;=_`a-z{}~]+ )     # host
    (?: : ([1-9][0-9]{0,4}) )?                             # port
    """,
    re.VERBOSE,
)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ZERO_PIECES = re.compile(r"\b0(?::0)+\b")


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
