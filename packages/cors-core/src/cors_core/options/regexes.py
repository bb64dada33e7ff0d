r"""The structure of `allow_origin_regex`, as an automaton that other modules can reason about.

What is kept of a regex, in the grammar of the re module's own parse tree:

    regex    = branch *( "|" branch )
    branch   = *( item [ repeat ] )
    item     = character / class / "." / group / atomic group
             / assertion          ; looks ahead or behind and consumes nothing
             / back-reference     ; taken for any text
    repeat   = "?" / "*" / "+" / "{m,n}"; greedy, lazy or possessive

The result is the position automaton of Glushkov (1961): one position per character of the regex,
an edge where one may follow another, and beside each edge in how many ways the matcher gets there,
because every one of them is tried before a match fails. An assertion's own characters are entered
like any others but lead to no match. So the automaton matches every origin that the regex matches
and may match more; callers confirm a match with the regex itself.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from cors_core.fetch_standard import MAX_ORIGIN_LENGTH

ORIGIN_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_.:/[]!\"$&'()*+,;=`{}~"
"""What a serialized origin may consist of: nothing else is ever matched against the regex."""

MAX_BUILDING_STEPS = 10_000
"""Positions, edges and parts of the regex, the copies of repeated ones included."""
_MAX_WAYS = 1 << 40
_MAX_COPIES = 8
"""So many optional turns of one character are spelled out; more are taken for endlessly many."""
_MAX_GROUP_COPIES = 3
"""So many turns of a group are spelled out; more are taken for endlessly many."""
_MAX_AUTHORED = 4
"""Characters of a range, or turns of a repetition, that an author can have meant one by one."""
_MAX_SPELLED = 10
"""Characters of a class without a range that an author can have meant one by one."""
_ALL = (1 << len(ORIGIN_CHARACTERS)) - 1
_OTHER_CASES = {"i": "\u0130\u0131", "k": "\u212a", "s": "\u017f"}
"""What matches an ASCII letter beside its upper case where case is ignored."""


class NotUnderstoodError(Exception):
    """The regex has a part that this module does not know."""


class TooLargeError(Exception):
    """The regex is too large to be judged within the bound."""


class Edge(NamedTuple):
    """A step to the position `target` by one of `characters`, taken in so many `ways`."""

    target: int
    characters: int
    ways: int


class Automaton(NamedTuple):
    """The positions of a regex. Sets of characters are bit masks over ORIGIN_CHARACTERS."""

    wildcards: list[bool]
    """Whether the position is a wildcard: its author spelled out no characters for it."""
    costly: list[bool]
    """Whether the position is in or before a repeated group: the matcher has more to do there."""
    first: list[Edge]
    follow: list[list[Edge]]
    last: set[int]


def automaton_of(regex: re.Pattern[str]) -> Automaton:
    """Return the position automaton of `regex`.

    :raises NotUnderstoodError: for what this module does not know.
    :raises TooLargeError: for more than a few hundred names, or repetitions nested too deep.
    """
    from importlib import import_module

    try:
        # The parser of the re module is private, but any other would disagree with it somewhere.
        # It has kept this shape since Python 2; should that change, no regex is understood.
        tree = import_module("re._parser").parse(regex.pattern, regex.flags & ~re.DEBUG)
        builder = _Builder()
        whole = builder.sequence(tree, _Context(tree.state.flags))
    except (NotUnderstoodError, TooLargeError):
        raise
    except RecursionError as error:
        raise TooLargeError("it is nested too deep to be judged") from error
    except Exception as error:
        raise NotUnderstoodError(f"reading it fails with {type(error).__name__}") from error
    first = [Edge(target, builder.characters[target], n) for target, n in whole.first.items()]
    follow = [
        [Edge(target, characters, n) for (target, characters), n in edges.items()]
        for edges in builder.follow
    ]
    return Automaton(builder.wildcards, builder.costly, first, follow, set(whole.last))


def mask_of(characters: Iterable[str]) -> int:
    """Return the bit mask of some of ORIGIN_CHARACTERS."""
    return sum(1 << ORIGIN_CHARACTERS.index(character) for character in set(characters))


class _Context(NamedTuple):
    flags: int
    repeated: bool = False
    """Whether it stands in a repetition of more turns than its author can have meant."""
    in_group: bool = False
    """Whether it stands in a repetition of more than one character or class."""


class _Fragment(NamedTuple):
    """A part of the regex: where it starts and ends, and in how many ways it matches nothing."""

    first: dict[int, int]
    last: dict[int, int]
    empty: int


_NOTHING = _Fragment({}, {}, 1)
_NEVER = _Fragment({}, {}, 0)


class _Builder:
    def __init__(self) -> None:
        self.characters: list[int] = []
        self.wildcards: list[bool] = []
        self.costly: list[bool] = []
        self.follow: list[dict[tuple[int, int], int]] = []
        self._kept: dict[int, int] = {}
        """What a possessive repetition takes and never gives back to what follows it."""
        self._steps = 0
        self._readers: dict[str, Callable[[Any, _Context], _Fragment]] = {
            "ANY": lambda _, context: self._position(_ALL, context, wildcard=True),
            "ASSERT": self._assertion,
            "ASSERT_NOT": self._assertion,
            "AT": lambda _, context: _NOTHING,
            "ATOMIC_GROUP": self._atomic,
            "BRANCH": lambda value, context: self._choice(value[1], context),
            "FAILURE": lambda _, context: _NEVER,
            "GROUPREF": lambda _, context: self._endless(
                self._position(_ALL, context, wildcard=True), 0
            ),
            "GROUPREF_EXISTS": self._conditional,
            "IN": self._class,
            "LITERAL": lambda value, context: self._class([("LITERAL", value)], context),
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "NOT_LITERAL": lambda value, context: self._class(
                [("NEGATE", None), ("LITERAL", value)], context
            ),
            "POSSESSIVE_REPEAT": self._possessive,
            "SUBPATTERN": self._group,
        }

    def sequence(self, items: Iterable[Any], context: _Context) -> _Fragment:
        whole = _NOTHING
        self._spend(1)
        for operator, value in items:
            reader = self._readers.get(str(operator))
            if reader is None:
                raise NotUnderstoodError(f"it has a part of the unknown kind {operator}")
            if str(operator).endswith("_REPEAT") and not _is_one_character(value[2]):
                for position in whole.last:
                    self.costly[position] = True
            whole = self._joined(whole, reader(value, context))
        return whole

    def _joined(self, left: _Fragment, right: _Fragment) -> _Fragment:
        self._link(left.last, right.first)
        first = left.first | _multiplied(right.first, left.empty)
        last = right.last | _multiplied(left.last, right.empty)
        return _Fragment(first, last, min(left.empty * right.empty, _MAX_WAYS))

    def _link(self, last: dict[int, int], first: dict[int, int]) -> None:
        self._spend(len(last) * len(first))
        for source, ends in last.items():
            for target, starts in first.items():
                characters = self.characters[target] & ~self._kept.get(source, 0)
                if characters:
                    ways = self.follow[source].get((target, characters), 0) + ends * starts
                    self.follow[source][target, characters] = min(ways, _MAX_WAYS)

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_BUILDING_STEPS:
            raise TooLargeError("it is too large to be judged")

    def _position(self, characters: int, context: _Context, *, wildcard: bool) -> _Fragment:
        position = len(self.characters)
        self._spend(1)
        self.characters.append(characters)
        self.wildcards.append(wildcard or context.repeated)
        self.costly.append(context.in_group)
        self.follow.append({})
        return _Fragment({position: 1}, {position: 1}, 0) if characters else _NEVER

    def _class(self, items: list[tuple[Any, Any]], context: _Context) -> _Fragment:
        tests = tuple((str(kind), value) for kind, value in items if str(kind) != "NEGATE")
        negated = len(tests) < len(items)
        matched = _matched(tests, negated, bool(context.flags & re.IGNORECASE))
        spelled = not negated and all(kind == "LITERAL" for kind, _ in tests)
        authored = _MAX_SPELLED if spelled else _MAX_AUTHORED
        return self._position(matched, context, wildcard=matched.bit_count() > authored)

    def _choice(self, branches: Iterable[Any], context: _Context) -> _Fragment:
        parts = [self.sequence(branch, context) for branch in branches]
        first = {position: n for part in parts for position, n in part.first.items()}
        last = {position: n for part in parts for position, n in part.last.items()}
        return _Fragment(first, last, sum(part.empty for part in parts))

    def _group(self, value: Any, context: _Context) -> _Fragment:
        _, added, removed, items = value
        return self.sequence(items, context._replace(flags=(context.flags | added) & ~removed))

    def _repeat(self, value: Any, context: _Context) -> _Fragment:
        least, most, items = value
        most = int(most)  # MAXREPEAT, where there is no upper bound
        if most > _MAX_AUTHORED:
            context = context._replace(repeated=True)
        endless = most - least > _MAX_COPIES
        if most > 1 and not _is_one_character(items):
            context = context._replace(in_group=True)
            endless = most > _MAX_GROUP_COPIES
        whole = _NOTHING
        for _ in range(max(least - 1, 0) if endless else least):
            whole = self._joined(whole, self.sequence(items, context))
        if endless:
            return self._joined(whole, self._endless(self.sequence(items, context), least))
        optional = _NOTHING
        for _ in range(most - least):  # x{0,3} is (x(x(x)?)?)?, so the innermost comes first
            turn = self._joined(self.sequence(items, context), optional)
            optional = _Fragment(turn.first, turn.last, turn.empty + 1)
        return self._joined(whole, optional)

    def _endless(self, turn: _Fragment, least: int) -> _Fragment:
        self._link(turn.last, turn.first)
        return _Fragment(turn.first, turn.last, turn.empty if least else 1)

    def _possessive(self, value: Any, context: _Context) -> _Fragment:
        whole = self._repeat(value, context)
        if _is_one_character(value[2]) and int(value[1]) >= MAX_ORIGIN_LENGTH:
            for position in whole.last:
                self._kept[position] = self.characters[position]
        return whole

    def _atomic(self, items: Any, context: _Context) -> _Fragment:
        if len(items) == 1 and str(items[0][0]) == "MAX_REPEAT":
            return self._possessive(items[0][1], context)
        return self.sequence(items, context)

    def _assertion(self, value: Any, context: _Context) -> _Fragment:
        return _Fragment(self.sequence(value[1], context).first, {}, 1)

    def _conditional(self, value: Any, context: _Context) -> _Fragment:
        return self._choice((value[1], value[2] or ()), context)


def _is_one_character(items: Any) -> bool:
    return len(items) == 1 and str(items[0][0]) in ("ANY", "IN", "LITERAL", "NOT_LITERAL")


def _multiplied(positions: dict[int, int], ways: int) -> dict[int, int]:
    return {position: min(n * ways, _MAX_WAYS) for position, n in positions.items() if ways}


@lru_cache(maxsize=64)
def _matched(tests: tuple[tuple[str, Any], ...], negated: bool, ignore_case: bool) -> int:
    """Return which of ORIGIN_CHARACTERS a class matches."""
    return mask_of(
        character
        for character in ORIGIN_CHARACTERS
        if negated != any(_in_class(each, tests) for each in _cases(character, ignore_case))
    )


def _cases(character: str, ignore_case: bool) -> str:
    if not ignore_case:
        return character
    return character + character.upper() + _OTHER_CASES.get(character, "")


def _in_class(character: str, tests: tuple[tuple[str, Any], ...]) -> bool:
    for kind, value in tests:
        if kind == "LITERAL" and ord(character) == value:
            return True
        if kind == "RANGE" and value[0] <= ord(character) <= value[1]:
            return True
        if kind == "CATEGORY" and _in_category(character, str(value)):
            return True
    return False


def _in_category(character: str, category: str) -> bool:
    kind = category.removeprefix("CATEGORY_")
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[kind.removeprefix("NOT_")]
    return bool(re.match(f"\\{letter}", character)) != kind.startswith("NOT_")
