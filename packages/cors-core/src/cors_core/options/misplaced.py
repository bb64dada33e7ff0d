"""Regexes and globs that stand in `allow_origins`, and the option that they belong to.

Only a mistake imports this. It words a message and nothing else: no entry becomes a regex by it.
"""

import re

_BEFORE_PATH = re.compile(r"(?:[^/]*//)?[^/]*/?")
_REGEX_SIGN = re.compile(
    r"""
    ^ \^ | \$ $ | \|                           # an anchor, alternatives
    | \\ (?: [.\-/:] | [dwsDWS] [*+?{] )        # an escaped sign, a repeated category
    | (?<! [a-z0-9*\]] ) \. [*+]               # ".*", but not the glob "a.*.example"
    | \[ (?: [\^\\] | [0-9A-Za-z] - ) | \] [*+{]  # a class
    | \( .* \)                                 # a group
    | ^ https\?:
    """,
    re.VERBOSE,
)
"""What stands in no origin or pattern before its path, so that a regex must be meant."""
_GLOB = re.compile(
    r"""
    ([a-z][a-z0-9+.\-]*)://                       # scheme
    ( (?: (?: [a-z0-9\-] | \*(?!\*) )+ \. )+      # labels with stars
      [a-z0-9\-]+ \. [a-z0-9\-]+ )               # two labels without
    (?: : (\*|[0-9]+) )?                         # port
    """,
    re.VERBOSE,
)


def is_regex(text: str) -> bool:
    """Say whether an entry that is no origin was meant as one regex, rather than as a list."""
    origin = _BEFORE_PATH.match(text)
    several = text.count("://") > 1 and "|" not in text
    return origin is not None and not several and _REGEX_SIGN.search(origin.group()) is not None


def regex_of_glob(text: str) -> str | None:
    r"""Return the regex for a pattern with stars, `None` unless two labels at least have no star.

    `*example.com` as a regex would let `https://evil-example.com` in.

    >>> print(regex_of_glob("https://preview-*.x.app"))
    https://preview-[a-z0-9-]+\.x\.app
    """
    match = _GLOB.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match.groups()
    host = host.replace(".", r"\.").replace("*", "[a-z0-9-]+")
    ports = {None: "", "*": "(:[0-9]+)?"}
    return f"{scheme}://{host}{ports.get(port, f':{port}')}"


def as_option(regex: str) -> str:
    """Return the option that gives `regex`, as source code: a raw string where it can be one."""
    raw = "'" not in regex and not regex.endswith("\\")
    return f"allow_origin_regex=r'{regex}'" if raw else f"allow_origin_regex={regex!r}"
