"""`paths`: which policy a path prefix names. The first that matches wins.

Frameworks and file servers do not agree on what another spelling of a path serves: some strip
leading slashes, some resolve dot segments, encoded or not. So paths are compared in one spelling,
and those that have none are closed (the class of CVE-2019-18978 and CVE-2020-25032).
"""

import re
from collections.abc import Iterable

from cors_core.errors import Problem
from cors_core.options.reading import Problems

_SLASHES = re.compile(r"//+")
_DOT_SEGMENT = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")


def plain_path(path: str) -> str | None:
    """Return a decoded path with each run of slashes as one, or `None` if it has dot segments.

    >>> plain_path("//private/data")
    '/private/data'
    >>> plain_path("/public/../private/data")

    RFC 3986 section 3.3; a backslash separates segments as well, as it does for some file servers.
    """
    if "." in path and _DOT_SEGMENT.search(path):
        return None
    return _SLASHES.sub("/", path) if "//" in path else path


class PathPrefixes:
    """Pairs of a path prefix, of whole segments, and a policy or name, in the order given."""

    def __init__(self, paths: object, problems: Problems) -> None:
        self.entries = _read(paths, problems)

    def find(self, path: str) -> object:
        """Return the policy or name of the first prefix of `path`, or `None`."""
        for prefix, source in self.entries:
            if path.startswith(prefix) or path == prefix[:-1]:
                return source
        return None


def _read(paths: object, problems: Problems) -> list[tuple[str, object]]:
    """Return the entries with a final slash, and report those that can never be reached."""
    read: list[tuple[str, object]] = []
    if paths is None:
        return read
    if not isinstance(paths, Iterable):
        fix = "write [('/api/', policy)]"
        problems.append(Problem("paths", paths, "is no list of pairs", fix))
        return read
    for index, entry in enumerate(paths):
        option = f"paths[{index}]"
        if not (isinstance(entry, tuple | list) and len(entry) == 2):
            fix = "write pairs such as ('/api/', policy)"
            problems.append(Problem(option, entry, "is no pair", fix))
            continue
        prefix, source = entry
        problem = _problem_of(option, prefix)
        if problem:
            problems.append(problem)
            continue
        whole = prefix if prefix.endswith("/") else f"{prefix}/"
        earlier = next((first for first, _ in read if whole.startswith(first)), None)
        if earlier is not None:
            reason = f"can never be reached: {earlier!r} stands before it"
            problems.append(Problem(option, prefix, reason, f"move it above {earlier!r}"))
        read.append((whole, source))
    return read


def _problem_of(option: str, prefix: object) -> Problem | None:
    if not isinstance(prefix, str) or not prefix.startswith("/") or "//" in prefix:
        reason = "is no path prefix of whole segments"
        return Problem(option, prefix, reason, "write one such as '/api/'")
    if plain_path(prefix) is None:
        reason = "has a . or .. segment, and such paths are closed"
        return Problem(option, prefix, reason, "write the path that it stands for")
    if any(character in prefix for character in "?#*"):
        return Problem(
            option, prefix, "holds a ?, # or *, which no prefix does", "write the plain path"
        )
    return None
