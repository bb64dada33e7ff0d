"""The parser of origins against ada, the URL parser of Node: what a browser would send.

For a URL, a browser's serialized origin is `ada_url.URL(url).origin`. So such an origin must be
accepted, and a text that is not its own origin refused; ada knows the origins of http, https, ws,
wss and ftp only.
"""

import re

import ada_url
import pytest
from hypothesis import assume, example, find, given
from hypothesis import strategies as st

from cors_core import CORSRequest, Policy, PolicyError
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.origins.serialized import parse_origin
from tests.properties import examples

SCHEMES = ["http", "https", "ws", "wss", "ftp"]
LETTERS = "abcxyzABCXYZ"
ODD_ASCII = "-_!\"$&'()*+,;=`{}~"
"""What the URL standard lets stand in a domain beside letters, digits and dots."""
FORBIDDEN_ASCII = " #%/:<>?@[\\]^|\t\n\r\0\x7f\x1f"
UNICODE_LETTERS = "äöüßéèçñøåłœабвгдαβγλςאבגد中文字日本語ひカ"
"""Ordinary letters, in which Punycode alone and UTS 46 agree."""


def origin_of(url: str) -> str | None:
    """Return the origin that a browser sends for a page of `url`, `None` if it is no URL."""
    try:
        return str(ada_url.URL(url).origin)
    except ValueError:
        return None


def within_bounds(origin: str) -> bool:
    """Say whether the parser's own bounds leave the origin alone: its length, port 0, and commas.

    A URL's host may hold a comma, but a comma is also how servers join two Origin lines.
    """
    return len(origin) <= MAX_ORIGIN_LENGTH and not origin.endswith(":0") and "," not in origin


def _number(value: int) -> st.SearchStrategy[str]:
    """Return the spellings of a number in an IPv4 address."""
    return st.sampled_from(
        [str(value), f"0{value:o}", f"0x{value:x}", f"0X{value:X}", f"00{value:o}"]
    )


@st.composite
def ipv4_hosts(draw: st.DrawFn) -> str:
    """Draw an IPv4 address in one of its old forms: one to four numbers, in three bases."""
    address = draw(st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 255)))
    parts = draw(st.integers(1, 4))
    numbers = [address >> 8 * (3 - index) & 255 for index in range(parts - 1)]
    numbers.append(address & 2 ** (8 * (5 - parts)) - 1)
    return ".".join(draw(_number(number)) for number in numbers) + draw(st.sampled_from(["", "."]))


@st.composite
def ipv6_hosts(draw: st.DrawFn) -> str:
    """Draw an IPv6 address: compressed anywhere or nowhere, padded, in capitals, ending in IPv4."""
    pieces = draw(st.lists(st.one_of(st.just(0), st.integers(0, 0xFFFF)), min_size=8, max_size=8))
    form = draw(st.sampled_from(["x", "X", "04x", "02X"]))
    written = [format(piece, form) for piece in pieces]
    if draw(st.booleans()):
        written[6:] = [".".join(str(n >> s & 255) for n in pieces[6:] for s in (8, 0))]
    if draw(st.booleans()):
        start = draw(st.integers(0, len(written) - 1))
        end = start
        while end < min(len(written), len(pieces)) and end < 6 and pieces[end] == 0:
            end += 1
        if end > start:
            return f"[{':'.join(written[:start])}::{':'.join(written[end:])}]"
    return f"[{':'.join(written)}]"


def _labels(alphabet: str) -> st.SearchStrategy[str]:
    return st.lists(st.text(alphabet, min_size=1, max_size=8), min_size=1, max_size=4).map(".".join)


PLAIN_DOMAINS = st.one_of(
    _labels(LETTERS),
    _labels(LETTERS + "19-_"),
    st.sampled_from(
        ["localhost", "Example.COM", "xn--bcher-kva.example", "a.example.", "1e9.test"]
    ),
)
UNICODE_DOMAINS = st.tuples(
    _labels("abc" + UNICODE_LETTERS), st.sampled_from(["", ".example"])
).map("".join)
ODD_DOMAINS = st.one_of(
    _labels(LETTERS + "0189" + ODD_ASCII),
    _labels("0189xX"),
    _labels("ab%46\u3002\uff0e\u00ad\u212aⅧ"),
    st.text("ab.%0x1" + FORBIDDEN_ASCII, max_size=9),
)
HOSTS = st.one_of(PLAIN_DOMAINS, UNICODE_DOMAINS, ODD_DOMAINS, ipv4_hosts(), ipv6_hosts())
PORTS = st.one_of(
    st.just(""),
    st.sampled_from(
        [":", ":80", ":443", ":21", ":0", ":0443", ":00080", ":8080", ":65535", ":65536"]
    ),
    st.integers(0, 70_000).map(":{}".format),
)
USER_INFOS = st.sampled_from(["", "", "", "me@", "me:secret@", "@", "a@b@"])
TAILS = st.sampled_from(["", "", "", "/", "/path/", "?a=b", "#top", "/a?b#c", "\\a", "/@b:1"])
_SCHEME = st.sampled_from(SCHEMES)


@st.composite
def urls(draw: st.DrawFn, hosts: st.SearchStrategy[str] = HOSTS) -> str:
    """Draw what may be a URL of the five schemes, in any spelling."""
    scheme = draw(_SCHEME)
    if draw(st.booleans()):
        scheme = scheme.title()
    return f"{scheme}://{draw(USER_INFOS)}{draw(hosts)}{draw(PORTS)}{draw(TAILS)}"


NEARLY_ORIGINS = st.builds("{}://{}{}".format, _SCHEME, HOSTS.map(str.lower), PORTS)
"""No user info, path or capitals: what is left is the host and the port."""


@examples(300)
@given(urls())
@example("http://[2001:DB8:0:0:1:0:0:1]:080/")
@example("https://[::ffff:192.0.2.1]")
@example("https://0x7f.1:443")
@example("wss://bücher.example/")
@example("https://" + "a." * 126 + "b:65535")
def test_what_a_browser_sends_is_accepted(url: str) -> None:
    origin = origin_of(url)
    assume(origin is not None and within_bounds(origin))
    assert origin is not None
    parts = parse_origin(origin)
    assert parts is not None, origin
    assert f"{parts.scheme}://{parts.host}{parts.port and ':' + parts.port}" == origin


@examples(500)
@given(st.one_of(NEARLY_ORIGINS, NEARLY_ORIGINS, urls()))
@example("https://a.example:443")
@example("https://a.example:0")
@example("https://A.example")
@example("https://1.2.3.04")
@example("https://1.2.3")
@example("https://256.1")
@example("https://a.0x1")
@example("https://[::0:1]")
@example("https://[1:0:0:2:0:0:0:3]")
@example("https://[::1.2.3.4]")
@example("https://[::1")
@example("https://a,b.example")
def test_what_is_not_its_own_origin_is_refused(text: str) -> None:
    assert (parse_origin(text) is not None) == (origin_of(text) == text and within_bounds(text))


@examples(200)
@given(urls(st.one_of(PLAIN_DOMAINS, UNICODE_DOMAINS, ipv4_hosts(), ipv6_hosts())))
def test_an_entry_of_what_a_browser_sends_matches_it(url: str) -> None:
    origin = origin_of(url)
    assume(origin is not None and within_bounds(origin))
    assert origin is not None
    policy = Policy(allow_origins=[origin])
    assert policy.decide(CORSRequest("GET", origin)).allowed
    assert not policy.decide(CORSRequest("GET", origin + "0")).allowed


@examples(200)
@given(urls(st.one_of(PLAIN_DOMAINS, UNICODE_DOMAINS, ipv4_hosts(), ipv6_hosts())))
@example("HTTPS://Me@Bücher.Example:0443/path")
@example("https://straße.example")
@example("http://0x7F.1:0080")
@example("http://[0:0::0001]:80/")
def test_the_fix_of_a_misspelt_entry_names_what_a_browser_sends(url: str) -> None:
    origin = origin_of(url)
    assume(origin is not None and within_bounds(origin) and origin != url)
    with pytest.raises(PolicyError) as caught:
        Policy(allow_origins=[url])
    [problem] = caught.value.problems
    assert problem.fix == f"a browser sends '{origin}'"


@pytest.mark.parametrize(
    "too_lax",
    [r"[a-z]+://[^/?#]+", r"[a-z]+://[a-z0-9.-]+(:\d+)?", r"[a-z]+://[a-z.]+(:[1-9]\d*)?"],
)
def test_a_lax_parser_is_found(too_lax: str) -> None:
    find(
        NEARLY_ORIGINS,
        lambda text: bool(re.fullmatch(too_lax, text)) and origin_of(text) != text,
        settings=examples(2000, shrink=False),
    )
