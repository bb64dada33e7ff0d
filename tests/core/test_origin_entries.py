"""Entries of `allow_origins` that need a word of their own: regexes, URL objects, commas, files."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyHttpUrl, HttpUrl
from pydantic_core import Url

from cors_core import CORSRequest, OriginLookup, Policy, PolicyError
from cors_core.options.entries import SHARED_ORIGINS, Misspelt, read_entry
from cors_core.origins.index import OriginPattern
from cors_core.origins.serialized import parse_origin
from tests.properties import examples


def problem_of(entry: object, **options: Any) -> str:
    """Return the message of the only problem of this entry, without the entry itself."""
    with pytest.raises(PolicyError) as caught:
        Policy(allow_origins=[entry], **options)  # type: ignore[list-item]  # what is tested
    [problem] = caught.value.problems
    assert problem.option == "allow_origins[0]"
    return f"{problem.reason}; {problem.fix}"


@pytest.mark.parametrize(
    "joined",
    [
        "https://evil,x.example.com",
        "https://evil.test,https://x.example.com",
        "https://evil.test, https://x.example.com",
        "https://,.example.com",
    ],
)
def test_two_origin_lines_that_a_server_joined_match_nothing(joined: str) -> None:
    assert parse_origin(joined) is None
    asked: list[str] = []

    def lookup(origin: str) -> bool:
        asked.append(origin)
        return True

    for policy in (
        Policy(allow_origin_regex=r"https://.*\.example\.com"),
        Policy(allow_origins=["https://*.example.com"]),
        Policy(allow_origins=OriginLookup(lookup)),
    ):
        decision = policy.decide(CORSRequest("GET", joined))
        assert not decision.allowed
        assert joined not in dict(decision.headers).values()
    assert asked == []


REGEXES = {
    r"https://.*\.example\.com": r"r'https://.*\.example\.com'",
    r"^https://[a-z]+\.example\.com$": r"r'^https://[a-z]+\.example\.com$'",
    r"https://(www|app)\.example\.com": r"r'https://(www|app)\.example\.com'",
    r"https://(www)?.example.com": r"r'https://(www)?.example.com'",
    r"https://pr-\d{1,3}\.example\.com": r"r'https://pr-\d{1,3}\.example\.com'",
    "https?://a.example": "r'https?://a.example'",
    r"https:\/\/a\.example": r"r'https:\/\/a\.example'",
    "https://.*": "r'https://.*'",
    "https://[^/]+": "r'https://[^/]+'",
    "https://[0-9]+.example": "r'https://[0-9]+.example'",
    "https://a.example|https://b.example": "r'https://a.example|https://b.example'",
    "https://.+": "r'https://.+'",
    ".*": "r'.*'",
    r".*\.example\.com": r"r'.*\.example\.com'",
    "https://pr-.*.example.com": "r'https://pr-.*.example.com'",
    "https://[a-z].example": "r'https://[a-z].example'",
    r"https://\w+\.example\.com'": r'''"https://\\w+\\.example\\.com'"''',
    "https://a\\.example\\": r"'https://a\\.example\\'",
}


@pytest.mark.parametrize("entry", REGEXES)
def test_a_regex_is_sent_to_its_option(entry: str) -> None:
    expected = f"is a regex, not an origin; write allow_origin_regex={REGEXES[entry]}"
    assert problem_of(entry) == expected


def test_a_compiled_regex_is_sent_to_its_option() -> None:
    expected = "is a regex, not an origin; give it as allow_origin_regex"
    assert problem_of(re.compile(r"https://.*\.example\.com")) == expected


@pytest.mark.parametrize("entry",
    [
        "https://[::1", "http://[::1]?a", "https://a.example\\x", "https://a\\b.example",
        "https://a.example/(x)", "https://a.example/$", "https://a.example/.*",
        "https://a.example,https://.*\\.b.example",
    ],
)  # fmt: skip
def test_an_origin_with_a_slip_is_no_regex(entry: str) -> None:
    assert "regex" not in problem_of(entry)


STARS = {
    "https://preview-*.x.app": r"r'https://preview-[a-z0-9-]+\.x\.app'",
    "https://a.*.example.com": r"r'https://a\.[a-z0-9-]+\.example\.com'",
    "https://*.*.example.com": r"r'https://[a-z0-9-]+\.[a-z0-9-]+\.example\.com'",
    "https://app*.example.com:8443": r"r'https://app[a-z0-9-]+\.example\.com:8443'",
    "http://app*.example.com:*": r"r'http://app[a-z0-9-]+\.example\.com(:[0-9]+)?'",
}


@pytest.mark.parametrize("entry", STARS)
def test_a_star_inside_a_label_is_shown_as_a_regex(entry: str) -> None:
    answer = problem_of(entry)
    assert answer.startswith("has a * where none may stand; a * may stand first, ")
    assert answer.endswith(f"; this one is allow_origin_regex={STARS[entry]}")
    regex = re.compile(STARS[entry][2:-1])
    assert regex.fullmatch(entry.replace(":*", ":5000").replace("*", "x"))
    assert regex.fullmatch(entry.replace(":*", "").replace("*", "x-1"))


@pytest.mark.parametrize(
    "entry",
    [
        "https://*example.com", "https://example.*", "https://*.com*", "https://a.*.com",
        "https://app-*.com", "*example.com", "https://*.example.*", "https://a.example-*",
    ],
)  # fmt: skip
def test_no_regex_is_advised_that_lets_other_sites_in(entry: str) -> None:
    answer = problem_of(entry)
    assert answer.startswith("has a * where none may stand; ")
    assert "regex" not in answer


@pytest.mark.parametrize("entry", ["*://a.example", "http*://a.example", "*://*.a.example"])
def test_a_star_in_the_scheme(entry: str) -> None:
    host = entry.partition("://")[2]
    expected = f"has a * in its scheme; write 'https://{host}', and 'http://{host}' if it is meant"
    assert problem_of(entry) == expected


@pytest.mark.parametrize("sign", "$+{}()")
def test_a_sign_that_no_host_name_has(sign: str) -> None:
    """An entry of it was no origin, so it was taken for a pattern: of any port."""
    host = f"a{sign}b.example"
    expected = f"has the bad host {host!r}; write a host name, "
    assert problem_of(f"https://{host}").startswith(expected)
    assert problem_of(f"https://{host}:8443").startswith(expected)


_PIECES = st.sampled_from(
    ["https", "http", "web+app", "://", ":", "*", ".", "a", "example", "A", "ü", "1", "0x1", "443",
     "8080", "[::1]", "[", "]", "/", "?", "#", "@", "\\", "$", "+", "(", ")", "{", "}", ",", ";",
     " ", "null", "file", "%", "-", "_", "|", "^"]
)  # fmt: skip


@examples(1000)
@given(st.lists(_PIECES, max_size=9).map("".join), st.sampled_from(["", "https://", "http://a"]))
def test_an_entry_is_an_origin_or_a_pattern_with_a_star_or_refused(text: str, start: str) -> None:
    text = start + text
    match read_entry(text):
        case Misspelt(reason, fix):
            assert reason
            assert fix
        case OriginPattern(scheme, host, port, subdomains):
            stars = "*." if subdomains else ""
            assert "*" in text
            assert text == f"{scheme}://{stars}{host}{port and ':' + port}"
        case exact:
            assert exact == text
            assert parse_origin(text) or text == "*" or text in SHARED_ORIGINS


def test_a_plus_in_a_scheme_is_an_origin_of_one_port() -> None:
    policy = Policy(allow_origins=["web+app://a"])
    assert policy.decide(CORSRequest("GET", "web+app://a")).allowed
    assert not policy.decide(CORSRequest("GET", "web+app://a:5000")).allowed


@pytest.mark.parametrize("separator", [",", ";", " ", " ; ", "\t"])
def test_two_origins_in_one_string(separator: str) -> None:
    expected = "is a list in one string; write 'https://a.example', 'https://b.example' as entries"
    if separator != "\t":
        assert problem_of(f"https://a.example{separator}https://b.example") == expected
    with pytest.raises(PolicyError, match=r"\['https://a.example', 'https://b.example'\]"):
        Policy(allow_origins=f"https://a.example{separator}https://b.example")


@pytest.mark.parametrize("entry", ["https://*", "http://*", "https://*:*", "http://*:8080"])
def test_a_star_for_the_whole_host(entry: str) -> None:
    expected = "has a * for the whole host; write allow_origins=['*'] for every origin"
    assert problem_of(entry) == expected


@pytest.mark.parametrize("kind", [HttpUrl, AnyHttpUrl, Url])
def test_a_pydantic_url_ends_in_a_slash_that_no_origin_has(kind: type[HttpUrl]) -> None:
    url = kind("https://a.example")
    assert str(url) == "https://a.example/", "what the fix is about"
    expected = (
        f"is a pydantic URL of type {kind.__name__}, not str;"
        """ write [str(url).rstrip("/") for url in urls], because its text ends in a slash"""
    )
    assert problem_of(url) == expected
    assert Policy(allow_origins=[str(url).rstrip("/")]).allow_origins == ("https://a.example",)


def test_a_url_class_derived_from_pydantic_s() -> None:
    class Url(HttpUrl):
        pass

    assert problem_of(Url("https://a.example")).startswith(
        "is a pydantic URL of type Url, not str;"
    )


def test_pages_from_files_may_be_listed() -> None:
    policy = Policy(allow_origins=["https://a.example", "file://"])
    assert policy.allow_origins == ("https://a.example", "file://")
    decision = policy.decide(CORSRequest("GET", "file://"))
    assert ("Access-Control-Allow-Origin", "file://") in decision.headers
    assert not policy.decide(CORSRequest("GET", "file://a")).allowed


def test_pages_from_files_have_no_credentials() -> None:
    assert problem_of("file://", allow_credentials=True) == (
        "lets any local page in, with credentials: Electron and Android's WebView send this origin"
        " for every file; serve the app's pages from an origin of their own, such as 'app://-',"
        " and list it"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"allow_origins": ["https://a.example", "null"]},
        {"allow_origin_regex": ".*"},
        {"allow_origins": ["https://*.example.com"]},
    ],
)
def test_pages_from_files_are_allowed_only_by_name(options: Any) -> None:
    assert not Policy(**options).decide(CORSRequest("GET", "file://")).allowed


@pytest.mark.parametrize("entry", ["file:///", "file:///index.html", "file://localhost", "FILE://"])
def test_a_file_has_no_other_origin(entry: str) -> None:
    assert "Electron and Android's WebView send 'file://'" in problem_of(entry)


def test_a_generator_is_read_once_and_whole() -> None:
    origins = ["https://a.example", "https://*.b.example"]
    assert Policy(allow_origins=(o for o in origins)).allow_origins == tuple(origins)
    assert Policy(allow_origins=map(str, origins)).allow_origins == tuple(origins)
    assert Policy(allow_origins=dict.fromkeys(origins).keys()).allow_origins == tuple(origins)
    lookup = OriginLookup(lambda origin: False)
    entries: list[str | OriginLookup] = ["https://a.example", lookup]
    mixed = Policy(allow_origins=(entry for entry in entries))
    assert mixed.allow_origins == ("https://a.example", lookup)
    assert mixed.allow_origins[-1] is lookup


def test_a_set_keeps_one_order_beside_a_lookup() -> None:
    lookup = OriginLookup(lambda origin: False)
    origins = [f"https://a{number}.example" for number in range(100, 140)]
    assert Policy(allow_origins={*origins, lookup}).allow_origins == (*origins, lookup)


WRONG = [
    ({"https://a.example": 1}, "is of type dict, not a list of strings;"),
    (b"https://a.example", "is of type bytes, not a list of strings;"),
    (bytearray(b"https://a.example"), "is of type bytearray, not a list of strings;"),
    (5, "is of type int, not a list of strings;"),
    (True, "is of type bool, not a list of strings;"),
    (1.5, "is of type float, not a list of strings;"),
    (HttpUrl("https://a.example"), "is of type HttpUrl, not a list of strings;"),
]


@pytest.mark.parametrize(("value", "reason"), WRONG, ids=[type(v).__name__ for v, _ in WRONG])
def test_what_is_no_list_is_told_so(value: Any, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(allow_origins=value)
    [problem] = caught.value.problems
    assert str(problem) == f"allow_origins {value!r} {reason} write ['https://app.example']"


def test_no_list_at_all_is_an_empty_one() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(allow_origins=None, expose_headers=None)  # type: ignore[arg-type]  # what is tested
    assert [str(problem) for problem in caught.value.problems] == [
        "allow_origins None is of type NoneType, not a list of strings; write [] for none, or"
        " ['https://app.example']",
        "expose_headers None is of type NoneType, not a list of strings; write [] for none, or"
        " ['X-Request-ID']",
    ]


@pytest.mark.parametrize("value", ["*", "https://a.example", ["https://a.example"], ()])
def test_credentials_are_for_all_origins_unlike_in_falcon(value: Any) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(allow_origins=["https://a.example"], allow_credentials=value)
    assert str(caught.value) == (
        f"allow_credentials {value!r} names origins, and is not a bool;"
        " write True, and list in allow_origins the origins that may send credentials"
    )
