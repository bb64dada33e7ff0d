"""Options that a policy does not have: a near spelling, a peer's name, or what to do instead."""

from typing import Any

import pytest

from cors_core import CORSRequest, Policy, PolicyError
from cors_core.options.reading import PolicyOptions
from cors_core.options.unknown import positional_arguments

OPTIONS = list(PolicyOptions.__annotations__)


def fix_of(option: str, value: object = "x") -> str:
    """Return the fix of an unknown option, whose Problem says no more than that it is none."""
    with pytest.raises(PolicyError) as caught:
        Policy(**{option: value})  # type: ignore[arg-type]  # what is tested
    [problem] = caught.value.problems
    assert problem == (option, value, "is no option", problem.fix)
    return problem.fix


NEAR = {
    "allow_orgins": "allow_origins",
    "Allow_Origins": "allow_origins",
    "ALLOW_ORIGINS": "allow_origins",
    "allowOrigins": "allow_origins",
    "allow-methods": "allow_methods",
    "CORS_ALLOW_HEADERS": "allow_headers",
    "cors_max_age": "max_age",
    "Access-Control-Allow-Origin": "allow_origins",
    "Access-Control-Expose-Headers": "expose_headers",
    "Access-Control-Max-Age": "max_age",
    "maxage": "max_age",
    "allow_origins_regex": "allow_origin_regex",
    "allowCredentials": "allow_credentials",
    "support_credentials": "allow_credentials",
    "resource": "paths",
}


@pytest.mark.parametrize("option", NEAR)
def test_a_near_spelling(option: str) -> None:
    fix = fix_of(option)
    assert NEAR[option] in fix
    assert fix.startswith("did you mean ") or NEAR[option] not in OPTIONS


@pytest.mark.parametrize("option", ["timeout", "resolver", "allow", "x" * 300, "", "ü", "debug"])
def test_what_is_near_to_nothing_is_told_all_options(option: str) -> None:
    assert fix_of(option) == f"the options are {', '.join(OPTIONS)}"


SAME = {
    "allow_origins": ["origins", "CORS_ORIGINS", "CORS_ALLOWED_ORIGINS", "CORS_ORIGIN_WHITELIST",
                      "allow_origin", "allow_origins_list"],
    "allow_methods": ["methods", "CORS_METHODS", "allow_methods_list"],
    "allow_headers": ["allow_header", "allow_headers_list"],
    "allow_credentials": ["supports_credentials", "CORS_SUPPORTS_CREDENTIALS"],
    "expose_headers": ["exposed_headers", "CORS_EXPOSE_HEADERS", "expose_headers_list"],
    "max_age": ["CORS_PREFLIGHT_MAX_AGE", "CORS_MAX_AGE"],
    "allow_private_network": ["allow_private_networks", "CORS_ALLOW_PRIVATE_NETWORK"],
    "allow_origin_regex": ["allow_origins_regex", "origin_regex"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("option", "here"), [(peer, here) for here, peers in SAME.items() for peer in peers]
)
def test_the_same_option_under_a_peer_s_name(option: str, here: str) -> None:
    assert fix_of(option) == f"did you mean {here!r}?"


INSTEAD = {
    "resources": "write paths=[('/api/', policy)], an option of the adapter,",
    "CORS_URLS_REGEX": "write paths=[('/api/', policy)], an option of the adapter,",
    "CORS_ALLOWED_ORIGIN_REGEXES": "write one regex of them all, allow_origin_regex='|'.join(",
    "CORS_ORIGIN_REGEX_WHITELIST": "write one regex of them all, allow_origin_regex='|'.join(",
    "CORS_ALLOW_ALL_ORIGINS": "write allow_origins=['*'], without credentials",
    "CORS_ORIGIN_ALLOW_ALL": "write allow_origins=['*'], without credentials",
    "allow_all_origins": "write allow_origins=['*'], without credentials",
    "allow_all_methods": "write allow_methods=['*']",
    "allow_all_headers": "write allow_headers=['*']",
    "allow_headers_regex": "list the names in allow_headers, or write allow_headers=['*']",
    "allow_credentials_all_origins": "write allow_credentials=True, and list in allow_origins",
    "allow_credentials_origins_list": "write allow_credentials=True, and list in allow_origins",
    "allow_credentials_origins_regex": "write allow_credentials=True, and list in allow_origins",
    "send_wildcard": "remove it: allow_origins=['*'] sends a *",
    "send_origin_wildcard": "remove it: allow_origins=['*'] sends a *",
    "vary_header": "remove it: Vary is sent",
    "automatic_options": "remove it: every preflight is answered",
    "always_send": "remove it: only allow_origins=['*'] sends CORS headers to",
    "intercept_exceptions": "remove it: error responses carry the headers too",
    "cors_enable": "remove it: ",
    "log_level": "remove it: ",
    "paths": "give it to the adapter",
    "policies": "give it to the adapter",
    "policy": "give it to the adapter",
}


@pytest.mark.parametrize("option", INSTEAD)
def test_what_to_do_instead(option: str) -> None:
    assert fix_of(option).startswith(INSTEAD[option])
    assert fix_of(option.upper()) == fix_of(option.lower()), "whatever the case"


@pytest.mark.parametrize("option", ["CORS_ALLOW_ALL_ORIGINS", "allow_all_methods"])
def test_what_was_switched_off_is_not_advised(option: str) -> None:
    assert fix_of(option, False).startswith("remove it: a policy allows what its options list")


def test_a_peers_regexes_do_not_become_wider() -> None:
    """A peer matches a prefix with them; joined, they are to match whole, each alone."""
    regexes = [r"https://a\.example", r"https://(b|c)\.example"]
    policy = Policy(allow_origin_regex="|".join(regexes))
    assert policy.decide(CORSRequest("GET", "https://a.example")).allowed
    assert policy.decide(CORSRequest("GET", "https://c.example")).allowed
    assert not policy.decide(CORSRequest("GET", "https://a.example.evil.test")).allowed


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_in_upper_case(option: str) -> None:
    assert fix_of(option.upper()) == f"did you mean {option!r}?"


@pytest.mark.parametrize(
    ("callee", "arguments", "message"),
    [
        (
            "Policy",
            (["https://a.example"],),
            "Policy ['https://a.example'] is given without a name;"
            " write Policy(allow_origins=['https://a.example'])",
        ),
        (
            "CORSMiddleware",
            ("https://a.example", True),
            "CORSMiddleware ('https://a.example', True) is given without a name;"
            " write CORSMiddleware(allow_origins=['https://a.example'], ...)",
        ),
        ("Policy", (True,), "Policy True is given without a name; name each option:"),
        ("Policy", ([],), "Policy [] is given without a name; name each option:"),
        ("Policy", ([1],), "Policy [1] is given without a name; name each option:"),
        ("CORS", (object,), "CORS <class 'object'> is given without a name; name each option:"),
    ],
)
def test_arguments_without_a_name(callee: str, arguments: tuple[Any, ...], message: str) -> None:
    assert str(positional_arguments(callee, arguments)).startswith(message)


def test_a_policy_given_without_a_name() -> None:
    policy = Policy()
    problem = positional_arguments("CORSMiddleware", (policy,))
    assert problem.fix == "write CORSMiddleware(policy=policy)"
