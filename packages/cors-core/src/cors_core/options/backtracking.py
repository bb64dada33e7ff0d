r"""Whether a regex can take long: a hostile Origin could then keep a server busy.

Python's matcher backtracks: before it reports that an origin does not match, it tries every way in
which the regex can read the origin or its beginning. It takes about one step for each way and each
character, so what counts is how the number of ways grows with the length (Weber and Seidl 1991;
Weideman et al. 2016 for backtracking matchers). In the automaton of `regexes`:

    exponential    a position returns to itself by one text in two ways:   ([a-z]+)+  (a|a)*
    polynomial     a repetition can hand the same text over to a later one, which can hand it over
                   to another: n repetitions in such a row take length ** n steps:  .*-.*-.*
    finite         without any loop, ways multiply:   (a|a)(a|a)(a|a)...

Two repetitions in a row take some 36,000 steps at the longest origin, about a millisecond; three
take millions. The first two are decided from the structure; the third by counting the ways along
some texts. Nothing is matched.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.options.regexes import (
    ORIGIN_CHARACTERS,
    Automaton,
    Edge,
    NotUnderstoodError,
    TooLargeError,
    automaton_of,
)

MAX_MATCHING_STEPS = 100_000
"""What a match may take at most: a step takes up to 0.1 microseconds, so 10 milliseconds."""
_COSTLY_STEPS = 4
"""What a step costs where groups are repeated: measured, three to four times as much."""

MAX_JUDGEMENT_STEPS = 100_000
"""What the judgement itself may take."""


class Slowness(NamedTuple):
    """Why a regex can take long, and how to write it instead."""

    reason: str
    fix: str


_EXPONENTIAL = Slowness(
    "can take for ever: it repeats what it can read in several ways, so that each further character"
    " of a hostile Origin multiplies the time",
    r"repeat a class once, r'[a-z0-9-]+', or end each turn by what the class has not,"
    r" r'([a-z0-9-]+\.)+'",
)
_POLYNOMIAL = Slowness(
    "can take seconds: three or more of its repetitions can read the same characters, and a hostile"
    " Origin makes it try all divisions among them",
    r"let at most two overlap: write a class that stops at a dot, r'[a-z0-9-]+', for r'.*'",
)
_FINITE = Slowness(
    "can take seconds: its alternatives and optional parts can read the same characters in too many"
    " ways",
    "let alternatives start differently, and write one repetition for many optional parts",
)
_TOO_LARGE = Slowness(
    "is too large for judging how long a match may take",
    "list the origins in allow_origins, or write a shorter regex",
)


def slowness_of(regex: re.Pattern[str]) -> Slowness | None:
    r"""Say why a match of `regex` can take more than 10 ms for some origin, `None` if none does.

    >>> slowness_of(re.compile(r"https://([a-z0-9-]+\.)+example\.com"))
    >>> slowness_of(re.compile(r"https://([a-z0-9-]+)+\.example\.com")).reason[:17]
    'can take for ever'
    """
    try:
        automaton = automaton_of(regex)
        judge = _Judge(automaton)
        if judge.is_exponential():
            return _EXPONENTIAL
        if judge.has_three_in_a_row():
            return _POLYNOMIAL
        return _FINITE if judge.takes_too_many_steps() else None
    except TooLargeError:
        return _TOO_LARGE
    except NotUnderstoodError:
        return None  # with credentials, `openness` refuses it


class _Judge:
    def __init__(self, automaton: Automaton) -> None:
        self._first = automaton.first
        self._follow = automaton.follow
        self._costs = [_COSTLY_STEPS if costly else 1 for costly in automaton.costly]
        self._budget = MAX_JUDGEMENT_STEPS
        self._reachable = self._find_reachable()
        loops: dict[int, set[int]] = {}
        for position, reachable in enumerate(self._reachable):
            if reachable >> position & 1:  # all positions of a loop reach the same ones
                loops.setdefault(reachable, set()).add(position)
        self._loops = list(loops.values())

    def _spend(self, steps: int) -> None:
        self._budget -= steps
        if self._budget < 0:
            raise TooLargeError("it is too large to be judged")

    def _find_reachable(self) -> list[int]:
        """Return for each position the bit mask of those that come after it, near or far."""
        reachable = [0] * len(self._follow)
        changed = True
        while changed:
            changed = False
            for position in reversed(range(len(self._follow))):  # most edges lead onward
                self._spend(len(self._follow[position]))
                found = 0
                for edge in self._follow[position]:
                    found |= 1 << edge.target | reachable[edge.target]
                changed = changed or found != reachable[position]
                reachable[position] = found
        return reachable

    def is_exponential(self) -> bool:
        return any(self._is_ambiguous(loop) for loop in self._loops)

    def _is_ambiguous(self, loop: set[int]) -> bool:
        """Say whether two different ways through `loop` by the same text part and meet again."""
        inside = self._edges_inside(loop)
        waiting = [(position, position) for position in loop]
        seen = set(waiting)
        while waiting:
            left, right = waiting.pop()
            for one, other in self._pairs(inside[left], inside[right]):
                if one is other:
                    if one.ways > 1:
                        return True
                elif one.target == other.target:
                    return True
                elif (one.target, other.target) not in seen:
                    seen |= {(one.target, other.target), (other.target, one.target)}
                    waiting.append((one.target, other.target))
        return False

    def _edges_inside(self, loop: set[int]) -> dict[int, list[Edge]]:
        return {n: [edge for edge in self._follow[n] if edge.target in loop] for n in loop}

    def _pairs(self, left: list[Edge], right: list[Edge]) -> Iterator[tuple[Edge, Edge]]:
        self._spend(len(left) * len(right) + 1)
        for one in left:
            for other in right:
                if one.characters & other.characters:
                    yield one, other

    def has_three_in_a_row(self) -> bool:
        """Say whether a loop can hand over to a second, and that, or a later one, to a third."""
        starts = 0
        """The positions of loops that hand text over to a later loop."""
        entered = []
        for loop, later in product(self._loops, repeat=2):
            if loop is not later and self._hands_over(loop, later):
                starts |= sum(1 << position for position in loop)
                entered.append(min(later))
        return any(self._reachable[position] & starts for position in entered)

    def _hands_over(self, loop: set[int], later: set[int]) -> bool:
        """Say whether one text leads around `loop`, from it to `later`, and around that."""
        if not self._reachable[min(loop)] >> min(later) & 1:
            return False
        around, around_later = self._edges_inside(loop), self._edges_inside(later)
        return any(
            self._by_one_text((p, p, q), (p, q, q), around, around_later)
            for p, q in product(loop, later)
            if _entering(around, p) & _entering(around_later, q)
        )

    def _by_one_text(
        self,
        start: tuple[int, int, int],
        goal: tuple[int, int, int],
        around: dict[int, list[Edge]],
        around_later: dict[int, list[Edge]],
    ) -> bool:
        end = goal[1]
        waiting, seen = [start], {start}
        while waiting:
            first, second, third = waiting.pop()
            onward = [
                edge
                for edge in self._follow[second]
                if edge.target == end or self._reachable[edge.target] >> end & 1
            ]
            for one, other in self._pairs(around[first], around_later[third]):
                common = one.characters & other.characters
                for edge in onward:
                    self._spend(1)
                    step = (one.target, edge.target, other.target)
                    if common & edge.characters and step not in seen:
                        seen.add(step)
                        waiting.append(step)
            if goal in seen:
                return True
        return False

    def takes_too_many_steps(self) -> bool:
        """Count the ways along some texts, from the start and from wherever else they part.

        The texts repeat one character, or go on with the one that leaves the most ways open.
        """
        characters = self._different_characters()
        starts = [-1, *filter(self._branches, range(len(self._follow)))]
        for candidates in (characters, *([character] for character in characters)):
            passed: set[int] = set()
            for start in starts:
                if start not in passed and self._takes_too_many(start, candidates, passed):
                    return True
        return False

    def _branches(self, position: int) -> bool:
        """Say whether one character leads from `position` on in several ways."""
        found = 0
        for edge in self._follow[position]:
            if edge.ways > 1 or found & edge.characters:
                return True
            found |= edge.characters
        return False

    def _takes_too_many(self, start: int, characters: list[int], passed: set[int]) -> bool:
        """Count the ways along one text of these characters, and note where they lead."""
        ways, steps = {start: 1}, 0
        for remaining in reversed(range(MAX_ORIGIN_LENGTH)):
            previous = ways
            ways = max(self._one_further(ways, characters), key=lambda each: sum(each.values()))
            passed.update(ways)
            step = sum(number * self._costs[position] for position, number in ways.items())
            if ways == previous:
                return steps + step * (remaining + 1) > MAX_MATCHING_STEPS
            steps += step
            if steps > MAX_MATCHING_STEPS:
                return True
        return False

    def _one_further(self, ways: dict[int, int], characters: list[int]) -> list[dict[int, int]]:
        """Return the ways that are open after each of these characters."""
        further: list[dict[int, int]] = [{} for _ in characters]
        for position, number in ways.items():
            edges = self._first if position < 0 else self._follow[position]
            self._spend(len(edges) * len(characters))
            for edge in edges:
                for character, after in zip(characters, further, strict=True):
                    if edge.characters & character:
                        after[edge.target] = after.get(edge.target, 0) + number * edge.ways
        return further

    def _different_characters(self) -> list[int]:
        """Return one character of each set of those that no edge tells apart, as bit masks."""
        masks = {edge.characters for edges in [self._first, *self._follow] for edge in edges}
        self._spend(len(masks) * len(ORIGIN_CHARACTERS) // 10)
        bits = [1 << index for index in range(len(ORIGIN_CHARACTERS))]
        return list({tuple(bool(mask & bit) for mask in masks): bit for bit in bits}.values())


def _entering(around: dict[int, list[Edge]], position: int) -> int:
    """Return the characters by which the loop enters `position`."""
    found = 0
    for edges in around.values():
        for edge in edges:
            found |= edge.characters if edge.target == position else 0
    return found
