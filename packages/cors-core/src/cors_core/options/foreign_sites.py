r"""Origins of foreign sites that a regex lets in: those whose domain a wildcard wrote.

A site that its author meant stands in the regex by name. So an origin is foreign where a wildcard
of the regex (a class, a dot, a repetition) matches a character of its registrable domain, which is
a public suffix and one label, or of its public IP address:

    https://.*\.example\.com      the wildcard stands before `example.com`: no foreign site
    https://.*example\.com        matches https://xexample.com, which anybody may register
    https://app.example\.com      matches https://appxexample.com
    https://[a-z]+\.github\.io    matches https://x.github.io, because github.io is a public suffix

Such an origin is searched for through the automaton of the regex (see `regexes`) and through the
grammar of origins (see `reversed_origins`) at once, the most promising way first, within a bound.
What is found is confirmed with the regex itself, with `parse_origin` and the public suffix list.
"""

import re
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.options.public_suffixes import registrable_domain
from cors_core.options.regexes import Automaton, automaton_of, mask_of
from cors_core.options.reversed_origins import (
    SCHEMES,
    START,
    Place,
    Reading,
    choices,
    is_public_address,
    readings_after,
)
from cors_core.origins.serialized import ends_in_number, parse_origin

MAX_SEARCH_STEPS = 20_000
_DOT = mask_of(".")


class UndecidedError(Exception):
    """The regex may or may not let a foreign site in: its structure does not tell."""


def foreign_origin(regex: re.Pattern[str]) -> str | None:
    """Return an origin of a foreign site that `regex` matches, `None` if there is none.

    `regex` must be one that `backtracking` has let pass: it is run on what the search finds.

    :raises UndecidedError: where an assertion hides what the regex matches, or the bound is met.
    :raises NotUnderstoodError: as `regexes.automaton_of`.

    >>> foreign_origin(re.compile("https://.*example.com"))
    'https://xexample.com'

    https://html.spec.whatwg.org/multipage/browsers.html#obtain-a-site
    """
    search = Search(automaton_of(regex))
    refuted = False
    for filler in "xa7":  # an assertion may forbid one letter, seldom three
        for origin, marks in search.candidates(filler):
            if _is_foreign(origin, marks) and regex.fullmatch(origin):
                return origin
            refuted = refuted or len(origin) <= MAX_ORIGIN_LENGTH
        if not refuted:
            break
    if refuted or search.is_exhausted:
        raise UndecidedError("its structure does not tell which sites it matches")
    return None


def _is_foreign(origin: str, marks: str) -> bool:
    """Say whether a `*` marks a character of the registrable domain or of the public address."""
    parts = parse_origin(origin)
    if parts is None:
        return False
    host = parts.host.removesuffix(".")
    end = origin.index("://") + 3 + len(host)
    if host[0] == "[" or ends_in_number(host):
        owned = host if is_public_address(host) else ""
    else:
        owned = registrable_domain(host) or ""
    written = zip(owned, marks[end - len(owned) : end], strict=True)
    return any(mark == "*" and character != "." for character, mark in written)


class Search:
    """Best-first search, from the end to the start, for the origins that an automaton matches."""

    def __init__(self, automaton: Automaton) -> None:
        self.steps = 0
        self._automaton = automaton
        self._incoming: list[dict[int, list[int]]] = [{} for _ in automaton.follow]
        for source, edges in enumerate([*automaton.follow, automaton.first]):
            for target, characters, _ in edges:
                self._incoming[target].setdefault(characters, []).append(source)
        self._outside = len(automaton.follow)
        """What stands for the source of the first positions, before all of them."""
        self._dotted = self._positions_with_a_dot()

    @property
    def is_exhausted(self) -> bool:
        """Whether the search was ended before it had tried all."""
        return self.steps > MAX_SEARCH_STEPS

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
        """Yield origins, each with its marks: a `*` for each character that a wildcard wrote."""
        order = count()
        seen: set[tuple[int, Reading]] = set()
        waiting = [
            ((0, False, 0, next(order)), position, START, "", "")
            for position in sorted(self._automaton.last)
        ]
        while waiting and not self.is_exhausted:
            _, position, reading, origin, marks = heappop(waiting)
            for character, further, sources in self._steps_from(position, reading, filler):
                origin_so_far = character + origin
                marks_so_far = "-*"[self._automaton.wildcards[position]] + marks
                for source in sources:
                    if source == self._outside:
                        if further.text in SCHEMES:
                            yield origin_so_far, marks_so_far
                    elif (source, further) not in seen and self._is_promising(source, further):
                        seen.add((source, further))
                        unusual = not "com".endswith(further.text)
                        rank = (-further.place, unusual, len(origin_so_far), next(order))
                        heappush(waiting, (rank, source, further, origin_so_far, marks_so_far))

    def _steps_from(
        self, position: int, reading: Reading, filler: str
    ) -> Iterator[tuple[str, Reading, list[int]]]:
        wildcard = self._automaton.wildcards[position]
        for characters, sources in self._incoming[position].items():
            for character in choices(reading, characters, filler):
                self.steps += 1
                for further in readings_after(reading, character, wildcard=wildcard):
                    yield character, further, sources

    def _is_promising(self, source: int, reading: Reading) -> bool:
        """Say whether what has still to be read can hold the dots that the host needs."""
        place, text, _ = reading
        dots = {Place.SUFFIX: 1 if text else 0, Place.IPV4: 3 - text.count(".")}.get(place, 0)
        return dots == 0 or source in self._dotted
