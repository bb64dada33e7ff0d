"""What a policy allows though it is unwise, and a policy that allows nobody."""

from typing import Any

import pytest

from cors_core import OriginLookup, Policy
from cors_core.options.advice import advice_on, allows_nobody
from cors_core.options.reading import PolicySettings

A = "https://a.example"
CREDENTIALS: dict[str, Any] = {"allow_credentials": True}


def settings_of(**options: Any) -> PolicySettings:
    policy = Policy(**options)
    return PolicySettings(*(getattr(policy, option) for option in PolicySettings._fields))


def advice_of(**options: Any) -> list[str]:
    return [str(problem) for problem in advice_on(settings_of(**options))]


def test_a_plain_policy_needs_no_advice() -> None:
    assert advice_of() == []
    assert advice_of(allow_origins=[A], allow_methods=["GET", "PUT"], **CREDENTIALS) == []
    assert advice_of(allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]) == []
    assert advice_of(allow_origins=OriginLookup(lambda origin: True), **CREDENTIALS) == []


UNENCRYPTED = (
    "is not encrypted: whoever controls the network can change its pages, and read with the"
)
PUBLIC_HTTP = [
    "http://a.example", "http://a.example:8080", "http://a.example:*", "http://8.8.8.8",
    "http://[2606:4700::1]:3000", "http://127.0.0.1.example", "http://localhost.example",
]  # fmt: skip
LOCAL_HTTP = [
    "http://localhost", "http://localhost:*", "http://app.localhost:3000", "http://127.0.0.1:5000",
    "http://127.9.9.9", "http://[::1]:*", "http://10.1.2.3", "http://192.168.0.7:3000",
    "http://172.16.0.1", "http://169.254.1.1", "http://[fd00::1]", "http://[fe80::1]",
    "http://intranet", "http://nas.local", "http://ci.internal", "http://app.test",
    "http://router.home.arpa", "http://localhost.", "http://*.localhost:*",
]  # fmt: skip


@pytest.mark.parametrize("origin", PUBLIC_HTTP)
def test_credentials_without_encryption(origin: str) -> None:
    [advice] = advice_of(allow_origins=[A, origin], **CREDENTIALS)
    assert advice.startswith(f"allow_origins[1] {origin!r} {UNENCRYPTED} user's credentials; ")
    assert advice.endswith(f"; list '{origin.replace('http:', 'https:')}'")
    assert advice_of(allow_origins=[A, origin]) == []


@pytest.mark.parametrize("origin", LOCAL_HTTP)
def test_a_local_origin_needs_no_encryption(origin: str) -> None:
    assert advice_of(allow_origins=[A, origin], **CREDENTIALS) == []


@pytest.mark.parametrize("origin", ["https://*.a.example", "https://*.a.example:*"])
def test_credentials_for_every_subdomain(origin: str) -> None:
    expected = (
        f"allow_origins[1] {origin!r} lets every subdomain in, with credentials, also one"
        " that is forgotten or taken over; list the subdomains that need credentials"
    )
    assert advice_of(allow_origins=[A, origin], **CREDENTIALS) == [expected]
    assert advice_of(allow_origins=[A, origin]) == []


def test_every_subdomain_without_encryption_is_told_both() -> None:
    found = advice_of(allow_origins=["http://*.a.example"], **CREDENTIALS)
    assert [UNENCRYPTED in text for text in found] == [True, False]


@pytest.mark.parametrize(
    "regex",
    [
        r"http://.+\.a\.example",
        r"http://[a-z]+\.a\.example",
        r"^https?://app\.a\.example$",
        r"(http|https)://a\.example",
    ],
)
def test_a_regex_without_encryption(regex: str) -> None:
    [advice] = advice_of(allow_origin_regex=regex, **CREDENTIALS)
    assert advice == (
        f"allow_origin_regex {regex!r} allows http, which {UNENCRYPTED} user's credentials;"
        " begin it with https://"
    )
    assert advice_of(allow_origin_regex=regex) == []


@pytest.mark.parametrize(
    "regex",
    [
        r"https://.+\.a\.example", r"https?://localhost(:\d+)?", r"http://127\.0\.0\.1:\d+",
        r"http://192\.168\.\d+\.\d+:3000", r"https://http-cache\.example", r"https?://\w+\.test",
        r"http://\[::1\]:\d+",
    ],
)  # fmt: skip
def test_a_regex_with_encryption_or_of_local_origins(regex: str) -> None:
    assert advice_of(allow_origin_regex=regex, **CREDENTIALS) == []


@pytest.mark.parametrize(
    ("max_age", "cuts"),
    [
        (None, ""),
        (0, ""),
        (600, ""),
        (601, "to 600 by WebKit"),
        (7200, "to 600 by WebKit"),
        (7201, "to 600 by WebKit, to 7200 by Chromium"),
        (86400, "to 600 by WebKit, to 7200 by Chromium"),
        (86401, "to 600 by WebKit, to 7200 by Chromium, to 86400 by Firefox"),
    ],
)
def test_browsers_that_forget_sooner(max_age: int | None, cuts: str) -> None:
    expected = f"max_age {max_age} is cut {cuts}; write 600, or expect preflights that often"
    assert advice_of(allow_origins=[A], max_age=max_age) == ([expected] if cuts else [])


def test_all_methods_and_headers_with_credentials() -> None:
    found = advice_of(
        allow_origins=[A], allow_methods=["*"], allow_headers=["X-A", "*"], **CREDENTIALS
    )
    assert found == [
        "allow_methods ('DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY')"
        " allows every standard method, with credentials; list the methods that the pages use",
        "allow_headers[1] '*' allows every request header, with credentials;"
        " list the headers that the pages send",
    ]
    assert advice_of(allow_origins=[A], allow_methods=["GET", "PUT"], **CREDENTIALS) == []


@pytest.mark.parametrize("origin", ["null", "file://"])
def test_an_origin_that_many_documents_share(origin: str) -> None:
    [advice] = advice_of(allow_origins=[A, origin])
    assert advice.startswith(f"allow_origins[1] {origin!r} lets any ")
    assert "credentials" not in advice


def test_the_withdrawn_private_network_access() -> None:
    [advice] = advice_of(allow_origins=[A], allow_private_network=True)
    assert advice == (
        "allow_private_network True answers preflights that browsers no longer send, because"
        " Chrome 142 asks its user instead; remove it"
    )


def test_advice_is_in_the_order_of_the_options() -> None:
    options = [
        problem.option
        for problem in advice_on(
            settings_of(
                allow_origins=["http://a.example", "https://*.b.example"],
                allow_origin_regex=r"http://.+\.c\.example",
                allow_methods=["*"],
                allow_headers=["*"],
                max_age=9000,
                allow_private_network=True,
                **CREDENTIALS,
            )
        )
    ]
    assert options == [
        "allow_origins[0]", "allow_origins[1]", "allow_origin_regex", "allow_methods",
        "allow_headers[0]", "max_age", "allow_private_network",
    ]  # fmt: skip


def test_a_policy_that_allows_nobody() -> None:
    assert allows_nobody(settings_of())
    assert allows_nobody(settings_of(allow_methods=["*"], allow_credentials=True))
    for options in (
        {"allow_origins": [A]},
        {"allow_origins": ["*"]},
        {"allow_origins": ["https://*.a.example"]},
        {"allow_origins": OriginLookup(lambda origin: False)},
        {"allow_origin_regex": r"https://a\.example"},
    ):
        assert not allows_nobody(settings_of(**options))
