"""Requests without a pause, and whether each answer is one that a policy in force may give."""

import random
from dataclasses import dataclass
from threading import Event, Thread

from cors_core import CORSRequest, Policy
from tests.load.policies import FIXED_ORIGIN, TENANT, file_origin, swap_origin
from tests.servers.wire import Answer, Connection, request

BATCH = 40
"""Requests that one connection sends before it reads."""

Verdict = tuple[int, tuple[tuple[str, str], ...]]
"""A status, and the lines of `Access-Control-*` and Vary."""


@dataclass(frozen=True)
class Row:
    """A request, as it goes over the wire and as the core sees it."""

    place: str
    raw: bytes
    seen: CORSRequest


class InForce:
    """The policies that may decide at each place: more than one while a change is on its way."""

    def __init__(self, **policies: Policy) -> None:
        self._policies = {place: frozenset([policy]) for place, policy in policies.items()}

    def at(self, place: str) -> frozenset[Policy]:
        """Return the policies that may decide a request now."""
        return self._policies[place]

    def only(self, place: str) -> Policy:
        """Return the policy that decides, while no change is on its way."""
        (policy,) = self._policies[place]
        return policy

    def put(self, place: str, *policies: Policy) -> None:
        """Have these be the ones."""
        self._policies[place] = frozenset(policies)


class Visitor(Thread):
    """Sends mixed requests to one server until it is stopped, and so many at least."""

    def __init__(self, name: str, port: int, in_force: InForce, least: int) -> None:
        super().__init__(name=name, daemon=True)
        self._port = port
        self._in_force = in_force
        self._least = least
        self._random = random.Random(name)
        self._stopping = Event()
        self.answered = 0
        self.wrong: list[str] = []
        self.raised: BaseException | None = None

    def finish(self) -> None:
        """Return when enough was sent, or something is wrong."""
        self._stopping.set()
        self.join(150)

    def run(self) -> None:
        try:
            with Connection(self._port) as connection:
                while not self.wrong and not self._done():
                    self._exchange(connection, self._random.choices(ROWS, k=BATCH))
                    if self.answered >= self._least:
                        self._stopping.wait(0.05)  # leaves the processor to the others
        except BaseException as error:
            self.raised = error

    def _done(self) -> bool:
        return self.answered >= self._least and self._stopping.is_set()

    def _exchange(self, connection: Connection, rows: list[Row]) -> None:
        before = {place: self._in_force.at(place) for place in PLACES}
        connection.send(b"".join([row.raw for row in rows]))
        answers = [connection.answer() for _ in rows]
        for row, answer in zip(rows, answers, strict=True):
            may = before[row.place] | self._in_force.at(row.place)
            if verdict_of(answer) not in {expected(policy, row.seen) for policy in may}:
                self.wrong.append(f"{self.name}: {row.raw!r} was answered {answer}")
            self.answered += 1


def verdict_of(answer: Answer) -> Verdict:
    """Return what an answer says."""
    lines = [
        (name.lower(), value)
        for name, value in answer.headers
        if name[:15].lower() == "access-control-" or name.lower() == "vary"
    ]
    return answer.status, tuple(sorted(lines))


_EXPECTED: dict[tuple[Policy, CORSRequest], Verdict] = {}


def expected(policy: Policy, seen: CORSRequest) -> Verdict:
    """Return what a policy says to a request that the app answers with 200."""
    known = _EXPECTED.get((policy, seen))
    if known is None:
        decision = policy.decide(seen)
        lines = sorted((name.lower(), value) for name, value in decision.text.join([]))
        known = _EXPECTED[policy, seen] = (decision.status or 200, tuple(lines))
    return known


PLACES = ("fixed", "swap", "file", "lookup")

_ORIGINS = [
    FIXED_ORIGIN, TENANT, "https://a.fixed.example", "https://evil.example", "null",
    *map(swap_origin, range(4)),
    *map(file_origin, range(8)),
]  # fmt: skip
_MALFORMED = [
    f"{FIXED_ORIGIN}/", FIXED_ORIGIN.upper(), f"{FIXED_ORIGIN}:443", f"{FIXED_ORIGIN}, {TENANT}",
    f"{TENANT},{TENANT}", "https://fixed.example@evil.example", "https://fixed.example.",
    f"https://{'a' * 4000}.fixed.example", "*", "fixed.example",
]  # fmt: skip


def _row(
    place: str,
    origin: str | None,
    method: str = "GET",
    asked_method: str | None = None,
    asked_headers: str | None = None,
) -> Row:
    fields = {
        "Origin": origin,
        "Access-Control-Request-Method": asked_method,
        "Access-Control-Request-Headers": asked_headers,
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    seen = CORSRequest(method, origin, asked_method, asked_headers)
    return Row(place, request(f"/{place}/x", *lines, method=method), seen)


def _rows() -> list[Row]:
    rows: list[Row] = []
    for place in PLACES:
        rows += [_row(place, None), _row(place, None, "OPTIONS")]
        for origin in _ORIGINS:
            rows += [_row(place, origin), _row(place, origin, "PUT")]
            rows += [
                _row(place, origin, "OPTIONS", "PUT", "x-token"),
                _row(place, origin, "OPTIONS", "DELETE"),
                _row(place, origin, "OPTIONS", "GET", "x-other"),
                _row(place, origin, "OPTIONS"),
            ]
        for origin in _MALFORMED:
            rows += [_row(place, origin), _row(place, origin, "OPTIONS", "PUT")]
        two = (f"Origin: {FIXED_ORIGIN}", f"Origin: {FIXED_ORIGIN}")
        seen = CORSRequest("GET", f"{FIXED_ORIGIN},{FIXED_ORIGIN}")
        rows.append(Row(place, request(f"/{place}/x", *two), seen))
    return rows


ROWS = _rows()
