"""What is more open than a policy's author can have meant. Rule R17.

With credentials an allowed origin reads what the user may read. So `*`, `null` (any sandboxed
frame), a pattern over a public suffix and a regex that lets foreign sites in are refused.
"""

import re

from cors_core.errors import Problem
from cors_core.options.entries import SHARED_ORIGINS
from cors_core.options.reading import Origins, PolicySettings, Problems
from cors_core.origins.index import OriginPattern


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
    finding = regex and _open_regex(regex)
    if regex and finding:
        problems.append(Problem("allow_origin_regex", regex.pattern, *finding))
    if "*" in settings.expose_headers:
        option = f"expose_headers[{settings.expose_headers.index('*')}]"
        reason = "is no wildcard with credentials, but a field name"
        problems.append(Problem(option, "*", reason, "list the names to expose"))


def _open_entry(entry: str | OriginPattern) -> tuple[str, str] | None:
    """Return why an entry of `allow_origins` lets anybody in, and the fix, if it does."""
    if entry == "*":
        fix = "list the origins that may send credentials, or set allow_credentials=False"
        return "lets any site in, with credentials", fix
    shared = SHARED_ORIGINS.get(entry) if isinstance(entry, str) else None
    if shared:
        return f"lets {shared.lets_in} in, with credentials: {shared.because}", shared.fix
    if isinstance(entry, OriginPattern) and entry.subdomains:
        from cors_core.options.public_suffixes import public_suffix_below  # late: a large table

        suffix = public_suffix_below(entry.host)
        if suffix:
            reason = f"lets any site under the public suffix {suffix!r} in, with credentials"
            return reason, "list the origins themselves, or a wildcard over a domain of your own"
    return None


def _open_regex(regex: re.Pattern[str]) -> tuple[str, str] | None:
    """Return why the regex lets foreign sites in, or may do so, and the fix."""
    from cors_core.options.foreign_sites import UndecidedError, foreign_origin  # late: as above
    from cors_core.options.regexes import NotUnderstoodError, TooLargeError

    try:
        origin = foreign_origin(regex) or ("null" if regex.fullmatch("null") else None)
    except (NotUnderstoodError, TooLargeError, UndecidedError) as error:
        reason = f"may let other sites in, with credentials: {error}"
        return reason, "write it without assertions and back-references, or list the origins"
    if origin is None:
        return None
    return (
        f"lets other sites in, with credentials: it matches {origin!r}",
        r"name your whole domain, its dots escaped and one before it,"
        r" r'https://.+\.example\.com'; or list the origins, or set allow_credentials=False",
    )
