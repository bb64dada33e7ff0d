"""What is more open than a policy's author can have meant. Rule R17.

With credentials an allowed origin reads what the user may read. So `*`, `null` (any sandboxed
frame), a pattern over a public suffix and a regex that lets strangers in are refused.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from cors_core.errors import Problem
from cors_core.options.reading import Origins, PolicySettings, Problems
from cors_core.origins.index import OriginPattern

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_STRANGER = "cors-core-stranger"
_SUFFIXES = (
    "ai app cn co co.jp co.uk com com.br de dev eu fr in info io net org ru uk us xyz "
    "github.io gitlab.io herokuapp.com netlify.app pages.dev vercel.app web.app"
).split()
_STRANGERS = tuple(
    f"{scheme}://{host}{port}"
    for scheme in ("https", "http")
    for host in (
        *(f"{_STRANGER}.{suffix}" for suffix in _SUFFIXES),
        f"www.{_STRANGER}.com",
        "stranger.com",
        "203.0.113.7",
    )
    for port in ("", ":8443")
)
"""Origins of sites that no policy can mean: whoever matches one of them matches any such site."""

_HOST_START = re.compile(r"(?<=://)[a-z0-9](?:[a-z0-9\-]|\\?\.(?=[a-z0-9]))*")
_DOMAIN = re.compile(r"(?<![a-z0-9\-])(?:[a-z0-9][a-z0-9\-]*\\?\.)+[a-z]{2,}")
_UNESCAPED_DOT = re.compile(r"(?<!\\)\.")


def check_openness(settings: PolicySettings, origins: Origins, problems: Problems) -> None:
    """Append a Problem for each thing that lets in more than its author can have meant."""
    if "*" in origins.where and (len(origins.listed) > 1 or settings.allow_origin_regex):
        option, text = origins.where["*"]
        reason = "lets every origin in, so that the other origins mean nothing"
        problems.append(Problem(option, text, reason, "remove it, or keep it alone"))
    if not settings.allow_credentials:
        return
    for entry, (option, text) in origins.where.items():
        problem = _open_entry(entry)
        if problem:
            problems.append(Problem(option, text, *problem))
    regex = settings.allow_origin_regex
    stranger = regex and _stranger_let_in_by(regex)
    if regex and stranger:
        reason = f"lets other sites in, with credentials: it matches {stranger!r}"
        fix = r"name your domain, its dots escaped and one before it: r'https://.+\.example\.com'"
        problems.append(Problem("allow_origin_regex", regex.pattern, reason, fix))
    if "*" in settings.expose_headers:
        option = f"expose_headers[{settings.expose_headers.index('*')}]"
        reason = "is no wildcard with credentials, but a field name"
        problems.append(Problem(option, "*", reason, "list the names to expose"))


def _open_entry(entry: str | OriginPattern) -> tuple[str, str] | None:
    """Return why an entry of `allow_origins` lets anybody in, and the fix, if it does."""
    if entry == "*":
        fix = "list the origins that may send credentials, or set allow_credentials=False"
        return "lets any site in, with credentials", fix
    if entry == "null":
        reason = "lets any site in, with credentials: every sandboxed frame has this origin"
        return reason, "serve that page from an origin of its own, and list it"
    if isinstance(entry, OriginPattern) and entry.subdomains:
        suffix = _public_suffix(entry.host)
        if suffix:
            reason = f"lets any site under the public suffix {suffix!r} in, with credentials"
            return reason, "list the origins themselves, or a wildcard over a domain of your own"
    return None


@cache
def _suffix_list() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # late: a large table, for few policies

    # Unknown top-level domains (localhost, internal, test) are nobody's registry: not public.
    return PublicSuffixList(accept_unknown=False)


def _public_suffix(base: str) -> str | None:
    """Return the public suffix that a wildcard over `base` spans, if any."""
    host = base.removesuffix(".")
    if _suffix_list().is_public(host):
        return host
    # The rule `*.ck` makes every name under ck a suffix, and a wildcard over ck spans them all.
    return f"*.{host}" if _suffix_list().is_public(f"{_STRANGER}.{host}") else None


def _stranger_let_in_by(regex: re.Pattern[str]) -> str | None:
    """Return an origin that `regex` cannot mean but matches, if one is found."""
    for origin in ("null", *_STRANGERS, *_neighbours(regex.pattern)):
        if regex.fullmatch(origin):
            return origin
    return None


def _neighbours(pattern: str) -> Iterator[str]:
    """Yield origins that look like the hosts in `pattern` but belong to somebody else.

    Three slips: no dot before the domain, no end after the host, a dot that is not escaped.
    """
    hosts: list[str] = []
    for match in _DOMAIN.finditer(pattern):
        subdomain, dot, top = match.group().rpartition(".")
        hosts += [_STRANGER + match.group(), _UNESCAPED_DOT.sub("x", subdomain) + dot + top]
    for match in (*_DOMAIN.finditer(pattern), *_HOST_START.finditer(pattern)):
        hosts += [f"{match.group()}{glue}{_STRANGER}.com" for glue in (".", "")]
    for host in hosts:
        plain = host.replace("\\", "")
        if plain not in pattern.replace("\\", ""):
            yield from (f"https://{plain}", f"http://{plain}")
