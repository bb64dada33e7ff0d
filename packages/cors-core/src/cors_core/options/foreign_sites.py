r"""Origins of foreign sites that a regex lets in: those whose domain a wildcard wrote.

A site that its author meant stands in the regex by name. So an origin is foreign where a wildcard
of the regex (a class, a dot, a repetition) matches a character of its registrable domain, which is
a public suffix and one label, or of its public IP address:

    https://.*\.example\.com      the wildcard stands before `example.com`: no foreign site
    https://.*example\.com        matches https://xexample.com, which anybody may register
    https://app.example\.com      matches https://appxexample.com
    https://[a-z]+\.github\.io    matches https://x.github.io, for github.io is a public suffix

Such an origin is searched for from its end to its start: through the automaton of the regex (see
`regexes`) and through this grammar at once, most promising first, within a bound.

    origin    = ( "https" / "http" ) "://" host [ ":" port ]
    host      = [ subdomain "." ] label "." public-suffix [ "." ] / IPv4 address / IPv6 address

What is found is confirmed with the regex itself, with `parse_origin` and the public suffix list.
"""

import re
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from cors_core.fetch_standard import DEFAULT_PORTS
from cors_core.options.public_suffixes import (
    ends_some_suffix,
    is_public_suffix,
    registrable_domain,
)
from cors_core.options.regexes import ORIGIN_CHARACTERS, Automaton, automaton_of, mask_of
from cors_core.origins.serialized import parse_origin

_MAX_STEPS = 20_000
_SCHEMES = ("https://", "http://")

# How far an origin has been read, backward; the further, the sooner the search goes on there.
_END, _PORT, _IPV6, _IPV4, _HOST, _LABEL, _SUBDOMAIN, _SCHEME = range(8)

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class UndecidedError(Exception):
    """The regex may or may not let a foreign site in: its structure does not tell."""


class _Reading(NamedTuple):
    """What of an origin has been read: up to where, the text that matters there, any wildcard."""

    place: int
    text: str
    by_wildcard: bool


def foreign_origin(regex: re.Pattern[str]) -> str | None:
    """Return an origin of a foreign site that `regex` matches, `None` if there is none.

    `regex` must be one that `backtracking` has let pass: it is run on what the search finds.

    :raises UndecidedError: where an assertion hides what the regex matches.
    :raises NotUnderstoodError: as `regexes.automaton_of`.
    """
    search = _Search(automaton_of(regex))
    refuted = False
    for filler in "xa7":  # an assertion may forbid one letter, seldom three
        for origin, wildcards in search.candidates(filler):
            if not _is_foreign(origin, wildcards):
                continue
            if regex.fullmatch(origin):
                return origin
            refuted = True
        if not refuted:
            return None
    raise UndecidedError("what it looks ahead or behind for hides which sites it matches")


def _is_foreign(origin: str, marks: str) -> bool:
    """Say whether a `*` marks a character of the registrable domain or of the public address."""
    parts = parse_origin(origin)
    if parts is None:
        return False
    host = parts.host.removesuffix(".")
    end = origin.index("://") + 3 + len(host)
    if host[0] == "[" or host[-1] in _DIGITS and host.count(".") == 3:
        owned = host if _is_public_address(host) else None
    else:
        owned = registrable_domain(host)
    if owned is None:
        return False
    written = zip(owned, marks[end - len(owned) : end], strict=True)
    return any(mark == "*" and character != "." for character, mark in written)


def _is_public_address(host: str) -> bool:
    """Say whether this serialized address is outside the private, loopback, link-local ranges.

    Of IPv6, only 2000::/3 is allocated to global unicast.
    """
    if parse_origin(f"http://{host}") is None:
        return False
    if host[0] == "[":
        first = host[1:].partition(":")[0]
        return len(first) == 4 and first[0] in "23"
    first, second = map(int, host.split(".")[:2])
    if first == 172:
        return not 16 <= second < 32
    return first not in (10, 127) and (first, second) not in ((169, 254), (192, 168))


class _Search:
    """Best-first search, backward through an automaton, for the origins that it matches."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._incoming: list[dict[int, list[int]]] = [{} for _ in automaton.follow]
        for source, edges in enumerate([*automaton.follow, automaton.first]):
            for target, characters, _ in edges:
                self._incoming[target].setdefault(characters, []).append(source)
        self._outside = len(automaton.follow)
        """What stands for the source of the first positions, before all of them."""
        self._dotted = self._positions_with_a_dot()
        self._budget = _MAX_STEPS

    def _positions_with_a_dot(self) -> set[int]:
        """Return the positions that match a dot, or come after one that does."""
        found: set[int] = set()
        waiting = [n for n, masks in enumerate(self._incoming) if any(m & _DOT for m in masks)]
        while waiting:
            position = waiting.pop()
            if position not in found:
                found.add(position)
                waiting += [edge.target for edge in self._automaton.follow[position]]
        return found

    def candidates(self, filler: str) -> Iterator[tuple[str, str]]:
        """Yield origins, each with its marks: a `*` for each character that a wildcard wrote.

        :raises UndecidedError: where the search has taken too many steps.
        """
        order = count()
        start = _Reading(_END, "", by_wildcard=False)
        seen = {(position, start) for position in self._automaton.last}
        waiting = [((0, False, 0, next(order)), *place, "", "") for place in seen]
        while waiting:
            _, position, reading, origin, marks = heappop(waiting)
            for character, further, sources in self._steps(position, reading, filler):
                origin_so_far = character + origin
                marks_so_far = "-*"[self._automaton.wildcards[position]] + marks
                for source in sources:
                    if source == self._outside:
                        if further.text in _SCHEMES:
                            yield origin_so_far, marks_so_far
                    elif (source, further) not in seen and self._is_promising(source, further):
                        seen.add((source, further))
                        rare = not "com".endswith(further.text)
                        rank = (-further.place, rare, len(origin_so_far), next(order))
                        heappush(waiting, (rank, source, further, origin_so_far, marks_so_far))

    def _steps(
        self, position: int, reading: _Reading, filler: str
    ) -> Iterator[tuple[str, _Reading, list[int]]]:
        wildcard = self._automaton.wildcards[position]
        for characters, sources in self._incoming[position].items():
            for character in _choices(reading, characters, filler):
                self._budget -= 1
                if self._budget < 0:
                    raise UndecidedError("it is too complex to tell which sites it matches")
                for further in _read(reading, character, wildcard=wildcard):
                    yield character, further, sources

    def _is_promising(self, source: int, reading: _Reading) -> bool:
        if reading.place == _HOST or reading.place == _IPV4 and reading.text.count(".") < 3:
            return source in self._dotted
        return True


def _choices(reading: _Reading, characters: int, filler: str) -> Iterator[str]:
    """Yield which of these characters to go on with: one of each group that makes no difference."""
    for group in _groups(reading, filler):
        for character in group:
            if characters & _MASKS[character]:
                yield character
                break


def _groups(reading: _Reading, filler: str) -> tuple[str, ...]:
    place, text, _ = reading
    if place in (_END, _HOST):
        return tuple(_NAME_CHARACTERS if text else _NAME_CHARACTERS + "]")
    if place == _PORT:
        return ("8" + _DIGITS, ":")
    if place == _IPV6:
        return ("2" + _DIGITS + _LETTERS, ":", "[")
    if place == _IPV4:  # private networks differ in the first two numbers
        digits = ("1" + _DIGITS,) if text.count(".") < 2 else ("1" + _DIGITS, "8" + _DIGITS[::-1])
        return (*digits, ".", "/")
    if place == _SCHEME:
        return ("/", ":", *"https")
    others = "" if place == _LABEL else _OTHER_HOST_CHARACTERS
    return (filler + _LETTERS + _DIGITS + "-" + others, ".", "/")


def _read(reading: _Reading, character: str, *, wildcard: bool) -> Iterator[_Reading]:
    """Yield what has been read after one more character; nothing, where no origin goes on so."""
    place, text, by_wildcard = reading
    longer = character + text
    if place == _END and character in _DIGITS:
        yield _Reading(_PORT, longer, by_wildcard=False)
    if place in (_END, _HOST):
        yield from _read_host(reading, character, wildcard=wildcard)
    elif place == _PORT:
        if character == ":":
            if text[0] != "0" and int(text) <= 65535 and text not in DEFAULT_PORTS.values():
                yield _Reading(_HOST, "", by_wildcard=False)
        elif len(longer) <= 5:
            yield _Reading(_PORT, longer, by_wildcard=False)
    elif place == _SCHEME:
        if any(scheme.endswith(longer) for scheme in _SCHEMES):
            yield _Reading(_SCHEME, longer, by_wildcard)
    elif place == _IPV6:
        if character == "[":
            if by_wildcard and _is_public_address(f"[{text}]"):
                yield _Reading(_SCHEME, "", by_wildcard)
        elif _ends_ipv6(longer, 3 if wildcard and character == ":" else 8):
            yield _Reading(_IPV6, longer, by_wildcard or wildcard)
    elif place == _IPV4 and character == "/":
        if by_wildcard and _is_public_address(text):
            yield _Reading(_SCHEME, "/", by_wildcard)
    elif character == "/":
        if by_wildcard and text not in ("", "-"):
            yield _Reading(_SCHEME, "/", by_wildcard)
    elif place == _IPV4:
        if character == "." and text.count(".") < 2:  # no range depends on these two numbers
            yield _Reading(_IPV4, ".1" * (text.count(".") + 1), by_wildcard)
        elif character == "." or int(longer.partition(".")[0]) < 256:
            yield _Reading(_IPV4, longer, by_wildcard or wildcard and character != ".")
    elif character == ".":
        if by_wildcard and text not in ("", "-"):
            yield _Reading(_SUBDOMAIN, "", by_wildcard)
    elif place == _SUBDOMAIN:
        yield _Reading(_SUBDOMAIN, "x", by_wildcard)
    elif text or character != "-":  # no name ends with a hyphen
        yield _Reading(_LABEL, "-" if character == "-" else "x", by_wildcard or wildcard)


def _read_host(reading: _Reading, character: str, *, wildcard: bool) -> Iterator[_Reading]:
    """Read the end of a host, up to the dot before its public suffix."""
    _, text, by_wildcard = reading
    longer = character + text
    if not text and character in _DIGITS:
        yield _Reading(_IPV4, longer, by_wildcard=wildcard)
    elif not text and character == "]":
        yield _Reading(_IPV6, "", by_wildcard=False)
    elif not text and character == ".":  # the final dot of a fully qualified name
        yield _Reading(_HOST, "", by_wildcard=False)
    elif character in _NAME_CHARACTERS and ends_some_suffix(longer):
        yield _Reading(_HOST, longer, by_wildcard or wildcard and character != ".")
    if text and character == "." and is_public_suffix(text):
        yield _Reading(_LABEL, "", by_wildcard)


def _ends_ipv6(text: str, most: int) -> bool:
    groups = text.split(":")
    return len(groups) <= most and len(groups[0]) <= 4 and groups[1:-1].count("") <= 1


_NAME_CHARACTERS: Final = _LETTERS + _DIGITS + "-."
_OTHER_HOST_CHARACTERS: Final = "".join(
    sorted(set(ORIGIN_CHARACTERS) - set("/:[]" + _NAME_CHARACTERS))
)
_DOT = mask_of(".")
_MASKS = {character: mask_of(character) for character in ORIGIN_CHARACTERS}
