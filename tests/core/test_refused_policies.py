"""R17-R19: what a policy refuses to be, in its very words; and what it does not refuse."""

import pickle
import re
from datetime import timedelta
from typing import Any

import pytest

from cors_core import Policy, PolicyError, Problem

CREDENTIALS = {"allow_credentials": True}
PUNYCODE = "a browser sends 'https://xn--mnchen-3ya.example'"


def problems_of(**options: Any) -> list[str]:
    """Return the messages of all problems of these options."""
    try:
        Policy(**options)
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    return []


# R18: an entry of allow_origins, and what is said of it behind its name and value.
MISSPELT = {
    "https://a.example/": "has a path; a browser sends 'https://a.example'",
    "https://a.example/path?x#y": "has a path; a browser sends 'https://a.example'",
    "https://a.example?x": "has a query; a browser sends 'https://a.example'",
    "https://a.example#x": "has a fragment; a browser sends 'https://a.example'",
    "https://a.example\\x": "has a path; a browser sends 'https://a.example'",
    "https://A.example": "has upper case in its host; a browser sends 'https://a.example'",
    "HTTPS://a.example": "has upper case in its scheme; a browser sends 'https://a.example'",
    "https://a.example:443": "has the default port of https; a browser sends 'https://a.example'",
    "http://a.example:80": "has the default port of http; a browser sends 'http://a.example'",
    "https://münchen.example": f"has Unicode in its host; {PUNYCODE}",
    "https://MÜNCHEN.example": f"has Unicode in its host; {PUNYCODE}",
    "https://faß.example": "has Unicode in its host; a browser sends 'https://xn--fa-hia.example'",
    "https://a\u3002example": "has Unicode in its host; a browser sends 'https://a.example'",
    "https://a\u200b\u00ad.example": (
        "has Unicode in its host; a browser sends 'https://a.example'"
    ),
    "https://u:p@a.example": "has user info; a browser sends 'https://a.example'",
    "a.example": "has no scheme; a browser sends 'https://a.example'",
    "//a.example": "has no scheme; a browser sends 'https://a.example'",
    "https:/a.example": "has no scheme; a browser sends 'https://a.example'",
    "http:a.example": "has no scheme; a browser sends 'http://a.example'",
    "localhost:3000": "has no scheme; a browser sends 'http://localhost:3000'",
    "*.a.example": "has no scheme; write 'https://*.a.example'",
    "https://a.example:": "has an empty port; a browser sends 'https://a.example'",
    "https://a.example:08443": (
        "has a port with leading zeros; a browser sends 'https://a.example:8443'"
    ),
    "https://a.example:0": "has the bad port '0'; a port is 1 to 65535, or * for any",
    "https://a.example:65536": "has the bad port '65536'; a port is 1 to 65535, or * for any",
    "https://a.example:http": "has the bad port 'http'; a port is 1 to 65535, or * for any",
    "https://a.example:4\u0664": "has the bad port '4\u0664'; a port is 1 to 65535, or * for any",
    "https://a.example:" + "9" * 40: (
        f"has the bad port '{'9' * 40}'; a port is 1 to 65535, or * for any"
    ),
    "http://127.1": (
        "has an IP address in another form than browsers send; a browser sends 'http://127.0.0.1'"
    ),
    "http://0x7f000001:3000": (
        "has an IP address in another form than browsers send;"
        " a browser sends 'http://127.0.0.1:3000'"
    ),
    "http://[0:0::1]": (
        "has an IP address in another form than browsers send; a browser sends 'http://[::1]'"
    ),
    "http://[::FFFF:1.2.3.4]": (
        "has upper case in its host and has an IP address in another form than browsers send;"
        " a browser sends 'http://[::ffff:102:304]'"
    ),
    "http://::1": "has an IPv6 address without brackets; a browser sends 'http://[::1]'",
    " https://a.example": "has white space around it; a browser sends 'https://a.example'",
    "https://a.example\n": "has white space around it; a browser sends 'https://a.example'",
    "HTTP://U@A.example:80/": (
        "has upper case in its scheme and has a path and has user info and has the default port of"
        " http and has upper case in its host; a browser sends 'http://a.example'"
    ),
    "": "is empty; remove it, or write an origin such as 'https://app.example'",
    " ": "is empty; remove it, or write an origin such as 'https://app.example'",
    "https://a.example,https://b.example": (
        "is a list in one string; write 'https://a.example', 'https://b.example' as entries"
    ),
    "https://a.example https://b.example": (
        "is a list in one string; write 'https://a.example', 'https://b.example' as entries"
    ),
    "https://": "has no host; write one, such as 'https://app.example'",
    "https://:8443": "has no host; write one, such as 'https://app.example'",
    "https://*.": "has no host; write one, such as 'https://app.example'",
    "https://a b": "is a list in one string; write 'https://a', 'b' as entries",
    "https://a%20b.example": (
        "has the bad host 'a%20b.example';"
        " write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
    "https://[::1": (
        "has the bad host '[::1'; write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
    "https://[::g]": (
        "has the bad host '[::g]';"
        " write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
    "https://[::1]x": (
        "has the bad host '[::1]x';"
        " write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
    "https://1.2.3.4.5": (
        "has the bad host '1.2.3.4.5';"
        " write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
    "file:///index.html": (
        "has the scheme 'file', whose pages have no origin of their own;"
        " a browser sends 'null', Electron and Android's WebView send 'file://';"
        " serve the page over http or https"
    ),
    "data://x": (
        "has the scheme 'data', whose pages have no origin of their own;"
        " a browser sends 'null'; serve the page over http or https"
    ),
    "https://a.example\r\nX: y": (
        "holds a line break or control character; write the origin alone"
    ),
    "https://a\x00.example": "holds a line break or control character; write the origin alone",
    "https://" + "a" * 3000: "is too long for an origin; at most 268 characters",
    "https://" + "a" * 300: (
        f"has the bad host '{'a' * 300}';"
        " write a host name, a dotted-quad IPv4 or a bracketed IPv6 address"
    ),
}
STARS_GO = "a * may stand first, 'https://*.example.com', or for the port, 'http://localhost:*'"
STARS_OUT_OF_PLACE = [
    "https://*", "https://*:*", "https://a.*.example", "https://a*.example", "https://*a.example",
    "https://**.example", "https://*.*.example", "http*://a.example", "https://*.a.example:*:*",
]  # fmt: skip


@pytest.mark.parametrize("entry", MISSPELT)
def test_a_misspelt_origin_is_told_what_a_browser_sends(entry: str) -> None:
    shown = repr(entry) if len(repr(entry)) <= 200 else f"{repr(entry)[:200]}..."
    expected = f"allow_origins[1] {shown} {MISSPELT[entry]}"
    assert problems_of(allow_origins=["https://ok.example", entry]) == [expected]


@pytest.mark.parametrize("entry", STARS_OUT_OF_PLACE)
def test_a_star_has_two_places(entry: str) -> None:
    (problem,) = problems_of(allow_origins=[entry])
    assert problem.startswith(f"allow_origins[0] {entry!r} has ")


def test_where_stars_go() -> None:
    expected = f"allow_origins[0] 'https://a**.example' has a * where none may stand; {STARS_GO}"
    assert problems_of(allow_origins=["https://a**.example"]) == [expected]


@pytest.mark.parametrize("entry", ["https://.a.example", "https://a..example", "https://*..a"])
def test_an_empty_label_is_a_slip(entry: str) -> None:
    expected = f"allow_origins[0] {entry!r} has an empty label in its host; {STARS_GO}"
    assert problems_of(allow_origins=[entry]) == [expected]


def test_an_address_has_no_subdomains() -> None:
    reason = "has a * before an IP address, which has no subdomains; remove '*.'"
    for entry in ("http://*.127.0.0.1", "http://*.[::1]"):
        assert problems_of(allow_origins=[entry]) == [f"allow_origins[0] {entry!r} {reason}"]


@pytest.mark.parametrize(
    "entry",
    [
        "https://a.example", "https://a.example:8443", "http://localhost:*", "https://*.a.example",
        "https://*.a.example:*", "https://*.a.example:8443", "null", "http://[::1]:3000",
        "http://127.0.0.1", "https://a_b.example", "https://xn--mnchen-3ya.example",
        "https://a.example.", "capacitor://localhost", "ionic://localhost", "app://-",
        "tauri://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://2b2f2b60-0000-4000-8000-000000000000", "http://intranet", "https://*.com",
    ],
)  # fmt: skip
def test_a_well_spelt_origin_is_accepted(entry: str) -> None:
    assert problems_of(allow_origins=[entry]) == []
    assert Policy(allow_origins=[entry]).allow_origins == (entry,)


# R17
SUFFIXES = ["com", "co.uk", "github.io", "vercel.app", "kawasaki.jp", "ck", "xn--p1ai", "com."]
SUFFIXES += ["gov", "com.au", "amazonaws.com", "core.windows.net", "azure.com", "fastly.net"]
OPEN = {
    "star": ({"allow_origins": ["*"]}, "allow_origins[0] '*' lets any site in, with credentials"),
    "star-among-others": (
        {"allow_origins": ["https://a.example", "*"]},
        "allow_origins[1] '*' lets any site in, with credentials",
    ),
    "null": (
        {"allow_origins": ["null"]},
        "allow_origins[0] 'null' lets any site in, with credentials",
    ),
    **{
        f"suffix-{base}": (
            {"allow_origins": [f"https://*.{base}"]},
            f"allow_origins[0] 'https://*.{base}' lets any site under the public suffix",
        )
        for base in SUFFIXES
    },
    "suffix-any-port": (
        {"allow_origins": ["https://*.co.uk:*"]},
        "allow_origins[0] 'https://*.co.uk:*' lets any site under the public suffix 'co.uk'",
    ),
    "expose-star": (
        {"expose_headers": ["X-Id", "*"]},
        "expose_headers[1] '*' is no wildcard with credentials",
    ),
}
OPEN_REGEXES = [
    ".*", ".+", r"(?s).*", r"https?://.*", r"https://.*", r"https://[^/]+", r".*\.com",
    r"https://[a-z0-9.-]+", r"https?://\S+", r"https://.*\.(com|net|org)", r"https://.*\.co\.uk",
    r"https://[\w-]+\.github\.io", r"https://.*example\.com", r"https://example\.com.*",
    r"https://(www\.)?example\.com.*", r"https://app.example.com", r"http://localhost.*", "null",
    r"null|https://a\.example", r"https?://\d+\.\d+\.\d+\.\d+", r"https://\w+\.\w+",
    r"^https?://(.*)$", r"https://.*:\d+", r"https://app-.*-team\.vercel\.app",
]  # fmt: skip
CLOSED_REGEXES = [
    r"https://.*\.example\.com", r"https://([a-z]+\.)?example\.com", r"https://app\.example\.com",
    r"https?://localhost(:\d+)?", r"http://(localhost|127\.0\.0\.1):\d+", r"http://192\.168\.\d+\.\d+",
    r"https://pr-\d+\.preview\.example\.com", r"https://(a|b)\.example\.co\.uk",
    r"^https://[a-z-]+\.app\.example$",
]  # fmt: skip


@pytest.mark.parametrize("name", OPEN)
def test_with_credentials_no_foreign_site_is_let_in(name: str) -> None:
    options, expected = OPEN[name]
    assert any(problem.startswith(expected) for problem in problems_of(**options, **CREDENTIALS))
    if name != "star-among-others":
        assert problems_of(**options) == [], "without credentials it is allowed"


@pytest.mark.parametrize("regex", OPEN_REGEXES)
def test_a_regex_that_lets_foreign_sites_in(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=regex, **CREDENTIALS)
    assert f"allow_origin_regex {regex!r} lets other sites in, with credentials" in problem
    assert problems_of(allow_origin_regex=regex) == []
    assert len(problems_of(allow_origin_regex=re.compile(regex), **CREDENTIALS)) == 1


@pytest.mark.parametrize("regex", CLOSED_REGEXES)
def test_a_regex_that_names_its_domain(regex: str) -> None:
    assert problems_of(allow_origin_regex=regex, **CREDENTIALS) == []


@pytest.mark.parametrize(
    "base",
    [
        "localhost", "internal", "test", "example.com", "example.co.uk", "a.test", "localhost:*",
        "www.ck", "myapp.azurewebsites.net", "dev.google.com",
    ],
)  # fmt: skip
def test_a_wildcard_over_no_public_suffix(base: str) -> None:
    assert problems_of(allow_origins=[f"https://*.{base}"], **CREDENTIALS) == []


def test_any_port_is_no_foreign_site() -> None:
    assert problems_of(allow_origins=["http://localhost:*"], **CREDENTIALS) == []


def test_star_stands_alone() -> None:
    expected = (
        "allow_origins[0] '*' lets every origin in, so that the other origins mean nothing;"
        " remove it, or keep it alone"
    )
    assert problems_of(allow_origins=["*", "https://a.example"]) == [expected]
    assert problems_of(allow_origins=["*"], allow_origin_regex=r"https://a\.example") == [expected]


# R19
WRONG = [
    (
        {"allow_origins": "https://a.example"},
        "allow_origins 'https://a.example' is a string, not a list; write ['https://a.example']",
    ),
    (
        {"allow_origins": "https://a.example, https://b.example"},
        "allow_origins 'https://a.example, https://b.example' is a string, not a list;"
        " write ['https://a.example', 'https://b.example']",
    ),
    (
        {"allow_origins": None},
        "allow_origins None is of type NoneType, not a list of strings;"
        " write [] for none, or ['https://app.example']",
    ),
    (
        {"allow_origins": {"https://a.example": True}},
        "allow_origins {'https://a.example': True} is of type dict, not a list of strings;"
        " write ['https://app.example']",
    ),
    (
        {"allow_origins": [b"https://a.example"]},
        "allow_origins[0] b'https://a.example' is of type bytes, not str;"
        " write a string such as 'https://app.example'",
    ),
    (
        {"allow_headers": b"X-A"},
        "allow_headers b'X-A' is of type bytes, not a list of strings; write ['X-Request-ID']",
    ),
    ({"allow_methods": "*"}, "allow_methods '*' is a string, not a list; write ['*']"),
    (
        {"allow_methods": ["GET", 1]},
        "allow_methods[1] 1 is of type int, not str; write a string such as 'GET', 'POST'",
    ),
    (
        {"allow_methods": ["get"]},
        "allow_methods[0] 'get' is never sent so: methods are case-sensitive, and browsers send"
        " upper case; write 'GET'",
    ),
    *(
        (
            {"allow_methods": [method]},
            f"allow_methods[0] {method!r} is a forbidden method, which no page can use; remove it",
        )
        for method in ("CONNECT", "TRACE", "TRACK", "trace")
    ),
    (
        {"allow_methods": ["GET,POST"]},
        "allow_methods[0] 'GET,POST' is a list in one string; write 'GET', 'POST' as entries",
    ),
    (
        {"allow_methods": ["G(T"]},
        "allow_methods[0] 'G(T' is no valid method; write one such as 'GET'"
        " (RFC 9110 section 5.6.2, token)",
    ),
    (
        {"allow_methods": [""]},
        "allow_methods[0] '' is empty; remove it, or write a method such as 'GET'",
    ),
    (
        {"allow_headers": ["X-A:"]},
        "allow_headers[0] 'X-A:' is no valid field name; write one such as 'X-Request-ID'"
        " (RFC 9110 section 5.6.2, token)",
    ),
    (
        {"allow_headers": [" X-A"]},
        "allow_headers[0] ' X-A' is no valid field name; write 'X-A'"
        " (RFC 9110 section 5.6.2, token)",
    ),
    (
        {"expose_headers": ["X-A\r\nSet-Cookie: a=b"]},
        "expose_headers[0] 'X-A\\r\\nSet-Cookie: a=b' is no valid field name; write 'X-A'"
        " (RFC 9110 section 5.6.2, token)",
    ),
    (
        {"expose_headers": ["Ü"]},
        "expose_headers[0] 'Ü' is no valid field name; write one such as 'X-Request-ID'"
        " (RFC 9110 section 5.6.2, token)",
    ),
    (
        {"allow_credentials": "true"},
        "allow_credentials 'true' is of type str, not bool; write True or False",
    ),
    (
        {"allow_private_network": 1},
        "allow_private_network 1 is of type int, not bool; write True or False",
    ),
    (
        {"allow_origin_regex": "("},
        "allow_origin_regex '(' does not compile: missing ), unterminated subpattern at position"
        " 0; correct it",
    ),
    (
        {"allow_origin_regex": "a{" + "9" * 5000 + "}"},
        "allow_origin_regex 'a{" + "9" * 197 + "... does not compile: Exceeds the limit (4300"
        " digits) for integer string conversion: value has 5000 digits; use"
        " sys.set_int_max_str_digits() to increase the limit; correct it",
    ),
    (
        {"allow_origin_regex": "[[a]"},
        "allow_origin_regex '[[a]' does not compile: Possible nested set at position 1; correct it",
    ),
    (
        {"allow_origins": {10**5000}},
        "allow_origins[0] <int> is of type int, not str; write a"
        " string such as 'https://app.example'",
    ),
    ({"allow_origin_regex": ""}, "allow_origin_regex '' matches no origin; use None for no regex"),
    (
        {"allow_origin_regex": "https://a\n"},
        "allow_origin_regex 'https://a\\n' holds a line break; write it on one line",
    ),
    (
        {"allow_origin_regex": re.compile(b"https://a")},
        "allow_origin_regex re.compile(b'https://a') is of type Pattern, not a str or a compiled"
        r" pattern of str; write r'https://[a-z]+\.example\.com'",
    ),
    (
        {"allow_origin_regex": ["https://a"]},
        "allow_origin_regex ['https://a'] is of type list, not a str or a compiled"
        r" pattern of str; write r'https://[a-z]+\.example\.com'",
    ),
]
MAX_AGE_FIX = "write seconds such as 600, a timedelta, 0 against caching, or None to send none"
WRONG += [
    ({"max_age": value}, f"max_age {shown} {reason}; {MAX_AGE_FIX}")
    for value, shown, reason in [
        (-1, "-1", "is negative"),
        (timedelta(seconds=-1), "datetime.timedelta(days=-1, seconds=86399)", "is negative"),
        (1.5, "1.5", "is not in whole seconds"),
        (
            timedelta(milliseconds=1500),
            "datetime.timedelta(seconds=1, microseconds=500000)",
            "is not in whole seconds",
        ),
        (True, "True", "is of type bool, not int, timedelta or None"),
        ("600", "'600'", "is of type str, not int, timedelta or None"),
        (2**31, "2147483648", "is over 2**31 - 1 seconds"),
        (10**5000, "<int>", "is over 2**31 - 1 seconds"),
    ]
]
UNKNOWN = {
    "allow_origin": "allow_origins",
    "allowed_origins": "allow_origins",
    "origins": "allow_origins",
    "supports_credentials": "allow_credentials",
    "methods": "allow_methods",
    "allow_header": "allow_headers",
    "maxage": "max_age",
    "allow_origins_regex": "allow_origin_regex",
}


@pytest.mark.parametrize(("options", "expected"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_value(options: dict[str, Any], expected: str) -> None:
    assert problems_of(**options) == [expected]


@pytest.mark.parametrize("option", UNKNOWN)
def test_an_unknown_option_is_told_the_nearest(option: str) -> None:
    expected = f"{option} ['x'] is no option; did you mean {UNKNOWN[option]!r}?"
    assert problems_of(**{option: ["x"]}) == [expected]


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(
            allow_origins=["*", "https://a.example/"],
            allow_origin_regex="(",
            allow_methods="GET",
            allow_headers=["a b"],
            allow_credentials=True,
            expose_headers=["*"],
            max_age=-1,
            allow_orgins=[],  # type: ignore[arg-type]  # what is tested
        )
    options = [problem.option for problem in caught.value.problems]
    assert options == [
        "allow_origins[1]", "allow_origin_regex", "allow_methods", "allow_headers[0]", "max_age",
        "allow_orgins", "allow_origins[0]", "allow_origins[0]", "expose_headers[0]",
    ]  # fmt: skip
    assert str(caught.value).startswith("9 problems in the CORS policy:\n  allow_origins[1] ")


def test_one_problem_is_its_own_message() -> None:
    with pytest.raises(ValueError, match=r"^max_age -1 is negative; write seconds"):
        Policy(max_age=-1)


def test_an_error_survives_pickling() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(max_age=-1, allow_methods=["TRACE"])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(copy, PolicyError)
    assert copy.problems == caught.value.problems


def test_a_problem_is_a_value_and_shows_little_of_a_long_one() -> None:
    problem = Problem("option", "x" * 1000, "is long", "shorten it")
    assert str(problem) == f"option '{'x' * 199}... is long; shorten it"
